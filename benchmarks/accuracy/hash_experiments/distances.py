"""Hamming distances of every photo's hash to those of its own subject and of the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lab.errors import TooFewTrialsError
from lab.statistics.comparisons import Comparisons, compare_all
from lab.statistics.hamming import pack
from lab.statistics.histograms import distance_histogram
from lab.statistics.samples import Samples, single_references

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PhotoDistances:
    """How many photos lie in each distance of each of N photos, by whether they show its subject.

    A pair of photos counts once from either side.

    Attributes
    ----------
    same, others : int64 (N, lambda + 1)
    """

    samples: Samples
    same: Counts
    others: Counts

    def by_subject(self) -> tuple[Counts, Counts]:
        """The sums over each subject's photos, int64 (K, lambda + 1) each."""
        starts = self.samples.starts[:-1]
        return np.add.reduceat(self.same, starts), np.add.reduceat(self.others, starts)


def count_distances(samples: Samples, progress: bool = False) -> PhotoDistances:
    """Compare the hash of every photo, its imageprint as a probe, with that of every other.

    Raises
    ------
    TooFewTrialsError
        No subject has two photos, or there is one subject only.
    """
    words, bits = pack(samples.probe_bits), samples.lambda_bits
    every = distance_histogram(words, words, bits, by_row=True, progress=progress)
    same = np.zeros_like(every)
    for start, stop in pairwise(samples.starts.tolist()):
        own = words[start:stop]
        same[start:stop] = distance_histogram(own, own, bits, by_row=True)
    others = every - same
    same[:, 0] -= 1  # each photo with itself
    if not same.any() or not others.any():
        raise TooFewTrialsError(
            f"{len(samples)} readable photos of {len(samples.names)} subjects: at least two "
            "subjects are needed, and two photos of one of them"
        )
    return PhotoDistances(samples, same, others)


def compare_hashes(samples: Samples, weights: NDArray[np.float64]) -> Comparisons:
    """The same comparisons, with the replicates of the subject bootstrap.

    ``weights`` are float64 (B, K), from :func:`lab.statistics.comparisons.object_weights`.
    """
    alike = replace(samples, reference_margins=samples.probe_margins)
    return compare_all(alike, single_references(alike), weights, progress=True)
