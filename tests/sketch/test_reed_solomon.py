"""Reed-Solomon against long division and evaluation at the generator's roots."""

from __future__ import annotations

import threading
from functools import partial
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
import reedsolo
from hypothesis import given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import ProfileError
from ailock_sdk.sketch import ReedSolomon
from tests.reference import reed_solomon as reference
from tests.reference.finite_field import Field, primitive_polynomial
from tests.threads import Meeting, run_together


def test_reference_field_is_the_specified_one() -> None:
    assert primitive_polynomial(8) == 0x11D
    assert primitive_polynomial(3) == 0b1011


@pytest.mark.parametrize("n", [2, 3, 4, 7])
@pytest.mark.parametrize("k", [1, 2])
def test_every_message_over_gf8(n: int, k: int) -> None:
    field, code = Field(3), ReedSolomon(n, k, 3)
    messages = list(product(range(8), repeat=k))
    for message in messages:
        codeword = code.encode(np.array(message)).tolist()
        assert codeword == reference.encode(field, list(message), n)
        assert reference.is_codeword(field, codeword, k)


@pytest.mark.parametrize(("n", "k"), [(4, 2), (5, 3), (7, 1), (3, 3)])
def test_every_information_set_determines_the_codeword(n: int, k: int) -> None:
    """Maximum distance separable: any k positions give back every codeword of GF(8)."""
    code = ReedSolomon(n, k, 3)
    messages = np.array(list(product(range(8), repeat=k))).T  # (k, 8^k)
    codewords = code.reencode(tuple(range(k)), messages)
    for positions in combinations(range(n), k):
        np.testing.assert_array_equal(
            code.reencode(positions, codewords[list(positions)]), codewords
        )


@settings(max_examples=60)
@given(data=st.data(), symbol_bits=st.integers(3, 13))
def test_larger_fields(data: st.DataObject, symbol_bits: int) -> None:
    n = data.draw(st.integers(1, min(12, 2**symbol_bits - 1)))
    k = data.draw(st.integers(1, n))
    symbol = st.integers(0, 2**symbol_bits - 1)
    message = data.draw(st.lists(symbol, min_size=k, max_size=k))
    positions = tuple(sorted(data.draw(st.permutations(range(n)))[:k]))
    code = ReedSolomon(n, k, symbol_bits)
    codeword = code.encode(np.array(message))
    assert codeword.tolist() == reference.encode(Field(symbol_bits), message, n)
    again = code.reencode(positions, codeword[list(positions)][:, None])
    assert again[:, 0].tolist() == codeword.tolist()


def test_fields_do_not_disturb_each_other_between_threads() -> None:
    """reedsolo's tables are module globals; every thread must see its own field."""
    failures: list[int] = []

    def work(symbol_bits: int) -> None:
        field = Field(symbol_bits)
        for n in range(3, 8):
            message = [1, 2**symbol_bits - 1]
            codeword = ReedSolomon(n, 2, symbol_bits).encode(np.array(message)).tolist()
            if codeword != reference.encode(field, message, n):
                failures.append(symbol_bits)

    threads = [threading.Thread(target=work, args=(bits,)) for bits in (4, 5, 6, 7, 9, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_two_threads_use_reedsolo_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = Meeting()
    codec = reedsolo.RSCodec

    def watched(*arguments: Any, **options: Any) -> reedsolo.RSCodec:
        meeting.arrive()
        return codec(*arguments, **options)

    monkeypatch.setattr(reedsolo, "RSCodec", watched)
    # Symbols and lengths of no other test: what was computed once is kept.
    run_together(*(partial(ReedSolomon(n, 2, 11).encode, np.array([1, 2])) for n in (9, 10)))
    assert not meeting.met


@pytest.mark.parametrize(
    ("n", "k", "symbol_bits"),
    [(0, 0, 8), (4, 0, 8), (4, 5, 8), (8, 2, 3), (256, 3, 8), (3, 1, 2), (3, 1, 14)],
)
def test_codes_that_do_not_exist_are_refused(n: int, k: int, symbol_bits: int) -> None:
    with pytest.raises(ProfileError):
        ReedSolomon(n, k, symbol_bits)
