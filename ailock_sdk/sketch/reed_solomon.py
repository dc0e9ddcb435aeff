"""Reed-Solomon over GF(2^s), the outer code (SPEC section 5). The only user of ``reedsolo``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt
import reedsolo

from ailock_sdk.errors import ProfileError
from ailock_sdk.parameters import SYMBOL_BITS, outer_code_exists
from ailock_sdk.sketch.hidden_array import hidden
from ailock_sdk.workers import ForkLock

Symbols = npt.NDArray[np.intp]

_REEDSOLO_LOCK = ForkLock()
"""reedsolo keeps the field of its latest codec in module globals: one computation at a time."""


class ReedSolomon:
    """Systematic [n, k] code over GF(2^symbol_bits), 3 <= symbol_bits <= 13.

    k message symbols come first, then n - k parity symbols; the generator's roots are alpha^0 to
    alpha^(n-k-1) with alpha = 2, modulo the smallest primitive polynomial (0x11D for 8 bits).
    k = n is the code without parity.

    Raises
    ------
    ProfileError
        Not 1 <= k <= n < 2^symbol_bits.
    """

    def __init__(self, n: int, k: int, symbol_bits: int) -> None:
        if symbol_bits not in SYMBOL_BITS:
            raise ProfileError(f"Reed-Solomon symbols of {symbol_bits} bits are not supported")
        if not outer_code_exists(n, k, symbol_bits):
            raise ProfileError(f"no Reed-Solomon code [{n}, {k}] over GF(2^{symbol_bits})")
        self.n = n
        self.k = k
        self.symbol_bits = symbol_bits

    def encode(self, message: Symbols) -> Symbols:
        """The codeword, integers (n,), of ``message``, integers (k,) in [0, 2^symbol_bits)."""
        return self.reencode(tuple(range(self.k)), message[:, None])[:, 0]

    def reencode(self, positions: tuple[int, ...], values: Symbols) -> Symbols:
        """The codewords (n, count) that have ``values`` (k, count) at ``positions``.

        These are any k different ones in [0, n), ascending. The code is maximum distance separable,
        so every choice of k positions determines the codeword: the other n - k symbols are
        erasures, and erasure decoding is linear in the known ones.
        """
        codewords = np.empty_like(values, dtype=np.intp, shape=(self.n, values.shape[1]))
        codewords[list(positions)] = values
        every = np.arange(2**self.symbol_bits)
        for position, symbols in self.other_symbols(positions, self.k * [every], values).items():
            codewords[position] = symbols
        return codewords

    def other_symbols(
        self, positions: tuple[int, ...], choices: Sequence[Symbols], chosen: Symbols
    ) -> dict[int, npt.NDArray[np.unsignedinteger]]:
        """As :meth:`reencode` of ``choices[i][chosen[i]]`` at ``positions[i]``, the rest only.

        Each of k positions has an array of choices, of which ``chosen`` (k, count) holds indices;
        what is returned are the codewords' symbols (count,) by position.
        """
        others = {}
        for erased, tables in _reencoding_tables(self.n, self.k, self.symbol_bits, positions):
            words = tables[0].take(choices[0]).take(chosen[0])
            for table, symbols, indices in zip(tables[1:], choices[1:], chosen[1:], strict=True):
                words ^= table.take(symbols).take(indices)
            lanes = words.view(_lane(self.symbol_bits)).reshape(len(words), -1)
            others.update({position: lanes[:, lane] for lane, position in enumerate(erased)})
        return others


@cache
def _primitive_polynomial(symbol_bits: int) -> int:
    """The smallest primitive polynomial of the degree: 2 generates the field's nonzero elements."""
    with _REEDSOLO_LOCK:
        return int(reedsolo.find_prime_polys(c_exp=symbol_bits, single=True))


@cache
def _field_tables(symbol_bits: int) -> tuple[Symbols, Symbols]:
    """Tables (log, exp) with ``a * b = exp[log[a] + log[b]]`` for all field elements.

    The logarithm of zero is put past every sum of two others; from there on, exp is zero.
    """
    polynomial = _primitive_polynomial(symbol_bits)
    order = 2**symbol_bits - 1  # of the multiplicative group
    log = np.full(order + 1, 2 * order, dtype=np.intp)
    exp = np.zeros(4 * order + 1, dtype=np.intp)
    element = 1
    for power in range(order):
        log[element] = power
        exp[power] = exp[power + order] = element
        element <<= 1
        if element > order:
            element ^= polynomial
    return log, exp


def _lane(symbol_bits: int) -> np.dtype[np.unsignedinteger]:
    """What one symbol is stored as inside a 64-bit word."""
    return np.dtype(np.uint8 if symbol_bits <= 8 else np.uint16)


@lru_cache(maxsize=128)
def _reencoding_tables(
    n: int, k: int, symbol_bits: int, positions: tuple[int, ...]
) -> list[tuple[list[int], npt.NDArray[np.uint64]]]:
    """Groups of erased positions, each with tables uint64 (k, 2^symbol_bits).

    Entry [i, s] packs what the symbol s at ``positions[i]`` adds to each position of the group: one
    look-up and one XOR serve the whole group.
    """
    log, exp = _field_tables(symbol_bits)
    matrix = _reencoding_matrix(n, k, symbol_bits, positions)
    erased = [j for j in range(n) if j not in positions]
    lane = _lane(symbol_bits)
    size = 8 // lane.itemsize
    groups = []
    for start in range(0, len(erased), size):
        group = erased[start : start + size]
        # Hidden, so that what is looked up in them is.
        lanes = hidden(np.zeros((k, 2**symbol_bits, size), dtype=lane))
        # Products of each coefficient (k, 1, group) with each symbol (1, 2^symbol_bits, 1).
        lanes[..., : len(group)] = exp[log[matrix[:, None, group]] + log[None, :, None]]
        groups.append((group, lanes.view(np.uint64)[..., 0]))
    return groups


def _reencoding_matrix(n: int, k: int, symbol_bits: int, positions: tuple[int, ...]) -> Symbols:
    """(k, n): row i is the codeword with 1 at ``positions[i]`` and 0 at the other positions.

    A word c is a codeword if the sum of ``c[j] * X[j]**r`` is 0 for r from 0 to n - k - 1, with
    X[j] = 2^(n - 1 - j). So what it has at erased positions are Lagrange's coefficients there.
    """
    log, exp = _field_tables(symbol_bits)
    locators = exp[np.arange(n)[::-1]]
    erased = [j for j in range(n) if j not in positions]
    matrix = np.zeros((k, n), dtype=np.intp)
    matrix[range(k), positions] = 1
    for j in erased:
        others = locators[[f for f in erased if f != j]]
        numerators = log[locators[list(positions), None] ^ others].sum(axis=1)
        matrix[:, j] = exp[(numerators - log[locators[j] ^ others].sum()) % (2**symbol_bits - 1)]
    return matrix
