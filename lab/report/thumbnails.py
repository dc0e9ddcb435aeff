"""Small copies of photos, with nothing of the originals' metadata."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

THUMBNAIL_PIXELS = 200
"""Longer side of a photo in a page."""
TILE_PIXELS = 320
JPEG_QUALITY = 80
FRAME, MARGIN = (200, 200, 200), (235, 235, 235)
"""The line around a tile, and what a photo leaves of it."""


def thumbnail(encoded: bytes, pixels: int = THUMBNAIL_PIXELS) -> bytes:
    """A photo as a JPEG file, upright, its longer side at most so many pixels."""
    small = _upright(encoded)
    small.thumbnail((pixels, pixels))
    return _jpeg(small)


def montage(photos: Sequence[bytes | NDArray[np.uint8]], pixels: int = TILE_PIXELS) -> bytes:
    """Photos that belong together, such as a reference's, in one framed square, a JPEG file.

    ``photos`` are files, or uint8 RGB (H, W, 3).
    """
    columns = round(len(photos) ** 0.5)
    rows = -(-len(photos) // columns)
    width, height = pixels // columns, pixels // rows
    square = Image.new("RGB", (pixels, pixels), "white")
    for index, photo in enumerate(photos):
        place = width * (index % columns), height * (index // columns)
        square.paste(ImageOps.pad(_upright(photo), (width, height), color=MARGIN), place)
    return _jpeg(ImageOps.expand(square.crop((1, 1, pixels - 1, pixels - 1)), 1, FRAME))


def _upright(photo: bytes | NDArray[np.uint8]) -> Image.Image:
    if not isinstance(photo, bytes):
        return Image.fromarray(photo)
    with Image.open(io.BytesIO(photo)) as opened:
        return ImageOps.exif_transpose(opened).convert("RGB")


def _jpeg(photo: Image.Image) -> bytes:
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
