from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import ProfileError, UnlockError
from ailock_sdk.secret import Secret
from ailock_sdk.sketch import (
    CHEAPEST,
    Code,
    HelperData,
    extractor,
    generate,
    message_length_bytes,
    reproduce,
)
from ailock_sdk.sketch.kdf import helper_mask
from ailock_sdk.sketch.message import message_bytes, symbols_from_random

RADIUS = 140


def flip_bit(data: bytes, position: int) -> bytes:
    octet, bit = divmod(position, 8)
    return data[:octet] + bytes([data[octet] ^ 0x80 >> bit]) + data[octet + 1 :]


class Lock:
    """One enrolled lock and everything its reproduction takes."""

    def __init__(self, pepper: bytes | None) -> None:
        rng = np.random.default_rng(3)
        self.reference = rng.random(512) < 0.5
        self.arguments: dict[str, Any] = {
            "code": Code(512, 7, 4, 3),
            "radius": RADIUS,
            "salt": rng.bytes(16),
            "pepper": pepper,
            "cost": CHEAPEST,
            "header": rng.bytes(90),
        }
        self.helper_data, self.secret = generate(
            reference_bits=self.reference, message=rng.bytes(3), **self.arguments
        )

    def reproduce(self, errors: int = 0, **changed: Any) -> Secret:
        margins = np.where(self.reference, 1.0, -1.0)
        margins[np.random.default_rng(4).choice(512, errors, replace=False)] *= -1
        arguments = {"helper_data": self.helper_data, **self.arguments, **changed}
        return reproduce(probe_margins=margins, **arguments)


@pytest.fixture(params=[None, bytes(range(32))], ids=["no pepper", "pepper"])
def lock(request: pytest.FixtureRequest) -> Lock:
    return Lock(request.param)


@pytest.mark.parametrize("lambda_bits", [500, 512])
def test_with_a_pepper_the_helper_is_no_sketch(lambda_bits: int) -> None:
    """Without the pepper it is noise; the mask off, it is what a lock without pepper stores."""
    code = Code(lambda_bits, 7, 4, 3)
    rng = np.random.default_rng(5)
    reference = rng.random(lambda_bits) < 0.5
    helpers = {}
    for salt in (bytes(16), bytes(15) + b"\1"):
        for pepper in (None, bytes(32), bytes(31) + b"\1"):
            data, _ = generate(code, 140, reference, b"abc", salt, pepper, CHEAPEST, b"")
            helpers[salt, pepper] = data.helper
            mask = helper_mask(pepper, salt, lambda_bits)
            assert data.helper == bytes(
                a ^ b for a, b in zip(helpers[salt, None], mask, strict=True)
            )
            assert int.from_bytes(mask, "big") % (1 << -lambda_bits % 8) == 0
    assert len(set(helpers.values())) == 6


def test_near_probe_gives_the_secret(lock: Lock) -> None:
    assert lock.reproduce() == lock.reproduce(errors=RADIUS) == lock.secret


def test_far_probe_is_refused(lock: Lock) -> None:
    for errors in (RADIUS + 1, 200, 256, 512):
        with pytest.raises(UnlockError):
            lock.reproduce(errors)


def test_every_flipped_bit_is_refused(lock: Lock) -> None:
    """Of helper and tag, each bit; of salt and header, some."""
    helper, tag = lock.helper_data.helper, lock.helper_data.tag
    for position in range(len(helper) * 8):
        with pytest.raises(UnlockError):
            lock.reproduce(helper_data=HelperData(flip_bit(helper, position), tag))
    for position in range(len(tag) * 8):
        with pytest.raises(UnlockError):
            lock.reproduce(helper_data=HelperData(helper, flip_bit(tag, position)))
    for name in ("salt", "header"):
        for position in range(0, 128, 5):
            with pytest.raises(UnlockError):
                lock.reproduce(**{name: flip_bit(lock.arguments[name], position)})


def test_another_pepper_or_cost_is_refused(lock: Lock) -> None:
    for pepper in {None, bytes(32), bytes(range(32))} - {lock.arguments["pepper"]}:
        with pytest.raises(UnlockError):
            lock.reproduce(pepper=pepper)
    with pytest.raises(UnlockError):
        lock.reproduce(cost=replace(CHEAPEST, time_cost=2))


def test_both_refusals_look_the_same_and_cost_one_argon2id(
    lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[bytes] = []
    derive_keys = extractor.derive_keys

    def counted(message: bytes, *rest: Any) -> tuple[bytes, Secret]:
        calls.append(message)
        return derive_keys(message, *rest)

    monkeypatch.setattr(extractor, "derive_keys", counted)
    with pytest.raises(UnlockError) as too_far:
        lock.reproduce(errors=256)
    with pytest.raises(UnlockError) as wrong_tag:
        lock.reproduce(helper_data=replace(lock.helper_data, tag=bytes(4)))
    assert len(calls) == 2
    assert type(too_far.value) is type(wrong_tag.value) is UnlockError
    assert str(too_far.value) == str(wrong_tag.value)


def test_failed_decoding_is_refused_even_if_the_tag_agrees(
    lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = lock.helper_data.tag
    monkeypatch.setattr(extractor, "derive_keys", lambda *_: (tag, lock.secret))
    with pytest.raises(UnlockError):
        lock.reproduce(errors=256)


def test_radius_is_checked_at_enrollment(lock: Lock) -> None:
    with pytest.raises(ProfileError):
        generate(
            reference_bits=lock.reference, message=bytes(3), **{**lock.arguments, "radius": 256}
        )


@settings(max_examples=40)
@given(
    shape=st.sampled_from([(512, 7, 4, 3), (300, 6, 8, 4), (64, 6, 1, 1), (600, 9, 2, 1)]),
    data=st.data(),
)
def test_round_trip(shape: tuple[int, int, int, int], data: st.DataObject) -> None:
    code = Code(*shape)
    length = message_length_bytes(code)
    message = data.draw(st.binary(min_size=length, max_size=length))
    salt = data.draw(st.binary(min_size=16, max_size=16))
    header = data.draw(st.binary(max_size=100))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    margins = rng.normal(size=code.lambda_bits)
    helper_data, secret = generate(code, 10, margins >= 0, message, salt, None, CHEAPEST, header)
    margins[rng.choice(code.lambda_bits, 5, replace=False)] *= -1
    assert reproduce(code, 10, margins, helper_data, salt, None, CHEAPEST, header) == secret


@pytest.mark.parametrize("order", [2, 6, 7, 8, 12])
def test_uniform_bytes_become_a_uniform_message(order: int) -> None:
    """Every symbol has the same number of byte strings; serialising keeps the symbol."""
    code = Code(2**order, order, 1, 1)
    length = message_length_bytes(code)
    assert length == (1 if order < 8 else 2)
    strings = [value.to_bytes(length, "big") for value in range(256**length)]
    symbols = [int(symbols_from_random(code, string)[0]) for string in strings]
    counts = np.bincount(symbols)
    assert set(counts.tolist()) == {256**length >> (order + 1)}
    assert len(counts) == 2 ** (order + 1)
    for string in strings[:: max(1, len(strings) // 50)]:
        symbol = symbols_from_random(code, string)
        again = symbols_from_random(code, message_bytes(code, symbol))
        assert again.tolist() == symbol.tolist()


def test_message_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        symbols_from_random(Code(512, 7, 4, 3), os.urandom(4))
