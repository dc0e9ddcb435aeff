"""``presentation`` and ``train_presentation`` as commands, on made photos of two sources."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.accuracy import presentation as command
from benchmarks.accuracy.__main__ import main
from lab.bundles import find
from lab.photos.presentations import read_presentations
from lab.verification.presentation import accepted_presentations
from tests.capture.test_presentation import on_a_screen
from tests.capture.test_quality import thing
from tools import train_presentation

CLIP = Path(__file__).resolve().parents[2] / "videos" / "mug-study.mp4"
EACH = 4


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Things and screens of `ishika`, which the carried weights know, and of `another`."""
    folder = tmp_path_factory.mktemp("presented")
    rows = []
    for source, first in (("ishika", 0), ("another", EACH)):
        for seed in range(first, first + EACH):
            real = thing(320, 240, seed)
            for kind, pixels in (("real", real), ("screen", on_a_screen(real))):
                path = f"{source}-{seed}-{kind}.png"
                Image.fromarray(pixels).save(folder / path)
                rows.append((path, source, f"thing_{seed}", f"{kind}_1", kind))
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "set", "object", "view", "kind"), *rows])
    return folder / "labels.csv"


def test_tables_json_and_the_lock(photos, make_lock, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(command, "AiLock", lambda *_, **__: make_lock(radius=512))
    monkeypatch.setattr(find, "find_bundle", lambda name: name)
    monkeypatch.setattr(command, "SECONDS_APART", (0.6,))
    (tmp_path / "clips").mkdir()
    shutil.copy(CLIP, tmp_path / "clips")
    arguments = ["--photos", str(photos), "--bundle", "stub", "--out", str(tmp_path / "out")]
    arguments += ["--clips", str(tmp_path / "clips"), "--bootstrap", "20"]
    assert main(["presentation", *arguments]) == 0
    written = json.loads((tmp_path / "out" / "presentation.json").read_text("utf-8"))
    assert written["trained_on"] == ["ishika"]
    assert list(written["species"]) == ["another"]
    assert set(written["species"]["another"]) == {"screen_1", "all"}
    rates = written["left_out"]["another"]
    assert (rates["photos"], rates["real"]) == (EACH, EACH)
    assert rates["auc"]["value"] == 1.0, "one made screen is as another"
    assert rates["apcer"]["0.1"]["value"] == 0.0
    assert rates["apcer"]["0.1"]["high"] > 0.5, "four photos prove little"
    accepted = written["iapar"]
    assert accepted["off"]["value"] == 1.0, "the radius takes everything"
    assert accepted["on, BPCER 10 %"]["value"] <= accepted["off"]["value"]
    depth = written["depth"]["0.6"]
    assert depth["bpcer"]["value"] < 0.5
    assert depth["apcer"]["value"] < 0.5
    assert "APCER at BPCER 10 %" in capsys.readouterr().out


def test_training_writes_weights_that_say_whence(photos, tmp_path, capsys) -> None:
    out = tmp_path / "weights.json"
    arguments = ["--photos", str(photos), "--out", str(out)]
    assert train_presentation.main([*arguments, "--sources", "another"]) == 0
    written = json.loads(out.read_text("utf-8"))
    assert (written["sources"], written["photos"]) == (["another"], 2 * EACH)
    assert np.abs(written["weights"]).max() > 0
    assert train_presentation.main([*arguments, "--sources", "nobody"]) == 1
    assert "has no source nobody" in capsys.readouterr().err


def test_labels_without_the_columns_are_refused(photos, tmp_path, capsys) -> None:
    bare = tmp_path / "labels.csv"
    bare.write_text("path,object\n" + str(photos.parent / "ishika-0-real.png") + ",a\n", "utf-8")
    assert main(["presentation", "--photos", str(bare), "--out", str(tmp_path)]) == 1
    assert "set, view, kind" in capsys.readouterr().err


def test_an_object_that_does_not_enrol_is_no_trial(make_lock, make_photos) -> None:
    folder = make_photos([2, 2, 2])
    kinds = ("real", "screen")
    rows = [(f"object{i}/{k}.png", "one", i, kinds[k], kinds[k]) for i in range(3) for k in (0, 1)]
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("path", "set", "object", "view", "kind"), *rows])
    photos = read_presentations(folder / "labels.csv")
    lock = make_lock(radius=512, poor=frozenset({(0, 1), (1, 0)}))
    chosen = np.flatnonzero(photos.presented).tolist()
    found = accepted_presentations(lock, photos, chosen)
    assert {photos.objects[i]: accepted for i, accepted in found.items()} == {"0": False, "2": True}
