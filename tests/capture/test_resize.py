"""The resize rule (SPEC 1.5), against its definition and against pinned bytes."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from ailock_sdk.capture import Box, crop_and_resize, decode_photo, segment_boxes


def photo_of_a_formula() -> bytes:
    """A PNG of 150 x 110 pixels that anyone can make again: integers only."""
    y, x = np.mgrid[:110, :150]
    pixels = np.stack([7 * x + 3 * y, x * y // 5, (x * x + 11 * y) // 3], 2) % 256
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


PINNED = {
    ("whole", 1.0, 32): "450cfedab1c07f97c89886628721972f79346118be4a1a44d02fdffd1e805829",
    ("whole", 0.7, 96): "cee9a9eafbbceb8996a980568b2dc76467afe385086beac0661f1b4aaf905230",
    ("top_right", 0.85, 45): "1dda5e22cff0781fe0ea3f4f7a7b52ae1fe598926948d8da1a3f367151ee5fe3",
    ("centre", 1.0, 224): "dcf374fa86d0d8763a08c4a9c951223206498e85f43855e9dcaee1f94aeef0ad",
}
"""(segment, crop, side) -> SHA-256 of the resized bytes. A Pillow that changes these changes
imageprints: records made before would no longer open."""


@pytest.mark.parametrize(("segment", "crop", "side"), PINNED)
def test_pinned_bytes(segment: str, crop: float, side: int) -> None:
    pixels = decode_photo(photo_of_a_formula(), 32).pixels
    (box,) = segment_boxes(150, 110, crop, [segment])
    resized = crop_and_resize(pixels, box, side, side)
    assert hashlib.sha256(resized.tobytes()).hexdigest() == PINNED[segment, crop, side]


def triangle_matrix(size: int, start: float, end: float, count: int) -> np.ndarray:
    """(count, size) weights of a triangle filter whose support grows when shrinking."""
    scale = (end - start) / count
    support = max(scale, 1.0)
    centres = start + (np.arange(count) + 0.5) * scale
    distance = np.abs(np.arange(size)[None, :] + 0.5 - centres[:, None]) / support
    weights = np.maximum(1 - distance, 0)
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("box", "height", "width"),
    [
        (Box(0, 0, 60, 40), 40, 60),
        (Box(0, 0, 60, 40), 9, 13),
        (Box(3.25, 1.5, 50.75, 33.4), 17, 16),
        (Box(10.5, 10.5, 14.5, 13), 30, 50),
    ],
)
def test_the_filter_is_a_triangle(box: Box, height: int, width: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    rows = triangle_matrix(40, box.top, box.bottom, height)
    columns = triangle_matrix(60, box.left, box.right, width)
    expected = np.einsum("hy,yxc,wx->hwc", rows, pixels, columns)
    resized = crop_and_resize(pixels, box, height, width)
    assert resized.dtype == np.uint8
    assert resized.shape == (height, width, 3)
    assert np.abs(resized - expected).max() <= 1.01  # two passes, each rounded to 8 bits


def test_boxes_that_leave_the_image() -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    for box in (Box(0, 0, 60.01, 40), Box(0, 0, 60, 40.01), Box(0, 0, float("inf"), 40)):
        with pytest.raises(ValueError, match="box"):
            crop_and_resize(pixels, box, 9, 9)
    with pytest.raises(ValueError, match="> 0"):
        crop_and_resize(pixels, Box(0, 0, 9, 9), 0, 9)
