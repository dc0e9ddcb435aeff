"""The ten folds on made-up distances, whose answers are counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.accuracy.faces.compared import of_embeddings, of_imageprints
from benchmarks.accuracy.faces.protocol import best_threshold, evaluate_folds, threshold_at_far
from benchmarks.accuracy.faces.trials import Trials


def array(*values: float) -> np.ndarray:
    return np.array(values)


@pytest.mark.parametrize(
    ("distances", "mated", "threshold"),
    [
        (array(1, 2, 3, 4), array(1, 1, 0, 0), 2.5),
        (array(4, 1, 3, 2), array(0, 1, 1, 0), 1.5),  # 3 of 4 right at 1.5 and at 3.5: the least
        (array(1, 1, 2, 2), array(1, 0, 1, 1), 2),  # all accepted: the outermost
    ],
)
def test_the_best_threshold_parts_with_the_fewest_errors(distances, mated, threshold) -> None:
    assert best_threshold(distances, mated == 1) == threshold


def test_ties_are_accepted_together() -> None:
    # Between the two at distance 1 there is no threshold, so none accepted is best: 2 of 3.
    threshold = best_threshold(array(1, 1, 1), array(1, 0, 0) == 1)
    assert threshold < 1
    assert threshold == pytest.approx(1)


def test_the_threshold_at_a_far_accepts_no_more_than_its_share() -> None:
    others = np.arange(3000.0)
    threshold = threshold_at_far(others, 1e-3)
    assert np.count_nonzero(others <= threshold) == 3
    assert np.count_nonzero(np.arange(999.0) <= threshold_at_far(np.arange(999.0), 1e-3)) == 0
    tied = np.zeros(10)
    assert not (tied <= threshold_at_far(tied, 0.5)).any()


def test_every_fold_is_judged_by_the_others() -> None:
    # Fold 0: mated 1, 3; non-mated 4, 6. Fold 1: mated 1, 5; non-mated 6, 8. Fold 2: as 1, 2, 9, 9.
    distances = array(1, 3, 4, 6, 1, 5, 6, 8, 1, 2, 9, 9)
    mated = np.tile(array(1, 1, 0, 0) == 1, 3)
    folds = np.repeat(np.arange(3), 4)
    found = evaluate_folds(distances, mated, folds)
    # Best of folds 1 and 2: between 5 and 6; it accepts the 4 of fold 0: 3 of 4 right.
    # Of folds 0 and 2: between 3 and 4, where fold 1's 5 is refused: 3 of 4. Of 0 and 1: 3 to 4.
    assert found.accuracy.value == pytest.approx((0.75 + 0.75 + 1) / 3)
    # Deviation of (0.75, 0.75, 1) with n - 1 is 0.1443; over the root of 3.
    assert found.accuracy.standard_error == pytest.approx(0.0833, abs=1e-4)
    assert found.threshold.value == pytest.approx((5.5 + 3.5 + 3.5) / 3)
    # FAR 0 of the others: below 6, 4, 4. Mated within: 2 of 2, 1 of 2, 2 of 2; non-mated: the 4.
    assert found.val.value == pytest.approx((1 + 0.5 + 1) / 3)
    assert found.far.value == pytest.approx((0.5 + 0 + 0) / 3)


def test_averaged_frames_are_the_mean_over_all_pairs() -> None:
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((7, 5)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    trials = Trials.of([((0, 1, 2), (3, 4), True, 0), ((5,), (6,), False, 0)])
    expected = [
        np.mean([np.sum((rows[a] - rows[b]) ** 2) for a in first for b in second])
        for first, second in zip(trials.first, trials.second, strict=True)
    ]
    assert of_embeddings(rows)(trials) == pytest.approx(expected, rel=1e-5)


def test_imageprints_are_combined_as_a_lock_does() -> None:
    # Scaled alike, the surer photo decides the second bit: + + against + -, one of two bits.
    margins = array(1, 3, 2, -1, 1, -9).reshape(3, 2)
    trials = Trials.of([((0, 1), (2,), True, 0)])
    assert of_imageprints(margins)(trials) == pytest.approx([0.5])
