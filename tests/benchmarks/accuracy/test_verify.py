"""The whole experiment, from photos to report."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk.embedding import DEFAULT_BUNDLE, list_bundles
from benchmarks.accuracy import verify
from benchmarks.accuracy.__main__ import main
from lab.bundles import find
from lab.report.provenance import command_line
from tests.conftest import PHOTOS

FILES = ("verify.json", "verify.md", "det.png", "histograms.png", "worst.png")

needs_bundle = pytest.mark.skipif(
    DEFAULT_BUNDLE not in list_bundles(), reason="the default bundle is not built"
)


def labelled(folder: Path, objects: dict[str, int]) -> Path:
    """A photo set of so many noisy pictures of each object."""
    rng = np.random.default_rng(5)
    for name, count in objects.items():
        base = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        (folder / name).mkdir(parents=True)
        for index in range(count):
            picture = Image.fromarray(base).resize((200, 200), Image.Resampling.NEAREST)
            picture.rotate(2 * index).save(folder / name / f"{index}.png")
    return folder


@needs_bundle
def test_committed_photos_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["verify", "--photos", str(PHOTOS / "labels.csv"), "--out", str(tmp_path)]
    assert main([*command, "--bootstrap", "100"]) == 0
    table = capsys.readouterr().out
    assert "EER" in table
    assert str(tmp_path) not in table  # no folder of anybody's machine in a report
    result = json.loads((tmp_path / "verify.json").read_text("utf-8"))
    photos = result["photos"]["acquired"]
    trials = result["trials"]
    assert photos + result["photos"]["failures_to_acquire"] == result["photos"]["total"]
    assert trials["mated"] + trials["non_mated"] == photos * (photos - 1)
    assert sum(result["histograms"]["mated"]) == trials["mated"]
    assert len(result["histograms"]["mated"]) == result["lambda_bits"] + 1
    for name in ("eer", "fmr_at_radius", "fnmr_at_radius"):
        found = result["measures"][name]
        assert found["low"] <= found["value"] <= found["high"]
    assert result["measures"]["eer"]["value"] < 0.5  # better than chance
    assert not result["measurable"]["fnmr_at_fmr_1e-4"]
    for kind in ("mated", "non_mated"):
        assert result["fuzzy_extractor"][kind]["accepted_beyond_radius"] == 0
    for file in FILES:
        assert (tmp_path / file).stat().st_size > 1000
    with Image.open(tmp_path / "worst.png") as gallery:
        assert gallery.size[0] > 1000


@needs_bundle
def test_references_of_several_photos_and_no_gate(tmp_path: Path) -> None:
    photos = labelled(tmp_path / "photos", {"a": 4, "b": 3, "c": 1})
    out = tmp_path / "out"
    command = ["verify", "--photos", str(photos), "--out", str(out), "--references", "2"]
    assert main([*command, "--no-quality-gate", "--bootstrap", "50"]) == 0
    result = json.loads((out / "verify.json").read_text("utf-8"))
    assert result["references_made"] == 6 + 3
    assert result["trials"]["mated"] == 6 * 2 + 3 * 1
    assert result["trials"]["non_mated"] == 6 * 4 + 3 * 5
    assert result["trials"]["object_pairs"] == 3


@needs_bundle
def test_a_set_without_mated_pairs_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = labelled(tmp_path / "photos", {"a": 1, "b": 1})
    assert main(["verify", "--photos", str(photos), "--out", str(tmp_path / "out")]) == 1
    assert "0 mated" in capsys.readouterr().err
    assert not (tmp_path / "out" / "verify.json").exists()


@needs_bundle
def test_the_same_set_twice_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = str(labelled(tmp_path / "photos", {"a": 2, "b": 2}))
    assert main(["verify", "--photos", photos, "--photos", photos]) == 1
    assert "twice" in capsys.readouterr().err


@needs_bundle
@pytest.mark.shared_photos
def test_a_shared_set_is_far_better_than_chance(tmp_path: Path) -> None:
    folder = os.environ.get("AILOCK_PHOTOS")
    if not folder:
        pytest.skip("AILOCK_PHOTOS does not name the folder of the shared photo sets")
    photos = Path(folder) / "smvs5.zip"
    command = ["verify", "--photos", str(photos), "--out", str(tmp_path), "--bootstrap", "100"]
    assert main(command) == 0
    result = json.loads((tmp_path / "verify.json").read_text("utf-8"))
    assert (result["trials"]["mated"], result["trials"]["non_mated"]) == (100, 500)
    assert result["measures"]["eer"]["value"] < 0.3


def test_a_command_line_shows_no_folders() -> None:
    shown = command_line("m", ["verify", "--photos", "/home/me/set.zip", "--out=/tmp/x y", "-v"])
    assert shown == "python -m m verify --photos set.zip '--out=x y' -v"
    assert command_line("m", ["--layers", "mixed_8/pool"]).endswith("--layers mixed_8/pool")
    assert command_line("m", ["--photos", "tests/photos"]).endswith("--photos photos")


def test_a_bundle_beside_may_name_its_profile(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(find, "load_bundle", lambda path: f"folder {path.name}")
    monkeypatch.setattr(find, "find_bundle", lambda name: f"installed {name}")
    for name in ("plain", "with:colon"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").touch()
    for given, expected in {
        "other": ("installed other", "default"),
        "other:paper": ("installed other", "paper"),
        f"{tmp_path}/plain": ("folder plain", "default"),
        f"{tmp_path}/plain:paper": ("folder plain", "paper"),
        f"{tmp_path}/with:colon": ("folder with:colon", "default"),
        f"{tmp_path}/with:colon:paper": ("folder with:colon", "paper"),
    }.items():
        assert find.open_with_profile(given) == expected


def test_the_command_line_reaches_everything(make_lock, make_photos, tmp_path, monkeypatch) -> None:
    locks = {"stub": make_lock(), "paper": make_lock("paper", lambda_bits=40, radius=9)}
    monkeypatch.setattr(verify, "AiLock", lambda bundle, profile: locks[bundle])
    monkeypatch.setattr(find, "find_bundle", lambda name: name)
    out, cache = tmp_path / "out", tmp_path / "cache"
    photos = [str(make_photos([4, 1, 5, 3, 6], "one")), str(make_photos([2, 2], "two"))]
    arguments = ["--photos", *photos, "--bundle", "stub", "--beside", "paper:any"]
    arguments += ["--references", "2", "1", "--bootstrap", "10", "--no-quality-gate"]
    paths = ["--out", str(out), "--cache", str(cache)]
    assert main(["verify", *arguments, *paths]) == 0
    written = json.loads((out / "verify.json").read_text("utf-8"))
    assert written["references"] == 2
    assert len(written["provenance"]["photo_sets"]) == 2
    assert [row["references"] for row in written["by_references"]] == [2, 1]
    assert len(list(cache.glob("*.npz"))) == 2 * 2 * 2  # locks, sets, kinds
