"""What a photo may come as, read into memory (SPEC 1.1)."""

from __future__ import annotations

import io
import os
import stat
from typing import BinaryIO, TypeAlias

import numpy as np
from PIL import Image

from ailock_sdk.capture.photo import Pixels
from ailock_sdk.errors import PhotoFormatError
from ailock_sdk.limits import DEFAULT_LIMITS, Limits

PhotoSource: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image | Pixels"
)
"""A file's path, where ``~`` is home; an encoded file's bytes, or the open file, read from where it
stands and left open; a Pillow image; or uint8 RGB pixels (H, W, 3)."""


def read_photo(
    source: PhotoSource, limits: Limits = DEFAULT_LIMITS
) -> bytes | Image.Image | Pixels:
    """The encoded bytes of a photo, wherever they are; of what is not encoded, itself.

    Raises
    ------
    PhotoFormatError
        Not a photo's source, not a readable regular file, or above ``limits.photo_bytes``.
    """
    if isinstance(source, (Image.Image, np.ndarray)):
        return source
    if isinstance(source, (str, os.PathLike)):
        data = _read_path(source, limits)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        if memoryview(source).nbytes > limits.photo_bytes:
            raise _too_many_bytes(limits)
        data = bytes(source)
    elif hasattr(source, "read"):
        data = _read_open(source, limits)
    else:
        raise PhotoFormatError(
            f"a photo cannot be a {type(source).__name__}: give a path, the file's bytes or the "
            "open file, a Pillow image or a uint8 array (height, width, 3)"
        )
    if not data:
        raise PhotoFormatError("the photo is empty: copy it again or take a new one")
    return data


def _read_path(path: str | os.PathLike[str], limits: Limits) -> bytes:
    try:
        with open(os.path.expanduser(path), "rb", opener=_open_without_blocking) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise PhotoFormatError(f"{os.fspath(path)!r} is not a file: give a photo's path")
            if status.st_size > limits.photo_bytes:
                raise _too_many_bytes(limits)
            return file.read(status.st_size)
    except (OSError, ValueError) as error:
        raise _unreadable(repr(os.fspath(path)), error) from error


def _open_without_blocking(path: str, flags: int) -> int:
    # Opening a FIFO the usual way would wait for its writer; the check comes after the opening so
    # that the file checked is the file read.
    return os.open(path, flags | os.O_NONBLOCK)


def _read_open(file: BinaryIO, limits: Limits) -> bytes:
    found = io.BytesIO()
    try:
        # One byte more than allowed tells that it is too long; an unbuffered file gives parts.
        while part := file.read(limits.photo_bytes + 1 - found.tell()):
            if not isinstance(part, (bytes, bytearray, memoryview)):
                raise PhotoFormatError("the photo's file is open as text: open it with mode 'rb'")
            found.write(part)
            if found.tell() > limits.photo_bytes:
                raise _too_many_bytes(limits)
    except (OSError, ValueError) as error:
        raise _unreadable("the photo's open file", error) from error
    return found.getvalue()


def _unreadable(what: str, error: Exception) -> PhotoFormatError:
    reason = getattr(error, "strerror", None) or str(error)
    return PhotoFormatError(f"cannot read {what} ({reason}): check the path and its permissions")


def _too_many_bytes(limits: Limits) -> PhotoFormatError:
    most = f"{limits.photo_bytes / 2**20:.3g} MiB"
    return PhotoFormatError(f"the photo's file is above {most}: save it smaller")
