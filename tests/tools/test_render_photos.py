"""The committed photos and clips are what their lists say, and rendering repeats itself."""

from __future__ import annotations

import csv
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from tests.camera.videos import CLIPS, clip, frames
from tests.conftest import PHOTOS
from tools.rendering import clips


@pytest.fixture(scope="module")
def labels() -> list[dict[str, str]]:
    with (PHOTOS / "labels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_labels_list_exactly_the_photos(labels: list[dict[str, str]]) -> None:
    assert sorted(row["path"] for row in labels) == sorted(p.name for p in PHOTOS.glob("*.jpg"))


def test_each_object_has_at_least_two_distinct_views(labels: list[dict[str, str]]) -> None:
    assert min(Counter(row["object"] for row in labels).values()) >= 2
    assert len({(row["object"], row["view"]) for row in labels}) == len(labels)


def test_photos_are_small_enough_to_commit(labels: list[dict[str, str]]) -> None:
    sizes = [(PHOTOS / row["path"]).stat().st_size for row in labels]
    assert sum(sizes) < 1_000_000
    assert min(sizes) > 30_000


def test_photos_are_well_exposed_and_textured(labels: list[dict[str, str]]) -> None:
    for row in labels:
        with Image.open(PHOTOS / row["path"]) as image:
            assert image.size == (640, 480)
            grey = np.asarray(image.convert("L"), np.float32)
        assert 60 < grey.mean() < 200, row["path"]
        assert grey.std() > 25, row["path"]
        assert (grey > 250).mean() < 0.05, row["path"]


def test_the_clips_are_those_of_the_list() -> None:
    assert sorted(p.stem for p in CLIPS.iterdir()) == sorted(each.name for each in clips.CLIPS)
    sizes = [clip(each.name).stat().st_size for each in clips.CLIPS]
    assert max(sizes) < 150_000
    assert sum(sizes) < 1_000_000
    for each in clips.CLIPS:
        shown = list(frames(clip(each.name)))
        assert len(shown) == each.frames
        assert {pixels.shape for pixels in shown} == {(480, 640, 3)}


def test_a_frame_is_what_its_own_camera_sees() -> None:
    pytest.importorskip("mitsuba")
    from tools.rendering.film import Traced
    from tools.rendering.objects import OBJECTS
    from tools.rendering.viewpoint import Viewpoint

    parts, size = OBJECTS["mug"](), (160, 120)
    shots = [clips.HOME.shot("mug", azimuth, 20, azimuth, 0.7) for azimuth in (0, 3)]
    here, there = (Traced.of(shot, parts, size, 8) for shot in shots)
    moved, _ = here.seen_from(Viewpoint.of(shots[1], parts))
    unmoved, right = (traced.pixels[15:-15, 20:-20] for traced in (here, there))
    assert np.abs(moved - right).mean() < 0.6 * np.abs(unmoved - right).mean()


def test_what_is_near_hides_what_is_behind_it() -> None:
    pytest.importorskip("mitsuba")
    from tools.rendering.film import Traced
    from tools.rendering.viewpoint import Viewpoint

    size, middle = (96, 72), np.zeros(3)
    before, after = (
        Viewpoint(np.array([x, -40.0, 0]), np.array([x, 0, 0]), np.array([0, 0, 1.0]), 40)
        for x in (0, 2.0)
    )
    rays = before.points(np.ones((90, 120), np.float32), size) - before.origin
    away = np.full((90, 120, 1), 80.0)  # a wall, and a card half way
    away[27:63, 42:78] = 40.0
    space = (before.origin + rays * away / rays[..., 1:2]).astype(np.float32)
    pixels = np.zeros((90, 120, 3), np.float32)
    pixels[..., 0] = np.arange(120)
    pixels[27:63, 42:78] = (0, 200, 0)
    moved, known = Traced(pixels, space, size).seen_from(after)
    focal = 36 / np.tan(np.radians(17))
    near, far = focal * 2 / 40, focal * 2 / 80  # pixels that they move to the left: 5.9 and 2.9
    assert before.project(middle, size)[0].tolist() == [35.5, 47.5]
    across = moved[36]
    np.testing.assert_allclose(across[31 - round(near) : 64 - round(near), 1], 200)
    for column in (5, 20, 70, 90):
        assert across[column, 0] == pytest.approx(column + 12 + far, abs=0.1)
    assert (known[36, 61:63] < 1).all()  # nobody has seen the wall there
    assert (known[36, :58] == 1).mean() > 0.95


def test_a_render_repeats_and_shows_something() -> None:
    pytest.importorskip("mitsuba")
    from tools.rendering.shots import SHOTS
    from tools.rendering.studio import render

    first, second = (render(SHOTS[0], (64, 48), 2) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.shape == (48, 64, 3)
    assert first.std() > 0.05
