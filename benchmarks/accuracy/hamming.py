"""Hamming distances between many imageprints at once, on packed bits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
"""Packed imageprints, uint64 (N, W): 64 bits a word, zero-padded."""

_BITS_OF_BYTE = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(
    axis=1, dtype=np.uint8
)


def pack(bits: NDArray[np.uint8]) -> Words:
    """Zeros and ones, uint8 (N, lambda), to words, uint64 (N, ceil(lambda / 64))."""
    packed = np.packbits(bits, axis=1)
    padding = -packed.shape[1] % 8
    return np.ascontiguousarray(np.pad(packed, ((0, 0), (0, padding)))).view(np.uint64)


def count_bits_by_table(words: Words) -> NDArray[np.uint8]:
    """Ones in each word, same shape; for NumPy 1, which has no ``bitwise_count``."""
    octets = np.ascontiguousarray(words).view(np.uint8).reshape(*words.shape, 8)
    return np.asarray(_BITS_OF_BYTE[octets].sum(axis=-1, dtype=np.uint8))


count_bits: Callable[[Words], NDArray[np.uint8]] = getattr(np, "bitwise_count", count_bits_by_table)
"""Ones in each word, same shape."""


def distances(a: Words, b: Words) -> NDArray[np.uint16]:
    """Differing bits of every pair, uint16 (N, M), for words (N, W) and (M, W)."""
    total = np.zeros((len(a), len(b)), dtype=np.uint16)
    for word in range(a.shape[1]):  # word by word: memory stays at N x M
        total += count_bits(a[:, word, None] ^ b[None, :, word])
    return total
