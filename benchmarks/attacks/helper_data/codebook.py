"""A code as an attacker tabulates it: every inner codeword, and the outer code's constraint."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.sketch import Code, ReedMuller, ReedSolomon

Symbols = NDArray[np.intp]
"""Symbols of the inner code, one for each block: (n,) is a word, (N, n) are several."""

_INFORMATION_SETS_MAX = 80


@dataclass(frozen=True, eq=False)
class Codebook:
    """``Code(lambda, m, n, k)`` of SPEC section 5.

    Attributes
    ----------
    sizes : columns of each block; their sum is lambda
    inner : the inner codewords as signs, 1 for bit 0 and -1 for bit 1: (2^(m+1), columns)
    outer : the code [n, k] that words must belong to
    """

    sizes: tuple[int, ...]
    inner: NDArray[np.float64]
    outer: ReedSolomon

    @property
    def blocks(self) -> int:
        return len(self.sizes)

    @property
    def symbols(self) -> int:
        return len(self.inner)

    @property
    def message_bits(self) -> int:
        return self.outer.k * self.outer.symbol_bits

    @cached_property
    def columns(self) -> tuple[slice, ...]:
        """Where each block's bits are in a codeword."""
        ends = np.cumsum(self.sizes).tolist()
        return tuple(slice(end - size, end) for end, size in zip(ends, self.sizes, strict=True))

    @cached_property
    def complement_is_codeword(self) -> bool:
        """Whether inverting every bit of a codeword gives a codeword: then a sign stays open.

        RM(1, m) contains the all-ones word, the symbol of which only the highest bit is set; the
        outer code has to contain its repetition over all blocks as well.
        """
        ones = self.complement(np.zeros(self.blocks, dtype=np.intp))
        return bool((self.encode(ones[np.newaxis, : self.outer.k]) == ones).all())

    @cached_property
    def information_sets(self) -> list[tuple[int, ...]]:
        """Sets of k blocks that determine the others, evenly drawn if there are very many."""
        every = list(combinations(range(self.blocks), self.outer.k))
        return every[:: -(-len(every) // _INFORMATION_SETS_MAX)]

    def complement(self, words: Symbols) -> Symbols:
        """The words of which every bit is inverted."""
        return np.asarray(words ^ (self.symbols // 2))

    def encode(self, messages: Symbols) -> Symbols:
        """Messages (N, k) to codewords (N, n), both as symbols."""
        return self.complete(tuple(range(self.outer.k)), messages)

    def complete(self, known: tuple[int, ...], symbols: Symbols) -> Symbols:
        """The codewords (N, n) that have ``symbols`` (N, k) in the k blocks ``known``."""
        return np.asarray(self.outer.reencode(known, symbols.T).T)


def tabulate(code: Code) -> Codebook:
    """The codebook of one of the product's codes."""
    least, longer = divmod(code.lambda_bits, code.blocks)
    sizes = tuple(least + (block < longer) for block in range(code.blocks))
    inner = ReedMuller(code.order, max(sizes))
    signs = np.where(inner.encode(np.arange(inner.symbols)), -1.0, 1.0)
    outer = ReedSolomon(code.blocks, code.message_symbols, code.symbol_bits)
    return Codebook(sizes, signs, outer)
