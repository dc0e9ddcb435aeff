"""What looks see (SPEC 1.4 to 1.6)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ailock_sdk.capture import Box, Look, Photo, crop_and_resize, look_views, segment_boxes
from ailock_sdk.errors import ProfileError

PIXELS = np.random.default_rng(11).integers(0, 256, (90, 120, 3), np.uint8)
PHOTO = Photo(PIXELS, (120, 90))


def test_turns_are_counter_clockwise_and_change_no_pixel() -> None:
    """A red left and a green top edge show which way each view was turned."""
    red, green = (255, 0, 0), (0, 255, 0)
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:, 0] = red
    pixels[0, 1:] = green
    looks = [Look(1.0, turns) for turns in range(4)]
    upright, once, twice, thrice = look_views(Photo(pixels, (8, 8)), Box(0, 0, 8, 8), looks, 8, 8)
    np.testing.assert_array_equal(upright, pixels)
    assert (once[7, :] == red).all()  # left has become bottom
    assert (once[:7, 0] == green).all()  # and top left
    assert (twice[:, 7] == red).all()
    assert (twice[7, :7] == green).all()
    assert (thrice[0, :] == red).all()
    assert (thrice[1:, 7] == green).all()


def test_the_turn_is_that_of_the_specification() -> None:
    upright, turned = look_views(PHOTO, Box(3, 1, 83, 81), [Look(1.0, 0), Look(1.0, 1)], 21, 21)
    for y in range(21):
        for x in range(21):
            assert (turned[y, x] == upright[x, 20 - y]).all()


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (1.0, Box(10, 20, 74, 84)),
        (0.5, Box(26, 36, 58, 68)),
        (0.25, Box(34, 44, 50, 60)),
    ],
)
def test_a_fraction_is_the_middle_of_the_box(fraction: float, expected: Box) -> None:
    (view,) = look_views(PHOTO, Box(10, 20, 74, 84), [Look(fraction, 0)], 16, 16)
    np.testing.assert_array_equal(view, crop_and_resize(PIXELS, expected, 16, 16))


def test_the_full_upright_look_is_the_segment_bit_for_bit() -> None:
    for box in segment_boxes(120, 90, 0.77, ["whole", "top_left", "bottom_right", "centre"]):
        (view,) = look_views(PHOTO, box, [Look(1, 0)], 32, 24)
        np.testing.assert_array_equal(view, crop_and_resize(PIXELS, box, 32, 24))


def test_views_are_contiguous_and_in_order_and_each_fraction_is_resized_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boxes: list[Box] = []
    resample = Photo.resample

    def counting(photo: Photo, box: Box, *rest: Any) -> Image.Image:
        boxes.append(box)
        return resample(photo, box, *rest)

    box = Box(0, 0, 90, 90)
    looks = [Look(0.7, 1), Look(1.0, 0), Look(0.7, 2), Look(1.0, 3), Look(0.7, 0)]
    alone = [look_views(PHOTO, box, [look], 30, 30)[0] for look in looks]
    monkeypatch.setattr(Photo, "resample", counting)
    views = look_views(PHOTO, box, looks, 30, 30)
    assert len(boxes) == 2
    for view, expected in zip(views, alone, strict=True):
        assert view.flags.c_contiguous
        assert (view.dtype, view.shape) == (np.uint8, (30, 30, 3))
        np.testing.assert_array_equal(view, expected)
    assert look_views(PHOTO, box, [], 30, 30) == []


def test_only_half_turns_of_views_that_are_not_square() -> None:
    box = Box(0, 0, 90, 90)
    upright, turned = look_views(PHOTO, box, [Look(1.0, 0), Look(1.0, 2)], 10, 20)
    np.testing.assert_array_equal(turned, upright[::-1, ::-1])
    with pytest.raises(ValueError, match="10 x 20"):
        look_views(PHOTO, box, [Look(1.0, 0), Look(1.0, 3)], 10, 20)


@pytest.mark.parametrize("fraction", [0, -0.5, 1.0001, math.nan, math.inf])
def test_fraction_out_of_range(fraction: float) -> None:
    with pytest.raises(ProfileError, match="fraction"):
        Look(fraction, 0)


@pytest.mark.parametrize("quarter_turns", [-1, 4])
def test_turns_out_of_range(quarter_turns: int) -> None:
    with pytest.raises(ProfileError, match="quarter turns"):
        Look(1.0, quarter_turns)
