"""The attack's photos: records and the attacker's own are looked at as references."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ailock_sdk import AiLock
from ailock_sdk.embedding import DEFAULT_BUNDLE, list_bundles
from benchmarks.attacks.helper_data.photo_margins import read_photos
from lab.photos.photo_sets import open_photo_set

LABELS = Path(__file__).parents[2] / "photos" / "labels.csv"
RECORDS = 2


@pytest.mark.skipif(DEFAULT_BUNDLE not in list_bundles(), reason="the default bundle is not built")
def test_all_photos_are_looked_at_as_references(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = AiLock(threads=1, check_quality=False)
    real, kinds = lock.imageprint, []

    def spy(photo: bytes, *, reference: bool = False):
        kinds.append(reference)
        return real(photo, reference=reference)

    monkeypatch.setattr(lock, "imageprint", spy)
    found = read_photos(lock, lock.profile.layers[0], LABELS, [], RECORDS, limit=10, seed=1)
    _, _, first = next(iter(open_photo_set(LABELS)))
    assert kinds == [True] * len(found.objects)
    np.testing.assert_array_equal(found.margins[0], real(first, reference=True).margins)
    assert found.recorded.sum() == RECORDS
    assert not set(found.objects[found.recorded]) & set(found.objects[found.owned])
