"""Attacks by images: augmentations, and the DCGAN (with PyTorch)."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lab.errors import SyntheticImagesError
from lab.photos.labelled_photos import open_labelled_photos
from lab.photos.quality import gate_issues
from lab.photos.synthetic import half_of, open_synthetic
from lab.synthetic import augmentations
from lab.synthetic.augmentations import VARIANTS, variants
from lab.synthetic.synthetic_images import (
    SyntheticSettings,
    make_synthetic,
    training_pictures,
)
from tests.conftest import PHOTOS

LABELS = PHOTOS / "labels.csv"
TINY = SyntheticSettings(images=64, epochs=2, variants=6, size=16, width=4, batch=16, seed=7)


@pytest.fixture(scope="module")
def photo() -> NDArray[np.uint8]:
    """A square of a committed photo, uint8 (96, 96, 3)."""
    with Image.open(PHOTOS / "mug-1.jpg") as picture:
        return np.asarray(picture.convert("RGB").resize((96, 96)))


# --- augmentations --------------------------------------------------------------------------


def test_twenty_different_variants_the_photo_first(photo: NDArray[np.uint8]) -> None:
    found = variants(photo, seed=1)
    assert len(found) == VARIANTS == 20
    assert all(one.shape == photo.shape and one.dtype == np.uint8 for one in found)
    assert np.array_equal(found[0], photo)
    assert len({one.tobytes() for one in found}) == 20  # the original's script has four copies


def test_variants_depend_on_photo_and_seed_only(photo: NDArray[np.uint8]) -> None:
    before = photo.copy()
    first, again, other = variants(photo, 1), variants(photo, 1), variants(photo, 2)
    assert np.array_equal(photo, before)
    assert all(map(np.array_equal, first, again))
    assert all(map(np.array_equal, first[:7], variants(photo, 1, 7)))
    # The script's sixteen and the blur take no chances; noise and zooms do.
    changed = [not np.array_equal(a, b) for a, b in zip(first, other, strict=True)]
    assert changed == [False] * 17 + [True] * 3


def test_turns_are_the_four_quarter_turns(photo: NDArray[np.uint8]) -> None:
    turned = variants(photo, 1)[0:16:4]
    for found, quarters in zip(turned, (0, 2, 1, 3), strict=True):
        assert np.array_equal(found, np.rot90(photo, quarters))


def test_each_enhancement_does_what_it_says(photo: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(photo)
    pixels = photo.astype(np.float64)

    def of(augmentation: augmentations.Augmentation) -> NDArray[np.float64]:
        return np.asarray(augmentation(picture, rng)).astype(np.float64)

    def saturation(image: NDArray[np.float64]) -> float:
        return float((image.max(axis=2) - image.min(axis=2)).mean())

    bright = of(augmentations.brightness)
    assert np.abs(bright - np.minimum(255, pixels * 1.5)).max() <= 1
    assert saturation(of(augmentations.colour)) == pytest.approx(0.8 * saturation(pixels), rel=0.03)
    assert of(augmentations.contrast).std() == pytest.approx(0.8 * pixels.std(), rel=0.03)
    assert np.diff(of(augmentations.blur), axis=1).var() < 0.7 * np.diff(pixels, axis=1).var()
    noise = of(augmentations.noise) - pixels
    unclipped = noise[pixels < 150]
    assert unclipped.min() >= 1
    assert unclipped.max() == 99
    assert unclipped.mean() == pytest.approx(50, abs=1)


def test_zoom_enlarges_the_middle() -> None:
    y, x = np.mgrid[:100, :100]
    disc = (np.hypot(x - 49.5, y - 49.5) < 20).astype(np.uint8)[:, :, None] * np.uint8(255)
    picture = Image.fromarray(np.repeat(disc, 3, axis=2))
    areas = [
        np.asarray(augmentations.zoom(picture, np.random.default_rng(seed))).mean() / disc.mean()
        for seed in range(20)
    ]
    assert min(areas) > 1.1**2 * 0.95
    assert max(areas) < 1.5**2 * 1.05
    assert max(areas) > min(areas) * 1.2


def test_an_oblong_photo_and_a_wrong_count_are_refused(photo: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="square"):
        variants(photo[:50], 1)
    with pytest.raises(ValueError, match="1 to 20"):
        variants(photo, 1, 21)


def test_training_pictures_are_every_variant_and_unreadable_photos_are_counted(
    tmp_path: Path, photo: NDArray[np.uint8]
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(photo).save(tmp_path / name / "1.png")
    (tmp_path / "a" / "2.png").write_bytes(b"no photo")
    photos = open_labelled_photos([tmp_path])
    pictures, left_out = training_pictures(photos, TINY)
    assert left_out == 1
    assert pictures.shape == (2 * TINY.variants, 16, 16, 3)
    assert np.array_equal(pictures[0], pictures[TINY.variants])  # both photos are one
    # A picture of 16 pixels shows what the photo shows.
    small = np.asarray(Image.fromarray(photo).resize((16, 16))).astype(float)
    assert np.corrcoef(pictures[0].ravel(), small.ravel())[0, 1] > 0.97


# --- the DCGAN ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """PyTorch on one thread: on machines that others use too, small steps wait for each other."""
    torch = pytest.importorskip("torch", reason="the DCGAN needs the extra [train]")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def made_once(one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run with ``TINY``; tests must not change it."""
    out = tmp_path_factory.mktemp("made")
    make_synthetic(open_labelled_photos([LABELS]), out, TINY)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.glob("*/*.png")}
    assert found
    return found


def test_without_pytorch_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    monkeypatch.delitem(__import__("sys").modules, "lab.synthetic.dcgan", raising=False)
    with pytest.raises(SyntheticImagesError, match=r"ailock-sdk\[train\]"):
        make_synthetic(open_labelled_photos([LABELS]), tmp_path, TINY)


@pytest.mark.usefixtures("one_thread")
def test_images_come_as_a_photo_set_of_two_equal_halves(made_once: Path) -> None:
    made = open_synthetic(made_once / "images")
    assert len(made) == TINY.images
    assert sorted(half_of(made.paths).tolist()) == ["DS1"] * 32 + ["DS2"] * 32
    images = [np.asarray(Image.open(io.BytesIO(made.read(i)))) for i in range(len(made))]
    assert all(image.shape == (16, 16, 3) for image in images)
    assert len({image.tobytes() for image in images}) == len(images)
    with Image.open(made_once / "samples.png") as grids:
        assert grids.size == (2 * (2 * 8 * 16 + 8), 2 * 8 * 16)

    issues = gate_issues(made)
    assert set(issues) == set(made.paths)
    assert all("too_small" in issue for issue in issues.values())


@pytest.mark.usefixtures("one_thread")
def test_an_interrupted_run_gives_what_an_uninterrupted_one_gives(
    tmp_path: Path, made_once: Path
) -> None:
    photos = open_labelled_photos([LABELS])
    whole = contents(made_once / "images")
    asked = iter(range(1000))
    make_synthetic(photos, tmp_path / "cut", TINY, stop=lambda: next(asked) == 2)
    assert next(asked) == 3  # stopped in its third step, in the middle of the first epoch
    assert not (tmp_path / "cut" / "images").exists()
    folder = make_synthetic(photos, tmp_path / "cut", TINY)
    assert contents(folder) == whole
    # Images lost on the way are made again, the same; more of them leave the others as they are.
    (folder / "DS2" / "000003.png").unlink()
    assert contents(make_synthetic(photos, tmp_path / "cut", TINY)) == whole
    more = contents(make_synthetic(photos, tmp_path / "cut", dataclasses.replace(TINY, images=300)))
    assert len(more) == 300
    assert {name: more[name] for name in whole} == whole
    other_seed = dataclasses.replace(TINY, seed=8)
    assert contents(make_synthetic(photos, tmp_path / "seed", other_seed)) != whole


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": 5}, "even"),
        ({"size": 20}, "power of two"),
        ({"variants": 21}, "1 to 20"),
        ({"batch": 1000}, "more photos or a smaller batch"),
    ],
)
@pytest.mark.usefixtures("one_thread")
def test_settings_out_of_range_are_refused(
    tmp_path: Path, change: dict[str, int], message: str
) -> None:
    photos = open_labelled_photos([LABELS])
    with pytest.raises(SyntheticImagesError, match=message):
        make_synthetic(photos, tmp_path, dataclasses.replace(TINY, **change))
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.usefixtures("one_thread")
def test_other_settings_neither_mix_images_nor_train_on(made_once: Path, tmp_path: Path) -> None:
    photos = open_labelled_photos([LABELS])
    before = contents(made_once / "images"), (made_once / "dcgan.pt").read_bytes()
    for change, message in (
        ({"seed": 8}, "other settings or photos"),
        ({"epochs": 3}, "other settings or photos"),
        ({"images": 32}, "64 images already"),
    ):
        with pytest.raises(SyntheticImagesError, match=message):
            make_synthetic(photos, made_once, dataclasses.replace(TINY, **change))
    assert (contents(made_once / "images"), (made_once / "dcgan.pt").read_bytes()) == before
    checkpoint = tmp_path / "dcgan.pt"
    checkpoint.write_bytes(before[1])
    for change, message in (
        ({"seed": 8}, "of other settings or photos"),
        ({"epochs": 1}, "more than 1 epochs"),
    ):
        with pytest.raises(SyntheticImagesError, match=message):
            make_synthetic(photos, tmp_path, dataclasses.replace(TINY, **change))
        assert checkpoint.read_bytes() == before[1]
    checkpoint.write_bytes(before[1][:100])
    with pytest.raises(SyntheticImagesError, match="cannot be read"):
        make_synthetic(photos, tmp_path, TINY)


@pytest.mark.usefixtures("one_thread")
def test_training_fits_the_pictures(tmp_path: Path) -> None:
    """On pictures of one colour, images take that colour: the networks do learn."""
    from lab.synthetic.dcgan import Dcgan
    from lab.synthetic.networks import DcganSettings

    pictures = np.zeros((64, 16, 16, 3), dtype=np.uint8)
    pictures[..., 0] = 230
    model = Dcgan(DcganSettings(size=16, epochs=40, width=8, batch=16, seed=1), "red")
    before = model.generate(0, 32).mean(axis=(0, 1, 2))
    model.train(pictures, tmp_path / "dcgan.pt")
    red, green, blue = model.generate(0, 32).mean(axis=(0, 1, 2))
    assert red > before[0] + 30
    assert green < before[1] - 30
    assert blue < before[2] - 30
    assert len(model.history) == 40
