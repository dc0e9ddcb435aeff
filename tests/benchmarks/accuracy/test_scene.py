"""``scene`` as a command, with rendered objects before rendered photos, on the real lock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.accuracy.__main__ import main
from lab.verification.scene import ENROLMENTS, PROBES
from tests.conftest import PHOTOS

CUT_OUTS = Path(__file__).parents[2] / "cut_outs"


def test_table_json_and_the_first_trials(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    given = ["--cut-outs", str(CUT_OUTS), "--backgrounds", str(PHOTOS), "--trials", "2"]
    given += ["--references", "2", "--bootstrap", "10", "--out", str(tmp_path)]
    assert main(["scene", *given]) == 0
    written = json.loads((tmp_path / "scene.json").read_text("utf-8"))
    assert (written["format"], written["trials"], written["owners"]) == ("ailock-scene/1", 2, 2)
    assert {e: set(row) for e, row in written["errors"].items()} == {
        e: set(PROBES) for e in ENROLMENTS
    }
    text = capsys.readouterr().out
    assert "2 references on" in text
    assert "Trial 2: mug_B" in (tmp_path / "scene.html").read_text("utf-8")
    assert (tmp_path / "trials.png").stat().st_size > 10_000
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"scene.json", "scene.md", "scene.html", "errors.csv", "trials.png"}


def test_photos_without_an_outline_are_refused(tmp_path: Path, capsys) -> None:
    given = ["--cut-outs", str(PHOTOS / "labels.csv"), "--backgrounds", str(PHOTOS)]
    assert main(["scene", *given, "--out", str(tmp_path)]) == 1
    assert "has no outline" in capsys.readouterr().err
