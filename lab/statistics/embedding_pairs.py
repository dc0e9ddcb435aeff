"""All pairs of unit embeddings, by squared distance: histograms as those of Hamming distances.

A squared distance d (0 to 4) falls into bin ``round(1000 d)``: what
:mod:`lab.statistics.error_rates` says of bits then holds of thousandths. Bootstrap as in
:mod:`lab.statistics.comparisons`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.errors import TooFewTrialsError
from lab.statistics.error_rates import (
    Counts,
    Rates,
    equal_error_rate,
    fnmr_at,
    threshold_at_fmr,
)
from lab.statistics.intervals import Estimate, around

STEPS = 1000
"""Bins of a squared distance of one."""
BINS = 4 * STEPS + 1

Measure = Callable[[Counts, Counts], Rates]
"""Of mated and non-mated histograms (..., BINS), such as :func:`eer`: (...)."""


@dataclass(frozen=True, eq=False)
class PairCounts:
    """``mated`` and ``non_mated`` int64 (BINS,); their bootstrap replicates float64 (B, BINS)."""

    mated: NDArray[np.int64]
    non_mated: NDArray[np.int64]
    resampled_mated: NDArray[np.float64]
    resampled_non_mated: NDArray[np.float64]

    def estimate(self, measure: Measure) -> Estimate:
        """A measure with its percentile interval."""
        value = float(measure(self.mated, self.non_mated))
        if not len(self.resampled_mated):
            return Estimate(value)
        return around(value, measure(self.resampled_mated, self.resampled_non_mated))

    def gain(self, over: PairCounts, measure: Measure) -> Estimate:
        """How much lower a measure is than that of ``over``, of the same photos and replicates."""
        value = measure(over.mated, over.non_mated) - measure(self.mated, self.non_mated)
        replicates = measure(over.resampled_mated, over.resampled_non_mated)
        replicates = replicates - measure(self.resampled_mated, self.resampled_non_mated)
        return around(float(value), replicates)


def count_pairs(
    embeddings: NDArray[np.float32], objects: Sequence[str], weights: NDArray[np.float64]
) -> PairCounts:
    """Compare every two of (N, D) unit rows of N photos; ``objects`` names what each shows.

    ``weights`` (B, K) are :func:`lab.statistics.comparisons.object_weights` of the K objects in
    the order of their names; B may be 0.

    Raises
    ------
    TooFewTrialsError
        No two photos show one object, or all show the same.
    """
    names, numbers = np.unique(np.array(objects), return_inverse=True)
    first, second = np.triu_indices(len(embeddings), 1)
    squared = (2 - 2 * (embeddings @ embeddings.T)[first, second]).clip(0, 4)
    bins = np.rint(STEPS * squared).astype(np.int64)
    one, other = numbers[first], numbers[second]
    mated = one == other
    if mated.all() or not mated.any():
        raise TooFewTrialsError(
            f"{len(embeddings)} photos of {len(names)} objects: pairs of one object and pairs of "
            "different ones are needed"
        )
    draws = [_weighted(row, bins, one, other, mated) for row in weights]
    # A replicate of one object alone, or of none with two photos, says nothing.
    usable = [draw for draw in draws if draw[0].any() and draw[1].any()]
    resampled = np.array(usable).reshape(-1, 2, BINS)
    return PairCounts(
        np.bincount(bins[mated], minlength=BINS),
        np.bincount(bins[~mated], minlength=BINS),
        resampled[:, 0],
        resampled[:, 1],
    )


def eer(mated: Counts, non_mated: Counts) -> Rates:
    """The equal error rate."""
    return equal_error_rate(mated, non_mated)[0]


def refused_at_far(far: float) -> Measure:
    """Share of mated pairs refused where at most ``far`` of the others are accepted: 1 - VAL."""

    def measure(mated: Counts, non_mated: Counts) -> Rates:
        return fnmr_at(mated, threshold_at_fmr(non_mated, 1 / far))

    return measure


def _weighted(
    weights: NDArray[np.float64],
    bins: NDArray[np.int64],
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    mated: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    drawn = np.where(mated, weights[one], weights[one] * weights[other])
    return (
        np.bincount(bins[mated], drawn[mated], BINS).astype(np.float64),
        np.bincount(bins[~mated], drawn[~mated], BINS).astype(np.float64),
    )
