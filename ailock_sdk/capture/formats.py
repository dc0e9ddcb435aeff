"""Which format a file has, and the decoder for it (SPEC 1.1)."""

from __future__ import annotations

import io
from importlib import import_module
from typing import Any

from PIL import Image

from ailock_sdk.errors import PhotoFormatError

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
AVIF_BRANDS = {b"avif", b"avis"}
HEIF_BRANDS = {b"mif1", b"mif2", b"msf1", b"miaf"}
"""Of a picture or a sequence in this container, whatever it is coded by."""

PILLOW_FORMATS = {"JPEG", "MPO", "PNG", "WEBP", "AVIF", "HEIF"}
"""Pillow's names of the formats read here; MPO is a JPEG with more pictures behind the first."""

_PLUGINS = {"PNG": "PngImage", "WEBP": "WebPImage", "AVIF": "AvifImage"}
_MAX_BRANDS_BYTES = 4096


def format_of(data: bytes) -> str:
    """``JPEG``, ``PNG``, ``WEBP``, ``AVIF`` or ``HEIF``, by the first bytes of a file.

    Raises
    ------
    PhotoFormatError
        None of these.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    brands = _brands(data)
    if brands & AVIF_BRANDS and not brands & HEIC_BRANDS:
        return "AVIF"
    if brands & (HEIC_BRANDS | HEIF_BRANDS):
        return "HEIF"
    raise unknown_format()


def _brands(data: bytes) -> set[bytes]:
    """The major brand and all compatible ones of an ISO base media file; empty for others."""
    if data[4:8] != b"ftyp":
        return set()
    length = min(int.from_bytes(data[:4], "big"), _MAX_BRANDS_BYTES)
    box = data[8 : max(length, 12)]
    return {box[at : at + 4] for at in range(0, len(box), 4) if at != 4}  # 4: the minor version


def open_pillow(data: bytes, format_name: str) -> Image.Image:
    """A PNG, WebP or AVIF whose header was read, its pixels not decoded yet.

    The plugin is called itself: ``Image.open`` loads others too, and has a ceiling of its own.

    Raises
    ------
    PhotoFormatError
        This Pillow cannot read the format.
    """
    name = _PLUGINS[format_name]
    try:
        plugin = import_module(f"PIL.{name}Plugin")
        supported = getattr(plugin, "SUPPORTED", True)
    except ImportError:
        supported = False
    if not supported:
        raise PhotoFormatError(
            f"this Pillow reads no {format_name} photos: pip install --upgrade pillow, "
            "or save the photo as JPEG"
        )
    image: Image.Image = getattr(plugin, f"{name}File")(io.BytesIO(data))
    return image


def open_heif(data: bytes) -> Any:
    """A HEIC photo as ``pillow_heif`` has it, its pixels not decoded yet.

    Raises
    ------
    PhotoFormatError
        The extra package is not installed.
    """
    try:
        import pillow_heif
    except ImportError as error:
        raise PhotoFormatError(
            "HEIC photos need an extra package: pip install 'ailock-sdk[heic]', "
            "or save the photo as JPEG"
        ) from error
    return pillow_heif.open_heif(data)


def unknown_format() -> PhotoFormatError:
    """The error for a file of another format."""
    return PhotoFormatError("not a JPEG, PNG, WebP, AVIF or HEIC photo: convert it to one of these")
