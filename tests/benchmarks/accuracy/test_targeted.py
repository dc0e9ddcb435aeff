"""``targeted`` as a command: what it prints and writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.accuracy import targeted
from benchmarks.accuracy.__main__ import main
from lab.bundles import find

NAMES = ("mug_A", "mug_B", "mug_C", "lamp_A", "lamp_B")


@pytest.fixture
def kinds(make_photos) -> Path:
    folder = make_photos([4] * len(NAMES))
    for number, name in enumerate(NAMES):
        (folder / f"object{number}").rename(folder / name)
    return folder


@pytest.fixture
def run(make_lock, kinds: Path, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(targeted, "AiLock", lambda bundle, profile: make_lock(radius=40))
    monkeypatch.setattr(find, "find_bundle", lambda name: name)

    def call(*options: str) -> tuple[int, str, Path]:
        out = tmp_path / "out"
        arguments = ["--photos", str(kinds), "--bundle", "stub", "--out", str(out)]
        status = main(["targeted", *arguments, "--bootstrap", "20", *options])
        return status, capsys.readouterr().out, out

    return call


def test_table_json_and_pictures(run) -> None:
    status, text, out = run("--references", "1", "2", "--probes", "1", "2", "--no-quality-gate")
    assert status == 0
    written = json.loads((out / "targeted.json").read_text("utf-8"))
    assert written["format"] == "ailock-targeted/1"
    assert [(row["references"], row["probes"]) for row in written["by_photos"]] == [(1, 1), (2, 2)]
    first = written["by_photos"][0]
    assert first["trials"] == {
        "same_kind": (6 + 2) * 16,
        "other_kind": 12 * 16,
        "owner": 5 * 12,
    }
    assert list(first["kinds"]) == ["lamp", "mug"]
    assert first["kinds"]["mug"]["objects"] == 3
    rate = first["all"]["same_kind"]
    assert rate["low"] <= rate["value"] <= rate["high"]
    row = re.search(r"\| +1 \| +1 \|[^\n]*\| +128 \| +192 \| +60 \|", text)
    assert row, text
    names = {file.name for file in out.iterdir() if file.is_file()}
    assert names >= {
        *("targeted.md", "targeted.html", "worst.png", "kinds.png"),
        *("by_photos.csv", "by_kind.csv"),
    }


def test_alike_objects_never_meet_in_the_gallery(run) -> None:
    _, _, out = run("--alike", "lamp_A", "lamp_B", "--no-quality-gate")
    page = (out / "targeted.html").read_text("utf-8")
    assert not re.search(r"lamp_[AB] and lamp_[AB]", page)
    assert re.search(r"mug_[ABC] and mug_[ABC]", page)
    written = json.loads((out / "targeted.json").read_text("utf-8"))
    assert written["by_photos"][0]["trials"]["same_kind"] == 6 * 16


def test_objects_with_too_few_photos_leave_a_row(run) -> None:
    status, text, out = run("--references", "1", "3", "--probes", "1", "2")
    assert status == 0
    assert "objects have too few photos" in text
    assert json.loads((out / "targeted.json").read_text("utf-8"))["by_photos"][1] == {
        "references": 3,
        "probes": 2,
    }


def test_an_unknown_object_is_named(run, capsys) -> None:
    status, _, _ = run("--alike", "mug_A", "cup_A")
    assert status == 1


@pytest.mark.parametrize(
    ("references", "probes", "expected"),
    [
        ([1], [1], [(1, 1)]),
        ([1, 3, 3], [1, 1, 3], [(1, 1), (3, 1), (3, 3)]),
        ([1, 2], [3], [(1, 3), (2, 3)]),
        ([2], [1, 1, 4], [(2, 1), (2, 4)]),
    ],
)
def test_numbers_of_the_two_ends_go_together(references, probes, expected) -> None:
    assert targeted.numbers_of(references, probes) == expected
