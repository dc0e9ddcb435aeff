"""Confidence intervals: the object bootstrap, the rule of three, and those of shares and means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from lab.statistics.comparisons import Comparisons, object_weights
from lab.statistics.error_rates import (
    INVERSE_FMRS,
    Rates,
    fnmr_at,
    fnmr_name,
    measures,
    threshold_at_fmr,
)

CONFIDENCE = 0.95
FEW_OBJECTS = 20
"""Below so many objects a percentile bootstrap is known to be too narrow."""
_Z = 1.959964
"""Two-sided 95 % point of the standard normal distribution."""


@dataclass(frozen=True)
class Estimate:
    """A measured value and its 95 % interval; ``None`` where none can be given."""

    value: float
    low: float | None = None
    high: float | None = None

    def complement(self) -> Estimate:
        """Of the other outcome, of a share."""
        low = None if self.high is None else 1 - self.high
        high = None if self.low is None else 1 - self.low
        return Estimate(1 - self.value, low, high)


def wilson(successes: int, trials: int) -> Estimate:
    """A share of independent trials with Wilson's score interval."""
    rate = successes / trials
    spread = 1 + _Z**2 / trials
    centre = (rate + _Z**2 / (2 * trials)) / spread
    half = _Z / spread * sqrt(rate * (1 - rate) / trials + _Z**2 / (4 * trials**2))
    low = centre - half if successes else 0.0  # without a rounding error
    high = centre + half if successes < trials else 1.0
    return Estimate(rate, low, high)


def normal_mean(values: Sequence[float]) -> Estimate:
    """A mean of independent values, normal interval; no interval from a single value."""
    centre = float(np.mean(values))
    if len(values) < 2:
        return Estimate(centre)
    error = float(np.std(values, ddof=1)) / sqrt(len(values))
    return Estimate(centre, centre - _Z * error, centre + _Z * error)


def rule_of_three(independent_trials: int) -> float:
    """Upper 95 % bound of a rate of which no error was seen in so many independent trials."""
    return min(1.0, 3 / independent_trials)


def percentiles(replicates: Rates) -> tuple[float, float]:
    """The ends between which 95 % of bootstrap replicates (B,) lie, half of the rest on each side.

    The percentile interval of Efron and Tibshirani, "An Introduction to the Bootstrap", 1993.
    """
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return float(low), float(high)


def around(value: float, replicates: Rates, at_least: float = 0.0) -> Estimate:
    """A value with the percentile interval of its replicates (B,), made to hold the value.

    ``at_least``: the upper end is no lower than this, such as the rule of three.
    """
    low, high = percentiles(replicates)
    return Estimate(value, min(low, value), max(high, value, at_least))


def share_by_object(
    matches: NDArray[np.int64], trials: NDArray[np.int64], replicates: int, seed: int, bound: float
) -> Estimate:
    """The share of trials that match; its interval draws the objects that the trials are of.

    Parameters
    ----------
    matches, trials : int64 (K,), of each object; at least one trial in all
    replicates : of the object bootstrap; 0 gives no interval
    bound : the upper end is no lower
    """
    value = int(matches.sum()) / int(trials.sum())
    if not replicates:
        return Estimate(value)
    weights = object_weights(len(trials), replicates, seed)
    return around(value, (weights @ matches) / (weights @ trials), bound)


def usable_replicates(comparisons: Comparisons) -> NDArray[np.bool_]:
    """Replicates with at least one mated and one non-mated trial, bool (B,)."""
    return np.asarray(
        (comparisons.resampled_mated.sum(axis=1) > 0)
        & (comparisons.resampled_non_mated.sum(axis=1) > 0)
    )


def usable_histograms(comparisons: Comparisons) -> tuple[Rates, Rates] | None:
    """Mated and non-mated histograms of the usable replicates; ``None`` where there is none."""
    usable = usable_replicates(comparisons)
    if not usable.any():
        return None
    return comparisons.resampled_mated[usable], comparisons.resampled_non_mated[usable]


def estimate(comparisons: Comparisons, radius: int) -> Mapping[str, Estimate]:
    """Every measure with the percentile interval of its bootstrap replicates.

    A rate of zero has replicates of zero only. Its upper end is then the rule of three (ISO/IEC
    19795-1): 3 / n, where n counts what may pass for independent, pairs of objects for FMR and
    objects for FNMR, not the far more numerous trials. Likewise the lower end of a rate of one.
    """
    values = measures(comparisons.mated, comparisons.non_mated, radius)
    resampled = usable_histograms(comparisons)
    if resampled is None:
        return {name: Estimate(float(value)) for name, value in values.items()}
    replicates = measures(*resampled, radius)
    result = {}
    for name, value in values.items():
        low, high = percentiles(replicates[name])
        if name.startswith(("fmr", "fnmr")):
            is_fmr = name.startswith("fmr")
            bound = rule_of_three(comparisons.object_pairs if is_fmr else comparisons.mated_objects)
            high = max(high, bound) if value == 0 else high
            low = min(low, 1 - bound) if value == 1 else low
        result[name] = Estimate(float(value), low, high)
    return result


def fnmr_at_fmrs(comparisons: Comparisons, fmrs: Iterable[float]) -> list[Estimate]:
    """FNMR where FMR is at most each of ``fmrs`` (shares above 0): the points of a DET curve.

    The intervals are of FNMR at this FMR, each replicate at a threshold of its own.
    """
    resampled = usable_histograms(comparisons)
    found = []
    for fmr in fmrs:
        inverse = 1 / float(fmr)
        at = threshold_at_fmr(comparisons.non_mated, inverse)
        ends: tuple[float, float] | tuple[()] = ()
        if resampled is not None:
            mated, non_mated = resampled
            ends = percentiles(fnmr_at(mated, threshold_at_fmr(non_mated, inverse)))
        found.append(Estimate(float(fnmr_at(comparisons.mated, at)), *ends))
    return found


def enough_trials(comparisons: Comparisons, measure: str) -> bool:
    """Whether an FMR as low as the measure's can be told from none: the rule of three."""
    for inverse in INVERSE_FMRS:
        if measure == fnmr_name(inverse):
            return comparisons.distinct_non_mated >= 3 * inverse
    return True
