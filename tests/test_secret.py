"""Hidden bytes and arrays: bytes and arrays in all but what they show."""

from __future__ import annotations

import copy
import hmac
import pickle
import traceback

import numpy as np
import pytest

from ailock_sdk.secret import Hidden, Secret, hidden_pin
from ailock_sdk.sketch.hidden_array import hidden

VALUE = b"\x01raven-poe\xfe"


def test_hidden_bytes_tell_their_length_alone() -> None:
    value = Hidden(VALUE)
    shown = f"{value} {value!r} {value!s} {value:>30} {[value]} {{1: {value}}} %s" % value
    assert "raven" not in shown
    assert repr(value) == "Hidden(<11 bytes>)"
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            way(value)


def test_hidden_bytes_are_bytes() -> None:
    value = Hidden(VALUE)
    assert value == VALUE
    assert hmac.compare_digest(value, VALUE)
    assert {value: 1}[VALUE] == 1
    for plain in (bytes(value), value[:4], value + b"", b"" + value):
        assert type(plain) is bytes
        assert VALUE.startswith(plain)


def test_a_secret_is_hidden_inside_too() -> None:
    secret = Secret(b"raven" + bytes(27))
    assert "raven" not in repr(secret._value)
    assert type(bytes(secret)) is bytes


def test_a_pin_is_hidden_before_it_can_be_refused() -> None:
    """In form NFC, whatever it is; no frame but the caller's ever holds its text."""
    assert hidden_pin(None) is None
    assert hidden_pin("caf\u0065\u0301") == "caf\u00e9".encode()
    assert hidden_pin(hidden_pin("1234")) == b"1234"
    assert hidden_pin("\ud800 123") == b"\xed\xa0\x80 123"
    assert hidden_pin(1234) == b""  # type: ignore[arg-type]


def test_what_is_computed_from_a_hidden_array_is_hidden() -> None:
    array = hidden(np.arange(700_000.0, 700_012.0).reshape(3, 4))
    plain = np.arange(12.0).reshape(3, 4)
    derived = [
        array,
        array[0],
        array[[1]],
        array.T,
        -array,
        array + plain,
        plain * array,
        array >= plain,
        array.take([1, 2]),
        plain.astype(int)[:1] & array.astype(int),
        np.argsort(-array, axis=1, kind="stable"),
        np.concatenate((plain, array)),
        np.stack((array[:, 0], plain[:, 0]), axis=1),
        np.zeros_like(array, shape=4),
        array.max(),
    ]
    for one in derived:
        assert "HiddenArray(<" in f"{one}" == repr(one) == str(one)
        assert "7000" not in repr([one])
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(array)


def test_crash_reporters_see_nothing() -> None:
    def fails(value: bytes, array: object) -> None:
        raise LookupError

    with pytest.raises(LookupError) as caught:
        fails(Hidden(VALUE), hidden(np.full(3, 1234567)))
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frame = report.stack[-1].locals
    assert frame == {"value": "Hidden(<11 bytes>)", "array": "HiddenArray(<int64 (3,)>)"}
