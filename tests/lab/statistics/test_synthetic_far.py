"""False accepts of synthetic images: counts and intervals."""

from __future__ import annotations

import numpy as np
import pytest

from lab.statistics.synthetic_far import SyntheticTrials, compare_with_images


def test_counts_equal_brute_force_over_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.statistics.histograms.BLOCK_SIDE", 8)
    rng = np.random.default_rng(3)
    references = rng.integers(0, 2, (9, 70), dtype=np.uint8)
    images = rng.integers(0, 2, (41, 70), dtype=np.uint8)
    objects = np.array(["b", "a", "c", "a", "b", "c", "a", "a", "b"])
    found = compare_with_images(references, objects, images)
    expected = np.zeros((3, 71), dtype=np.int64)
    for reference, name in zip(references, objects, strict=True):
        for image in images:
            expected["abc".index(name), int((reference != image).sum())] += 1
    assert np.array_equal(found.histograms, expected)
    assert (found.images, found.trials) == (41, 9 * 41)
    assert found.accepted(33) == expected[:, :34].sum() > 0
    assert found.pairs == 3 * 41
    assert compare_with_images(references, objects, images[:0]).far(9, 10, 1) is None

    # Images that show an object meet the others only; "z" is none of theirs.
    shown = rng.choice(np.array(["a", "b", "z"]), 41)
    others = compare_with_images(references, objects, images, shown)
    expected[:] = 0
    for reference, name in zip(references, objects, strict=True):
        for image in images[shown != name]:
            expected["abc".index(name), int((reference != image).sum())] += 1
    assert np.array_equal(others.histograms, expected)
    assert others.pairs == 3 * 41 - int((shown != "z").sum())
    assert others.trials == expected.sum() < found.trials


def test_intervals_draw_objects_and_zero_is_bounded_by_the_rule_of_three() -> None:
    histograms = np.zeros((20, 11), dtype=np.int64)
    histograms[:, 9] = 100
    none = SyntheticTrials(histograms, 50, 20 * 50).far(8, 200, 1)
    assert none is not None
    assert (none.value, none.low, none.high) == (0.0, 0.0, 3 / (20 * 50))
    histograms[0, :2] = 50, 0
    histograms[0, 9] = 50  # one object gets all that is accepted: its absence must show
    one = SyntheticTrials(histograms, 50, 20 * 50).far(3, 2000, 1)
    assert one is not None
    assert one.value == 50 / 2000
    assert one.low == 0.0
    assert one.high is not None
    assert 0.05 <= one.high <= 0.1  # two to four times drawn
    exact = SyntheticTrials(histograms, 50, 20 * 50).far(3, 0, 1)
    assert exact is not None
    assert exact.low is None
