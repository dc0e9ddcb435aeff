"""Who is enrolled and who is searched for; and what every search finds, by identity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.errors import TooFewTrialsError
from lab.statistics.hamming import Words, distances, pack, row_blocks
from lab.statistics.samples import Samples

Counts = NDArray[np.int64]
NEVER = 1
"""Bins beyond lambda: that of a search which no threshold lets succeed."""


@dataclass(frozen=True, eq=False)
class Draw:
    """A gallery and probes that share no photo.

    Attributes
    ----------
    gallery, probes : uint64 (M, W) and (N, W)
    enrolled : int64 (M,), ascending, whose each entry is; numbers of identities
    shown : int64 (N,), whose each probe is
    photos : int64 (N,), which photo each probe is
    """

    gallery: Words
    enrolled: NDArray[np.int64]
    probes: Words
    shown: NDArray[np.int64]
    photos: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Searches:
    """All searches of all draws, counted by the probe's identity (K) and a distance in bits.

    Attributes
    ----------
    mates : int64 (K, lambda + 1), mated searches by the mate's distance
    identified : int64 (K, lambda + 2), the same where the mate has rank 1, others in the last bin
    ranks : int64 (K, G), mated searches by the mate's rank, from 1
    strangers : int64 (K, lambda + 1), strangers' searches by the nearest identity's distance
    others : int64 (K, lambda + 1), comparisons of a probe with another identity, by distance
    identities : in the gallery of each draw
    entries : in the gallery of each draw
    stranger_photos : different photos that were strangers
    """

    mates: Counts
    identified: Counts
    ranks: Counts
    strangers: Counts
    others: Counts
    identities: int
    entries: int
    stranger_photos: int


def drawn(samples: Samples, unknown: float, enrolled: int, draws: int, seed: int) -> Iterator[Draw]:
    """Galleries and probes from one set: in each draw others are enrolled.

    The rule: of K identities, ``round(unknown * K)``, drawn anew each time, are strangers, and so
    is everybody with no more than ``enrolled`` photos. ``enrolled`` drawn photos of each other
    identity are the gallery, as reference photos; their other photos and all of the strangers' are
    the probes.

    Raises
    ------
    TooFewTrialsError
        Nobody is left to enrol.
    """
    starts, counts = samples.starts, np.diff(samples.starts)
    references, probes = pack(samples.reference_bits), pack(samples.probe_bits)
    count = len(counts)
    for number in range(draws):
        rng = np.random.default_rng([seed, number])
        strangers = rng.permutation(count)[: round(unknown * count)]
        known = np.setdiff1d(np.flatnonzero(counts > enrolled), strangers)
        if not len(known):
            raise TooFewTrialsError(
                f"of {count} identities none has more than {enrolled} photos, the strangers left "
                "out: give more photos of each, or enrol fewer with --enrolled"
            )
        chosen = np.concatenate(
            [starts[k] + np.sort(rng.permutation(counts[k])[:enrolled]) for k in known]
        )
        rest = np.setdiff1d(np.arange(len(samples)), chosen)
        objects = samples.objects
        yield Draw(references[chosen], objects[chosen], probes[rest], objects[rest], rest)


def given(gallery: Samples, probes: Samples) -> tuple[Draw, tuple[str, ...]]:
    """All photos of one set searched in all of another, and the identities' names.

    Identities are the same where their names are; who is in ``probes`` alone is a stranger.
    """
    names = tuple(sorted({*gallery.names, *probes.names}))
    of_entry, of_probe = (
        np.array([names.index(name) for name in each.names])[each.objects]
        for each in (gallery, probes)
    )
    order = np.argsort(of_entry, kind="stable")
    draw = Draw(
        pack(gallery.reference_bits)[order],
        of_entry[order],
        pack(probes.probe_bits),
        of_probe,
        np.arange(len(probes)),
    )
    return draw, names


def search_all(draws: Sequence[Draw] | Iterator[Draw], count: int, lambda_bits: int) -> Searches:
    """Search every probe of every draw; memory holds a block of distances at a time.

    Parameters
    ----------
    count : K, identities in all

    Raises
    ------
    TooFewTrialsError
        No probe is of somebody in the gallery.
    """
    bins = lambda_bits + 1
    mates, strangers, others = (np.zeros((count, bins), np.int64) for _ in range(3))
    identified = np.zeros((count, bins + NEVER), np.int64)
    ranks = np.zeros((count, count), np.int64)
    seen: set[int] = set()
    identities = entries = 0
    for draw in draws:
        people, firsts = np.unique(draw.enrolled, return_index=True)
        identities, entries = len(people), len(draw.enrolled)
        column = np.full(count, -1)
        column[people] = np.arange(len(people))
        for rows in row_blocks(len(draw.probes), len(draw.gallery)):
            bits = distances(draw.probes[rows], draw.gallery)
            nearest = np.minimum.reduceat(bits, firsts, axis=1).astype(np.int64)  # (n, G)
            who, mate = draw.shown[rows], column[draw.shown[rows]]
            known = np.flatnonzero(mate >= 0)
            own = nearest[known, mate[known]]
            nobody = np.ones(nearest.shape, np.bool_)
            nobody[known, mate[known]] = False
            rank = 1 + ((nearest[known] <= own[:, None]) & nobody[known]).sum(axis=1)
            np.add.at(mates, (who[known], own), 1)
            np.add.at(identified, (who[known], np.where(rank == 1, own, bins)), 1)
            np.add.at(ranks, (who[known], rank - 1), 1)
            probe, _ = np.nonzero(nobody)
            np.add.at(others, (who[probe], nearest[nobody]), 1)
            unknown = np.flatnonzero(mate < 0)
            np.add.at(strangers, (who[unknown], nearest[unknown].min(axis=1)), 1)
            seen.update(draw.photos[rows][unknown].tolist())
    if not mates.any():
        raise TooFewTrialsError(
            "no probe is of anybody in the gallery: the same person or object needs the same name "
            "in both sets"
        )
    return Searches(mates, identified, ranks, strangers, others, identities, entries, len(seen))
