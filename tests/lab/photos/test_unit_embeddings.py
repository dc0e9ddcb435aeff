"""Embeddings of length one, through the bundle's own stages, and their cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ailock_sdk import AiLock
from lab.photos import unit_embeddings as module
from lab.photos.labelled_photos import open_labelled_photos
from lab.photos.unit_embeddings import unit_embeddings

PHOTOS = Path(__file__).resolve().parents[2] / "photos"


def test_embeddings_point_where_the_margins_come_from(
    lock: AiLock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "photos" / "mug"
    folder.mkdir(parents=True)
    committed = sorted(PHOTOS.glob("*.jpg"))[:2]
    for path in committed:
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "z.jpg").write_bytes(b"no photo")
    photos = open_labelled_photos([tmp_path / "photos"])
    rows = unit_embeddings(lock, photos, tmp_path / "cache")
    assert np.isnan(rows[2]).all()
    assert np.linalg.norm(rows[:2], axis=1) == pytest.approx([1, 1], abs=1e-6)
    arrays = np.load(lock.bundle.projection_path)
    (layer,) = lock.profile.layers
    for row, path in zip(rows, committed, strict=False):
        margins = lock.imageprint(path).margins + arrays[f"{layer}/offsets"]
        ours = arrays[f"{layer}/weights"].astype(np.float64) @ row
        assert margins @ ours / (np.linalg.norm(margins) * np.linalg.norm(ours)) > 1 - 1e-9

    monkeypatch.setattr(module, "Embedder", None)  # nothing is embedded again
    again = unit_embeddings(lock, photos, tmp_path / "cache")
    assert np.array_equal(again, rows, equal_nan=True)
