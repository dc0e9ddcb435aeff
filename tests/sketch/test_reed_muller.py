"""RM(1, m) against its definition, on every symbol and every word of the small codes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from ailock_sdk.errors import ProfileError
from ailock_sdk.sketch import ReedMuller
from tests.reference import reed_muller as reference

SMALL = [(2, 3), (2, 4), (3, 5), (3, 6), (3, 7), (3, 8)]
LARGER = [(4, 9), (4, 16), (7, 65), (7, 128), (9, 300)]


@pytest.mark.parametrize(("order", "length"), SMALL + LARGER)
def test_encodes_every_symbol_by_definition(order: int, length: int) -> None:
    code = ReedMuller(order, length)
    codewords = code.encode(np.arange(code.symbols))
    assert codewords.dtype == np.bool_
    assert len({word.tobytes() for word in codewords}) == code.symbols == 2 ** (order + 1)
    expected = [reference.codeword(order, length, s) for s in range(code.symbols)]
    np.testing.assert_array_equal(codewords, expected)


@pytest.mark.parametrize(("order", "length"), SMALL)
def test_correlations_of_every_word(order: int, length: int) -> None:
    words = [list(word) for word in product([-1.0, 1.0], repeat=length)]
    correlations = ReedMuller(order, length).correlations(np.array(words))
    expected = [reference.agreements(order, word) for word in words]
    np.testing.assert_array_equal(correlations, expected)  # sums of few integers: exact


@pytest.mark.parametrize(("order", "length"), LARGER)
def test_correlations_of_soft_words(order: int, length: int) -> None:
    margins = np.random.default_rng(order).normal(size=(2, length))
    expected = [reference.agreements(order, row) for row in margins.tolist()]
    np.testing.assert_allclose(ReedMuller(order, length).correlations(margins), expected)


@pytest.mark.parametrize(
    ("order", "length", "unique"),
    [
        (2, 4, 8),  # even-weight words: distance 2, only the codewords themselves
        (3, 7, 128),  # the Hamming code is perfect: 16 * (1 + 7)
        (3, 8, 144),  # extended Hamming: 16 * (1 + 8), the other 112 words lie half-way
    ],
)
def test_number_of_words_with_one_nearest_codeword(order: int, length: int, unique: int) -> None:
    words = np.array(list(product([-1.0, 1.0], repeat=length)))
    correlations = ReedMuller(order, length).correlations(words)
    greatest = correlations.max(axis=1, keepdims=True)
    assert np.count_nonzero((correlations == greatest).sum(axis=1) == 1) == unique


@pytest.mark.parametrize(("order", "length"), [(1, 2), (2, 2), (2, 5), (3, 4), (3, 9), (7, 64)])
def test_codes_that_do_not_exist_are_refused(order: int, length: int) -> None:
    with pytest.raises(ProfileError):
        ReedMuller(order, length)
