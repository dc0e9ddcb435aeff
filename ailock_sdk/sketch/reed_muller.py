"""First-order Reed-Muller code RM(1, m), punctured: the inner code (SPEC section 5)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ailock_sdk.errors import ProfileError
from ailock_sdk.parameters import inner_code_exists


class ReedMuller:
    """The first ``length`` columns of RM(1, order).

    A symbol of ``order + 1`` bits, ``s = s_m ... s_0``, has in column x the bit
    ``s_m XOR parity(x AND (s mod 2^m))``: the truth table of an affine Boolean function.

    Raises
    ------
    ProfileError
        The order m is below 2, or there are not 2^(m-1) + 1 to 2^m columns.
    """

    def __init__(self, order: int, length: int) -> None:
        if not inner_code_exists(order, length):
            raise ProfileError(f"RM(1, {order}) has no punctured code of {length} columns")
        self.order = order
        self.length = length

    @property
    def symbols(self) -> int:
        """Number of codewords, ``2^(order + 1)``."""
        return 1 << self.order + 1

    def encode(self, symbols: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """The codewords, bool (n, length), of symbols, integers (n,) in [0, 2^(order+1))."""
        masked = np.arange(self.length) & symbols[:, None]  # (n, length); x < 2^m hides s_m
        bits = symbols >> self.order  # s_m, (n,)
        bits = np.broadcast_to(bits[:, None], masked.shape, subok=True)
        for i in range(self.order):
            bits = bits ^ (masked >> i)
        return (bits & 1).astype(np.bool_)

    def correlations(self, margins: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Agreement of blocks of margins (n, length) with every symbol, (n, 2^(order+1)).

        The entry of symbol s is ``sum_x (2 bit_s[x] - 1) margins[x]``; the greatest belongs to the
        likeliest symbol, as a positive margin means bit 1 (SPEC section 3).
        """
        # With s_m = 0 and w = s mod 2^m, 2 bit_s[x] - 1 = -(-1)^parity(x AND w), so the sum is
        # minus the Hadamard transform at w; s_m = 1 complements the codeword and flips the sign.
        # A punctured column is a column about which nothing is known: margin 0.
        padded = np.zeros_like(margins, shape=(len(margins), 2**self.order))
        padded[:, : self.length] = margins
        transform = _hadamard(padded)
        return np.concatenate((-transform, transform), axis=1)


def _hadamard(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``out[:, w] = sum_x (-1)^parity(x AND w) rows[:, x]`` in log2(width) butterfly passes."""
    shape = rows.shape
    half = 1
    while half < shape[1]:
        pairs = rows.reshape(shape[0], -1, 2, half)
        low, high = pairs[:, :, 0], pairs[:, :, 1]
        rows = np.stack((low + high, low - high), axis=2).reshape(shape)
        half *= 2
    return rows
