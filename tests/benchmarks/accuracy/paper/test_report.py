"""The report of ``paper``: the whole command, and what only the paper's report has."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk.embedding import DEFAULT_BUNDLE, find_bundle
from benchmarks.accuracy import __main__ as accuracy
from benchmarks.accuracy.paper import paper_values

DOCUMENT, PAGE = "results.json", "paper.html"


def test_printed_values_agree_with_each_other() -> None:
    """What one place of the paper says of another's values."""
    assert sorted(paper_values.TAU) == list(range(50, 501, 50))
    fars = [paper_values.SYNTHETIC_FAR[bits] for bits in sorted(paper_values.SYNTHETIC_FAR)]
    assert fars == sorted(fars, reverse=True)  # "decreases significantly as lambda grows"
    best = max(paper_values.F1_BY_SEGMENTS, key=lambda t: paper_values.F1_BY_SEGMENTS[t][1])
    assert best == 3  # "t = 3 consistently achieves the best performance"
    assert paper_values.stated("MLMS", "cross validation", "FRR") == ((500.0,), (0.0536,))
    assert paper_values.stated("SLSS", "hold-out", "FAR") == ((), ())


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "no such.zip"
    assert accuracy.main(["paper", "--photos", str(missing), "--out", str(tmp_path / "o")]) == 1
    error = capsys.readouterr().err
    assert "no such.zip is not a photo set" in error
    assert "Traceback" not in error


def save_objects(folder: Path, objects: int, photos: int) -> None:
    """Photos of blocks in random colours, one pattern an object, each in another light."""
    for number in range(objects):
        rng = np.random.default_rng(number)
        pattern = Image.fromarray(rng.integers(0, 256, (7, 7, 3), dtype=np.uint8))
        (folder / f"object {number}").mkdir(parents=True)
        for view in range(photos):
            large = np.asarray(pattern.resize((320, 320), Image.Resampling.NEAREST), np.float32)
            light = rng.uniform(0.6, 1.2) * large + rng.normal(0, 12, large.shape)
            picture = Image.fromarray(light.clip(0, 255).astype(np.uint8))
            picture.save(folder / f"object {number}" / f"{view}.jpg")


def test_a_folder_of_few_photos_gets_the_whole_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows scaled to what there is, images made on the way, and what is absent said thrice."""
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda *_, **__: None)  # seconds
    monkeypatch.setattr("benchmarks.accuracy.paper.made_images.find_spec", lambda _: None)
    monkeypatch.setattr("benchmarks.accuracy.paper.evaluate.SAMPLES", 1_000)
    save_objects(tmp_path / "mine", objects=12, photos=2)
    command = ["paper", "--photos", str(tmp_path / "mine"), "--images", "16", "--layers"]
    command += ["mixed_8/pool", "--out", str(tmp_path / "out")]
    assert accuracy.main(command) == 0
    lines = capsys.readouterr().err.splitlines()
    written = [Path(line.split(" ", 1)[1]) for line in lines if line.startswith("wrote ")]
    assert tmp_path / "out" / PAGE in written
    assert all(file.is_file() for file in written)

    document = json.loads((tmp_path / "out" / DOCUMENT).read_text("utf-8"))
    (chapter,) = document["chapters"]
    assert len(chapter["facts"]["Model SHA-256"]) == 64
    assert str(tmp_path) not in json.dumps(document)  # nobody's folders
    results = chapter["results"]
    made = {each["number"]: each for each in results if each["kind"] != "absent"}
    assert made.keys() >= {"Figure 4", "Figure 5", "Figure 6", "Table 3", "Table 4", "Table 5"}
    # 10 training objects, 2 of them in a fold: 16 photos have 15 components; 40 to 80 % of them.
    assert made["Table 3"]["title"].endswith("components 6-12 of 15 (the paper: 200-400 of 500)")
    for number in ("Table 3", "Table 4", "Table 5", "Figure 5", "Figure 6"):
        assert any("6-12 of 15 (the paper" in note for note in made[number]["notes"])
    labels = [line["label"] for line in made["Figure 4"]["panels"][0]["series"]]
    assert labels[0] == "0-2 (paper: 0-50)"
    assert labels[-1] == "6-12 (paper: 200-400)"
    assert made["Table 5"]["title"].startswith("Augmented photo attack")
    assert "are no generated images" in made["Table 5"]["notes"][0]
    # 8 images in each half, 24 references, none of the image's own two.
    assert "8 images in DS1, 8 in DS2: 176 and 176 trials" in made["Table 5"]["notes"][1]

    assert "--unlabelled" in document["remarks"][0]
    assert "At least 385 photos" in document["remarks"][0]  # 16 are there, 401 are needed
    absent = [each for each in results if each["kind"] == "absent"]
    assert {each["title"] for each in absent} >= {"Illumination robustness", "Variant MLSS"}
    assert all("--" in each["reason"] for each in absent)
    ends = [f"not made: {each['title']}: {each['reason']}" for each in absent]
    assert lines[-len(ends) :] == ends
    page = (tmp_path / "out" / PAGE).read_text("utf-8")
    assert page.index("--unlabelled") < page.index("<h3>Not made</h3>") < page.index("<nav>")
    assert "data:image/jpeg" in page

    (points,) = (
        each
        for each in results
        if each["title"].startswith("Operating points")
        and each["title"].endswith("all reference photos")
    )
    (row,) = (dict(zip(points["columns"], row, strict=True)) for row in points["rows"])
    assert row["mated trials"] == 12
    assert row["non-mated trials"] == 24 * 23 // 2 - 12
    assert row["pairs of objects"] == 12 * 11 // 2


def without_profiles(folder: Path) -> Path:
    """The default bundle as ``tools.convert_tflite`` leaves one: no projection, no profile."""
    copy = folder / "bare"
    shutil.copytree(find_bundle(DEFAULT_BUNDLE).path, copy)
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest |= {"profiles": {}, "self_test": None}
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return copy


def test_a_window_that_was_asked_for_stays_and_what_cannot_be_made_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The paper's window needs 400 photos; the rest of the report is made all the same."""
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda *_, **__: None)  # seconds
    save_objects(tmp_path / "mine", objects=7, photos=2)
    command = ["paper", "--photos", str(tmp_path / "mine"), "--quick", "--layers", "mixed_8/pool"]
    command += ["--window", "200", "200", "--images", "0"]
    command += ["--no-photos", "--bundle", DEFAULT_BUNDLE, str(without_profiles(tmp_path))]
    assert accuracy.main([*command, "--out", str(tmp_path / "out")]) == 0
    document = json.loads((tmp_path / "out" / DOCUMENT).read_text("utf-8"))
    results, others = (chapter["results"] for chapter in document["chapters"])
    assert not any(each["title"].endswith("all reference photos") for each in others)
    reasons = {each["number"]: each["reason"] for each in results if each["kind"] == "absent"}
    assert "components 200-400 need more than 400 training photos" in reasons["Table 3"]
    assert "leave out --window" in reasons["Table 3"]
    assert "--synthetic" in reasons["Table 5"]
    assert "--synthetic" in reasons["Figure 6"]
    assert any(each["title"].endswith("all reference photos") for each in results)
    assert "data:image/jpeg" not in (tmp_path / "out" / PAGE).read_text("utf-8")
