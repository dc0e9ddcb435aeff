"""Confidence intervals: object bootstrap, and the rule of three where no error was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from lab.statistics.comparisons import Comparisons
from lab.statistics.error_rates import INVERSE_FMRS, fnmr_name, measures

CONFIDENCE = 0.95
FEW_OBJECTS = 20
"""Below so many objects a percentile bootstrap is known to be too narrow."""


@dataclass(frozen=True)
class Estimate:
    """A measured value and its 95 % interval; ``None`` where none can be given."""

    value: float
    low: float | None = None
    high: float | None = None


def usable_replicates(comparisons: Comparisons) -> NDArray[np.bool_]:
    """Replicates with at least one mated and one non-mated trial, bool (B,)."""
    return np.asarray(
        (comparisons.resampled_mated.sum(axis=1) > 0)
        & (comparisons.resampled_non_mated.sum(axis=1) > 0)
    )


def estimate(comparisons: Comparisons, radius: int) -> Mapping[str, Estimate]:
    """Every measure with the percentile interval of its bootstrap replicates.

    A rate of zero has replicates of zero only. Its upper end is then the rule of three (ISO/IEC
    19795-1): 3 / n, where n counts what may pass for independent, pairs of objects for FMR and
    objects for FNMR, not the far more numerous trials. Likewise the lower end of a rate of one.
    """
    values = measures(comparisons.mated, comparisons.non_mated, radius)
    usable = usable_replicates(comparisons)
    if not usable.any():
        return {name: Estimate(float(value)) for name, value in values.items()}
    replicates = measures(
        comparisons.resampled_mated[usable], comparisons.resampled_non_mated[usable], radius
    )
    tail = (1 - CONFIDENCE) / 2
    result = {}
    for name, value in values.items():
        low, high = (float(q) for q in np.quantile(replicates[name], [tail, 1 - tail]))
        if name.startswith(("fmr", "fnmr")):
            is_fmr = name.startswith("fmr")
            bound = rule_of_three(comparisons.object_pairs if is_fmr else comparisons.mated_objects)
            high = max(high, bound) if value == 0 else high
            low = min(low, 1 - bound) if value == 1 else low
        result[name] = Estimate(float(value), low, high)
    return result


def rule_of_three(independent_trials: int) -> float:
    """Upper 95 % bound of a rate of which no error was seen in so many independent trials."""
    return min(1.0, 3 / independent_trials)


def enough_trials(comparisons: Comparisons, measure: str) -> bool:
    """Whether an FMR as low as the measure's can be told from none: the rule of three."""
    for inverse in INVERSE_FMRS:
        if measure == fnmr_name(inverse):
            return comparisons.distinct_non_mated >= 3 * inverse
    return True


def estimates_as_json(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, float | None]]:
    """Estimates by name. JSON knows no infinity: d-prime of distances that do not vary is null."""
    return {
        name: {
            end: value if value is not None and isfinite(value) else None
            for end, value in asdict(found).items()
        }
        for name, found in estimates.items()
    }
