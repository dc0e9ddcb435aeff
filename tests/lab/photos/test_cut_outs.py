"""Objects without their scene: outlines are found, and scenes are composed of them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lab.errors import PhotoSetError
from lab.photos.cut_outs import (
    SIDE,
    CutOut,
    compose,
    place_camera,
    read_backgrounds,
    read_cut_outs,
)
from lab.photos.photo_sets import open_photo_set, open_photos

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 40), (20, 40, 200)


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def mask(value: int = 255) -> Image.Image:
    """A box of 30 x 50 in a picture of 100 x 80."""
    image = Image.new("L", (100, 80))
    ImageDraw.Draw(image).rectangle((20, 10, 49, 59), fill=value)
    return image


def photo() -> Image.Image:
    return Image.composite(
        Image.new("RGB", (100, 80), RED), Image.new("RGB", (100, 80), GREEN), mask()
    )


@pytest.mark.parametrize("value", [1, 255])
def test_outline_is_the_mask_beside(tmp_path: Path, value: int) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("labels.csv", "path,object\nx/one.png,cup_A\nx/two.png,cup_B\n")
        for name in ("one", "two"):
            archive.writestr(f"x/{name}.png", png(photo()))
            archive.writestr(f"x/{name}-mask.png", png(mask(value)))
    found = read_cut_outs(open_photo_set(tmp_path / "set.zip"))
    assert list(found) == ["cup_A", "cup_B"]
    (cut,) = found["cup_A"]
    assert cut.image.mode == "RGBA"
    assert cut.image.size == (30, 50)
    assert np.asarray(cut.image).reshape(-1, 4).tolist() == [[*RED, 255]] * 1500


def test_outline_is_the_transparency_of_a_photo(tmp_path: Path) -> None:
    image = photo()
    image.putalpha(mask())
    (tmp_path / "cup").mkdir()
    (tmp_path / "cup" / "1.png").write_bytes(png(image))
    (cut,) = read_cut_outs(open_photo_set(tmp_path))["cup"]
    assert cut.image.size == (30, 50)


def test_photos_without_an_outline_are_named(tmp_path: Path) -> None:
    (tmp_path / "cup").mkdir()
    (tmp_path / "cup" / "1.png").write_bytes(png(photo()))
    with pytest.raises(PhotoSetError, match=r"cup/1\.png has no outline.*1-mask\.png"):
        read_cut_outs(open_photo_set(tmp_path))
    empty = photo()
    empty.putalpha(0)
    (tmp_path / "cup" / "1.png").write_bytes(png(empty))
    with pytest.raises(PhotoSetError, match=r"outline of cup/1\.png is empty"):
        read_cut_outs(open_photo_set(tmp_path))


def test_backgrounds_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "good.png").write_bytes(png(Image.new("RGB", (90, 60), BLUE)))
    (tmp_path / "torn.png").write_bytes(b"no picture")
    (background,) = read_backgrounds(open_photos(tmp_path), 64)
    assert background.shape == (64, 64, 3)
    assert (background == BLUE).all()


def test_scene_holds_the_object_whole_before_its_background(tmp_path: Path) -> None:
    image = photo()
    image.putalpha(mask())
    (tmp_path / "cup").mkdir()
    (tmp_path / "cup" / "1.png").write_bytes(png(image))
    (cut,) = read_cut_outs(open_photo_set(tmp_path))["cup"]
    place = place_camera(np.full((64, 64, 3), BLUE, np.uint8), np.random.default_rng(1))
    for seed in range(10):
        scene = compose(cut, place, np.random.default_rng(seed), 120)
        again = compose(cut, place, np.random.default_rng(seed), 120)
        np.testing.assert_array_equal(scene, again)
        red = scene[..., 0] > scene[..., 2]
        rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
        height = rows[-1] - rows[0] + 1
        assert SIDE[0] * 120 - 1 <= height <= SIDE[1] * 120 + 1
        assert (columns[-1] - columns[0] + 1) / height == pytest.approx(0.6, abs=0.03)
        assert red[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].mean() > 0.97
        assert (scene[0, 0] <= BLUE).all()  # darker at most


def test_one_place_is_framed_anew_in_each_photo() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::4] = 255
    cut = CutOut("dot", Image.new("RGBA", (2, 2), (*RED, 255)))
    rng = np.random.default_rng(3)
    place = place_camera(stripes, rng)
    first, second = (compose(cut, place, rng, 96) for _ in range(2))
    assert (first[0] != second[0]).mean() > 0.2
