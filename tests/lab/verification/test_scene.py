"""Object and scene told apart: by locks that see nothing but one of them, and by the real one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from ailock_sdk import AiLock
from ailock_sdk.imageprint import ImagePrint
from ailock_sdk.photo_lists import one_probe
from lab.errors import TooFewTrialsError
from lab.photos.cut_outs import CutOut, read_cut_outs
from lab.photos.photo_sets import open_photo_set
from lab.verification.scene import ENROLMENTS, OWNERS, PROBES, measure
from tools.rendering.surfaces import TABLES

CUT_OUTS = Path(__file__).parents[2] / "cut_outs"
COLOURS = {"mug_A": (250, 10, 10), "mug_B": (10, 250, 10), "lamp_A": (10, 10, 250)}
GREYS = [np.full((32, 32, 3), level, np.uint8) for level in range(60, 240, 20)]
SAME_PLACE, NEW_PLACE, SAME_KIND, OTHER_KIND = PROBES


class ColourLock:
    """Sees the corner of a photo, or the colour of the object in it, and nothing else."""

    def __init__(self, of_object: bool) -> None:
        self.of_object = of_object
        self.lambda_bits, self.radius = 64, 10
        self.bundle = SimpleNamespace(name="stub")

    def imageprint(self, photo: np.ndarray, *, reference: bool = False) -> ImagePrint:
        strongest = photo.reshape(-1, 3).astype(int)
        strongest = strongest[np.argmax(np.ptp(strongest, axis=1))]
        seen = strongest > 128 if self.of_object else [photo[0, 0, 0] // 10]
        seed = int.from_bytes(hashlib.sha256(bytes(map(int, seen))).digest()[:4], "big")
        return ImagePrint(np.random.default_rng(seed).normal(size=self.lambda_bits))

    def probes(self, photos: list[np.ndarray]) -> tuple[ImagePrint, ...]:
        return (one_probe([self.imageprint(photo) for photo in photos]),)


@pytest.fixture
def cut_outs() -> dict[str, list[CutOut]]:
    return {
        name: [CutOut(name, Image.new("RGBA", (10, 14), (*colour, 255)))] * 4
        for name, colour in COLOURS.items()
    }


def errors(lock: ColourLock, cut_outs: dict[str, list[CutOut]], **options: int):
    found = measure(lock, cut_outs, GREYS, 12, bootstrap=0, **options)
    return {case: each.value for case, each in found.errors.items()}


def test_a_lock_of_the_object_errs_nowhere(cut_outs) -> None:
    found = errors(ColourLock(of_object=True), cut_outs)
    assert found == dict.fromkeys([(e, p) for e in ENROLMENTS for p in PROBES], 0.0)


def test_a_lock_of_the_scene_lets_in_what_stands_there_and_nothing_elsewhere(
    cut_outs, monkeypatch
) -> None:
    monkeypatch.setattr("lab.photos.cut_outs.SHADOW", 0.0)
    found = errors(ColourLock(of_object=False), cut_outs)
    expected = {SAME_PLACE: 0.0, NEW_PLACE: 1.0, SAME_KIND: 1.0, OTHER_KIND: 1.0}
    assert {probe: found[ENROLMENTS[0], probe] for probe in PROBES} == expected


def test_trials_repeat_with_the_seed_and_count_owners(cut_outs) -> None:
    lock = ColourLock(of_object=True)
    first, again = (measure(lock, cut_outs, GREYS, 5, 2, 2, bootstrap=10) for _ in range(2))
    assert first.owners == 2  # the lamp has no other of its kind
    assert len(first.examples) == 4
    assert first.errors == again.errors
    example, same = first.examples[0], again.examples[0]
    assert {len(v) for v in example.references.values()} == {2}
    assert {len(v) for v in example.probes.values()} == {2}
    for name, photos in example.probes.items():
        np.testing.assert_array_equal(photos, same.probes[name])


@pytest.mark.parametrize(
    ("views", "grounds", "message"), [(3, 9, "has 4 views"), (4, 3, "need 4 backgrounds, not 3")]
)
def test_too_little_to_compose_is_said(cut_outs, views: int, grounds: int, message: str) -> None:
    few = {name: made[:views] for name, made in cut_outs.items()}
    with pytest.raises(TooFewTrialsError, match=message):
        measure(ColourLock(of_object=True), few, GREYS[:grounds], 3)


def test_rendered_objects_on_the_real_lock(lock: AiLock) -> None:
    """Different backgrounds at enrolment do not cost the owner's new place what one costs."""
    objects = read_cut_outs(open_photo_set(CUT_OUTS))
    assert {name: len(views) for name, views in objects.items()} == dict.fromkeys(
        ("clock_A", "mug_A", "mug_B", "robot_A"), 5
    )
    tables = [
        np.asarray(Image.fromarray(paint(np.random.default_rng(7))).resize((448, 448)))
        for paint in TABLES.values()
    ]
    plain = lock.check_quality
    lock.check_quality = False
    try:
        found = measure(lock, objects, tables, 4, 3, 2, bootstrap=0)
    finally:
        lock.check_quality = plain
    rates = {case: each.value for case, each in found.errors.items()}
    one, several = ENROLMENTS
    assert rates[several, NEW_PLACE] <= rates[one, NEW_PLACE]
    assert rates[several, OTHER_KIND] == 0
    for example in found.examples:
        for (enrolment, probe), accepted in example.accepted.items():
            reference = [lock.imageprint(p, reference=True) for p in example.references[enrolment]]
            again = lock.reference(reference) - lock.probes(example.probes[probe])[0]
            assert (again <= lock.radius) == accepted
        break
    assert set(rates) == {(e, p) for e in ENROLMENTS for p in PROBES}
    assert OWNERS == (SAME_PLACE, NEW_PLACE)
