"""The concatenated code: Reed-Solomon outside, Reed-Muller inside (SPEC section 5)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ailock_sdk.errors import ProfileError
from ailock_sdk.parameters import block_lengths_bits
from ailock_sdk.sketch.candidates import information_sets, rank_vectors
from ailock_sdk.sketch.reed_muller import ReedMuller
from ailock_sdk.sketch.reed_solomon import ReedSolomon, Symbols


class Code:
    """Binary code of ``lambda_bits`` bits for messages of some symbols of ``order + 1`` bits.

    The message's Reed-Solomon codeword has one symbol per block, and each block is that symbol's
    punctured RM(1, order) codeword. Blocks differ in length by at most one column, longer first.

    Parameters
    ----------
    lambda_bits : int
        Length of a codeword, at most 4096.
    order : int
        m, 2 to 12.
    blocks : int
        n, 1 to 2^(m+1) - 1.
    message_symbols : int
        k, 1 to n.

    Raises
    ------
    ProfileError
        SPEC section 5 does not allow this code.
    """

    def __init__(self, lambda_bits: int, order: int, blocks: int, message_symbols: int) -> None:
        lengths = block_lengths_bits(lambda_bits, blocks)
        if lengths is None:
            raise ProfileError(f"no code of {blocks} blocks in {lambda_bits} bits")
        shortest, longest = lengths
        ReedMuller(order, shortest)  # exists, or ProfileError
        self.lambda_bits = lambda_bits
        self.order = order
        self.blocks = blocks
        self.message_symbols = message_symbols
        self._inner = ReedMuller(order, longest)
        self._outer = ReedSolomon(blocks, message_symbols, order + 1)
        self._sent = np.ones((blocks, self._inner.length), dtype=np.bool_)
        if longest > shortest:
            self._sent[lambda_bits % blocks :, -1] = False
        self._ranks = rank_vectors(message_symbols, self._inner.symbols)
        exhaustive = self._ranks.shape[1] == self._inner.symbols**message_symbols
        self._sets = information_sets(blocks, message_symbols)[: 1 if exhaustive else None]

    @property
    def symbol_bits(self) -> int:
        """Bits of one symbol."""
        return self.order + 1

    @property
    def message_bits(self) -> int:
        """Bits of one message."""
        return self.message_symbols * self.symbol_bits

    def encode(self, message: Symbols) -> npt.NDArray[np.bool_]:
        """The codeword, bool (lambda_bits,), of message symbols, integers (message_symbols,)."""
        return self._inner.encode(self._outer.encode(message))[self._sent]

    def decode(self, margins: npt.NDArray[np.float64]) -> tuple[Symbols, npt.NDArray[np.bool_]]:
        """The likeliest message that is found, and its codeword.

        Something is always found; whether it is near enough is for the caller to judge. Messages of
        up to 16 bits are decoded by maximum likelihood, longer ones nearly so. Takes a few
        milliseconds, and is not constant-time: sorting and table look-ups depend on the margins.

        Parameters
        ----------
        margins : ndarray, float64, shape (lambda_bits,)
            The sign is the bit (positive: 1), the size its weight, a log-likelihood ratio up to
            scale.
        """
        received = np.zeros_like(margins, shape=self._sent.shape)
        received[self._sent] = margins
        correlations = self._inner.correlations(received)  # (blocks, 2^symbol_bits)
        ranked = np.argsort(-correlations, axis=1, kind="stable")  # likeliest symbols first
        first, second = np.take_along_axis(correlations, ranked[:, :2], axis=1).T
        by_reliability = np.argsort(second - first, kind="stable")

        # What a block adds to the scores if it is trusted depends on its place among the trusted.
        trusted: dict[tuple[int, int], npt.NDArray[np.float64]] = {}
        best_score = np.full_like(margins, -np.inf, shape=1)
        best = ranked[:, 0]
        for chosen in self._sets:
            positions = np.sort(by_reliability[chosen]).tolist()
            likely = [ranked[position] for position in positions]
            others = self._outer.other_symbols(tuple(positions), likely, self._ranks)
            scores = np.zeros_like(margins, shape=self._ranks.shape[1])
            for block, correlation in enumerate(correlations):
                if block in others:
                    scores += correlation.take(others[block])
                    continue
                place = positions.index(block)
                if (block, place) not in trusted:
                    ordered = correlation.take(ranked[block])
                    trusted[block, place] = ordered.take(self._ranks[place])
                scores += trusted[block, place]
            likeliest = int(np.argmax(scores))
            score = scores[[likeliest]]  # an array still, to stay hidden if the margins are
            if score > best_score:
                best_score = score
                best = np.empty_like(ranked, shape=self.blocks)
                best[positions] = [
                    r[rank] for r, rank in zip(likely, self._ranks[:, likeliest], strict=True)
                ]
                for block, symbols in others.items():
                    best[block] = symbols[likeliest]
        message = best[: self.message_symbols].copy()
        return message, self.encode(message)
