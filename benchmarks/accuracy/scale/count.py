"""Billions of comparisons, timed, and checked in the same run.

Three checks say whether the histogram is right. A sample of the imageprints is compared bit by bit,
unpacked, and its histogram must be equal. The whole histogram must count every pair, and its sum of
distances and of squared distances must be those that follow from the bits' own counts, without any
comparison: with s, t in {-1, 1}^lambda, 2 d = lambda - s.t, and the sums of s.t and (s.t)^2 over
all pairs are (sum s).(sum t) and <S'S, T'T>. All three are exact integers.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.scale.memory import peak_memory_mib
from lab.errors import ScaleError
from lab.statistics.hamming import Words
from lab.statistics.histograms import Counts, distance_histogram, pairs_kept
from lab.statistics.workers import Workers

CHECKED = 1_000
"""Imageprints of each side that are compared bit by bit as well."""
CHUNK = 4096
"""Unpacked imageprints in memory at a time."""


@dataclass(frozen=True, eq=False)
class Scale:
    """A job that was counted and checked.

    Attributes
    ----------
    counts : pairs by distance in bits, int64 (lambda + 1,)
    photos_a, photos_b : imageprints on each side
    counted : pairs that this run counted; the others an interrupted run had
    seconds, cpu_seconds : of the counting alone, wall clock and CPU of this process
    peak_mib : peak memory of this process until all was counted; workers elsewhere have their own
    checked_pairs : compared bit by bit as well
    """

    counts: Counts
    photos_a: int
    photos_b: int
    counted: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    checked_pairs: int

    @property
    def lambda_bits(self) -> int:
        """Length of an imageprint."""
        return len(self.counts) - 1

    @property
    def pairs(self) -> int:
        """All pairs."""
        return self.photos_a * self.photos_b

    @property
    def rate(self) -> float:
        """Pairs a second, of this run; NaN where it had nothing to count."""
        return self.counted / self.seconds if self.counted else math.nan


def count_and_check(
    a: Words,
    b: Words,
    lambda_bits: int,
    workers: Workers | None = None,
    kept: Path | None = None,
    seed: int = 1,
    progress: bool = False,
) -> Scale:
    """Count all pairs of ``a`` and ``b``, timed, and check the histogram.

    Parameters
    ----------
    kept : file of an interrupted run, taken up and, once all is counted and right, deleted
    seed : of the sample that is compared bit by bit

    Raises
    ------
    ScaleError
        A check failed.
    """
    before = pairs_kept(kept, a, b, lambda_bits) if kept is not None else 0
    clock, cpu = time.perf_counter(), time.process_time()
    counts = distance_histogram(a, b, lambda_bits, workers, progress=progress, kept=kept)
    seconds, cpu_seconds = time.perf_counter() - clock, time.process_time() - cpu
    peak = peak_memory_mib()  # before the checks, which unpack bits

    check_moments(counts, a, b, lambda_bits)
    rng = np.random.default_rng(seed)
    some_a, some_b = (rng.permutation(words)[:CHECKED] for words in (a, b))
    found = distance_histogram(some_a, some_b, lambda_bits, workers)
    if not np.array_equal(found, brute_force(some_a, some_b, lambda_bits)):
        raise ScaleError("the histogram of a sample differs from that of its unpacked bits")
    if kept is not None:
        kept.unlink(missing_ok=True)
    return Scale(
        counts,
        len(a),
        len(b),
        len(a) * len(b) - before,
        seconds,
        cpu_seconds,
        peak,
        len(some_a) * len(some_b),
    )


def brute_force(a: Words, b: Words, lambda_bits: int) -> Counts:
    """The same histogram from unpacked bits, each compared by itself; slow and plain."""
    bits_a, bits_b = (_unpacked(words, lambda_bits) for words in (a, b))
    counts = np.zeros(lambda_bits + 1, dtype=np.int64)
    for row in bits_a:
        counts += np.bincount((row != bits_b).sum(axis=1), minlength=lambda_bits + 1)
    return counts


def check_moments(counts: Counts, a: Words, b: Words, lambda_bits: int) -> None:
    """Compare the number of pairs and both sums of distances with what the bits alone say.

    Raises
    ------
    ScaleError
        One of the three differs.
    """
    pairs = len(a) * len(b)
    (sum_a, gram_a), (sum_b, gram_b) = (_signs(words, lambda_bits) for words in (a, b))
    products = _dot(sum_a, sum_b)
    squares = _dot(gram_a, gram_b)
    expected = (
        pairs,
        (pairs * lambda_bits - products) // 2,
        (pairs * lambda_bits**2 - 2 * lambda_bits * products + squares) // 4,
    )
    distance = range(lambda_bits + 1)
    found = tuple(
        sum(int(n) * d**power for d, n in zip(distance, counts, strict=True)) for power in range(3)
    )
    if found != expected:
        raise ScaleError(
            f"pairs, sum of distances and sum of their squares are {found}, and by the bits' "
            f"own counts {expected}"
        )


def _unpacked(words: Words, lambda_bits: int) -> NDArray[np.uint8]:
    return np.unpackbits(words.view(np.uint8), axis=1, count=lambda_bits)


def _signs(words: Words, lambda_bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sum of the sign vectors, int64 (lambda,), and their Gram matrix, int64 (lambda, lambda)."""
    total = np.zeros(lambda_bits, dtype=np.int64)
    gram = np.zeros((lambda_bits, lambda_bits), dtype=np.int64)
    for start in range(0, len(words), CHUNK):
        bits = _unpacked(words[start : start + CHUNK], lambda_bits)
        signs = bits.astype(np.float32) * 2 - 1
        total += signs.sum(axis=0).astype(np.int64)
        gram += (signs.T @ signs).astype(np.int64)  # exact: whole numbers up to CHUNK
    return total, gram


def _dot(x: NDArray[np.int64], y: NDArray[np.int64]) -> int:
    """In Python's integers, which do not overflow."""
    return sum(p * q for p, q in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True))
