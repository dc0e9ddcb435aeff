"""Cross validation and FMR targets on histograms whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ailock_sdk.sketch import correction_radius
from lab.errors import TooFewTrialsError
from lab.fitting.calibration import (
    FOLDS,
    TAU_GRID,
    at_fmr,
    cross_validate,
    fold_histograms,
    object_folds,
    prefix_columns,
    radii,
    tau_of,
    tau_text,
)
from lab.statistics.comparisons import compare_all, object_weights
from lab.statistics.error_rates import f1_scores
from lab.statistics.samples import Samples, arrange, single_references

SEED = 11
LAMBDA = 60


@pytest.fixture(scope="module")
def samples() -> Samples:
    """30 objects, the last 10 with one photo; a probe differs from its reference in a few bits."""
    rng = np.random.default_rng(SEED)
    objects = [f"o{number}" for number in range(30) for _ in range(3 if number < 20 else 1)]
    of_object = {name: rng.standard_normal(LAMBDA) for name in objects}
    clean = np.stack([of_object[name] for name in objects])
    probes, references = (clean + 0.5 * rng.standard_normal(clean.shape) for _ in range(2))
    return arrange(probes, objects, np.ones(len(objects), dtype=np.bool_), references)


def brute_force(samples: Samples, folds: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 of each fold at each tau, from similarities and comparisons taken one at a time."""
    result = np.zeros((FOLDS, len(TAU_GRID)))
    for fold in range(FOLDS):
        photos = [i for i in range(len(samples)) if folds[samples.objects[i]] == fold]
        scores, labels = [], []
        for a in photos:
            for b in photos:
                if a != b:
                    different = samples.reference_bits[a] != samples.probe_bits[b]
                    scores.append(LAMBDA - int(different.sum()))
                    labels.append(samples.objects[a] == samples.objects[b])
        # similarity >= tau, in whole numbers
        accepted = np.array(scores)[:, None] * 10_000 >= TAU_GRID * LAMBDA
        truth = np.array(labels)[:, None]
        hits = (accepted & truth).sum(axis=0)
        misses, false = (~accepted & truth).sum(axis=0), (accepted & ~truth).sum(axis=0)
        result[fold] = 2 * hits / (2 * hits + misses + false)
    return result


def test_the_grid_is_the_papers() -> None:
    assert len(TAU_GRID) == 4_000
    np.testing.assert_allclose(TAU_GRID / 10_000, np.arange(0.6, 1.0, 0.0001), atol=1e-12)


@pytest.mark.parametrize("lambda_bits", [8, 50, 333, 512, 4096])
def test_radii_are_the_specifications(lambda_bits: int) -> None:
    for tau, radius in zip(TAU_GRID[::97], radii(lambda_bits)[::97], strict=True):
        assert correction_radius(lambda_bits, tau_text(int(tau))) == radius


@pytest.mark.parametrize("lambda_bits", [8, 96, 500, 512, 1024, 4096])
def test_tau_gives_the_radius_back(lambda_bits: int) -> None:
    for radius in range((lambda_bits - 1) // 2):
        assert correction_radius(lambda_bits, tau_text(tau_of(radius, lambda_bits))) == radius


def test_f1_of_known_counts() -> None:
    mated, non_mated = np.array([3, 1, 0, 0, 1]), np.array([0, 0, 2, 5, 3])
    # Within 0 bits: 3 hits of 5, nothing wrong. Within 2: 4 hits, 2 wrong. Within 4: all of both.
    found = f1_scores(mated, non_mated, np.array([0, 2, 4]))
    np.testing.assert_allclose(found, [6 / (6 + 2), 8 / (8 + 1 + 2), 10 / (10 + 10)])


def test_folds_share_no_object_and_are_even(samples: Samples) -> None:
    counts = np.diff(samples.starts)
    folds = object_folds(counts, SEED)
    assert folds.shape == counts.shape  # a fold for each object: no object is in two
    for kind in (counts > 1, counts == 1):
        sizes = np.bincount(folds[kind], minlength=FOLDS)
        assert sizes.max() - sizes.min() <= 1
    np.testing.assert_array_equal(folds, object_folds(counts, SEED))
    assert not np.array_equal(folds, object_folds(counts, SEED + 1))


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ([4], "5 folds need 10 objects, 5 of them with two photos; there are 1, 1 with"),
        ([2] * 4 + [1] * 20, "there are 24, 4 with two photos"),
        ([2] * 9, "there are 9, 9 with two photos"),
    ],
)
def test_too_few_objects_are_one_clear_error(counts: list[int], text: str) -> None:
    with pytest.raises(TooFewTrialsError, match=text):
        object_folds(np.array(counts), SEED)


def test_histograms_count_every_comparison_inside_a_fold_once(samples: Samples) -> None:
    references = single_references(samples)
    folds = object_folds(np.diff(samples.starts), SEED)
    columns = np.arange(LAMBDA)
    mated, non_mated = fold_histograms(samples, references, folds, columns)
    photos = np.bincount(folds[samples.objects])
    np.testing.assert_array_equal((mated + non_mated).sum(axis=1), photos * (photos - 1))
    # One fold of everything is what the accuracy benchmark counts.
    one = np.zeros_like(folds)
    whole = compare_all(samples, references, object_weights(len(samples.names), 0, SEED))
    for table, expected in zip(
        fold_histograms(samples, references, one, columns),
        (whole.mated, whole.non_mated),
        strict=True,
    ):
        np.testing.assert_array_equal(table[0], expected)


def test_blocks_do_not_change_the_histograms(
    samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    references = single_references(samples)
    folds = object_folds(np.diff(samples.starts), SEED)
    whole = fold_histograms(samples, references, folds, np.arange(20))
    monkeypatch.setattr("lab.statistics.hamming.BLOCK_DISTANCES", 30)
    for table, expected in zip(
        fold_histograms(samples, references, folds, np.arange(20)), whole, strict=True
    ):
        np.testing.assert_array_equal(table, expected)


def test_the_best_tau_is_that_of_brute_force(samples: Samples) -> None:
    folds = object_folds(np.diff(samples.starts), SEED)
    tables = fold_histograms(samples, single_references(samples), folds, np.arange(LAMBDA))
    found = cross_validate(*tables)
    f1 = brute_force(samples, folds)
    np.testing.assert_allclose(found.mean_f1, f1.mean(axis=0), rtol=1e-12)
    ties = np.flatnonzero(found.mean_f1 == found.mean_f1.max())
    assert found.tau == TAU_GRID[ties[-1]]  # the strictest
    assert found.f1 == pytest.approx(f1.mean(axis=0).max())
    assert found.radius_bits == correction_radius(LAMBDA, tau_text(found.tau))
    for fold, held_out in enumerate(found.folds):
        others = np.delete(f1, fold, axis=0).mean(axis=0)
        at = held_out.tau - int(TAU_GRID[0])
        assert others[at] == pytest.approx(others.max())
        assert held_out.f1 == pytest.approx(f1[fold, at])


def test_separable_distances_need_no_compromise() -> None:
    mated, non_mated = np.zeros((FOLDS, 101), np.int64), np.zeros((FOLDS, 101), np.int64)
    mated[:, 10], mated[:, 20], non_mated[:, 35] = 50, 50, 9_000
    found = cross_validate(mated, non_mated)
    assert (found.tau, found.radius_bits) == (8_000, 20)
    assert (found.f1, found.far, found.frr) == (1, 0, 0)
    assert all((fold.tau, fold.f1) == (8_000, 1) for fold in found.folds)


def test_a_fold_without_mated_comparisons_is_an_error() -> None:
    table = np.ones((FOLDS, 9), np.int64)
    empty = table.copy()
    empty[2] = 0
    with pytest.raises(TooFewTrialsError, match="a fold has no two photos"):
        cross_validate(empty, table)


def test_shorter_imageprints_take_the_first_bits_of_every_part() -> None:
    np.testing.assert_array_equal(prefix_columns([512], 50), np.arange(50))
    np.testing.assert_array_equal(prefix_columns([4, 8], 6), [0, 1, 4, 5, 6, 7])
    np.testing.assert_array_equal(prefix_columns([4, 8], 12), np.arange(12))


def test_a_target_gives_the_largest_radius_within_it(samples: Samples) -> None:
    references = single_references(samples)
    weights = object_weights(len(samples.names), 200, SEED)
    compared = compare_all(samples, references, weights)
    shares = np.cumsum(compared.non_mated) / compared.non_mated.sum()
    loose, strict = at_fmr(compared, 0.01), at_fmr(compared, 1e-9)
    assert loose is not None
    assert strict is not None
    assert shares[loose.radius_bits] <= 0.01 < shares[loose.radius_bits + 1]
    assert loose.fmr.value == pytest.approx(shares[loose.radius_bits])
    assert loose.fnmr.low is not None
    assert loose.fnmr.low <= loose.fnmr.value <= (loose.fnmr.high or 0)
    assert loose.enough_trials
    # No false match: the rule of three, over pairs of objects.
    assert strict.fmr.value == 0
    assert strict.fmr.high == pytest.approx(3 / compared.object_pairs)
    assert not strict.enough_trials


def test_a_radius_stays_below_half_of_lambda() -> None:
    margins = np.array([[1.0] * 8, [1.0] * 8, [-1.0] * 8, [-1.0] * 8])
    samples = arrange(margins, ["a", "a", "b", "b"], np.ones(4, dtype=np.bool_))
    compared = compare_all(samples, single_references(samples), object_weights(2, 0, SEED))
    found = at_fmr(compared, 1e-3)
    assert found is not None
    assert found.radius_bits == 3


def test_equal_imageprints_of_two_objects_meet_no_target() -> None:
    samples = arrange(np.ones((4, 8)), ["a", "a", "b", "b"], np.ones(4, dtype=np.bool_))
    compared = compare_all(samples, single_references(samples), object_weights(2, 0, SEED))
    assert at_fmr(compared, 1e-3) is None
