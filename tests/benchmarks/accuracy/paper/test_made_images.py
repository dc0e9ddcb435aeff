"""Synthetic images made within a run of ``paper``: augmented photos, or a DCGAN's."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.accuracy.paper import made_images
from benchmarks.accuracy.paper.made_images import AUGMENTED, dcgan_settings, with_images
from benchmarks.accuracy.paper.roles import REFERENCE, SYNTHETIC, RolePhotos, open_roles
from lab.photos.embeddings import InputView, view_pixels
from lab.photos.quality import gate_issues
from lab.photos.synthetic import half_of
from lab.synthetic.augmentations import VARIANTS
from lab.synthetic.augmented_images import make_augmented, photo_number
from tests.conftest import PHOTOS


@pytest.fixture(scope="module")
def photos() -> dict[str, RolePhotos]:
    return open_roles({REFERENCE: [PHOTOS / "labels.csv"]})


def contents(folder: Path) -> dict[str, bytes]:
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.glob("*/*.jpg")}
    assert found
    return found


def test_augmented_images_are_of_halves_of_the_objects(
    photos: dict[str, RolePhotos], tmp_path: Path
) -> None:
    reference = photos[REFERENCE]
    made = contents(make_augmented(reference, tmp_path / "a", 40))
    assert Counter(path.split("/")[0] for path in made) == {"DS1": 20, "DS2": 20}
    objects = {half: set[str]() for half in ("DS1", "DS2")}
    for path in made:
        objects[path.split("/")[0]].add(reference.objects[photo_number(path)])
    assert not objects["DS1"] & objects["DS2"]
    assert contents(make_augmented(reference, tmp_path / "b", 40)) == made
    assert contents(make_augmented(reference, tmp_path / "c", 40, seed=2)).keys() != made.keys()
    (tmp_path / "a" / next(iter(made))).unlink()
    assert contents(make_augmented(reference, tmp_path / "a", 40)) == made
    # All variants but the photo itself: no more are there to draw.
    everything = contents(make_augmented(reference, tmp_path / "d", 10**6))
    assert len(everything) == len(reference) * (VARIANTS - 1)
    assert not any(path.endswith("-00.jpg") for path in everything)


def test_an_image_shows_its_photo(photos: dict[str, RolePhotos], tmp_path: Path) -> None:
    reference = photos[REFERENCE]
    everything = contents(make_augmented(reference, tmp_path, 10**6))
    turned = next(path for path in everything if path.endswith("-04.jpg"))  # by half a turn
    with Image.open(tmp_path / turned) as image:
        found = np.asarray(image, dtype=np.float64)[::-1, ::-1]
    square = view_pixels(reference.read(photo_number(turned)), InputView(*found.shape[:2], 1.0))
    assert np.corrcoef(found.ravel(), square.ravel())[0, 1] > 0.97


def test_without_pytorch_images_are_augmented_and_know_whom_they_show(
    photos: dict[str, RolePhotos], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_images, "find_spec", lambda _: None)
    found, kind = with_images(photos, 40, tmp_path, seed=1)
    assert kind is AUGMENTED
    images = found[SYNTHETIC]
    assert images.role == SYNTHETIC
    assert sorted(half_of(images.paths).tolist()) == ["DS1"] * 20 + ["DS2"] * 20
    reference = photos[REFERENCE]
    for path, name in zip(images.paths, images.objects, strict=True):
        assert name == reference.objects[photo_number(path)]
    assert not any("too_small" in issue for issue in gate_issues(images).values())
    again, _ = with_images(photos, 40, tmp_path, seed=1)
    assert again[SYNTHETIC].photo_sha256 == images.photo_sha256
    other, _ = with_images(photos, 40, tmp_path, seed=2)  # beside it, in a folder of its own
    assert other[SYNTHETIC].photo_sha256 != images.photo_sha256


@pytest.mark.parametrize("photos", [6, 24, 500, 10_000])
def test_a_dcgan_takes_as_many_steps_whatever_the_photos(photos: int) -> None:
    settings = dcgan_settings(photos, 2_000, 1)
    pictures = photos * settings.variants
    assert pictures <= made_images.PICTURES_MAX
    steps = pictures // settings.batch * settings.epochs
    assert made_images.STEPS * 0.8 <= steps <= made_images.STEPS * 1.25


def test_with_pytorch_they_are_a_dcgans(
    photos: dict[str, RolePhotos], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="the DCGAN needs the extra [train]")
    monkeypatch.setattr(made_images, "STEPS", 4)
    found, kind = with_images(photos, 20, tmp_path, seed=1)
    assert kind.attack == "Synthetic image attack"
    assert not kind.of_objects
    assert "DCGAN trained within this run" in kind.notes[0]
    assert sorted(half_of(found[SYNTHETIC].paths).tolist()) == ["DS1"] * 10 + ["DS2"] * 10
