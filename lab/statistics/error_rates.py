"""Error rates from histograms of Hamming distance.

A histogram counts trials by distance in bits, (..., lambda + 1); leading axes, if any, are
bootstrap replicates. A threshold t accepts distances of at most t bits; it runs over -1 (nothing
is accepted), 0, ..., lambda. All sums are exact: counts are integers, or floats holding integers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lab.errors import TooFewTrialsError

Counts = NDArray[np.int64] | NDArray[np.float64]
Rates = NDArray[np.float64]

INVERSE_FMRS = (100, 1_000, 10_000)
"""FNMR is reported where FMR is at most one in so many."""


def accepted_share(counts: Counts) -> Rates:
    """Share of trials within t bits for t = -1, 0, ..., lambda: (..., lambda + 2).

    Of non-mated trials this is FMR(t), of mated ones 1 - FNMR(t).

    Raises
    ------
    TooFewTrialsError
        A histogram is empty.
    """
    cumulative = _cumulative(counts)
    return np.asarray(cumulative / _totals(counts)[..., None], dtype=np.float64)


def equal_error_rate(mated: Counts, non_mated: Counts) -> tuple[Rates, Rates]:
    """EER and the threshold, in bits and between two integers, at which it is reached: (...).

    Distances are integers, so FMR and FNMR are steps that rarely meet. Both are joined linearly
    between the last threshold with FMR < FNMR and the next one; the EER is where the lines cross.
    """
    fmr, fnmr = accepted_share(non_mated), 1 - accepted_share(mated)
    # At t = -1 FNMR is 1 and FMR 0, at t = lambda the reverse: there is a first crossing, above 0.
    after = np.argmax(fmr >= fnmr, axis=-1)[..., None]
    before = after - 1
    gap_before = np.take_along_axis(fnmr - fmr, before, -1)  # > 0
    gap_after = np.take_along_axis(fnmr - fmr, after, -1)  # <= 0
    step = gap_before / (gap_before - gap_after)
    low, high = (np.take_along_axis(fmr, index, -1) for index in (before, after))
    return (low + step * (high - low))[..., 0], (before - 1 + step)[..., 0]


def threshold_at_fmr(non_mated: Counts, inverse_fmr: float) -> NDArray[np.int64]:
    """The largest threshold in bits (-1: none) with FMR <= 1 / inverse_fmr: (...).

    The condition is compared as ``accepted * inverse_fmr <= trials``, without rounding for the
    integer rates that are reported. Trials tied at one distance are all accepted or all refused.
    """
    allowed = _cumulative(non_mated) * inverse_fmr <= _totals(non_mated)[..., None]
    return np.asarray(allowed.sum(axis=-1) - 2, dtype=np.int64)  # True first, from t = -1 on


def fnmr_at(mated: Counts, threshold: NDArray[np.int64] | int) -> Rates:
    """FNMR at a threshold for each replicate: (...)."""
    return 1 - fmr_at(mated, threshold)


def fmr_at(non_mated: Counts, threshold: NDArray[np.int64] | int) -> Rates:
    """FMR at a threshold for each replicate: (...)."""
    index = np.broadcast_to(np.asarray(threshold) + 1, non_mated.shape[:-1])
    return np.asarray(np.take_along_axis(accepted_share(non_mated), index[..., None], -1)[..., 0])


def f1_scores(mated: Counts, non_mated: Counts, thresholds: NDArray[np.int64]) -> Rates:
    """F1 = 2 TP / (2 TP + FN + FP) at each threshold in bits: float64 (..., T).

    It depends on how many non-mated comparisons stand against each mated one.
    """
    accepted = np.cumsum(mated, axis=-1)[..., thresholds]
    wrong = np.cumsum(non_mated, axis=-1)[..., thresholds]
    return np.asarray(2 * accepted / (accepted + wrong + mated.sum(axis=-1)[..., None]))


def mean_and_deviation(counts: Counts) -> tuple[Rates, Rates]:
    """Mean and standard deviation of the distance in bits: (...)."""
    total = _totals(counts)
    bits = np.arange(counts.shape[-1], dtype=np.float64)
    mean = counts @ bits / total
    square = counts @ bits**2 / total
    return mean, np.sqrt(np.maximum(square - mean**2, 0))


def d_prime(mated: Counts, non_mated: Counts) -> Rates:
    """Difference of the means over the root mean square of the deviations: (...)."""
    mated_mean, mated_sd = mean_and_deviation(mated)
    other_mean, other_sd = mean_and_deviation(non_mated)
    spread = np.sqrt((mated_sd**2 + other_sd**2) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((other_mean - mated_mean) / spread)


def measures(mated: Counts, non_mated: Counts, radius: int) -> Mapping[str, Rates]:
    """Every reported number by name, each (...); ``radius`` is c in bits (SPEC section 4)."""
    eer, eer_threshold = equal_error_rate(mated, non_mated)
    mated_mean, mated_sd = mean_and_deviation(mated)
    other_mean, other_sd = mean_and_deviation(non_mated)
    result = {
        "eer": eer,
        "eer_threshold_bits": eer_threshold,
        "fmr_at_radius": fmr_at(non_mated, radius),
        "fnmr_at_radius": fnmr_at(mated, radius),
    }
    for inverse in INVERSE_FMRS:
        threshold = threshold_at_fmr(non_mated, inverse)
        result[fnmr_name(inverse)] = fnmr_at(mated, threshold)
    result |= {
        "d_prime": d_prime(mated, non_mated),
        "mated_mean_bits": mated_mean,
        "mated_sd_bits": mated_sd,
        "non_mated_mean_bits": other_mean,
        "non_mated_sd_bits": other_sd,
    }
    return result


def fnmr_name(inverse_fmr: int) -> str:
    """The name in :func:`measures` of FNMR at FMR 1 / inverse_fmr, a power of ten."""
    return f"fnmr_at_fmr_{power_of_ten(inverse_fmr)}"


def power_of_ten(inverse: int) -> str:
    """``1000`` is ``1e-3``."""
    return f"1e-{len(str(inverse)) - 1}"


def _cumulative(counts: Counts) -> Counts:
    none = np.zeros((*counts.shape[:-1], 1), dtype=counts.dtype)
    return np.concatenate([none, np.cumsum(counts, axis=-1)], axis=-1)


def _totals(counts: Counts) -> Counts:
    totals = np.asarray(counts.sum(axis=-1))
    if not np.all(totals > 0):
        raise TooFewTrialsError(
            "an error rate needs at least one trial: give more objects with several photos each"
        )
    return totals
