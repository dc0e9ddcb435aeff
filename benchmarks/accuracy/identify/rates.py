"""Rates of searches, with intervals that draw the probes' identities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.identify.searches import Counts, Searches
from lab.statistics.comparisons import object_weights
from lab.statistics.error_rates import fmr_at, threshold_at_fmr
from lab.statistics.intervals import Estimate, around, rule_of_three, share_by_object

NEEDED = 3
"""Different photos of strangers for each false alarm that a FAR allows: the rule of three."""


@dataclass(frozen=True)
class AtFar:
    """What is found where at most a share of strangers raises an alarm.

    Attributes
    ----------
    threshold : bits; -1: only no alarm at all is rare enough
    far : as measured there
    identified : mated searches with the mate within the threshold and at rank 1
    flagged : mated searches with the mate within the threshold, at any rank
    enough : whether so low a FAR can be told from none by the strangers that there are
    """

    threshold: int
    far: Estimate
    identified: Estimate
    flagged: Estimate
    enough: bool


@dataclass(frozen=True, eq=False)
class _Resampled:
    """Histograms of the usable replicates, float64 (B, ...), as those of :class:`Searches`."""

    mates: NDArray[np.float64]
    identified: NDArray[np.float64]
    strangers: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rates:
    """Searches and the bootstrap that their rates are given with."""

    searches: Searches
    bootstrap: int
    seed: int

    def within(self, counts: Counts, threshold: int) -> Estimate:
        """Share of what ``counts`` (K, ...) counts that lies within a threshold in bits."""
        return self._share(counts[:, : threshold + 1].sum(axis=1), counts.sum(axis=1))

    def at_rank(self, rank: int) -> Estimate:
        """Share of mated searches whose mate is among the ``rank`` nearest identities."""
        ranks = self.searches.ranks
        return self._share(ranks[:, :rank].sum(axis=1), ranks.sum(axis=1))

    def at_far(self, inverse_far: int) -> AtFar:
        """At the greatest threshold of at most one alarm in ``inverse_far`` strangers.

        Each replicate of the bootstrap has a threshold of its own.
        """
        found = self.searches
        threshold = int(threshold_at_fmr(found.strangers.sum(axis=0), inverse_far))
        return AtFar(
            threshold,
            self.within(found.strangers, threshold),
            self.identified_at(inverse_far),
            self._at_thresholds(found.mates, self._resampled.mates, inverse_far),
            found.stranger_photos >= NEEDED * inverse_far,
        )

    def identified_at(self, inverse_far: float) -> Estimate:
        """Share of mated searches with the mate found at rank 1, at the threshold of a FAR."""
        resampled = self._resampled.identified
        return self._at_thresholds(self.searches.identified, resampled, inverse_far)

    @cached_property
    def _resampled(self) -> _Resampled:
        found = self.searches
        weights = object_weights(len(found.mates), self.bootstrap, self.seed)
        mates, strangers = weights @ found.mates, weights @ found.strangers
        usable = (mates.sum(axis=1) > 0) & (strangers.sum(axis=1) > 0)
        identified = weights[usable] @ found.identified
        return _Resampled(mates[usable], identified, strangers[usable])

    def _at_thresholds(
        self, mated: Counts, resampled: NDArray[np.float64], inverse_far: float
    ) -> Estimate:
        """Share of ``mated`` (K, ...) within the threshold of the FAR, whose own error counts."""
        alarms = self.searches.strangers.sum(axis=0)
        value = float(_share_at(mated.sum(axis=0), alarms, inverse_far))
        if not len(resampled):
            return Estimate(value)
        found = around(value, _share_at(resampled, self._resampled.strangers, inverse_far))
        bound = rule_of_three(int(np.count_nonzero(mated.any(axis=1))))
        if value == 0:
            return replace(found, high=max(bound, found.high or 0.0))
        if value == 1:
            return replace(found, low=min(1 - bound, found.low or 0.0))
        return found

    def _share(self, matches: Counts, trials: Counts) -> Estimate:
        took_part = trials > 0
        matches, trials = matches[took_part], trials[took_part]
        bound = rule_of_three(len(trials))
        if np.array_equal(matches, trials):  # the rule of three bounds the other outcome
            nothing = np.zeros_like(trials)
            return share_by_object(nothing, trials, self.bootstrap, self.seed, bound).complement()
        none = 0.0 if matches.any() else bound
        return share_by_object(matches, trials, self.bootstrap, self.seed, none)


def _share_at(
    mated: Counts | NDArray[np.float64], strangers: Counts | NDArray[np.float64], inverse_far: float
) -> NDArray[np.float64]:
    return fmr_at(mated, threshold_at_fmr(strangers, inverse_far))
