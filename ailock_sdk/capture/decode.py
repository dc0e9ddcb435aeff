"""Decode a photo, whatever it comes as, into upright 8-bit RGB pixels (SPEC 1.1 to 1.3)."""

from __future__ import annotations

import warnings

import numpy as np
from PIL import Image

from ailock_sdk.capture.colour import check_mode
from ailock_sdk.capture.formats import (
    PILLOW_FORMATS,
    format_of,
    open_heif,
    open_pillow,
    unknown_format,
)
from ailock_sdk.capture.jpeg import DCT_DIVISORS, damaged, decode_jpeg, read_layout
from ailock_sdk.capture.photo import Photo, Pixels
from ailock_sdk.capture.source import PhotoSource, read_photo
from ailock_sdk.errors import PhotoFormatError, ProfileError
from ailock_sdk.limits import DEFAULT_LIMITS, Limits
from ailock_sdk.workers import ForkLock

BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2}
"""Memory of an image of a mode; of others 4."""
CHANNEL_BYTES = 1
"""Memory of a pixel of the channel that is looked at."""
DECODER_BYTES_PER_PIXEL = {"WEBP": 17, "AVIF": 18, "HEIF": 6}
"""Memory while decoding, of formats whose decoders keep more than the image (measured)."""
DEEP_HEIF_BYTES_PER_PIXEL = 12
"""Above 8 bits, or with transparency."""

WHOLE_SIZE_PIXELS = 1 << 30
"""A short side to ask for that no photo has: nothing is reduced."""

ORIENTATION_TAG = 0x0112

_one_at_a_time = ForkLock()
"""Warning filters belong to the whole process: two threads that silence Pillow at once could leave
them silenced for good."""


def decode_photo(
    source: PhotoSource, short_side_pixels: int, limits: Limits = DEFAULT_LIMITS
) -> Photo:
    """Decode ``source`` to upright RGB pixels; never changes ``source``.

    Parameters
    ----------
    source : PhotoSource
        Files and bytes hold JPEG, PNG or WebP; AVIF where Pillow can; HEIC with the ``heic`` extra.
        Pillow images may have any mode that such files decode to, and ``HSV``. Arrays are uint8
        RGB (H, W, 3). Colour profiles are ignored.
    short_side_pixels : int
        Short side that the caller goes on to need, at least 2. Encoded JPEG files come out at the
        smallest DCT scale (1, 1/2, 1/4, 1/8) whose short side is not below it, all else at full
        size.
    limits : Limits
        Ceilings, looked at before decoding.

    Returns
    -------
    Photo

    Raises
    ------
    PhotoFormatError
        Not a readable regular file, not such an image, damaged, or above a ceiling.
    ProfileError
        ``short_side_pixels`` is below 2.
    """
    if short_side_pixels < 2:
        raise ProfileError(f"short_side_pixels is {short_side_pixels}, must be at least 2")
    found = read_photo(source, limits)
    if isinstance(found, np.ndarray):
        return _from_array(found, limits)
    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if isinstance(found, Image.Image):
                return _from_image(found, limits)
            return _from_bytes(found, short_side_pixels, limits)
    except (PhotoFormatError, MemoryError):
        raise
    except Exception as error:  # on damaged data Pillow's decoders raise a dozen types
        raise damaged() from error


def _from_bytes(data: bytes, short_side_pixels: int, limits: Limits) -> Photo:
    format_name = format_of(data)
    if format_name == "JPEG":
        return _from_jpeg(data, short_side_pixels, limits)
    if format_name == "HEIF":
        return _from_heif(data, limits)
    image = open_pillow(data, format_name)
    each = DECODER_BYTES_PER_PIXEL.get(format_name, _bytes_per_pixel(image) + CHANNEL_BYTES)
    return _from_pillow(image, each, len(data), limits)


def _from_jpeg(data: bytes, short_side_pixels: int, limits: Limits) -> Photo:
    layout = read_layout(data)
    size = layout.width, layout.height
    divisor = dct_divisor(min(size), short_side_pixels)
    reduced = -(-layout.longer_height // divisor) * -(-layout.width // divisor)
    memory = 4 * reduced + layout.held_bytes + 2 * len(data)
    _check_size(size, memory, limits, "JPEG, not progressive" if layout.held_bytes else "JPEG")
    image = decode_jpeg(data, layout, divisor)
    check_mode(image)
    room = limits.decoding_bytes - 4 * image.width * image.height - len(data)
    return Photo(image, size, -(-layout.height // divisor), _orientation(image), room)


def _from_heif(data: bytes, limits: Limits) -> Photo:
    file = open_heif(data)
    plain = file.mode == "RGB" and file.info.get("bit_depth", 8) == 8
    each = DECODER_BYTES_PER_PIXEL["HEIF"] if plain else DEEP_HEIF_BYTES_PER_PIXEL
    _check_size(file.size, each * file.size[0] * file.size[1] + len(data), limits)
    if file.mode != "RGB":
        return _from_pillow(file.to_pillow(), each, len(data), limits)
    pixels = np.asarray(file)[:, : file.size[0]]
    room = limits.decoding_bytes - pixels.nbytes - len(data)
    return Photo(pixels, file.size, room_bytes=room)  # libheif has turned it already


def _from_image(image: Image.Image, limits: Limits) -> Photo:
    if image.format is not None and image.format not in PILLOW_FORMATS:
        raise unknown_format()
    return _from_pillow(image, _bytes_per_pixel(image) + CHANNEL_BYTES, 0, limits)


def _from_pillow(image: Image.Image, each: int, file_bytes: int, limits: Limits) -> Photo:
    """Of an image that takes ``each`` bytes a pixel while it is decoded."""
    pixels = image.width * image.height
    _check_size(image.size, each * pixels + file_bytes, limits)
    check_mode(image)
    image.load()
    room = limits.decoding_bytes - _bytes_per_pixel(image) * pixels - file_bytes
    return Photo(image, image.size, orientation=_orientation(image), room_bytes=room)


def _from_array(pixels: Pixels, limits: Limits) -> Photo:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise PhotoFormatError(
            f"a photo's array is {pixels.dtype} {pixels.shape}: "
            "give uint8 RGB of shape (height, width, 3)"
        )
    height, width = pixels.shape[:2]
    _check_size((width, height), (3 + CHANNEL_BYTES) * width * height, limits)
    pixels = np.array(pixels, order="C")
    return Photo(pixels, (width, height), room_bytes=limits.decoding_bytes - pixels.nbytes)


def dct_divisor(short_side_pixels: int, needed_pixels: int) -> int:
    """How far a JPEG of this short side is reduced while decoding: 1, 2, 4 or 8.

    The greatest divisor whose short side, which a JPEG decoder rounds up, is at least
    ``needed_pixels`` (at least 2).
    """
    for divisor in DCT_DIVISORS:
        if -(-short_side_pixels // divisor) >= needed_pixels:
            return divisor
    return 1


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; unreadable EXIF does not make the pixels unusable."""
    try:
        return int(image.getexif().get(ORIENTATION_TAG, 1))
    except Exception:
        return 1


def _bytes_per_pixel(image: Image.Image) -> int:
    return BYTES_PER_PIXEL.get(image.mode, 4)


def _check_size(size: tuple[int, int], memory: int, limits: Limits, advised: str = "JPEG") -> None:
    pixels = size[0] * size[1]
    if pixels < 1:
        raise PhotoFormatError("the photo has no pixels: take a new one")
    if pixels > limits.photo_pixels:
        raise PhotoFormatError(
            f"the photo has more than {limits.photo_pixels / 1e6:.4g} megapixels: make it smaller"
        )
    if memory > limits.decoding_bytes:
        raise PhotoFormatError(
            f"the photo of {pixels / 1e6:.3g} megapixels would take {memory / 1e6:.0f} MB to "
            f"decode, more than {limits.decoding_bytes / 1e6:.0f}: make it smaller, or save it as "
            f"{advised}"
        )
