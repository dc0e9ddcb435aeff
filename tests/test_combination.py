"""Combinations, PINs and several records: what opens, and that refusals are alike."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ailock_sdk import (
    AiLock,
    CaptureError,
    PhotoFormatError,
    PinError,
    Record,
    Secret,
    UnlockError,
)
from ailock_sdk.record_keys import open_any
from ailock_sdk.sketch import ReedMuller, ReedSolomon, extractor
from tests.campaign_refusals import PEPPER, PIN, make_pair, opens

Photos = dict[str, list[Path]]


def test_a_combination_opens_by_all_of_its_objects_in_order(lock: AiLock, photos: Photos) -> None:
    mug, robot = photos["mug"], photos["robot"]
    record, secret = lock.enroll([mug[:2], robot[:2]])
    assert [one.photo_count for one in record.objects] == [2, 2]
    assert lock.unlock([mug[2:], robot[2:]], bytes(record)) == secret
    assert lock.unlock([mug, robot], record) == secret
    for wrong in ([robot, mug], [mug[:1], mug[1:]], [robot[:1], robot[1:]]):
        with pytest.raises(UnlockError, match=r"^no match$"):
            lock.unlock(wrong, record)
    for given in (mug, [mug], [mug, robot, photos["clock"]]):
        with pytest.raises(CaptureError, match="objects were given"):
            lock.unlock(given, record)
    with pytest.raises(PhotoFormatError, match=r"^object 2, photo 1 \('none\.jpg'\)"):
        lock.probes([mug, ["none.jpg", *robot]])


def test_a_pin_is_needed_where_it_was_set(lock: AiLock, photos: Photos) -> None:
    view = photos["mug"][0]
    record, secret = lock.enroll([view], pin="cafe\u0301")
    assert lock.unlock(view, record, pin="caf\u00e9") == secret  # the same in form NFC
    with pytest.raises(PinError, match="needs its PIN"):
        lock.unlock(view, record)
    for wrong in ("cafe", "caf\u00e9 ", "CAF\u00c9"):
        with pytest.raises(UnlockError, match=r"^no match$"):
            lock.unlock(view, record, pin=wrong)
    plain, secret = lock.enroll([view])
    assert lock.unlock(view, plain, pin="1234") == secret


@pytest.mark.parametrize(
    ("pin", "allowed"),
    [
        ("", False),
        ("123", False),
        ("1234", True),
        ("e\u0301" * 3, False),  # three characters in form NFC
        ("\u00e9" * 4, True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("e\u0301" * 64, True),
        ("12\n34", False),
        ("1234\x7f", False),
        ("1234\u0085", False),
        ("1234\ud800", False),
        ("\u96ea\U0001f511 \u00df\u0660", True),
        (1234, False),
    ],
)
def test_what_a_pin_is(lock: AiLock, photos: Photos, pin: str, allowed: bool) -> None:
    view = photos["mug"][0]
    record, secret = lock.enroll([view], pin="4711")
    if allowed:
        record, secret = lock.enroll([view], pin=pin)
        assert lock.unlock(view, record, pin=pin) == secret
        return
    for use in (lambda: lock.enroll([view], pin=pin), lambda: lock.unlock(view, record, pin=pin)):
        with pytest.raises(PinError, match="4 to 64 characters"):
            use()


def test_any_of_several_records_opens_and_argon2id_runs_where_something_was_decoded(
    lock: AiLock, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    mug, robot, clock = (photos[name] for name in ("mug", "robot", "clock"))
    (of_mug, mug_secret), (of_robot, robot_secret) = lock.enroll(mug), lock.enroll(robot)
    with_pin, pin_secret = lock.enroll(mug[:2], pin="1234")
    runs: list[object] = []
    derive_keys = extractor.derive_keys

    def counted(*arguments: Any) -> tuple[bytes, Secret]:
        runs.append(arguments)
        return derive_keys(*arguments)

    monkeypatch.setattr(extractor, "derive_keys", counted)

    def any_of(photo: Path, *records: Record, pin: str | None = None) -> tuple[int, Secret]:
        runs.clear()
        return lock.reproduce_any(lock.probes(photo), records, pin=pin)

    assert any_of(mug[2], of_robot, of_mug) == (1, mug_secret)
    assert len(runs) == 1
    assert any_of(robot[2], of_robot, of_mug, of_mug) == (0, robot_secret)
    assert len(runs) == 1
    assert any_of(mug[2], of_robot, with_pin, of_mug, pin="1234") == (1, pin_secret)
    assert any_of(mug[2], of_robot, with_pin, of_mug, pin="4321") == (2, mug_secret)
    assert len(runs) == 2
    with pytest.raises(UnlockError, match=r"^no match$"):
        any_of(clock[0], of_robot, of_mug, of_mug)
    assert len(runs) == 1
    with pytest.raises(PinError):
        any_of(mug[2], of_mug, with_pin)
    assert not runs


def test_behind_a_wrong_pin_the_right_photo_of_two_slots_takes_as_many_argon2ids_as_a_wrong_one(
    lock: AiLock, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    mug, clock = photos["mug"], photos["clock"]
    records = [lock.enroll(mug[:2], pin="1234")[0], lock.enroll(mug[1:], pin="1234")[0]]
    work: Counter[str] = Counter()
    derive_keys = counted(work, "derive_keys", extractor.derive_keys)
    monkeypatch.setattr(extractor, "derive_keys", derive_keys)
    for photo in (mug[1], clock[0]):
        work.clear()
        with pytest.raises(UnlockError):
            lock.reproduce_any(lock.probes(photo), records, pin="4321")
        assert work == {"derive_keys": 2}


PAIRS = 200


def test_of_200_pairs_one_right_and_one_wrong_never_open_and_nothing_tells_which(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the work, counted instead of timed, nor log nor exception; see campaign_refusals."""
    work: Counter[str] = Counter()
    for owner, name in (
        *((extractor, "recover"), (extractor, "derive_keys"), (extractor, "helper_mask")),
        *((ReedMuller, "correlations"), (ReedMuller, "encode"), (ReedSolomon, "other_symbols")),
    ):
        monkeypatch.setattr(owner, name, counted(work, name, getattr(owner, name)))
    caplog.set_level(0)
    rng = np.random.default_rng(7)
    seen: dict[str, set[object]] = {}
    for _ in range(PAIRS):
        pair = make_pair(rng)
        assert opens(pair, pair.right, PIN)
        for name, (probes, pin) in pair.attempts().items():
            work.clear()
            with pytest.raises(UnlockError) as refusal:
                open_any([pair.record], probes, PEPPER, pin)
            frames = [frame.name for frame in traceback.extract_tb(refusal.value.__traceback__)]
            seen.setdefault(name, set()).add(
                (*sorted(work.items()), *frames, refusal.value.args, refusal.value.__context__)
            )
    assert not caplog.records
    (alike,) = set.union(*seen.values())
    assert {("derive_keys", 1), ("recover", 2)} < set(alike)


def counted(work: Counter[str], name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        work[name] += 1
        return function(*arguments)

    return call
