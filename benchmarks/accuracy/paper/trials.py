"""The paper's trials (section 6.2): each pair of reference photos once, and each with the others.

A trial has a *statistic*, a whole number such that the photos match where it is at most the rule's
radius. With one segment it is the Hamming distance. With several, photos match where at least t
segments are within their own radii, which is where the t-th smallest of (distance - radius) is at
most 0; shifted to begin at 0, that number is the statistic. So all variants make histograms, and
everything that is known of distances (EER, DET, bootstrap) is known of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lab.statistics.comparisons import Comparisons, object_weights
from lab.statistics.hamming import Words, distances, row_blocks


@dataclass(frozen=True, eq=False)
class Side:
    """Photos on one side of trials, sorted by object.

    Attributes
    ----------
    words : packed imageprints, uint64 (N, W) for each segment
    objects : int64 (N,), ascending from 0 without a gap
    """

    words: tuple[Words, ...]
    objects: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.objects)

    @property
    def object_count(self) -> int:
        """K, the number of objects."""
        return int(self.objects[-1]) + 1 if len(self) else 0

    @property
    def own_rows(self) -> list[slice]:
        """The rows of each object's photos, K slices."""
        starts = np.searchsorted(self.objects, np.arange(self.object_count + 1)).tolist()
        return [slice(*ends) for ends in pairwise(starts)]

    def rows(self, chosen: slice) -> tuple[Words, ...]:
        """The imageprints of some of the photos."""
        return tuple(segment[chosen] for segment in self.words)


@dataclass(frozen=True)
class Rule:
    """When photos match: ``needed`` segments are within their radii.

    Attributes
    ----------
    bits : length of one segment's imageprint
    radii : c of each segment, in bits
    needed : t
    """

    bits: int
    radii: tuple[int, ...]
    needed: int = 1

    @property
    def radius(self) -> int:
        """The greatest statistic of photos that match."""
        return max(self.radii)

    @property
    def bins(self) -> int:
        """How many values the statistic can have: 0 up to ``bins - 1``."""
        return self.bits + 1 + max(self.radii) - min(self.radii)

    def statistic(
        self, references: Sequence[Words], probes: Sequence[Words]
    ) -> NDArray[np.uint16] | NDArray[np.int64]:
        """The statistic of every reference with every probe, whole numbers (N, M)."""
        if len(self.radii) == 1:
            return distances(references[0], probes[0])
        excess = np.stack(
            [
                distances(a, b).astype(np.int64) - radius
                for a, b, radius in zip(references, probes, self.radii, strict=True)
            ]
        )
        excess.partition(self.needed - 1, axis=0)
        return np.asarray(excess[self.needed - 1] + self.radius)


def by_object(
    names: NDArray[np.str_], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The chosen photos sorted by object: their rows and their objects' numbers, int64 (n,)."""
    rows = np.flatnonzero(chosen)
    numbers = np.unique(names[rows], return_inverse=True)[1]
    order = np.argsort(numbers, kind="stable")
    return rows[order], numbers[order].astype(np.int64)


def at_most(count: int, chosen: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """So many of the chosen photos, drawn at random, or all if there are no more: bool (N,)."""
    rows = np.flatnonzero(chosen)
    if len(rows) > count:
        rows = rng.choice(rows, count, replace=False)
    kept = np.zeros_like(chosen)
    kept[rows] = True
    return kept


def compare(
    references: Side,
    others: Sequence[Side],
    rule: Rule,
    replicates: int = 0,
    seed: int = 1,
    probes: Side | None = None,
) -> Comparisons:
    """Compare every two reference photos once, and every reference photo with all others.

    Of two reference photos the first is the reference, the second the probe. Objects of different
    sides are different objects. Replicates of the object bootstrap draw objects of every side.

    Parameters
    ----------
    references : photos of the objects that enrol; mated are two of one object
    others : further photos, none of them of an object that enrols
    replicates : of the object bootstrap, B; may be 0
    seed : of the bootstrap
    probes : the photos of ``references`` as probes, where they look different
    """
    probes = references if probes is None else probes
    others = [other for other in others if len(other)]
    mated, non_mated = _totals(references, probes, others, rule)
    resampled_mated = np.zeros((replicates, rule.bins))
    resampled_non_mated = np.zeros((replicates, rule.bins))
    if replicates and len(references):
        _resample(*(references, probes, others, rule, seed), resampled_mated, resampled_non_mated)
    objects, photos = references.object_count, len(references)
    return Comparisons(
        mated,
        non_mated,
        resampled_mated,
        resampled_non_mated,
        mated_objects=int((np.bincount(references.objects) > 1).sum()),
        object_pairs=objects * (objects - 1) // 2
        + objects * sum(other.object_count for other in others),
        photo_pairs=photos * (photos - 1) // 2 - int(mated.sum()) + photos * sum(map(len, others)),
        worst_mated=(),
        nearest_non_mated=(),
    )


def _totals(
    references: Side, probes: Side, others: Sequence[Side], rule: Rule
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Histograms of all mated and all non-mated trials, int64 (bins,) each."""
    mated = np.zeros(rule.bins, dtype=np.int64)
    non_mated = np.zeros(rule.bins, dtype=np.int64)
    segments = len(rule.radii)
    for rows in row_blocks(len(references), len(probes) * segments):
        values = rule.statistic(references.rows(rows), probes.words)
        later = np.arange(len(probes)) > np.arange(rows.start, rows.stop)[:, None]
        same = references.objects[rows, None] == probes.objects
        mated += np.bincount(values[later & same], minlength=rule.bins)
        non_mated += np.bincount(values[later & ~same], minlength=rule.bins)
    for other in others:
        for rows in row_blocks(len(references), len(other) * segments):
            values = rule.statistic(references.rows(rows), other.words)
            non_mated += np.bincount(values.ravel(), minlength=rule.bins)
    return mated, non_mated


def _resample(
    references: Side,
    probes: Side,
    others: Sequence[Side],
    rule: Rule,
    seed: int,
    mated: NDArray[np.float64],
    non_mated: NDArray[np.float64],
) -> None:
    """Add the trials to replicates of the object bootstrap, float64 (B, bins) each."""
    objects, replicates = references.object_count, len(mated)
    weights = object_weights(objects, replicates, seed)
    against = [
        (other, object_weights(other.object_count, replicates, seed + 1 + number))
        for number, other in enumerate(others)
    ]
    for index, own in enumerate(references.own_rows):
        within = rule.statistic(references.rows(own), probes.rows(own))
        upper = within[np.triu_indices(own.stop - own.start, 1)]
        mated += weights[:, index, None] * np.bincount(upper, minlength=rule.bins)
        later = index + 1
        rest = Side(probes.rows(slice(own.stop, None)), probes.objects[own.stop :] - later)
        for side, side_weights in [(rest, weights[:, later:]), *against]:
            if not len(side):
                continue
            table = _by_object(references.rows(own), side, rule)
            used = np.flatnonzero(table.any(axis=0))  # most values never occur: skip them
            inner = side_weights @ table[:, used].astype(np.float64)
            non_mated[:, used] += weights[:, index, None] * inner


def _by_object(own: Sequence[Words], side: Side, rule: Rule) -> NDArray[np.int64]:
    """Histograms of one object's trials by the other's object, int64 (K, bins)."""
    table = np.zeros(side.object_count * rule.bins, dtype=np.int64)
    for rows in row_blocks(len(own[0]), len(side) * len(rule.radii)):
        values = rule.statistic([words[rows] for words in own], side.words)
        values = values + side.objects * rule.bins
        table += np.bincount(values.ravel(), minlength=len(table))
    return table.reshape(side.object_count, rule.bins)
