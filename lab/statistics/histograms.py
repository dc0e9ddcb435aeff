"""Exact histograms of the Hamming distances of very many pairs.

The pairs are cut into square blocks, each a small task with a histogram of its own: one process,
threads, or the workers of a Dask cluster count them, in any order, to the same sum. Nothing grows
with the number of pairs, and what was counted can be kept for a run that is interrupted.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from lab.files import replacing, stored_arrays
from lab.statistics.hamming import Words, distance_tiles
from lab.statistics.workers import Workers

BLOCK_SIDE = 6144
"""Imageprints on each side of a block: 38 million pairs, some 0.4 s, from 800 KB at lambda 512."""
DIAGONAL_STRIP = 512
SAVE_INTERVAL_SECONDS = 5.0

Counts = NDArray[np.int64]
"""Pairs by distance in bits, int64 (lambda + 1,); by row, int64 (N, lambda + 1)."""


@dataclass(frozen=True)
class Block:
    """Rows of ``a`` against rows of ``b``; on the diagonal, each unordered pair of them once."""

    rows: slice
    columns: slice
    diagonal: bool


@dataclass(frozen=True, eq=False)
class Task:
    """A block with its imageprints: all that a worker needs."""

    a: Words
    b: Words
    lambda_bits: int
    diagonal: bool = False
    by_row: bool = False


def distance_histogram(
    a: Words,
    b: Words,
    lambda_bits: int,
    executor: Workers | None = None,
    same: bool = False,
    progress: bool = False,
    *,
    by_row: bool = False,
    kept: Path | None = None,
) -> Counts:
    """How many pairs differ in 0, 1, ... lambda bits; the same whatever counts them.

    Parameters
    ----------
    a, b : uint64 (N, W) and (M, W), from ``hamming.pack``
    lambda_bits : length of an imageprint
    executor : threads or a Dask cluster, from ``open_workers``; ``None``: this process alone
    same : ``a`` and ``b`` are one set; count the pairs i < j, without those of a row with itself
    progress : show a bar on stderr, if that is a terminal
    by_row : a histogram for each row of ``a``; not with ``same``
    kept : file of the sum so far, for the next run if this one is interrupted. It holds for these
        imageprints alone; another's is written over. It stays when the work is done

    Returns
    -------
    int64 (lambda + 1,), or (N, lambda + 1) by row

    Raises
    ------
    ValueError
        The words are not those of imageprints of ``lambda_bits``, ``same`` has two sets, or is
        asked for by row.
    """
    _check(a, b, lambda_bits, same, by_row)
    blocks = _blocks(len(a), len(b), same)
    counts = np.zeros((len(a), lambda_bits + 1) if by_row else lambda_bits + 1, dtype=np.int64)
    sums = _Sums(kept, _key(a, b, lambda_bits, same, by_row), np.zeros(len(blocks), bool), counts)
    pairs = [_pairs_of(block) for block in blocks]
    bar = tqdm(
        total=sum(pairs),
        initial=sum(pairs[index] for index in np.flatnonzero(sums.done)),
        desc="distances",
        unit="pair",
        unit_scale=True,
        disable=None if progress else True,
    )
    try:
        with bar:
            waiting = [int(index) for index in np.flatnonzero(~sums.done)]
            tasks = (_task(a, b, lambda_bits, blocks[index], by_row) for index in waiting)
            found_all = map(count, tasks) if executor is None else executor.results(count, tasks)
            for index, found in zip(waiting, found_all, strict=True):
                sums.add(index, blocks[index].rows if by_row else slice(None), found)
                bar.update(pairs[index])
    finally:
        sums.save()
    return sums.counts


def pairs_kept(kept: Path, a: Words, b: Words, lambda_bits: int) -> int:
    """Pairs that an interrupted run of the same :func:`distance_histogram` left in ``kept``."""
    blocks = _blocks(len(a), len(b), same=False)
    key = _key(a, b, lambda_bits, same=False, by_row=False)
    sums = _Sums(kept, key, np.zeros(len(blocks), bool), np.zeros(lambda_bits + 1, np.int64))
    return sum(_pairs_of(blocks[index]) for index in np.flatnonzero(sums.done))


def count(task: Task) -> Counts:
    """The histogram of one block, int64 (lambda + 1,) or by row; runs on a worker."""
    if task.by_row:
        return _count_by_row(task)
    if task.diagonal:
        return _count_unordered(task)
    return _count_every(task.a, task.b, task.lambda_bits)


def _count_every(a: Words, b: Words, lambda_bits: int) -> Counts:
    counts = np.zeros(lambda_bits + 1, dtype=np.int64)
    for _, _, tile in distance_tiles(a, b):
        counts += np.bincount(tile.reshape(-1), minlength=len(counts))
    return counts


def _count_unordered(task: Task) -> Counts:
    counts = np.zeros(task.lambda_bits + 1, dtype=np.int64)
    for top in range(0, len(task.a), DIAGONAL_STRIP):
        strip, after = np.split(task.a[top:], [DIAGONAL_STRIP])
        square = _count_every(strip, strip, task.lambda_bits)
        square[0] -= len(strip)  # each row with itself
        counts += square // 2 + _count_every(strip, after, task.lambda_bits)
    return counts


def _count_by_row(task: Task) -> Counts:
    bins = task.lambda_bits + 1
    counts = np.zeros((len(task.a), bins), dtype=np.int64)
    for rows, _, tile in distance_tiles(task.a, task.b):
        height = len(tile)
        placed = tile + (np.arange(height) * bins)[:, None]
        counts[rows] += np.bincount(placed.reshape(-1), minlength=height * bins).reshape(-1, bins)
    return counts


def _task(a: Words, b: Words, lambda_bits: int, block: Block, by_row: bool) -> Task:
    return Task(a[block.rows], b[block.columns], lambda_bits, block.diagonal, by_row)


def _blocks(rows: int, columns: int, same: bool) -> list[Block]:
    return [
        Block(
            slice(top, min(top + BLOCK_SIDE, rows)),
            slice(left, min(left + BLOCK_SIDE, columns)),
            same and left == top,
        )
        for top in range(0, rows, BLOCK_SIDE)
        for left in range(top if same else 0, columns, BLOCK_SIDE)
    ]


def _pairs_of(block: Block) -> int:
    rows = block.rows.stop - block.rows.start
    if block.diagonal:
        return int(rows * (rows - 1) // 2)
    return int(rows * (block.columns.stop - block.columns.start))


def _check(a: Words, b: Words, lambda_bits: int, same: bool, by_row: bool) -> None:
    words = -(-lambda_bits // 64)
    for name, given in (("a", a), ("b", b)):
        if given.dtype != np.uint64 or given.ndim != 2 or given.shape[1] != words:
            raise ValueError(
                f"{name}: imageprints of {lambda_bits} bits are packed in uint64 (N, {words}), "
                f"not {given.dtype} {given.shape}: see hamming.pack"
            )
    if same and by_row:
        raise ValueError("unordered pairs have no row: count all pairs by row, or leave by_row out")
    if same and not np.array_equal(a, b):
        raise ValueError("same: the two sets differ")


def _key(a: Words, b: Words, lambda_bits: int, same: bool, by_row: bool) -> str:
    """All that the histogram of a block depends on."""
    return " ".join(
        map(
            str, ("ailock-distances/1", sha256(a), sha256(b), lambda_bits, same, by_row, BLOCK_SIDE)
        )
    )


def sha256(words: Words) -> str:
    """Hash of packed imageprints, hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(words).astype("<u8").tobytes()).hexdigest()


class _Sums:
    """The blocks that are counted, and their sum; in a file as well, where one is given."""

    def __init__(
        self, file: Path | None, key: str, done: NDArray[np.bool_], counts: Counts
    ) -> None:
        self.done, self.counts = done, counts
        self._file, self._key = file, key
        self._saved = time.monotonic()
        if file is not None and file.is_file():
            self._load(file)

    def add(self, index: int, rows: slice, found: Counts) -> None:
        """Note a block's histogram; ``rows``: where in the sum it belongs."""
        self.counts[rows] += found
        self.done[index] = True
        if time.monotonic() - self._saved > SAVE_INTERVAL_SECONDS:
            self.save()

    def save(self) -> None:
        """Write the file whole, or leave the one before."""
        if self._file is None:
            return
        with replacing(self._file) as stream:
            np.savez_compressed(stream, key=np.array(self._key), done=self.done, counts=self.counts)
        self._saved = time.monotonic()

    def _load(self, file: Path) -> None:
        stored = stored_arrays(file)
        if stored is None or stored.keys() != {"key", "done", "counts"}:
            return
        alike = all(
            stored[name].shape == mine.shape and stored[name].dtype == mine.dtype
            for name, mine in (("done", self.done), ("counts", self.counts))
        )
        if alike and str(stored["key"]) == self._key:
            self.done, self.counts = stored["done"], stored["counts"]
