"""First frame against burst, by locks that see a clip's colour; and clips that cannot be found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av", reason="needs the extra [camera]")
from ailock_sdk import PhotoQualityError
from ailock_sdk.imageprint import ImagePrint, combine
from ailock_sdk.photo_lists import one_probe
from lab.errors import PhotoSetError
from lab.verification.bursts import (
    BURST,
    FIRST,
    FIRST_GOOD,
    ONE,
    THREE,
    THREE_PLACES,
    find_clips,
    measure,
)
from tests.camera.videos import FRAMES_A_SECOND, write_video

RED, GREEN, BLUE = (1.0, 0.2, 0.2), (0.2, 1.0, 0.2), (0.2, 0.2, 1.0)


class ColourLock:
    """Sees which colour is the strongest, and nothing of dark photos."""

    lambda_bits, radius = 64, 10

    def imageprint(self, photo: np.ndarray, *, reference: bool = False) -> ImagePrint:
        if photo.mean() < 20:
            raise PhotoQualityError(())
        strongest = int(np.argmax(photo.mean(axis=(0, 1))))
        return ImagePrint(np.random.default_rng(strongest).normal(size=self.lambda_bits))

    def probes(self, photos: list[np.ndarray]) -> tuple[ImagePrint, ...]:
        return (one_probe([self.imageprint(photo) for photo in photos]),)

    def reference(self, imageprints: list[ImagePrint]) -> ImagePrint:
        return combine(imageprints)


def shown(colour: tuple[float, float, float], seconds: float, light: float = 1.0) -> Iterator:
    """Coarse texture in one colour, held by a trembling hand."""
    random = np.random.default_rng(0)
    texture = random.integers(60, 250, (20, 24, 1)).repeat(12, 0).repeat(12, 1)
    for _ in range(round(seconds * FRAMES_A_SECOND)):
        noisy = texture * light * colour + random.normal(0, 2, (240, 288, 3))
        yield np.clip(noisy, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two mugs alike in colour, and a tin; one mug's clips begin with what misleads."""
    folder = tmp_path_factory.mktemp("clips")
    for name, colour in (("mug_1", RED), ("mug_2", RED), ("tin_1", GREEN)):
        (folder / name).mkdir()
        for place in ("home", "elsewhere"):
            for view in (1, 2, 3):
                parts = [shown(colour, 0.8)]
                if (name, place) == ("mug_1", "elsewhere"):
                    parts.insert(0, shown(BLUE, 0.05, light=0.05))
                write_video(folder / name / f"{place}-{view}.mp4", parts)
    (folder / "empty_1").mkdir()
    return folder


def test_the_first_frame_misleads_and_the_burst_does_not(clips: Path) -> None:
    found = measure(ColourLock(), find_clips(clips), bootstrap=100)
    assert found.objects == 3
    assert found.enrolled == {ONE: 9, THREE: 3, THREE_PLACES: 3}
    assert found.trials == {ONE: (27, 18, 36), THREE: (9, 6, 12), THREE_PLACES: (3, 6, 12)}
    for enrolment in (ONE, THREE, THREE_PLACES):
        assert found.rates[enrolment, FIRST].refused.value == pytest.approx(1 / 3)
        for way in (FIRST_GOOD, BURST):
            assert found.rates[enrolment, way].refused.value == 0
        assert found.shares[enrolment].value == 0
        assert found.rates[enrolment, BURST].same_kind.value == 1
        assert found.rates[enrolment, BURST].other_kind.value == 0
    assert found.gated == {FIRST: pytest.approx(3 / 9), FIRST_GOOD: 0, BURST: 0}


def test_a_folder_without_clips_is_told(tmp_path: Path) -> None:
    (tmp_path / "mug_1").mkdir()
    with pytest.raises(PhotoSetError, match="elsewhere-N"):
        find_clips(tmp_path)
    with pytest.raises(PhotoSetError, match="nothing"):
        find_clips(tmp_path / "nothing")
