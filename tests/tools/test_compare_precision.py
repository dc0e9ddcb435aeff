"""A bundle against itself with another model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.compare_precision import compare, main

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "models" / "inception_v3_slim"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two views each of two objects, in folders."""
    for name in ("mug-1", "mug-2", "clock-1", "clock-2"):
        folder = tmp_path / "photos" / name.split("-")[0]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / "photos" / f"{name}.jpg", folder)
    return tmp_path / "photos"


def test_the_same_model_flips_nothing(photos: Path) -> None:
    found = compare(BUNDLE, BUNDLE / "model.tflite", [photos], "default")
    assert found.photos == 4
    assert found.flipped == found.flipped_most == 0
    assert found.eer == found.eer_other


def test_a_file_that_is_no_model_is_one_line(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = photos / "mug" / "mug-1.jpg"
    arguments = ["--bundle", str(BUNDLE), "--model", str(model), "--photos", str(photos)]
    assert main(arguments) == 1
    assert capsys.readouterr().err.strip().count("\n") == 0
