"""How fast a database is searched: packed bits, a shard at a time, on threads or a Dask cluster.

Each worker draws the shards that it searches, as a cluster would hold its part of the database, so
that memory does not grow with the entries and no entry travels. Bits are random: the time does not
depend on them. One entry of the last shard is a probe with as many bits flipped as are forgiven,
and the search must find it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from lab.errors import ScaleError
from lab.statistics.hamming import Words, distance_tiles, pack
from lab.statistics.workers import Workers

SHARD = 2**18
"""Entries in memory at a time, for each worker: 16 MiB at lambda 512."""
LEAST_SECONDS = 0.05
"""The search of a shard that takes less is repeated until so much was timed."""


@dataclass(frozen=True)
class Shard:
    """A part of the database, and who is searched for in it: all that a worker needs.

    Attributes
    ----------
    probes : bits uint8 (P, lambda)
    planted : the entry that is the first probe with ``radius`` bits flipped; ``None``: none is
    """

    probes: NDArray[np.uint8]
    radius: int
    start: int
    entries: int
    seed: int
    planted: int | None


@dataclass(frozen=True)
class Found:
    """Entries within the radius, (probe, entry, bits) each; and the seconds of one search."""

    flagged: tuple[tuple[int, int, int], ...]
    seconds: float


@dataclass(frozen=True)
class Speed:
    """One size of database, searched for one probe or several at once.

    Attributes
    ----------
    seconds : of searching the whole, with all workers busy
    flagged : entries within the radius, of all probes, the planted one among them
    """

    entries: int
    probes: int
    seconds: float
    flagged: int

    @property
    def rate(self) -> float:
        """Comparisons a second."""
        return self.entries * self.probes / self.seconds


def search_speed(
    entries: int,
    probes: int,
    lambda_bits: int,
    radius: int,
    seed: int,
    workers: Workers | None = None,
    progress: bool = False,
) -> Speed:
    """Search a database of random imageprints of ``lambda_bits`` for ``probes`` at once.

    Raises
    ------
    ScaleError
        The planted entry was not found.
    """
    bits = np.random.default_rng(seed).integers(0, 2, (probes, lambda_bits), dtype=np.uint8)
    shards = list(_shards(bits, radius, entries, seed))
    results = map(search, shards) if workers is None else workers.results(search, shards)
    label = f"search {entries:,} entries, {probes} at once"
    bar = tqdm(results, label, total=len(shards), unit="shard", disable=None if progress else True)
    found = list(bar)
    flagged = [each for part in found for each in part.flagged]
    if (0, entries - 1, radius) not in flagged:
        raise ScaleError(f"the entry planted among {entries:,} was not found")
    busy = min(1 if workers is None else workers.count, len(shards))
    return Speed(entries, probes, sum(part.seconds for part in found) / busy, len(flagged))


def search(shard: Shard) -> Found:
    """Entries of a shard within the radius, timed without drawing them; runs on a worker."""
    words = pack(shard.probes)
    entries = _draw(shard, words.shape[1])
    rounds, start = 0, time.perf_counter()
    while not rounds or time.perf_counter() - start < LEAST_SECONDS:
        flagged = _within(words, entries, shard.radius)
        rounds += 1
    seconds = (time.perf_counter() - start) / rounds
    return Found(tuple((p, shard.start + e, bits) for p, e, bits in flagged), seconds)


def _within(probes: Words, entries: Words, radius: int) -> list[tuple[int, int, int]]:
    found = []
    for rows, columns, tile in distance_tiles(probes, entries):
        for probe, entry in np.argwhere(tile <= radius).tolist():
            found.append((rows.start + probe, columns.start + entry, int(tile[probe, entry])))
    return found


def _draw(shard: Shard, words: int) -> Words:
    rng = np.random.default_rng([shard.seed, shard.start])
    drawn = rng.integers(0, 2**64, (shard.entries, words), dtype=np.uint64)
    lambda_bits = shard.probes.shape[1]
    drawn &= pack(np.ones((1, lambda_bits), np.uint8))  # no bits beyond lambda
    if shard.planted is not None:
        changed = shard.probes[:1].copy()
        changed[0, rng.permutation(lambda_bits)[: shard.radius]] ^= 1
        drawn[shard.planted] = pack(changed)[0]
    return drawn


def _shards(bits: NDArray[np.uint8], radius: int, entries: int, seed: int) -> Iterator[Shard]:
    for start in range(0, entries, SHARD):
        count = min(SHARD, entries - start)
        last = start + count == entries
        yield Shard(bits, radius, start, count, seed, count - 1 if last else None)
