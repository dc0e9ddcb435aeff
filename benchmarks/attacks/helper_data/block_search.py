"""The likeliest codeword under scores of single blocks and of pairs of blocks.

Right symbols of different blocks agree, so good pairs reveal themselves: a beam starts from the
best pairs and adds, to each partial word, the block that fits it best. Whenever k blocks stand, the
outer code gives the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from benchmarks.attacks.helper_data.bit_prior import BitPrior
from benchmarks.attacks.helper_data.codebook import Codebook, Symbols

Array = NDArray[np.float64]

BEAM_WIDTH = 1024
_BRANCHES = 4
_FREE = -1
_EXHAUSTIVE_MESSAGE_BITS = 16


@dataclass(frozen=True, eq=False)
class Scores:
    """``single`` (n, symbols) and ``pair`` (n, n, symbols, symbols), pair[a, b] = pair[b, a].T."""

    single: Array
    pair: NDArray[np.float32]

    def total(self, words: Symbols) -> Array:
        """Scores of whole words (N, n)."""
        blocks = range(words.shape[1])
        result = self.single[np.arange(words.shape[1]), words].sum(axis=1)
        for a, b in combinations(blocks, 2):
            result = result + self.pair[a, b, words[:, a], words[:, b]]
        return np.asarray(result, dtype=np.float64)

    def field(self, words: Symbols, block: int) -> Array:
        """Score of each symbol of one block, given the other blocks of words (N, n)."""
        result = np.tile(self.single[block], (len(words), 1))
        for other in range(words.shape[1]):
            if other != block:
                result += self.pair[other, block, words[:, other]]
        return result


@dataclass(frozen=True, eq=False)
class _Beam:
    """Partial words: symbols (N, n), ``-1`` where not known; their scores (N,); and what each
    symbol of each unknown block would add, (N, n, symbols), minus infinity for known blocks.
    """

    words: Symbols
    values: Array
    fields: NDArray[np.float32]


def score_blocks(book: Codebook, prior: BitPrior, signs: Array) -> Scores:
    """Tabulate the prior's log probability of ``signs`` (lambda,) times each codeword's signs."""
    n, count = book.blocks, book.symbols
    single = np.zeros((n, count))
    pair = np.zeros((n, n, count, count), dtype=np.float32)
    at = book.columns
    words = [
        book.inner[:, :size] * signs[columns] for size, columns in zip(book.sizes, at, strict=True)
    ]
    for a in range(n):
        within = words[a] @ prior.coupling[at[a], at[a]]
        single[a] = words[a] @ prior.bias[at[a]] + 0.5 * (within * words[a]).sum(axis=1)
        for b in range(a + 1, n):
            pair[a, b] = words[a] @ prior.coupling[at[a], at[b]] @ words[b].T
            pair[b, a] = pair[a, b].T
    return Scores(single, pair)


def best_words(scores: Scores, beam: int = BEAM_WIDTH) -> Symbols:
    """Words of high score, best first, whatever the outer code says: (N, n)."""
    return _search(scores, beam)[-1]


def best_codewords(book: Codebook, scores: Scores, beam: int = BEAM_WIDTH) -> Symbols:
    """Codewords of high score, best first: (N, n)."""
    if book.message_bits <= _EXHAUSTIVE_MESSAGE_BITS:
        return _ranked(scores, book.encode(_every_message(book)), beam)
    found = []
    for words in _search(scores, beam):
        known = words != _FREE
        for blocks in book.information_sets:
            chosen = words[known[:, blocks].all(axis=1)]
            if len(chosen):
                found.append(book.complete(blocks, chosen[:, blocks]))
    return _ranked(scores, np.concatenate(found), beam)


def _search(scores: Scores, beam: int) -> list[Symbols]:
    """The beam after each added block: words with two known blocks, three, ..., all."""
    blocks = len(scores.single)
    if blocks == 1:
        return [np.argsort(-scores.single[0])[:, np.newaxis]]
    state = _best_pairs(scores, beam)
    levels = [state.words]
    for _ in range(blocks - 2):
        state = _extended(scores, state, beam)
        levels.append(state.words)
    settled = _settled(scores, state.words)
    levels[-1] = _ranked(scores, np.concatenate([state.words, settled]), beam)
    return levels


def _best_pairs(scores: Scores, beam: int) -> _Beam:
    blocks = len(scores.single)
    found, values = [], []
    for a, b in combinations(range(blocks), 2):
        table = scores.single[a][:, np.newaxis] + scores.single[b] + scores.pair[a, b]
        top = np.argpartition(-table.ravel(), beam - 1)[:beam]
        words = np.full((beam, blocks), _FREE)
        words[:, a], words[:, b] = np.unravel_index(top, table.shape)
        found.append(words)
        values.append(table.ravel()[top])
    best = np.argsort(-np.concatenate(values), kind="stable")[:beam]
    words = np.concatenate(found)[best]
    fields = np.repeat(scores.single[np.newaxis].astype(np.float32), len(words), axis=0)
    for block in range(blocks):
        known = np.flatnonzero(words[:, block] != _FREE)
        fields[known] += scores.pair[block][:, words[known, block]].swapaxes(0, 1)
    fields[words != _FREE] = -np.inf
    return _Beam(words, np.concatenate(values)[best], fields)


def _extended(scores: Scores, state: _Beam, beam: int) -> _Beam:
    """Each word with one more block, in the ways that add most; the best of all of them."""
    flat = state.fields.reshape(len(state.words), -1)
    top = np.argpartition(-flat, _BRANCHES - 1, axis=1)[:, :_BRANCHES]  # (N, branches)
    parents = np.repeat(np.arange(len(flat)), _BRANCHES)
    blocks, symbols = np.unravel_index(top.ravel(), state.fields.shape[1:])
    words = state.words[parents]
    words[np.arange(len(words)), blocks] = symbols
    values = state.values[parents] + flat[parents, top.ravel()]
    _, distinct = np.unique(words, axis=0, return_index=True)
    best = distinct[np.argsort(-values[distinct], kind="stable")[:beam]]
    fields = state.fields[parents[best]]
    fields += scores.pair[blocks[best], :, symbols[best]]
    fields[np.arange(len(best)), blocks[best]] = -np.inf
    return _Beam(words[best], values[best], fields)


def _settled(scores: Scores, words: Symbols) -> Symbols:
    """Words after setting each block in turn to what fits the others best."""
    words = words.copy()
    for _ in range(2):
        for block in range(words.shape[1]):
            words[:, block] = scores.field(words, block).argmax(axis=1)
    return words


def _ranked(scores: Scores, words: Symbols, limit: int) -> Symbols:
    """The distinct words of highest score."""
    words = np.unique(words, axis=0)
    return words[np.argsort(-scores.total(words), kind="stable")[:limit]]


def _every_message(book: Codebook) -> Symbols:
    grid = np.indices((book.symbols,) * book.outer.k)
    return np.asarray(grid.reshape(book.outer.k, -1).T)
