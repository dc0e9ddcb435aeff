"""What a person before the camera is told, and which frames are taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise, repeat

import numpy as np
import pytest
from PIL import Image, ImageFilter

from ailock_sdk import CameraError
from ailock_sdk.camera import Burst, Camera, Frame, Glance
from ailock_sdk.camera.camera import Pixels
from ailock_sdk.capture import QualityIssue
from ailock_sdk.viewfinder import BURST_SECONDS, STEADY_SECONDS, Advice, Viewfinder, bursts
from tests.conftest import PHOTOS

pytest.importorskip("av", reason="needs the extra [camera]")
from tests.camera.videos import FRAMES_A_SECOND, dark, hand_held

MUG, ROBOT = PHOTOS / "mug-1.jpg", PHOTOS / "robot-1.jpg"


def picture(name: str = "mug-1") -> Image.Image:
    return Image.open(PHOTOS / f"{name}.jpg").convert("RGB")


def far_away() -> Image.Image:
    wall = Image.new("RGB", (640, 480), (150, 140, 130))
    wall.paste(picture().resize((100, 75)), (270, 200))
    return wall


def frames(pictures: Iterable[Pixels]) -> Iterator[Frame]:
    for number, pixels in enumerate(pictures):
        yield Frame(pixels, number / FRAMES_A_SECOND)


def shaken() -> Iterator[Pixels]:
    pixels = np.asarray(picture())
    for number in range(FRAMES_A_SECOND):
        yield np.roll(pixels, 40 * number, axis=1)


def advice_on(pictures: Iterable[Pixels], finder: Viewfinder | None = None) -> list[Advice]:
    """Every advice given, each as often as it changed."""
    told: list[Advice] = []
    finder = finder or Viewfinder(tell=told.append)
    for frame in frames(pictures):
        finder.look(frame)
    return told


@pytest.mark.parametrize(
    ("image", "advice"),
    [
        (Image.new("RGB", (640, 480), (8, 8, 8)), Advice.TOO_DARK),
        (Image.new("RGB", (640, 480), (254, 254, 254)), Advice.BLOWN_OUT),
        (Image.new("RGB", (640, 480), (120, 120, 120)), Advice.NO_TEXTURE),
        (picture().resize((120, 90)), Advice.TOO_SMALL),
        (picture().filter(ImageFilter.GaussianBlur(18)), Advice.BLURRED),
        (far_away(), Advice.MOVE_CLOSER),
        (picture(), Advice.GOOD),
        (picture("robot-2"), Advice.GOOD),
    ],
    ids=lambda value: value.value if isinstance(value, Advice) else "",
)
def test_advice_on_a_still_picture(image: Image.Image, advice: Advice) -> None:
    assert advice_on(repeat(np.asarray(image), 20)) == [advice]


def test_a_shaking_camera_is_to_be_held_still_and_a_trembling_hand_is_not() -> None:
    assert advice_on(shaken())[-1] is Advice.HOLD_STILL
    assert advice_on(hand_held(MUG, 2)) == [Advice.GOOD]


def test_every_issue_of_the_quality_gate_has_an_advice() -> None:
    assert {issue.value for issue in QualityIssue} <= {advice.value for advice in Advice}


def test_advice_does_not_flicker() -> None:
    """Every second frame is dark, as under a lamp that flickers: nothing new is said."""
    light, none = list(hand_held(MUG, 2)), list(dark(2))
    flickering = [pair for pairs in zip(light[::2], none[::2], strict=True) for pair in pairs]
    assert advice_on(flickering) == [Advice.GOOD]
    assert advice_on(chain(hand_held(MUG, 1), dark(1))) == [Advice.GOOD, Advice.TOO_DARK]
    just_so_long = dark(STEADY_SECONDS / 2)
    assert advice_on(chain(hand_held(MUG, 1), just_so_long, hand_held(MUG, 1))) == [Advice.GOOD]


def test_a_view_that_was_taken_is_not_taken_again() -> None:
    reference = Glance.at(Frame(next(hand_held(MUG, 1)), 0.0))
    told: list[Advice] = []
    finder = Viewfinder([reference], told.append)
    advice_on(hand_held(MUG, 1), finder)
    assert told == [Advice.ANOTHER_VIEW]
    advice_on(hand_held(PHOTOS / "mug-2.jpg", 1), finder)
    assert told == [Advice.ANOTHER_VIEW, Advice.GOOD]


def test_a_burst_keeps_the_sharpest_that_differ() -> None:
    random = np.random.default_rng(1)
    sharp = [np.roll(np.asarray(picture()), shift, axis=1) for shift in (0, 6, 12)]
    blurred = [np.asarray(picture().filter(ImageFilter.GaussianBlur(r))) for r in (1, 2, 3)]
    shown = [*sharp, *blurred, *sharp]  # each sharp one twice
    burst = Burst(3)
    for number in random.permutation(len(shown)):
        burst.add(Glance.at(Frame(shown[number], float(number))))
    kept = [glance.frame.pixels for glance in burst.glances]
    assert len(kept) == 3
    for pixels in sharp:
        assert sum(np.array_equal(pixels, each) for each in kept) == 1
    with pytest.raises(ValueError, match="at least one"):
        Burst(0)


def recording(*parts: Iterable[Pixels]) -> Camera:
    def produce() -> Iterator[tuple[Pixels, float | None]]:
        for frame in frames(chain(*parts)):
            yield frame.pixels, frame.seconds

    return Camera("video", produce, live=False)


def test_bursts_begin_with_a_good_frame_and_last_a_moment() -> None:
    with recording(dark(1), hand_held(MUG, 2)) as camera:
        found = list(bursts(camera, 60))
    times = [sorted(glance.frame.seconds for glance in burst) for burst in found]
    assert [len(burst) for burst in times[:-1]] == [3, 3, 3]  # and what is left at the end
    assert times[0][0] >= 1.0
    assert all(burst[-1] - burst[0] <= BURST_SECONDS + 0.01 for burst in times)
    assert all(a[-1] < b[0] for a, b in pairwise(times))


def test_without_a_good_frame_the_last_advice_is_the_reason() -> None:
    with recording(dark(1)) as camera, pytest.raises(CameraError, match="too dark: turn on"):
        list(bursts(camera, 60))
    with recording() as camera, pytest.raises(CameraError, match="no picture"):
        list(bursts(camera, 60))


def test_the_time_is_limited() -> None:
    def forever() -> Iterator[tuple[Pixels, float | None]]:
        for pixels in repeat(np.zeros((480, 640, 3), np.uint8)):
            yield pixels, None

    with Camera("0", forever, live=True) as camera, pytest.raises(CameraError, match="too dark"):
        list(bursts(camera, 0.2))


@pytest.mark.parametrize("shape", [(480, 640), (1080, 1920), (640, 480), (100, 1000), (48, 48)])
def test_a_glance_at_any_size(shape: tuple[int, int]) -> None:
    glance = Glance.at(Frame(np.zeros((*shape, 3), np.uint8), 0.0))
    assert min(glance.cells.shape) >= 48
    assert (glance.fill, glance.sharpness, glance.change(glance)) == (0, 0, 0)
