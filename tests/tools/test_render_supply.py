"""The supply of rendered objects: the same again by its seed, and finished where it was stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lab.photos.cut_outs import read_cut_outs
from lab.photos.photo_sets import open_photo_set
from tests.camera.videos import frames
from tools.rendering.supply import ELSEWHERE, HOME, KINDS, VIEWS, Made, supply


def prints(made: Made) -> list[np.ndarray]:
    return [part.paint for part in made.parts() if isinstance(part.paint, np.ndarray)]


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_is_the_same_again_and_like_no_other(kind: str) -> None:
    first, again, other = (prints(Made(kind, number, 1)) for number in (1, 1, 2))
    assert first
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert any(a.shape != b.shape or (a != b).any() for a, b in zip(first, other, strict=True))
    assert [clip.held() for clip in Made(kind, 1, 1).clips()] == [
        clip.held() for clip in Made(kind, 1, 1).clips()
    ]


def test_a_kind_shares_its_home_and_nothing_else() -> None:
    made = list(supply(2 * len(KINDS), seed=3))
    assert [each.name for each in made[:6]] == [
        "mug_1",
        "book_1",
        "box_1",
        "tin_1",
        "jar_1",
        "mug_2",
    ]
    where: dict[str, set[tuple]] = {HOME: set(), ELSEWHERE: set()}
    for each in made:
        clips = list(each.clips())
        assert len(clips) == 2 * VIEWS
        for clip in clips:
            shot = clip.start
            place = clip.name.partition("/")[2].partition("-")[0]
            where[place].add((shot.place, shot.table, shot.wall, shot.light))
    assert len(where[HOME]) == len(KINDS)
    assert len(where[ELSEWHERE]) == VIEWS * len(made)


def test_a_stopped_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mitsuba")
    from tools import render_supply

    monkeypatch.setattr(render_supply, "SIZE", (96, 72))
    (made,) = supply(1, seed=3)
    (tmp_path / "mug_1").mkdir()
    *done, last = (tmp_path / f"{clip.name}.mp4" for clip in made.clips())
    for path in done:
        path.write_text("rendered before")
    render_supply.render_object(tmp_path, made, samples=1)
    assert {path.read_text() for path in done} == {"rendered before"}
    shown = list(frames(last))
    assert len(shown) == 22
    assert shown[0].shape == (72, 96, 3)
    assert shown[-1].std() > 20
    assert sorted((tmp_path / "mug_1").iterdir()) == sorted([*done, last])


def test_cut_outs_are_a_photo_set_with_outlines(tmp_path: Path) -> None:
    pytest.importorskip("mitsuba")
    from tools import render_supply

    (made,) = supply(1, seed=3)
    render_supply.render_cut_outs(tmp_path, made, views=1, samples=1)
    before = (tmp_path / "mug_1" / "1.webp").stat().st_mtime_ns
    render_supply.render_cut_outs(tmp_path, made, views=2, samples=1)
    assert (tmp_path / "mug_1" / "1.webp").stat().st_mtime_ns == before
    (views,) = read_cut_outs(open_photo_set(tmp_path)).values()
    one, other = (np.asarray(view.image, np.float32) for view in views)
    for picture in (one, other):
        outline = picture[..., 3] / 255
        assert 0.2 < outline.mean() < 0.9
        assert picture[outline > 0.9].std() > 20
    assert one.shape != other.shape or np.abs(one - other).mean() > 5
