"""Helper-data recovery: the whole codeword from a stored record, without any photo.

The helper data are codeword XOR reference bits, so each of the 2^(m+1) codewords that a block may
hold claims a block of reference bits. Reference bits of one photo are not independent when there
are more of them than dimensions, or when they are correlated for any other reason: right claims of
different blocks then agree, and wrong ones do not (docs/explanation/threat-model.md).

What the attacker sees and what is true are different types. ``attack`` takes an ``AttackerView``;
only ``judge`` meets the ``Truth``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from ailock_sdk.constants import PEPPER_LENGTH_BYTES, SALT_LENGTH_BYTES
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import Code, helper_mask, permutation, sketch
from benchmarks.attacks.helper_data.bit_prior import BitPrior
from benchmarks.attacks.helper_data.block_search import (
    Scores,
    best_codewords,
    best_words,
    score_blocks,
)
from benchmarks.attacks.helper_data.codebook import Codebook, Symbols, tabulate

Array = NDArray[np.float64]

_RANDOM_MESSAGES = 4096
_BITS_BY_CHANCE = 1 / log(2)
"""Mean of -log2 of a uniform share."""


@dataclass(frozen=True, eq=False)
class AttackerView:
    """What a thief of a record has: the record, the public code, a belief about imageprints."""

    code: Code
    helper: bytes
    prior: BitPrior


@dataclass(frozen=True, eq=False)
class Truth:
    """What the thief wants: the codeword as one symbol for each block, (n,)."""

    codeword: Symbols


@dataclass(frozen=True, eq=False)
class Guess:
    """What the attack says.

    Attributes
    ----------
    word : the likeliest symbols (n,) from the blocks alone, the outer code ignored
    codewords : the codewords that the thief would try, (1 or 2, n): the likeliest, and its
        complement where that is a codeword too, for nothing then tells the sign
    scores : how the thief ranks everything else
    """

    word: Symbols
    codewords: Symbols
    scores: Scores


@dataclass(frozen=True)
class Outcome:
    """One record's fate, and how much the thief learnt short of everything.

    Advantages are in bits and zero on average when the record says nothing. Those of blocks are
    the log2 rank that a random symbol would have on average, less that of the true one.

    Attributes
    ----------
    blocks_recovered : from the blocks alone, up to the global sign
    recovered : the codeword is among the thief's guesses
    likeliest : nothing that was found looks likelier to the thief than the codeword, so that a
        wider search, of whatever kind, would end at it unless something does
    block_alone_bits : mean over blocks, each ranked by itself
    block_given_rest_bits : mean over blocks, each ranked knowing all others: a ceiling
    message_bits : from the true codeword's place among random ones, at most the message's length
    """

    blocks_recovered: bool
    recovered: bool
    likeliest: bool
    block_alone_bits: float
    block_given_rest_bits: float
    message_bits: float

    def tries(self, message_bits: int) -> float:
        """Messages, likeliest first, until the right one of so many bits is tried: an estimate."""
        known = self.message_bits + _BITS_BY_CHANCE
        return 1.0 if self.recovered else float(2 ** max(0.0, message_bits - known))


def make_record(
    code: Code, bits: NDArray[np.bool_], rng: np.random.Generator, *, peppered: bool = False
) -> tuple[bytes, Truth]:
    """Genuine helper data of reference bits (lambda,), and the truth behind them.

    A ``peppered`` record is masked with a random pepper that nobody keeps: the thief lacks it.
    """
    salt = rng.bytes(SALT_LENGTH_BYTES)
    message = rng.integers(0, 1 << code.symbol_bits, code.message_symbols)
    codeword = tabulate(code).encode(message[np.newaxis])[0]
    pepper = Hidden(rng.bytes(PEPPER_LENGTH_BYTES)) if peppered else None
    mask = np.frombuffer(helper_mask(pepper, salt, code.lambda_bits), np.uint8)
    helper = np.frombuffer(sketch(code, bits, message), np.uint8) ^ mask
    return helper.tobytes(), Truth(codeword)


def attack(view: AttackerView) -> Guess:
    """Find the likeliest codeword behind a record."""
    book = tabulate(view.code)
    scores = score_blocks(book, permuted_prior(view), claimed_signs(view))
    word = best_words(scores)[0]
    best = best_codewords(book, scores)[:1]
    if book.complement_is_codeword:
        best = np.concatenate([best, book.complement(best)])
    return Guess(word, best, scores)


def permuted_prior(view: AttackerView) -> BitPrior:
    """The prior in the helper's order of the bits."""
    return view.prior.permuted(permutation(view.code.lambda_bits))


def claimed_signs(view: AttackerView) -> Array:
    """Signs (lambda,) of the permuted reference bits if the codeword were zero, + for bit 1."""
    packed = np.frombuffer(view.helper, dtype=np.uint8)
    return np.where(np.unpackbits(packed, count=view.code.lambda_bits) == 1, 1.0, -1.0)


def judge(code: Code, guess: Guess, truth: Truth, rng: np.random.Generator) -> Outcome:
    """Compare a guess with the truth."""
    book = tabulate(code)
    true = truth.codeword
    word = true[np.newaxis]
    given_rest = np.stack([guess.scores.field(word, b)[0] for b in range(book.blocks)])
    same = [np.array_equal(w, true) for w in (guess.word, book.complement(guess.word))]
    return Outcome(
        blocks_recovered=any(same),
        recovered=bool((guess.codewords == true).all(axis=1).any()),
        likeliest=bool(guess.scores.pair.any())  # else all are the same to the thief
        and bool(guess.scores.total(word)[0] >= guess.scores.total(guess.codewords).max()),
        block_alone_bits=_rank_advantage(guess.scores.single, true),
        block_given_rest_bits=_rank_advantage(given_rest, true),
        message_bits=_message_advantage(book, guess.scores, true, rng),
    )


def pair_cosines(
    view: AttackerView, truth: Truth, correlation: Array, wrong: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Cosines between the directions that two blocks claim: of right pairs, and of wrong ones.

    A direction is the sum of a block's hyperplanes with their claimed signs; ``correlation``
    (lambda, lambda) holds the hyperplanes' cosines, in the imageprint's order. ``wrong`` pairs of
    random symbols are drawn for each pair of blocks.
    """
    book = tabulate(view.code)
    order = permutation(view.code.lambda_bits)
    gram = correlation[np.ix_(order, order)]
    signs = claimed_signs(view)
    right, others = [], []
    for a, b in combinations(range(book.blocks), 2):
        symbols_a = np.append(truth.codeword[a], rng.integers(0, book.symbols, wrong))
        symbols_b = np.append(truth.codeword[b], rng.integers(0, book.symbols, wrong))
        at_a, at_b = book.columns[a], book.columns[b]
        words_a = book.inner[symbols_a, : book.sizes[a]] * signs[at_a]
        words_b = book.inner[symbols_b, : book.sizes[b]] * signs[at_b]
        inner = np.einsum("ni,ij,nj->n", words_a, gram[at_a, at_b], words_b, optimize=True)
        norm_a = np.einsum("ni,ij,nj->n", words_a, gram[at_a, at_a], words_a, optimize=True)
        norm_b = np.einsum("ni,ij,nj->n", words_b, gram[at_b, at_b], words_b, optimize=True)
        cosines = inner / np.sqrt(norm_a * norm_b)
        right.append(cosines[:1])
        others.append(cosines[1:])
    return np.concatenate(right), np.concatenate(others)


def pair_scores(guess: Guess, truth: Truth) -> tuple[Array, Array]:
    """Scores of right pairs of symbols, and of a sample of all pairs, in standard deviations."""
    right, every = [], []
    for a, b in combinations(range(len(truth.codeword)), 2):
        table = guess.scores.pair[a, b].astype(np.float64)
        scale = table.std() or 1.0
        right.append(table[truth.codeword[a], truth.codeword[b]] / scale)
        every.append(table.ravel()[::331] / scale)
    return np.array(right), np.concatenate(every)


def _rank_advantage(scores: Array, true: Symbols) -> float:
    """Mean over the rows of ``scores`` (n, symbols) of the true symbol's advantage in log2 rank."""
    own = np.take_along_axis(scores, true[:, np.newaxis], axis=1)
    logs = np.concatenate([[0.0], np.cumsum(np.log2(np.arange(1, scores.shape[1] + 1)))])
    above, upto = (scores > own).sum(axis=1), (scores >= own).sum(axis=1)
    # Among equals, every rank is as likely: the mean of their logarithms.
    found = (logs[upto] - logs[above]) / (upto - above)
    return float(np.mean(logs[-1] / scores.shape[1] - found))


def _message_advantage(
    book: Codebook, scores: Scores, true: Symbols, rng: np.random.Generator
) -> float:
    """-log2 of the share of codewords that score higher than the true one, less its mean by chance.

    The share is the normal tail at the true codeword's score: a few thousand random codewords give
    mean and deviation, no sample could give shares near 2^-message bits.
    """
    messages = rng.integers(0, book.symbols, (_RANDOM_MESSAGES, book.outer.k))
    random = scores.total(book.encode(messages))
    spread = float(random.std())
    own = float(scores.total(true[np.newaxis])[0])
    if spread <= 1e-9 * max(1.0, abs(own)):
        return 0.0  # all the same to the thief
    tail_bits = -float(log_ndtr((random.mean() - own) / spread)) / log(2)
    return min(tail_bits, float(book.message_bits)) - _BITS_BY_CHANCE
