"""``faces`` as a command: what it prints and writes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.faces import command
from lab.bundles import find
from lab.photos.labelled_photos import LabelledPhotos

PERSONS, PHOTOS = 20, 4


def rows_of(lock: object, photos: LabelledPhotos, cache: Path, progress: bool) -> np.ndarray:
    """A direction for each person, and a little noise for each photo; the last is unreadable."""
    rows = []
    for number, name in enumerate(photos.objects):
        person = np.random.default_rng(list(hashlib.sha256(name.encode()).digest()))
        rows.append(person.standard_normal(64) + 0.1 * np.random.default_rng(number).random(64))
    unit = np.array(rows, np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    unit[-1] = np.nan
    return unit


@pytest.fixture
def run(make_lock, make_photos, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(command, "AiLock", lambda bundle, profile: make_lock())
    monkeypatch.setattr(command, "unit_embeddings", rows_of)
    monkeypatch.setattr(find, "find_bundle", lambda name: name)
    photos = make_photos([PHOTOS] * PERSONS)

    def call(*options: str) -> tuple[int, str, Path]:
        arguments = ["--photos", str(photos), "--bundle", "stub", "--out", str(tmp_path / "out")]
        status = main(["faces", *arguments, "--bootstrap", "20", *options])
        printed = capsys.readouterr()
        return status, printed.out + printed.err, tmp_path / "out"

    return call


def test_tables_json_and_pictures(run) -> None:
    status, text, out = run()
    assert status == 0, text
    written = json.loads((out / "faces.json").read_text("utf-8"))
    assert written["format"] == "ailock-faces/1"
    assert (written["photos"], written["left_out"]) == (PERSONS * PHOTOS - 1, 1)
    kinds = [(row["trials"], row["compared"]) for row in written["folds"]]
    assert kinds == [
        (kind, how)
        for kind in ("pairs of photos", "frames averaged")
        for how in ("embedding", "imageprint")
    ]
    pairs, _, frames, _ = written["folds"]
    # Two persons a fold of 4 photos, one of them of 3 somewhere: 9 pairs of one, as many of two.
    assert (pairs["count"], frames["count"]) == (10 * 2 * 9, 2 * PERSONS)
    assert pairs["accuracy"]["value"] == frames["accuracy"]["value"] == 1
    assert written["all_pairs"]["eer"]["value"] == 0
    assert written["all_pairs"]["val"]["value"] == 1
    for printed in ("98.87", "95.12", "1.242", "86.2"):  # the paper's
        assert printed in text
    names = {file.name for file in out.iterdir() if file.is_file()}
    assert names >= {"faces.html", "faces.md", "folds.csv", "all_pairs.csv", "distances.png"}


def test_a_pairs_file_that_does_not_fit_is_one_line(run, tmp_path: Path) -> None:
    file = tmp_path / "pairs.txt"
    file.write_text("2 1\nAnn 1 2\nAnn 1 Bo 1\nBo 1 2\nBo 1 Ann 1\n", "utf-8")
    status, text, _ = run("--pairs", str(file))
    assert status == 1
    assert "line 2: there is no photo Ann_0001" in text
