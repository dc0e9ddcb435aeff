"""F1, FAR, FRR and EER of trials, with their intervals, as the paper's tables give them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lab.statistics.comparisons import Comparisons
from lab.statistics.error_rates import equal_error_rate, f1_scores
from lab.statistics.intervals import (
    FEW_OBJECTS,
    Estimate,
    around,
    estimate,
    rule_of_three,
    usable_histograms,
    usable_replicates,
)


class Rates(NamedTuple):
    """What the paper tells of a variant."""

    f1: Estimate
    far: Estimate
    frr: Estimate
    eer: Estimate


def rates_at(comparisons: Comparisons, radius: int) -> Rates:
    """F1, FAR and FRR at a radius in bits, and the EER.

    An EER of zero has the rule of three over the objects for its upper end.
    """
    found = estimate(comparisons, radius)
    return Rates(
        f1_at(comparisons, radius),
        found["fmr_at_radius"],
        found["fnmr_at_radius"],
        _bounded(found["eer"], comparisons.mated_objects),
    )


def f1_at(comparisons: Comparisons, radius: int) -> Estimate:
    """F1 at a radius, with the interval of the bootstrap replicates where there are any."""
    at = np.array([radius])
    value = float(f1_scores(comparisons.mated, comparisons.non_mated, at)[0])
    resampled = usable_histograms(comparisons)
    if resampled is None:
        return Estimate(value)
    return around(value, f1_scores(*resampled, at)[:, 0])


def mean_eer(folds: Sequence[Comparisons]) -> Estimate:
    """The mean EER of the folds; replicates resample the objects of every fold."""
    value = float(np.mean([equal_error_rate(f.mated, f.non_mated)[0] for f in folds]))
    usable = np.logical_and.reduce([usable_replicates(fold) for fold in folds])
    if not usable.any():
        return Estimate(value)
    resampled = [
        equal_error_rate(fold.resampled_mated[usable], fold.resampled_non_mated[usable])[0]
        for fold in folds
    ]
    found = around(value, np.mean(resampled, axis=0))
    return _bounded(found, sum(fold.mated_objects for fold in folds))


def few_objects(objects: int) -> tuple[str, ...]:
    """A note, where objects are so few that their bootstrap is too narrow."""
    if objects >= FEW_OBJECTS:
        return ()
    return (f"Only {objects} objects have mated trials: the intervals are too narrow.",)


def _bounded(eer: Estimate, mated_objects: int) -> Estimate:
    if eer.value or eer.high is None:
        return eer
    return Estimate(0.0, 0.0, max(eer.high, rule_of_three(mated_objects)))
