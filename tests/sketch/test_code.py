"""The concatenated code against trying every message."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import ProfileError
from ailock_sdk.sketch import Code, candidates
from tests.reference import concatenated as reference
from tests.reference.reed_muller import agreement

SMALL = [(9, 2, 3, 1), (10, 2, 3, 2), (12, 2, 3, 1), (12, 2, 3, 2), (13, 2, 4, 1), (12, 2, 4, 2)]
"""(lambda, m, n, k) over GF(8), blocks of 3 and 4 columns: few enough words to try them all."""


@pytest.fixture(params=["all messages", "information sets"])
def decoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both ways of choosing candidates; small codes would never need the second."""
    if request.param == "information sets":
        monkeypatch.setattr(candidates, "ALL_MESSAGES_MAX", 1)
        monkeypatch.setattr(candidates, "CANDIDATES_PER_SET", 40)
    candidates.rank_vectors.cache_clear()
    yield str(request.param)
    candidates.rank_vectors.cache_clear()


@pytest.mark.parametrize("parameters", SMALL)
def test_every_hard_word(parameters: tuple[int, int, int, int], decoder: str) -> None:
    """Decoding is maximum likelihood, and corrects the full sphere around every codeword."""
    lambda_bits = parameters[0]
    code, book = Code(*parameters), reference.codebook(*parameters)
    codewords = np.array(list(book.values()), dtype=np.int64)
    distances = (codewords[:, None] ^ codewords[None]).sum(axis=2)
    guaranteed = (int(distances[distances > 0].min()) - 1) // 2

    within = 0
    for word in product([0, 1], repeat=lambda_bits):
        margins = np.where(np.array(word), 1.0, -1.0)
        message, codeword = code.decode(margins)
        assert codeword.tolist() == [bool(bit) for bit in book[tuple(message.tolist())]]
        errors = int(np.count_nonzero(codeword ^ np.array(word, dtype=np.bool_)))
        assert errors == (codewords ^ np.array(word)).sum(axis=1).min()
        within += errors <= guaranteed
    # Spheres of the guaranteed radius are disjoint.
    assert within == len(book) * sum(comb(lambda_bits, e) for e in range(guaranteed + 1))


@settings(max_examples=60)
@given(data=st.data(), parameters=st.sampled_from(SMALL))
def test_soft_words(data: st.DataObject, parameters: tuple[int, int, int, int]) -> None:
    lambda_bits = parameters[0]
    margin = st.integers(-20, 20).map(float)  # integers: sums are exact, ties are real
    margins = data.draw(st.lists(margin, min_size=lambda_bits, max_size=lambda_bits))
    message, _ = Code(*parameters).decode(np.array(margins))
    book = reference.codebook(*parameters)
    assert tuple(message.tolist()) in reference.likeliest(book, margins)


@pytest.mark.parametrize(
    "parameters",
    [
        (512, 7, 4, 2),
        (500, 7, 4, 3),
        (1024, 7, 8, 5),
        (333, 8, 2, 1),
        (50, 6, 1, 1),
        (250, 5, 8, 8),
    ],
)
def test_encodes_like_the_reference(parameters: tuple[int, int, int, int]) -> None:
    lambda_bits, m, n, k = parameters
    code, rng = Code(*parameters), np.random.default_rng(k)
    assert code.message_bits == k * (m + 1)
    for _ in range(5):
        message = rng.integers(2**code.symbol_bits, size=k)
        expected = reference.encode(lambda_bits, m, n, message.tolist())
        np.testing.assert_array_equal(code.encode(message), expected)


@settings(max_examples=60)
@given(
    shape=st.sampled_from([(7, 4, 2), (7, 4, 3), (6, 5, 4), (5, 8, 3), (4, 12, 6), (8, 1, 1)]),
    data=st.data(),
)
def test_round_trip_with_errors(shape: tuple[int, int, int], data: st.DataObject) -> None:
    """A tenth of the bits wrong, in any pattern of any weights up to the right bits' weight."""
    order, blocks, symbols = shape
    least, most = blocks * (2 ** (order - 1) + 1), blocks * 2**order
    lambda_bits = data.draw(st.integers((least + most) // 2, most))
    code = Code(lambda_bits, order, blocks, symbols)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    message = rng.integers(2**code.symbol_bits, size=symbols)
    codeword = code.encode(message)
    margins = np.where(codeword, 1.0, -1.0)
    wrong = rng.choice(lambda_bits, lambda_bits // 10, replace=False)
    margins[wrong] *= -rng.random(len(wrong))
    found, again = code.decode(margins)
    assert found.tolist() == message.tolist()
    assert again.tolist() == codeword.tolist()


def test_nearly_maximum_likelihood_beyond_all_messages() -> None:
    """24-bit messages at 31 % errors: what is found is never less likely than what was sent."""
    code, rng = Code(512, 7, 4, 3), np.random.default_rng(0)
    worse = 0
    for _ in range(200):
        sent = code.encode(rng.integers(256, size=3))
        margins = np.where(sent, 1.0, -1.0)
        margins[rng.choice(512, 159, replace=False)] *= -1
        _, found = code.decode(margins)
        worse += agreement(found.tolist(), margins) < agreement(sent.tolist(), margins)
    assert worse == 0


def test_lost_blocks_are_left_out() -> None:
    """The outer code fills n - k erasures: any k blocks are enough if the others say nothing."""
    code, rng = Code(1024, 7, 8, 4), np.random.default_rng(2)
    for _ in range(20):
        message = rng.integers(256, size=4)
        margins = np.where(code.encode(message), 1.0, -1.0).reshape(8, 128)
        margins[rng.choice(8, 4, replace=False)] = 0.0
        assert code.decode(margins.ravel())[0].tolist() == message.tolist()


def test_scale_of_the_margins_does_not_matter() -> None:
    code = Code(512, 7, 4, 3)
    margins = np.random.default_rng(1).normal(size=512)
    for scale in (2.0**-30, 1.0, 2.0**30):
        assert code.decode(scale * margins)[0].tolist() == code.decode(margins)[0].tolist()


@pytest.mark.parametrize(
    "parameters",
    [
        *((256, 7, 4, 2), (513, 7, 4, 2), (259, 7, 4, 2)),  # blocks of 64, 129 or 64 and 65 columns
        *((512, 7, 4, 0), (512, 7, 4, 5), (512, 7, 0, 0), (24, 2, 8, 2)),  # no Reed-Solomon code
        *((512, 1, 256, 2), (512, 0, 4, 2), (512, -1, 4, 2), (8192, 13, 1, 1), (0, 7, 1, 1)),
    ],
)
def test_codes_that_do_not_exist_are_refused(parameters: tuple[int, int, int, int]) -> None:
    with pytest.raises(ProfileError):
        Code(*parameters)
