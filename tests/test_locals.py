"""Row 7: what crash reporters would print of any frame of the package, at every line that runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ailock_sdk import AiLock, PinError, UnlockError
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import (
    CHEAPEST,
    Code,
    KeyInputs,
    ObjectSketch,
    conceal,
    find_messages,
    kdf,
    message_length_bytes,
    new_secret,
    secret_behind,
)

Photos = dict[str, list[Path]]
Local = tuple[str, str, str]
"""Function, name and repr of a local variable."""

AT_THE_DOOR = {
    *(("lock.enroll", "pin"), ("lock.unlock", "pin"), ("lock.__init__", "pepper")),
    *(("secret.hidden_pin", "pin"), ("secret.hidden_pin", "text"), ("parameters._is_pin", "text")),
    *(("store.pepper_places.pepper_provider", "source"), ("parameters.checked_pepper", "pepper")),
    ("sketch.hidden_array.hidden", "array"),
}
"""Where secrets come in as callers hold them, to be hidden in the first statement: nothing fails
before that is done."""
ORDER_OF_BLOCKS = {"positions", "place", "trusted", "others", "erased", "position", "likeliest"}
"""Which blocks the decoder trusts, and how far down their rankings it goes: without the rankings
nothing."""
PUBLIC_TABLES = {"_reencoding_tables", "_reencoding_matrix", "<listcomp>"}
"""Functions of a code and of positions alone, in which comprehensions list the other positions."""


@contextmanager
def locals_seen(*modules: str) -> Iterator[set[Local]]:
    """Every local of every frame of these modules, as it stands at each line and at the end."""
    seen: set[Local] = set()
    written: dict[int, tuple[bytes, str]] = {}
    """Bytes do not change: a photo is not written anew at every line."""

    def shown(value: object) -> str:
        if type(value) is not bytes:
            return re.sub(r"0x[0-9a-f]+", "0x", repr(value))
        if id(value) not in written:
            written[id(value)] = value, repr(value)
        return written[id(value)][1]

    def trace(frame: Any, event: str, _: object) -> Callable[..., Any] | None:
        module, function = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        if not module.startswith(modules):
            return None
        for name, value in list(frame.f_locals.items()):
            try:
                seen.add((f"{module}.{function}", name, shown(value)))
            except AttributeError:  # not built yet
                continue
        return trace

    sys.settrace(trace)
    try:
        yield seen
    finally:
        sys.settrace(None)


@pytest.mark.parametrize("code", [Code(512, 7, 4, 3), Code(500, 9, 1, 1), Code(64, 5, 2, 2)])
def test_row_7_nothing_that_depends_on_message_or_photo_shows_while_coding(code: Code) -> None:
    """Two runs that differ in these alone look the same in every frame of code and sketch.

    A run before them fills what is remembered of a code.
    """
    salt, pepper = bytes(range(16)), Hidden(range(32))
    inputs = KeyInputs(Hidden(), salt, pepper, CHEAPEST, b"")
    runs = []
    for seed in (0, 1, 2):
        rng = np.random.default_rng(seed)
        margins = rng.normal(size=code.lambda_bits)
        message = Hidden(rng.bytes(message_length_bytes(code)))
        stages = ("code", "message", "reed_muller", "reed_solomon", "secure_sketch")
        with locals_seen(*(f"ailock_sdk.sketch.{stage}" for stage in stages)) as seen:
            helper, whole = conceal(
                code, code.lambda_bits // 8, margins >= 0, message, salt, pepper
            )
            one = ObjectSketch(code, code.lambda_bits // 8, salt, helper)
            tag, secret = new_secret([whole], inputs)
            assert secret_behind(find_messages([one], [margins], pepper), tag, inputs) == secret
            with pytest.raises(UnlockError):
                secret_behind(find_messages([one], [-margins], pepper), tag, inputs)
        runs.append(
            {
                each
                for each in seen
                if each[1] not in ORDER_OF_BLOCKS and each[0].split(".")[-1] not in PUBLIC_TABLES
            }
        )
    given = {"reference_bits", "probe_margins"}  # as callers hold them
    differing = {(where, name) for where, name, _ in runs[1] ^ runs[2] if name not in given}
    assert len(runs[1]) > 60
    assert differing == set()


def pieces(data: bytes) -> list[str]:
    """How bytes might show: as a literal, in hexadecimal, as numbers."""
    return [
        repr(bytes(data))[2:-1],
        data.hex(),
        ", ".join(map(str, data)),
        " ".join(map(str, data)),
    ]


def test_row_7_no_frame_shows_pepper_pin_message_root_or_secret(
    photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While enrolling, opening, and refusing for each reason."""
    pepper, pin = sha256(b"a pepper").digest(), "raven-poe"
    salts = iter([b"salt of argon2id", b"salt of object 1", b"salt of object 2"] * 2)
    monkeypatch.setattr(
        "ailock_sdk.lock.os.urandom", lambda n: next(salts) if n == 16 else b"nevermore"[:n]
    )
    derived: list[bytes] = []

    genuine = kdf.Argon2id

    class Spy:
        def __init__(self, **options: Any) -> None:
            self.argon2id = genuine(**options)

        def derive(self, password: bytes) -> bytes:
            derived.extend((password, self.argon2id.derive(password)))
            return derived[-1]

    monkeypatch.setattr(kdf, "Argon2id", Spy)
    mug, robot = photos["mug"], photos["robot"]
    with locals_seen("ailock_sdk") as seen:
        lock = AiLock(pepper=pepper, cost=CHEAPEST)
        record, secret = lock.enroll([mug[:1], robot[:1]], pin=pin)
        assert lock.unlock([mug[:1], robot[:1]], record, pin=pin) == secret
        for wrong in ([mug[:1], mug[1:2]], [robot[:1], mug[:1]]):
            with pytest.raises(UnlockError):
                lock.unlock(wrong, record, pin=pin)
        with pytest.raises(UnlockError):
            lock.unlock([mug[:1], robot[:1]], record, pin="raven-pie")
        with pytest.raises(PinError):
            lock.enroll(mug[:1], pin="raven\npoe")
        with pytest.raises(PinError):
            lock.unlock([mug[:1], robot[:1]], record)
    assert {"raven-poe" in repr(password) for password in derived[::2]} == {True, False}
    secrets = [pepper, bytes(secret), b"nevermore"[: message_length_bytes(lock.code)], *derived]
    texts = [pin, "raven-pie", "raven\\npoe", *(text for one in secrets for text in pieces(one))]
    shown = {(where, name) for where, name, text in seen if any(one in text for one in texts)}
    shown_by_name = {(where.removeprefix("ailock_sdk."), name) for where, name in shown}
    assert shown_by_name <= AT_THE_DOOR
