"""Decode a photo, whatever it comes as, into upright 8-bit RGB pixels (SPEC 1.1 to 1.3)."""

from __future__ import annotations

import io
import os
import stat
import threading
import warnings
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from ailock_sdk.capture.colour import to_rgb
from ailock_sdk.errors import PhotoFormatError, ProfileError

MAX_PHOTO_BYTES = 64 * 1024 * 1024
"""Encoded size above which a photo is refused before it is read."""
MAX_PHOTO_PIXELS = 64_000_000
"""Width times height above which a photo is refused before it is decoded."""

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""(H, W, 3) uint8, RGB, 0 to 255."""

PhotoSource: TypeAlias = "str | os.PathLike[str] | bytes | Image.Image | Pixels"
"""A file's path, an encoded file's bytes, a Pillow image, or uint8 RGB pixels (H, W, 3)."""

DCT_DIVISORS = (8, 4, 2)
"""The reductions that a JPEG decoder does for free, greatest first."""

PILLOW_FORMATS = {"JPEG", "MPO", "PNG", "WEBP", "HEIF"}
"""Pillow's names of the formats read here; MPO is a JPEG with more pictures behind the first."""
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"}

ORIENTATION_TAG = 0x0112
TURN_OF_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TRANSPOSED_ORIENTATIONS = {5, 6, 7, 8}

_one_at_a_time = threading.Lock()
"""Warning filters belong to the whole process: two threads that silence Pillow at once could leave
them silenced for good."""


@dataclass(frozen=True, eq=False)
class Photo:
    """An upright photo, possibly reduced.

    Attributes
    ----------
    pixels : ndarray, uint8, shape (H, W, 3)
        RGB, 0 to 255, read-only; at most as large as the source.
    width, height : int
        Size in pixels of the source once upright, before any reduction.
    """

    pixels: Pixels
    width: int
    height: int


def read_photo(source: PhotoSource) -> bytes | Image.Image | Pixels:
    """The bytes of the file if ``source`` is a path, else ``source`` itself.

    Raises
    ------
    PhotoFormatError
        Not a readable regular file, or above ``MAX_PHOTO_BYTES``.
    """
    return _read_file(source) if isinstance(source, (str, os.PathLike)) else source


def decode_photo(source: PhotoSource, short_side_pixels: int) -> Photo:
    """Decode ``source`` to upright RGB pixels; never changes ``source``.

    Parameters
    ----------
    source : PhotoSource
        Files and bytes hold JPEG, PNG or WebP, or HEIC with the ``heic`` extra. Pillow images may
        have any mode that such files decode to, and ``HSV``. Arrays are uint8 RGB (H, W, 3). Colour
        profiles are ignored.
    short_side_pixels : int
        Short side that the caller goes on to need, at least 2. Encoded JPEG files come out at the
        smallest DCT scale (1, 1/2, 1/4, 1/8) whose short side is not below it, all else at full
        size.

    Returns
    -------
    Photo

    Raises
    ------
    PhotoFormatError
        Not a readable regular file, not such an image, damaged, or above the ceilings of
        ``MAX_PHOTO_BYTES`` and ``MAX_PHOTO_PIXELS``, which are checked before decoding.
    ProfileError
        ``short_side_pixels`` is below 2.
    """
    if short_side_pixels < 2:
        raise ProfileError(f"short_side_pixels is {short_side_pixels}, must be at least 2")
    source = read_photo(source)
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if not isinstance(source, (bytes, Image.Image)):
        raise PhotoFormatError(
            f"a photo cannot be a {type(source).__name__}: give a path, the file's bytes, "
            "a Pillow image or a uint8 array (height, width, 3)"
        )
    try:
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _decode(source, short_side_pixels)
    except (PhotoFormatError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Exception as error:  # on damaged data Pillow's decoders raise a dozen types
        raise PhotoFormatError(
            "the photo is damaged or incomplete: copy it again or take a new one"
        ) from error


def _decode(source: bytes | Image.Image, short_side_pixels: int) -> Photo:
    image = _open_encoded(source) if isinstance(source, bytes) else source
    if image.format is not None and image.format not in PILLOW_FORMATS:
        raise _unknown_format()
    width, height = image.size
    _check_pixel_count(width, height)
    if image is not source:
        divisor = dct_divisor(min(width, height), short_side_pixels)
        image.draft("RGB", (width // divisor, height // divisor))  # Pillow picks this divisor
    image.load()
    orientation = _orientation(image)
    upright = to_rgb(image)
    if orientation in TURN_OF_ORIENTATION:
        upright = upright.transpose(TURN_OF_ORIENTATION[orientation])
    if orientation in TRANSPOSED_ORIENTATIONS:
        width, height = height, width
    pixels = np.asarray(upright)
    pixels.setflags(write=False)
    return Photo(pixels, width, height)


def dct_divisor(short_side_pixels: int, needed_pixels: int) -> int:
    """How far a JPEG of this short side is reduced while decoding: 1, 2, 4 or 8.

    The greatest divisor whose short side, which a JPEG decoder rounds up, is at least
    ``needed_pixels`` (at least 2).
    """
    for divisor in DCT_DIVISORS:
        if -(-short_side_pixels // divisor) >= needed_pixels:
            return divisor
    return 1


def _orientation(image: Image.Image) -> object:
    """The EXIF orientation, 1 to 8; unreadable EXIF does not make the pixels unusable."""
    try:
        return image.getexif().get(ORIENTATION_TAG, 1)
    except Exception:
        return 1


def _from_array(pixels: Pixels) -> Photo:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise PhotoFormatError(
            f"a photo's array is {pixels.dtype} {pixels.shape}: "
            "give uint8 RGB of shape (height, width, 3)"
        )
    height, width = pixels.shape[:2]
    _check_pixel_count(width, height)
    pixels = np.array(pixels, order="C")
    pixels.setflags(write=False)
    return Photo(pixels, width, height)


def _read_file(path: str | os.PathLike[str]) -> bytes:
    try:
        with open(path, "rb", opener=_open_without_blocking) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise PhotoFormatError(f"{os.fspath(path)!r} is not a file: give a photo's path")
            if status.st_size > MAX_PHOTO_BYTES:
                raise _too_many_bytes()
            return file.read(status.st_size)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PhotoFormatError(
            f"cannot read {os.fspath(path)!r} ({reason}): check the path and its permissions"
        ) from error


def _open_without_blocking(path: str, flags: int) -> int:
    # Opening a FIFO the usual way would wait for its writer; the check comes after the opening so
    # that the file checked is the file read.
    return os.open(path, flags | os.O_NONBLOCK)


def _open_encoded(data: bytes) -> Image.Image:
    """An image whose header has been read and checked, its pixels not decoded yet."""
    if not data:
        raise PhotoFormatError("the photo is empty: copy it again or take a new one")
    if len(data) > MAX_PHOTO_BYTES:
        raise _too_many_bytes()
    if data.startswith(b"\xff\xd8\xff"):
        format_name = "JPEG"
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        format_name = "PNG"
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        format_name = "WEBP"
    elif data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        return _open_heic(data)
    else:
        raise _unknown_format()
    return Image.open(io.BytesIO(data), formats=[format_name])


def _open_heic(data: bytes) -> Image.Image:
    try:
        import pillow_heif
    except ImportError as error:
        raise PhotoFormatError(
            "HEIC photos need an extra package: pip install 'ailock-sdk[heic]', "
            "or save the photo as JPEG"
        ) from error
    file = pillow_heif.open_heif(data)
    _check_pixel_count(*file.size)
    image: Image.Image = file.to_pillow()
    return image


def _check_pixel_count(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise PhotoFormatError("the photo has no pixels: take a new one")
    if width * height > MAX_PHOTO_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> PhotoFormatError:
    return PhotoFormatError(
        f"the photo has more than {MAX_PHOTO_PIXELS // 1_000_000} megapixels: make it smaller"
    )


def _too_many_bytes() -> PhotoFormatError:
    return PhotoFormatError(
        f"the photo's file is above {MAX_PHOTO_BYTES // 2**20} MiB: save it smaller"
    )


def _unknown_format() -> PhotoFormatError:
    return PhotoFormatError("not a JPEG, PNG, WebP or HEIC photo: convert it to one of these")
