"""All comparisons: exact histograms, their bootstrap replicates, the hardest pairs.

A trial is ordered: this reference, that probe. A photo is looked at differently in the two roles,
so the distance of A's reference to B's probe is not that of B's reference to A's probe; both count.

One pass over the objects. For each, the distances between it and every later object, both ways,
become one histogram per other object; these are summed, and summed again with the weights of every
bootstrap replicate. Memory holds one object's distances (in blocks) and histograms, and the
replicates.

The object bootstrap (Bolle, Ratha and Pankanti, "Error analysis of pattern recognition systems: the
subsets bootstrap", CVIU 93, 2004) draws K objects with replacement. An object drawn w times weighs
w in mated trials; a pair of objects weighs w1 * w2 in non-mated trials, whichever is the reference;
two copies of one object make no non-mated trial. Photos of an object stay together, so their
correlation is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from lab.statistics.hamming import Words, distances, pack, row_blocks
from lab.statistics.samples import Probes, References, Samples, single_probes

HARDEST_PAIRS = 8
"""Pairs kept for the gallery, mated and non-mated each."""


@dataclass(frozen=True, order=True)
class Pair:
    """A comparison: its distance, and the indices of its reference and its probe."""

    distance_bits: int
    reference: int
    probe: int


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Trials by distance in bits.

    Attributes
    ----------
    mated, non_mated : int64 (lambda + 1,)
    resampled_mated, resampled_non_mated : float64 (B, lambda + 1), integers
    mated_objects : objects with a mated trial
    object_pairs : pairs of objects with a non-mated trial, unordered
    photo_pairs : pairs of photos of such two objects, unordered
    worst_mated : greatest distances, one pair an object
    nearest_non_mated : smallest distances, one pair for each pair of objects
    """

    mated: NDArray[np.int64]
    non_mated: NDArray[np.int64]
    resampled_mated: NDArray[np.float64]
    resampled_non_mated: NDArray[np.float64]
    mated_objects: int
    object_pairs: int
    photo_pairs: int
    worst_mated: tuple[Pair, ...]
    nearest_non_mated: tuple[Pair, ...]

    @property
    def distinct_non_mated(self) -> int:
        """Non-mated trials, the two between a pair of photos counted once: they are much alike."""
        return min(int(self.non_mated.sum()), self.photo_pairs)


def object_weights(objects: int, replicates: int, seed: int) -> NDArray[np.float64]:
    """How often each replicate draws each object: float64 (B, K), rows sum to K."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(objects, np.full(objects, 1 / objects), replicates).astype(np.float64)


def compare_all(
    samples: Samples,
    references: References,
    weights: NDArray[np.float64],
    progress: bool = False,
    probes: Probes | None = None,
) -> Comparisons:
    """Compare every reference with every probe that shares no photo with it.

    Parameters
    ----------
    weights : float64 (B, K) from :func:`object_weights`; B may be 0
    progress : show a bar on stderr, if that is a terminal
    probes : ``None``: every photo is one
    """
    probes = single_probes(samples) if probes is None else probes
    bins = samples.lambda_bits + 1
    shown, packed = pack(probes.bits), pack(references.bits)
    sizes = np.diff(samples.starts)
    objects = len(samples.names)
    first = np.searchsorted(references.objects, np.arange(objects + 1))
    starts = np.searchsorted(probes.objects, np.arange(objects + 1))
    mated = np.zeros(bins, dtype=np.int64)
    non_mated = np.zeros(bins, dtype=np.int64)
    resampled_mated = np.zeros((len(weights), bins))
    resampled_non_mated = np.zeros((len(weights), bins))
    mated_objects, object_pairs, photo_pairs = 0, 0, 0
    worst: list[Pair] = []
    nearest: list[Pair] = []

    for index in tqdm(
        range(objects), "comparisons", unit="object", disable=None if progress else True
    ):
        own = slice(int(first[index]), int(first[index + 1]))
        here = slice(int(starts[index]), int(starts[index + 1]))

        bits, reference, probe = _mated_trials(
            packed[own], shown[here], references.members[own], probes.members[here]
        )
        if len(bits):
            counts = np.bincount(bits, minlength=bins)
            mated += counts
            resampled_mated += weights[:, index, None] * counts
            mated_objects += 1
            at = int(np.argmax(bits))
            pair = Pair(int(bits[at]), own.start + int(reference[at]), here.start + int(probe[at]))
            worst = sorted([*worst, pair], reverse=True)[:HARDEST_PAIRS]

        later = index + 1
        as_reference, found = _non_mated_trials(
            packed[own],
            shown[here.stop :],
            probes.objects[here.stop :] - later,
            objects - later,
            bins,
        )
        as_probe, reverse = _non_mated_trials(
            shown[here],
            packed[own.stop :],
            references.objects[own.stop :] - later,
            objects - later,
            bins,
        )
        table = as_reference + as_probe
        non_mated += table.sum(axis=0)
        used = np.flatnonzero(table.any(axis=0))  # most distances never occur: skip them
        inner = weights[:, later:] @ table[:, used].astype(np.float64)
        resampled_non_mated[:, used] += weights[:, index, None] * inner
        met = table.any(axis=1)
        object_pairs += int(met.sum())
        photo_pairs += int(sizes[index] * sizes[later:][met].sum())
        nearest = _one_of_each_two_objects(
            [
                *nearest,
                *(Pair(bits, own.start + a, here.stop + b) for bits, a, b in found),
                *(Pair(bits, own.stop + b, here.start + a) for bits, a, b in reverse),
            ],
            references,
            probes,
        )

    return Comparisons(
        mated,
        non_mated,
        resampled_mated,
        resampled_non_mated,
        mated_objects,
        object_pairs,
        photo_pairs,
        tuple(worst),
        tuple(nearest),
    )


def share_a_photo(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each of M sets of photos (M, R) shares one with each of N (N, P), bool (M, N)."""
    shared = np.zeros((len(a), len(b)), dtype=np.bool_)
    for left in a.T:
        for right in b.T:
            shared |= left[:, None] == right[None, :]
    return shared


def _mated_trials(
    references: Words,
    probes: Words,
    reference_members: NDArray[np.int64],
    probe_members: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Distances, references and probes of one object's mated trials, int64 (T,) each."""
    bits = distances(references, probes)
    reference, probe = np.nonzero(~share_a_photo(reference_members, probe_members))
    return bits[reference, probe].astype(np.int64), reference, probe


def _non_mated_trials(
    own: Words, others: Words, objects: NDArray[np.int64], count: int, bins: int
) -> tuple[NDArray[np.int64], list[tuple[int, int, int]]]:
    """One object's imageprints against those of ``count`` others, of which some may have none.

    ``objects`` (ascending) tells whose each of ``others`` is. Returns a histogram for each other
    object, int64 (count, bins), and the smallest distances of different objects: (bits, which of
    ``own``, which of ``others``).
    """
    table = np.zeros(count * bins, dtype=np.int64)
    if not len(own) or not len(others):
        return table.reshape(count, bins), []
    minimum = np.full(len(others), np.iinfo(np.int64).max)
    nearest = np.zeros(len(others), dtype=np.int64)
    for block in row_blocks(len(own), len(others)):
        bits = distances(own[block], others).astype(np.int64)
        table += np.bincount((bits + objects * bins).ravel(), minlength=len(table))
        at = bits.argmin(axis=0)
        low = bits[at, np.arange(len(others))]
        better = low < minimum
        minimum[better] = low[better]
        nearest[better] = block.start + at[better]
    order = np.lexsort((minimum, objects))  # by object, nearest first
    firsts = order[np.unique(objects[order], return_index=True)[1]]
    hardest = firsts[np.argsort(minimum[firsts], kind="stable")[:HARDEST_PAIRS]]
    found = [(int(minimum[i]), int(nearest[i]), int(i)) for i in hardest]
    return table.reshape(count, bins), found


def _one_of_each_two_objects(
    pairs: Sequence[Pair], references: References, probes: Probes
) -> list[Pair]:
    """The nearest pairs of different pairs of objects, whichever object is the reference."""
    kept: dict[frozenset[int], Pair] = {}
    for pair in sorted(pairs):
        objects = references.objects[pair.reference], probes.objects[pair.probe]
        kept.setdefault(frozenset(int(o) for o in objects), pair)
    return list(kept.values())[:HARDEST_PAIRS]
