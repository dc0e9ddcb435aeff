from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import ProfileError, UnlockError
from ailock_sdk.secret import Hidden, Secret
from ailock_sdk.sketch import (
    CHEAPEST,
    Code,
    FoundMessages,
    KeyInputs,
    ObjectSketch,
    conceal,
    extractor,
    find_messages,
    message_length_bytes,
    new_secret,
    secret_behind,
)
from ailock_sdk.sketch.kdf import helper_mask
from ailock_sdk.sketch.message import message_bytes, symbols_from_random

RADIUS = 140
CODE = Code(512, 7, 4, 3)


def flip_bit(data: bytes, position: int) -> bytes:
    octet, bit = divmod(position, 8)
    return data[:octet] + bytes([data[octet] ^ 0x80 >> bit]) + data[octet + 1 :]


class Lock:
    """One enrolled record of two objects and a PIN, and everything its reproduction takes."""

    def __init__(self, pepper: Hidden | None) -> None:
        rng = np.random.default_rng(3)
        self.references = [rng.random(512) < 0.5 for _ in range(2)]
        self.pepper = pepper
        self.objects, messages = [], []
        for reference in self.references:
            salt = rng.bytes(16)
            helper, message = conceal(CODE, RADIUS, reference, Hidden(rng.bytes(3)), salt, pepper)
            self.objects.append(ObjectSketch(CODE, RADIUS, salt, helper))
            messages.append(message)
        pin = Hidden(b"1234")
        self.inputs = KeyInputs(pin, rng.bytes(16), pepper, CHEAPEST, rng.bytes(90))
        self.tag, self.secret = new_secret(messages, self.inputs)

    def probes(self, *errors: int) -> list[np.ndarray[Any, Any]]:
        """Margins of each object, with so many wrong bits."""
        margins = [np.where(reference, 1.0, -1.0) for reference in self.references]
        for one, count in zip(margins, errors, strict=False):
            one[np.random.default_rng(4).choice(512, count, replace=False)] *= -1
        return margins

    def find(self, *errors: int) -> FoundMessages:
        return find_messages(self.objects, self.probes(*errors), self.pepper)

    def reproduce(self, *errors: int, **changed: Any) -> Secret:
        return secret_behind(self.find(*errors), self.tag, replace(self.inputs, **changed))


@pytest.fixture(params=[None, Hidden(range(32))], ids=["no pepper", "pepper"])
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
        for pepper in (None, Hidden(32), Hidden(bytes(31) + b"\1")):
            helper, _ = conceal(code, 140, reference, Hidden(b"abc"), salt, pepper)
            helpers[salt, pepper] = helper
            mask = helper_mask(pepper, salt, lambda_bits)
            assert helper == bytes(a ^ b for a, b in zip(helpers[salt, None], mask, strict=True))
            assert int.from_bytes(mask, "big") % (1 << -lambda_bits % 8) == 0
    assert len(set(helpers.values())) == 5  # without a pepper the salt changes nothing


def test_near_probes_give_the_secret(lock: Lock) -> None:
    assert lock.reproduce() == lock.reproduce(RADIUS, RADIUS) == lock.secret


def test_a_far_probe_of_either_object_is_refused(lock: Lock) -> None:
    for errors in (RADIUS + 1, 200, 256, 512):
        for both in ((errors, 0), (0, errors), (errors, errors)):
            with pytest.raises(UnlockError):
                lock.reproduce(*both)


def test_objects_are_not_exchanged(lock: Lock) -> None:
    found = find_messages(lock.objects, lock.probes()[::-1], lock.pepper)
    with pytest.raises(UnlockError):
        secret_behind(found, lock.tag, lock.inputs)


def test_every_flipped_bit_is_refused(lock: Lock) -> None:
    """Of helpers and tag, each bit; of salts and what is bound, some."""
    for index, one in enumerate(lock.objects):
        altered = [flip_bit(one.helper, position) for position in range(0, 512, 3)]
        changed = [replace(one, helper=helper) for helper in altered]
        changed += [replace(one, salt=flip_bit(one.salt, p)) for p in range(0, 128, 15)]
        for other in changed:
            objects = [*lock.objects[:index], other, *lock.objects[index + 1 :]]
            # A bit of a helper is one wrong bit: it decodes, but the record is bound.
            found = find_messages(objects, lock.probes(), lock.pepper)
            bound = lock.inputs.bound + other.helper
            with pytest.raises(UnlockError):
                secret_behind(found, lock.tag, replace(lock.inputs, bound=bound))
    for position in range(len(lock.tag) * 8):
        with pytest.raises(UnlockError):
            secret_behind(lock.find(), flip_bit(lock.tag, position), lock.inputs)
    for name in ("salt", "bound", "pin"):
        for position in range(0, 32, 5):
            with pytest.raises(UnlockError):
                lock.reproduce(**{name: Hidden(flip_bit(getattr(lock.inputs, name), position))})


def test_another_pepper_pin_or_cost_is_refused(lock: Lock) -> None:
    for pepper in {None, Hidden(32), Hidden(range(32))} - {lock.pepper}:
        with pytest.raises(UnlockError):
            lock.reproduce(pepper=pepper)
    for pin in (b"", b"12345", b"123", b"4321"):
        with pytest.raises(UnlockError):
            lock.reproduce(pin=Hidden(pin))
    with pytest.raises(UnlockError):
        lock.reproduce(cost=replace(CHEAPEST, time_cost=2))


WRONG = {
    "first": ((256, 0), {}),
    "second": ((0, 256), {}),
    "both": ((256, 256), {}),
    "PIN": ((0, 0), {"pin": Hidden(b"4321")}),
}


def test_every_refusal_looks_the_same_decodes_all_and_costs_one_argon2id(
    lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    for name in ("recover", "derive_keys"):
        monkeypatch.setattr(extractor, name, counted(calls, name, getattr(extractor, name)))
    texts = set()
    for errors, changed in WRONG.values():
        calls.clear()
        with pytest.raises(UnlockError) as refusal:
            lock.reproduce(*errors, **changed)
        assert calls == ["recover", "recover", "derive_keys"]
        frames = [frame.name for frame in traceback.extract_tb(refusal.value.__traceback__)]
        assert refusal.value.__context__ is None
        texts.add((type(refusal.value), str(refusal.value), *frames))
    assert len(texts) == 1


def counted(calls: list[str], name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        calls.append(name)
        return function(*arguments)

    return call


def test_failed_decoding_is_refused_even_if_the_tag_agrees(
    lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extractor, "derive_keys", lambda *_: (lock.tag, lock.secret))
    for errors in ((256, 0), (0, 256)):
        with pytest.raises(UnlockError):
            lock.reproduce(*errors)


def test_what_was_not_found_counts_as_a_message_of_zeros(lock: Lock) -> None:
    whole, second_only = lock.find(), lock.find(256, 0)
    assert whole.complete
    assert not second_only.complete
    assert second_only.joined == bytes(3) + whole.joined[3:]
    assert lock.find(256, 256).joined == bytes(6)


def test_radius_is_checked_at_enrollment(lock: Lock) -> None:
    with pytest.raises(ProfileError):
        conceal(CODE, 256, lock.references[0], Hidden(3), bytes(16), None)


@settings(max_examples=40)
@given(
    shapes=st.lists(
        st.sampled_from([(512, 7, 4, 3), (300, 6, 8, 4), (64, 6, 1, 1), (600, 9, 2, 1)]),
        min_size=1,
        max_size=4,
    ),
    pin=st.binary(max_size=20).map(Hidden),
    data=st.data(),
)
def test_round_trip(
    shapes: list[tuple[int, int, int, int]], pin: Hidden, data: st.DataObject
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    objects, messages, probes = [], [], []
    for shape in shapes:
        code = Code(*shape)
        margins = rng.normal(size=code.lambda_bits)
        salt = rng.bytes(16)
        random = Hidden(rng.bytes(message_length_bytes(code)))
        helper, message = conceal(code, 10, margins >= 0, random, salt, None)
        objects.append(ObjectSketch(code, 10, salt, helper))
        messages.append(message)
        margins[rng.choice(code.lambda_bits, 5, replace=False)] *= -1
        probes.append(margins)
    inputs = KeyInputs(pin, rng.bytes(16), None, CHEAPEST, data.draw(st.binary(max_size=100)))
    tag, secret = new_secret(messages, inputs)
    assert secret_behind(find_messages(objects, probes, None), tag, inputs) == secret


@pytest.mark.parametrize("order", [2, 6, 7, 8, 12])
def test_uniform_bytes_become_a_uniform_message(order: int) -> None:
    """Every symbol has the same number of byte strings; serialising keeps the symbol."""
    code = Code(2**order, order, 1, 1)
    length = message_length_bytes(code)
    assert length == (1 if order < 8 else 2)
    strings = [Hidden(value.to_bytes(length, "big")) for value in range(256**length)]
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
        symbols_from_random(Code(512, 7, 4, 3), Hidden(os.urandom(4)))
