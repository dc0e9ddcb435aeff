"""Error rates against brute force, and against distributions with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from lab.errors import TooFewTrialsError
from lab.statistics.error_rates import (
    accepted_share,
    d_prime,
    equal_error_rate,
    fmr_at,
    fnmr_at,
    mean_and_deviation,
    measures,
    threshold_at_fmr,
)

LAMBDA_BITS = 512


def gaussian_counts(mean: float, deviation: float, trials: int) -> np.ndarray:
    """A normal distribution rounded to whole bits, as counts of so many trials."""
    edges = np.arange(LAMBDA_BITS + 2) - 0.5
    return np.round(np.diff(ndtr((edges - mean) / deviation)) * trials).astype(np.int64)


@pytest.mark.parametrize(("mated_sd", "non_mated_sd"), [(20.0, 20.0), (30.0, 15.0)])
def test_eer_of_two_gaussians(mated_sd: float, non_mated_sd: float) -> None:
    mated = gaussian_counts(150, mated_sd, 10**9)
    non_mated = gaussian_counts(250, non_mated_sd, 10**9)
    eer, threshold = equal_error_rate(mated, non_mated)
    # Equal tails: (t - 150) / mated_sd = (250 - t) / non_mated_sd = 100 / (their sum).
    expected = 100 / (mated_sd + non_mated_sd)
    # The chord between two whole bits lies above a convex tail, by f'' / 8 at most: 1.4e-5.
    assert eer == pytest.approx(ndtr(-expected), abs=2e-5)
    # A threshold of t bits accepts up to t + 1/2 of the continuous distance.
    assert threshold + 0.5 == pytest.approx(150 + expected * mated_sd, abs=0.05)


def test_rates_equal_brute_force() -> None:
    rng = np.random.default_rng(1)
    mated, non_mated = rng.integers(0, 30, 200), rng.integers(15, 41, 500)
    counts = [np.bincount(found, minlength=41) for found in (mated, non_mated)]
    for threshold in range(-1, 41):
        assert fnmr_at(counts[0], threshold) == pytest.approx(np.mean(mated > threshold))
        assert fmr_at(counts[1], threshold) == pytest.approx(np.mean(non_mated <= threshold))


def test_mean_and_deviation_and_d_prime() -> None:
    mated, non_mated = gaussian_counts(150, 20, 10**9), gaussian_counts(250, 15, 10**9)
    mean, deviation = mean_and_deviation(mated)
    assert mean == pytest.approx(150, abs=1e-3)
    assert deviation == pytest.approx(np.sqrt(20**2 + 1 / 12), abs=1e-3)  # Sheppard's correction
    expected = 100 / np.sqrt((20**2 + 15**2) / 2 + 1 / 12)
    assert d_prime(mated, non_mated) == pytest.approx(expected, rel=1e-4)


def test_fnmr_at_fmr_takes_ties_as_a_whole() -> None:
    # 100 non-mated trials, FMR 1e-2 allows one. Two tie at 5 bits: neither may be accepted, so
    # the threshold is 4 and the mated trial at 5 bits is refused.
    mated = np.bincount([3, 4, 5, 6], minlength=11)
    tied = np.bincount([5, 5, *[9] * 98], minlength=11)
    assert threshold_at_fmr(tied, 100) == 4
    assert fnmr_at(mated, threshold_at_fmr(tied, 100)) == 0.5
    # With exactly one at 5 bits the rate is exactly 1e-2, and allowed.
    single = np.bincount([5, *[9] * 99], minlength=11)
    assert threshold_at_fmr(single, 100) == 8
    # One in 99 is more than one in 100.
    short = np.bincount([5, *[9] * 98], minlength=11)
    assert threshold_at_fmr(short, 100) == 4


def test_nothing_is_accepted_where_no_threshold_is_low_enough() -> None:
    non_mated = np.bincount([0, 0, 7], minlength=11)
    assert threshold_at_fmr(non_mated, 100) == -1
    assert fnmr_at(np.bincount([0, 1], minlength=11), -1) == 1


def test_separated_distributions_have_no_error() -> None:
    mated, non_mated = np.bincount([1, 2], minlength=11), np.bincount([8, 9], minlength=11)
    eer, threshold = equal_error_rate(mated, non_mated)
    assert eer == 0
    assert 2 <= threshold < 8
    assert measures(mated, non_mated, 4)["fnmr_at_fmr_1e-4"] == 0


def test_the_same_distribution_twice_is_chance() -> None:
    counts = gaussian_counts(200, 20, 10**6)
    assert equal_error_rate(counts, counts)[0] == pytest.approx(0.5, abs=1e-3)


def test_replicates_are_measured_one_by_one() -> None:
    rng = np.random.default_rng(2)
    mated, non_mated = rng.integers(1, 9, (2, 5, 33))
    together = measures(mated, non_mated, 10)
    for index in range(5):
        alone = measures(mated[index], non_mated[index], 10)
        for name in together:
            assert together[name][index] == pytest.approx(float(alone[name])), name


def test_no_trials_are_an_error() -> None:
    none, some = np.zeros(11, dtype=np.int64), np.ones(11, dtype=np.int64)
    for mated, non_mated in ((none, some), (some, none)):
        with pytest.raises(TooFewTrialsError):
            measures(mated, non_mated, 3)
    with pytest.raises(TooFewTrialsError):
        accepted_share(np.stack([some, none]))
