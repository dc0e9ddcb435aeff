"""False matches by who met whom: the same kind of thing, or another kind.

A rate over all non-mated trials is that of impostors drawn at random. An attacker does not draw at
random: he brings another mug to the mug's place. So trials are counted for each two objects, and
rates are taken over those pairs that a question is about, with the object bootstrap of
:mod:`lab.statistics.comparisons`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.statistics.comparisons import Pair, share_a_photo
from lab.statistics.hamming import distances, pack, row_blocks
from lab.statistics.intervals import Estimate, percentiles, rule_of_three
from lab.statistics.samples import Probes, References, Samples

_NUMBERED = re.compile(r"(?:[\W_]+(?:\d+|[A-Z])|\d+)$")
"""What tells objects of one kind apart at the end of a name: ``mug_A``, ``cup10``."""


def kind_of(name: str) -> str:
    """The kind of thing that an object is, by its name: ``mug_A`` is a mug, ``cup10`` a cup.

    A name of nothing but a number or a letter is a kind of its own.
    """
    return _NUMBERED.sub("", name) or name


@dataclass(frozen=True, eq=False)
class ObjectPairs:
    """Trials of K objects, by whose reference met whose probe.

    Attributes
    ----------
    trials, accepted : int64 (K, K); row: the reference's object, column: the probe's. On the
        diagonal the mated trials, of probes that share no photo with the reference
    nearest, furthest : the trial of least and of greatest distance of each two objects that met,
        by (row, column)
    """

    trials: NDArray[np.int64]
    accepted: NDArray[np.int64]
    nearest: Mapping[tuple[int, int], Pair]
    furthest: Mapping[tuple[int, int], Pair]

    def rate(self, pairs: NDArray[np.bool_], weights: NDArray[np.float64]) -> Estimate | None:
        """Share of accepted trials over some pairs, with its interval; ``None`` without a trial.

        Parameters
        ----------
        pairs : bool (K, K), which to count; either the diagonal or pairs of different objects
        weights : float64 (B, K) from :func:`lab.statistics.comparisons.object_weights`; B may be 0
        """
        trials, accepted = self.trials * pairs, self.accepted * pairs
        if not trials.sum():
            return None
        value = float(accepted.sum() / trials.sum())
        mated = bool(np.diagonal(trials).any())
        met = _resampled(trials, weights, mated)
        usable = met > 0
        if not usable.any():
            return Estimate(value)
        low, high = percentiles(_resampled(accepted, weights, mated)[usable] / met[usable])
        # No error seen, or nothing else: what may pass for independent bounds the rate.
        bound = rule_of_three(_independent(trials, mated))
        high = max(high, bound) if value == 0 else high
        low = min(low, 1 - bound) if value == 1 else low
        return Estimate(value, low, high)


def count_pairs(
    samples: Samples, references: References, probes: Probes, radius: int
) -> ObjectPairs:
    """Compare every reference with every probe, at most ``radius`` bits being accepted.

    Parameters
    ----------
    probes : made of the same samples as ``references``; a mated trial of two that share a photo
        does not count
    """
    count = len(samples.names)
    trials = np.zeros(count * count, dtype=np.int64)
    accepted = np.zeros(count * count, dtype=np.int64)
    # A distance and which trial it is of, in one number: the least distance's comes first.
    width = len(references) * max(1, len(probes))
    lowest = np.full(count * count, np.iinfo(np.int64).max)
    highest = np.full(count * count, -1, dtype=np.int64)
    shown, stored = pack(probes.bits), pack(references.bits)
    for rows in row_blocks(len(references), len(probes)):
        of_pair = references.objects[rows, None] * count + probes.objects[None, :]
        counted = ~share_a_photo(references.members[rows], probes.members)
        bits = distances(stored[rows], shown).astype(np.int64)
        number = np.arange(rows.start * len(probes), rows.start * len(probes) + bits.size)
        coded = bits * width + number.reshape(bits.shape)
        trials += np.bincount(of_pair[counted], minlength=len(trials))
        accepted += np.bincount(of_pair[counted & (bits <= radius)], minlength=len(accepted))
        np.minimum.at(lowest, of_pair[counted], coded[counted])
        np.maximum.at(highest, of_pair[counted], coded[counted])

    def pairs(coded: NDArray[np.int64]) -> dict[tuple[int, int], Pair]:
        found = {}
        for place in np.flatnonzero(trials):
            bits, number = divmod(int(coded[place]), width)
            row, column = divmod(int(place), count)
            found[row, column] = Pair(bits, *divmod(number, len(probes)))
        return found

    square = (count, count)
    return ObjectPairs(
        trials.reshape(square), accepted.reshape(square), pairs(lowest), pairs(highest)
    )


def same_kind(kinds: Sequence[str], alike: Sequence[tuple[int, int]] = ()) -> NDArray[np.bool_]:
    """Pairs of different objects of one kind, bool (K, K).

    Parameters
    ----------
    kinds : K kinds
    alike : pairs of objects that may be one and the same, which are nobody's impostors
    """
    names = np.array(kinds)
    return (names[:, None] == names[None, :]) & different(len(names), alike)


def different(count: int, alike: Sequence[tuple[int, int]] = ()) -> NDArray[np.bool_]:
    """Pairs of different objects, bool (K, K), less those that may be one and the same."""
    pairs = ~np.eye(count, dtype=np.bool_)
    for one, other in alike:
        pairs[one, other] = pairs[other, one] = False
    return pairs


def _resampled(
    counts: NDArray[np.int64], weights: NDArray[np.float64], mated: bool
) -> NDArray[np.float64]:
    """Sums over the bootstrap's replicates, float64 (B,): an object drawn twice counts twice."""
    if mated:
        return np.asarray(weights @ np.diagonal(counts))
    return np.asarray(np.einsum("bi,bi->b", weights @ counts.astype(np.float64), weights))


def _independent(trials: NDArray[np.int64], mated: bool) -> int:
    """Objects with a mated trial, or unordered pairs of objects that met."""
    if mated:
        return int(np.count_nonzero(np.diagonal(trials)))
    return int(np.count_nonzero(np.triu(trials + trials.T, 1)))
