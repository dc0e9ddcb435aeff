"""Every system on the same pairs: error rates, targeted impostors at one FMR, and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.compare.systems import System
from lab.errors import TooFewTrialsError
from lab.photos.labelled_photos import LabelledPhotos
from lab.statistics.comparisons import Comparisons, compare_all, object_weights
from lab.statistics.error_rates import INVERSE_FMRS, fnmr_name, threshold_at_fmr
from lab.statistics.intervals import Estimate, enough_trials, estimate
from lab.statistics.object_pairs import count_pairs
from lab.statistics.samples import Samples, arrange, single_probes, single_references
from lab.verification.targeted import kinds_of_pairs

TIMED_PHOTOS = 15
ROUNDS = 3
"""Times that each is hashed; the shortest counts."""


@dataclass(frozen=True)
class Impostors:
    """At the threshold of one FMR, in the targeted set; ``None``: no trial."""

    same_kind: Estimate | None
    other_kind: Estimate | None
    refused: Estimate | None


@dataclass(frozen=True, eq=False)
class Measured:
    """What one system gave.

    Attributes
    ----------
    threshold : bits, the greatest of FMR at most 1 / ``inverse_fmr``; -1: none
    milliseconds : median, from a photo's file to its bits as a probe
    """

    system: System
    comparisons: Comparisons
    estimates: Mapping[str, Estimate]
    inverse_fmr: int
    threshold: int
    impostors: Impostors | None
    milliseconds: float


def measure(
    systems: Sequence[System],
    photos: LabelledPhotos,
    targeted: LabelledPhotos | None,
    alike: Sequence[tuple[str, str]],
    bootstrap: int,
    seed: int,
) -> list[Measured]:
    """Compare every photo with every other, by each system, on photos that all can read.

    The threshold of targeted impostors is of FMR 1e-4 on ``photos``, or of the lowest of
    ``INVERSE_FMRS`` that so many pairs can tell.

    Raises
    ------
    TooFewTrialsError
        No two photos of one object, or photos of one object only.
    """
    samples = _samples(systems, photos)
    others = None if targeted is None else _samples(systems, targeted)
    weights = object_weights(len(samples[0].names), bootstrap, seed)
    seconds = _seconds(systems, photos, samples[0].photos)
    found = []
    for index, (system, part) in enumerate(zip(systems, samples, strict=True)):
        compared = compare_all(part, single_references(part), weights, progress=True)
        if not compared.mated.any() or not compared.non_mated.any():
            raise TooFewTrialsError("give photos of two objects or more, two or more of each")
        inverse = lowest_fmr(compared)
        threshold = int(threshold_at_fmr(compared.non_mated, inverse))
        found.append(
            Measured(
                system,
                compared,
                estimate(compared, max(threshold, 0)),
                inverse,
                threshold,
                None
                if others is None
                else _impostors(others[index], threshold, alike, bootstrap, seed),
                1e3 * seconds[index],
            )
        )
    return found


def lowest_fmr(compared: Comparisons) -> int:
    """The greatest of ``INVERSE_FMRS`` that these trials can tell from none."""
    told = [inverse for inverse in INVERSE_FMRS if enough_trials(compared, fnmr_name(inverse))]
    return max(told, default=INVERSE_FMRS[0])


def _samples(systems: Sequence[System], photos: LabelledPhotos) -> list[Samples]:
    margins = [system.margins(photos) for system in systems]
    readable = np.logical_and.reduce(
        [~np.isnan(side).any(axis=1) for both in margins for side in both]
    )
    if not readable.any():
        raise TooFewTrialsError("there is no photo that all systems can read")
    objects = list(photos.objects)
    return [arrange(probes, objects, readable, refs) for probes, refs in margins]


def _impostors(
    samples: Samples,
    threshold: int,
    alike: Sequence[tuple[str, str]],
    bootstrap: int,
    seed: int,
) -> Impostors:
    names, same, other = kinds_of_pairs(samples, alike)
    pairs = count_pairs(samples, single_references(samples), single_probes(samples), threshold)
    weights = object_weights(len(names), bootstrap, seed)
    owners = pairs.rate(np.eye(len(names), dtype=np.bool_), weights)
    return Impostors(
        pairs.rate(same, weights),
        pairs.rate(other, weights),
        None if owners is None else owners.complement(),
    )


def _seconds(
    systems: Sequence[System], photos: LabelledPhotos, usable: NDArray[np.int64]
) -> list[float]:
    """Median of a photo by each system, taken in turn: a busy machine is unfair to none."""
    chosen = np.unique(usable[np.linspace(0, len(usable) - 1, TIMED_PHOTOS).astype(int)])
    encoded = [photos.read(int(number)) for number in chosen]
    for system in systems:
        system.hash(encoded[0])  # the first run allocates
    rows = [[_shortest(system, photo) for system in systems] for photo in encoded]
    return [median(column) for column in zip(*rows, strict=True)]


def _shortest(system: System, photo: bytes) -> float:
    spent = []
    for _ in range(ROUNDS):
        start = perf_counter()
        system.hash(photo)
        spent.append(perf_counter() - start)
    return min(spent)
