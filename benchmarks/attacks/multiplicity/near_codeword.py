"""The codeword of a binary linear code nearest to a word that is mostly noise.

Information-set decoding: if none of K columns that determine the codeword is wrong, or at most two,
it is found. Such sets are walked at random, one column replaced at a time, many walks side by side.

References
----------
Lee and Brickell, "An observation on the security of McEliece's public-key cryptosystem",
EUROCRYPT 1988; the walk: Canteaut and Chabaud, IEEE Transactions on Information Theory 44(1), 1998.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.statistics.hamming import Words, count_bits, pack

Bits = NDArray[np.bool_]

WALKS = 64
_SWAPS = 4
"""Columns replaced between two looks."""
_ONE = np.uint64(1)


def row_reduced(rows: Bits) -> tuple[Bits, list[int]]:
    """Independent rows of the same span, each alone in a column of its own, and these columns."""
    rows = rows.copy()
    pivots: list[int] = []
    for column in range(rows.shape[1]):
        here = np.flatnonzero(rows[len(pivots) :, column]) + len(pivots)
        if len(here):
            row = len(pivots)
            rows[[row, here[0]]] = rows[[here[0], row]]
            others = np.flatnonzero(rows[:, column])
            rows[others[others != row]] ^= rows[row]
            pivots.append(column)
        if len(pivots) == len(rows):
            break
    return rows[: len(pivots)], pivots


def nearest_codeword(
    rows: Bits, word: Bits, looks: int, enough: int, rng: np.random.Generator
) -> Bits:
    """The errors (n,) between a word (n,) and the nearest codeword that was found.

    Parameters
    ----------
    rows : whose sums are the codewords, (any number, n)
    looks : information sets to try, in steps of ``WALKS``
    enough : so few errors are no chance: the search ends
    """
    basis, pivots = row_reduced(rows)
    errors = word.copy()
    for row, column in zip(basis, pivots, strict=True):
        if errors[column]:
            errors = errors ^ row
    state = np.repeat(pack(basis)[np.newaxis], WALKS, axis=0)  # (walks, K, words)
    left = np.repeat(pack(errors[np.newaxis]), WALKS, axis=0)  # (walks, words)
    best, fewest = left[0].copy(), int(count_bits(left[0]).sum())
    for _ in range(-(-looks // WALKS)):
        if fewest <= enough:
            break
        for _ in range(_SWAPS):
            _swap(state, left, rng)
        found, weight = _nearest(state, left)
        if weight < fewest:
            best, fewest = found, weight
    return np.unpackbits(best.view(np.uint8), count=len(word)).astype(np.bool_)


def sums_to(rows: Bits, word: Bits) -> Bits | None:
    """The selections (S, R) of rows (R, n) that add up to a word (n,); ``None`` if none does.

    The first is one of them, the others are it plus each row of a basis of what adds up to nothing.
    """
    tagged = np.concatenate([rows, np.eye(len(rows), dtype=np.bool_)], axis=1)
    basis, pivots = row_reduced(tagged)
    left, chosen = word.copy(), np.zeros(len(rows), dtype=np.bool_)
    for row, column in zip(basis, pivots, strict=True):
        if column < len(word) and left[column]:
            left ^= row[: len(word)]
            chosen ^= row[len(word) :]
    if left.any():
        return None
    nothing = [row[len(word) :] for row, at in zip(basis, pivots, strict=True) if at >= len(word)]
    return np.stack([chosen, *(chosen ^ one for one in nothing)])


def _swap(state: Words, left: Words, rng: np.random.Generator) -> None:
    """Give one row of each walk another column of its own, and clear that column elsewhere."""
    walks, rows, words = state.shape
    at = np.arange(walks)
    chosen = rng.integers(rows, size=walks)
    row = state[at, chosen]  # (walks, words)
    # One of the row's set bits: the lowest of a word that has some, turned by a random amount.
    place = (rng.random((walks, words)) * (row != 0)).argmax(axis=1)
    value = row[at, place]
    turn = rng.integers(1, 64, size=walks).astype(np.uint64)
    back = np.uint64(64) - turn
    turned = (value >> turn) | (value << back)
    low = turned & (~turned + _ONE)
    bit = (low << turn) | (low >> back)
    has = (state[at, :, place] & bit[:, np.newaxis]) != 0  # (walks, rows)
    has[at, chosen] = False
    state ^= np.where(has[:, :, np.newaxis], row[:, np.newaxis], np.uint64(0))
    left ^= np.where((left[at, place] & bit != 0)[:, np.newaxis], row, np.uint64(0))


def _nearest(state: Words, left: Words) -> tuple[Words, int]:
    """Of all walks, what is left after none, one or two rows: the least, and its weight."""
    one = left[:, np.newaxis] ^ state  # (walks, K, words)
    first, second = np.triu_indices(state.shape[1], 1)
    weight = np.zeros((len(state), len(first)), dtype=np.uint16)
    for word in range(state.shape[2]):
        weight += count_bits(one[:, first, word] ^ state[:, second, word])
    walk, pair = np.unravel_index(weight.argmin(), weight.shape)
    best = one[walk, first[pair]] ^ state[walk, second[pair]], int(weight[walk, pair])
    for words in (left[:, np.newaxis], one):
        sums = count_bits(words).sum(axis=2, dtype=np.uint16)
        walk, which = np.unravel_index(sums.argmin(), sums.shape)
        if sums[walk, which] < best[1]:
            best = words[walk, which].copy(), int(sums[walk, which])
    return best
