"""``bursts`` as a command: the committed clips, on the real lock."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("av", reason="needs the extra [camera]")
from benchmarks.accuracy.__main__ import main
from lab.verification.bursts import BURST, FIRST, ONE
from tests.camera.videos import clip

CLIPS = {
    "mug_1": {"home-1": "mug-home", "elsewhere-1": "mug-kitchen", "elsewhere-2": "mug-dark"},
    "mug_2": {"home-1": "other-mug-home", "elsewhere-1": "other-mug-home"},
}


def test_table_json_and_what_clips_show(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for name, files in CLIPS.items():
        (tmp_path / name).mkdir()
        for file, source in files.items():
            shutil.copy(clip(source), tmp_path / name / f"{file}.mp4")
    out = tmp_path / "out"
    given = ["--clips", str(tmp_path), "--bootstrap", "10", "--out", str(out)]
    assert main(["bursts", *given]) == 0
    written = json.loads((out / "bursts.json").read_text("utf-8"))
    assert (written["format"], written["objects"]) == ("ailock-bursts/1", 2)
    one = written["enrolments"][ONE]
    assert one["trials"] == [3, 2, 0]
    assert one["rates"][BURST]["refused"]["value"] == pytest.approx(1 / 3)  # the dark one
    assert one["rates"][BURST]["same_kind"]["value"] == 0
    assert written["nothing_taken"][BURST] == pytest.approx(1 / 3)
    assert one["burst_over_first"]["value"] == 1
    text = capsys.readouterr().out
    assert FIRST in text
    assert "mug_1" in (out / "bursts.html").read_text("utf-8")
    names = {file.name for file in out.iterdir()}
    assert names == {
        "bursts.json",
        "bursts.md",
        "bursts.html",
        "errors.csv",
        "counts.csv",
        "clips.png",
    }
