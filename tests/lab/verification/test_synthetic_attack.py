"""Synthetic images against a bundle's own profile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk import AiLock
from lab.photos.labelled_photos import open_labelled_photos
from lab.photos.synthetic import open_synthetic
from lab.verification.synthetic_attack import AttackSettings, mean_difference, profile_attack
from tests.conftest import PHOTOS


def test_mean_difference_is_that_of_all_pairs() -> None:
    bits = np.random.default_rng(1).integers(0, 2, (12, 30), dtype=np.uint8)
    pairs = [(bits[i] != bits[j]).mean() for i in range(12) for j in range(i)]
    assert mean_difference(bits) == pytest.approx(np.mean(pairs))


def test_the_profile_accepts_copies_of_its_references_and_no_noise(
    lock: AiLock, tmp_path: Path
) -> None:
    """Copies of the references pass as 'synthetic images' at a distance that c allows."""
    references = open_labelled_photos([PHOTOS / "labels.csv"])
    rng = np.random.default_rng(0)
    for number, path in enumerate(references.paths[:4]):
        file = tmp_path / "images" / "DS1" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes((PHOTOS / path).read_bytes())
        noise = tmp_path / "images" / "DS2" / f"{number}.png"
        noise.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(noise)
    made = open_synthetic(tmp_path / "images")
    table = profile_attack(lock, references, made, tmp_path / "cache", AttackSettings(50))
    rows = {(row[0], row[1]): row for row in table.rows}
    trials = len(references) * 4
    assert rows["DS1", "no"][2:4] == rows["DS1", "yes"][2:4] == (4, trials)
    assert isinstance(rows["DS1", "no"][4], int)
    assert rows["DS1", "no"][4] >= 4  # each copy at least opens its own photo's record
    assert rows["DS2", "no"][4] == 0
