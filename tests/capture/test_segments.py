"""Where segments lie (SPEC 1.4)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ailock_sdk.capture import SEGMENT_NAMES, Box, crop_and_resize, segment_boxes
from ailock_sdk.errors import ProfileError


def test_worked_example() -> None:
    """View of side 200 from (100, 50); segments of side 116, so 84 remain beside each."""
    boxes = dict(zip(SEGMENT_NAMES, segment_boxes(400, 300, 2 / 3, SEGMENT_NAMES), strict=True))
    expected = {
        "whole": (100, 50, 300, 250),
        "top_left": (100, 50, 216, 166),
        "top_right": (184, 50, 300, 166),
        "bottom_left": (100, 134, 216, 250),
        "bottom_right": (184, 134, 300, 250),
        "centre": (142, 92, 258, 208),
    }
    assert boxes.keys() == expected.keys()
    for name, edges in expected.items():
        box = boxes[name]
        assert (box.left, box.top, box.right, box.bottom) == pytest.approx(edges, abs=1e-9)


def test_order_and_repeats_are_the_callers() -> None:
    whole, centre = segment_boxes(90, 70, 1.0, ["whole", "centre"])
    assert segment_boxes(90, 70, 1.0, ["centre", "whole", "centre"]) == [centre, whole, centre]
    assert segment_boxes(90, 70, 1.0, []) == []
    assert whole == Box(10, 0, 80, 70)


@given(
    st.integers(1, 10_000),
    st.integers(1, 10_000),
    st.floats(1e-6, 1.0),
)
def test_boxes_are_square_and_inside(width: int, height: int, crop: float) -> None:
    for name, box in zip(
        SEGMENT_NAMES, segment_boxes(width, height, crop, SEGMENT_NAMES), strict=True
    ):
        side = crop * min(width, height) * (1 if name == "whole" else 0.58)
        assert math.isclose(box.right - box.left, side, rel_tol=1e-6, abs_tol=1e-9)
        assert math.isclose(box.bottom - box.top, side, rel_tol=1e-6, abs_tol=1e-9)
        assert box.left >= 0
        assert box.top >= 0
        assert box.right <= width
        assert box.bottom <= height


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0.01, 1.0))
def test_pillow_takes_every_box(width: int, height: int, crop: float) -> None:
    """Pillow holds a box in single precision and refuses one that leaves the image."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for box in segment_boxes(width, height, crop, SEGMENT_NAMES):
        assert crop_and_resize(pixels, box, 3, 2).shape == (3, 2, 3)


@pytest.mark.parametrize("crop", [0, -0.1, 1.0001, math.nan, math.inf])
def test_crop_out_of_range(crop: float) -> None:
    with pytest.raises(ProfileError, match="crop"):
        segment_boxes(9, 9, crop, ["whole"])


def test_unknown_segment() -> None:
    with pytest.raises(ProfileError, match="middle"):
        segment_boxes(9, 9, 1.0, ["whole", "middle"])


@pytest.mark.parametrize(
    "edges",
    [(0, 0, 0, 5), (0, 0, 5, 0), (-1, 0, 5, 5), (0, -1, 5, 5), (5, 0, 4, 5), (math.nan, 0, 1, 1)],
)
def test_boxes_that_are_none(edges: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="not a box"):
        Box(*edges)
