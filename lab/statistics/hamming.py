"""Hamming distances between many imageprints at once, on packed bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
"""Packed imageprints, uint64 (N, W): 64 bits a word, zero-padded."""

BLOCK_DISTANCES = 4_000_000
"""Distances in memory at a time, where they are needed for more than one count."""
TILE_COLUMNS = 1024
"""Of a tile, at least: with few rows it has more, for a call costs as much as many columns."""
TILE_WORDS = 2**18
"""Words of a tile's exclusive or: 2 MiB, small beside a last-level cache, large beside a call."""
WORDS_IN_A_BYTE = 3
"""So many words have at most 192 differing bits, which a byte holds: bytes add up fastest."""

_BITS_OF_BYTE = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(
    axis=1, dtype=np.uint8
)


def pack(bits: NDArray[np.uint8] | NDArray[np.bool_]) -> Words:
    """Zeros and ones, uint8 or bool (N, lambda), to words, uint64 (N, ceil(lambda / 64))."""
    packed = np.packbits(bits, axis=1)
    padding = -packed.shape[1] % 8
    return np.ascontiguousarray(np.pad(packed, ((0, 0), (0, padding)))).view(np.uint64)


def count_bits_by_table(words: Words, out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    """Ones in each word, same shape; for NumPy 1, which has no ``bitwise_count``."""
    octets = np.ascontiguousarray(words).view(np.uint8).reshape(*words.shape, 8)
    return np.asarray(_BITS_OF_BYTE[octets].sum(axis=-1, dtype=np.uint8, out=out))


count_bits: Callable[..., NDArray[np.uint8]] = getattr(np, "bitwise_count", count_bits_by_table)
"""Ones in each word, same shape; written to ``out`` where one is given."""


def distance_tiles(a: Words, b: Words) -> Iterator[tuple[slice, slice, NDArray[np.uint16]]]:
    """Differing bits of every pair, tile by tile, in memory that does not grow with N or M.

    Yields the tile's rows in ``a``, its rows in ``b`` and the distances, uint16 (rows, columns),
    which are good until the next tile is asked for.
    """
    words = a.shape[1]
    height = max(1, min(len(a), TILE_WORDS // (max(words, 1) * TILE_COLUMNS)))
    width = max(TILE_COLUMNS, TILE_WORDS // (max(words, 1) * height))
    width = max(1, min(len(b), width))
    by_word = np.ascontiguousarray(b.T)
    differing = np.empty(height * words * width, dtype=np.uint64)
    counts = np.empty(height * words * width, dtype=np.uint8)
    few = np.empty(height * width, dtype=np.uint8)
    total = np.empty(height * width, dtype=np.uint16)
    for top in range(0, len(a), height):
        rows = slice(top, min(top + height, len(a)))
        for left in range(0, len(b), width):
            columns = slice(left, min(left + width, len(b)))
            size = rows.stop - top, columns.stop - left
            shape = size[0], words, size[1]
            ones = _part(counts, shape)
            exclusive = _part(differing, shape)
            np.bitwise_xor(a[rows, :, None], by_word[:, columns], out=exclusive)
            count_bits(exclusive, out=ones)
            yield rows, columns, _sum_words(ones, _part(few, size), _part(total, size))


def distances(a: Words, b: Words) -> NDArray[np.uint16]:
    """Differing bits of every pair, uint16 (N, M), for words (N, W) and (M, W)."""
    result = np.empty((len(a), len(b)), dtype=np.uint16)
    for rows, columns, tile in distance_tiles(a, b):
        result[rows, columns] = tile
    return result


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices of 0 .. rows, each so high that its distances to ``columns`` others fit in memory."""
    height = max(1, BLOCK_DISTANCES // max(1, columns))
    for start in range(0, rows, height):
        yield slice(start, min(start + height, rows))


def _part(buffer: NDArray, shape: tuple[int, ...]) -> NDArray:  # type: ignore[type-arg]
    """The start of a flat buffer in another shape: tiles at the edges are smaller."""
    return buffer[: int(np.prod(shape))].reshape(shape)


def _sum_words(
    ones: NDArray[np.uint8], few: NDArray[np.uint8], total: NDArray[np.uint16]
) -> NDArray[np.uint16]:
    """Sum (rows, W, columns) over the words into ``total``, by way of bytes in ``few``."""
    total.fill(0)
    for first in range(0, ones.shape[1], WORDS_IN_A_BYTE):
        np.copyto(few, ones[:, first])
        for word in range(first + 1, min(first + WORDS_IN_A_BYTE, ones.shape[1])):
            np.add(few, ones[:, word], out=few)
        np.add(total, few, out=total)
    return total
