"""What AiLock refuses to open, what it does without memory, after a fork and when it is closed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cryptography.exceptions import InternalError

from ailock_sdk import (
    AiLock,
    FilePepper,
    OutOfMemoryError,
    RecordMismatchError,
)
from ailock_sdk.parameters import chance_opens
from ailock_sdk.sketch import CHEAPEST, HIGHEST_COST, KdfCost, kdf
from tests.forks import in_a_fork

Photos = dict[str, list[Path]]


def test_row_5_a_record_without_pepper_is_refused_where_there_is_one(
    lock: AiLock, photos: Photos, pepper: FilePepper
) -> None:
    """Whoever wrote it may know its secret: everything would be sealed to him."""
    view = photos["mug"][0]
    forged, known_secret = lock.enroll([view])
    careful = AiLock(pepper=pepper, cost=CHEAPEST)
    for use in (careful.check, careful.needs_reenroll, lambda r: careful.unlock(view, bytes(r))):
        with pytest.raises(RecordMismatchError, match="allow_unpeppered"):
            use(forged)
    allowing = AiLock(pepper=pepper, cost=CHEAPEST, allow_unpeppered=True)
    assert allowing.unlock(view, forged) == known_secret
    own, secret = careful.enroll([view])
    assert allowing.unlock(view, own) == careful.unlock(view, own) == secret


@pytest.mark.parametrize("field", ["memory_cost_kib", "time_cost", "lanes"])
def test_row_5_a_record_orders_no_more_than_the_caller_allows(
    lock: AiLock, photos: Photos, field: str
) -> None:
    view = photos["mug"][0]
    ordered = KdfCost(time_cost=2, memory_cost_kib=32, lanes=2)
    record, secret = AiLock(pepper=None, cost=ordered).enroll([view])
    assert AiLock(pepper=None, max_cost=ordered).unlock(view, record) == secret
    less = replace(ordered, **{field: getattr(ordered, field) - 1})
    with pytest.raises(RecordMismatchError, match=f"Argon2id {field} of"):
        AiLock(pepper=None, max_cost=less).unlock(view, record)
    greedy = replace(record.header, memory_cost_kib=128)
    greedy = replace(greedy, **{field: getattr(HIGHEST_COST, field)})
    lock.check(replace(record, header=greedy))  # nothing is spent on looking


def test_row_5_a_record_forgives_no_more_than_a_lock_can(lock: AiLock, photos: Photos) -> None:
    record, _ = lock.enroll(photos["mug"][:1])
    (one,) = record.objects
    radii = [radius for radius in range(256) if not chance_opens(512, radius)]
    assert radii == list(range(221))
    lock.check(replace(record, objects=(replace(one, radius=radii[-1]),)))
    other = replace(one, salt=bytes(16))
    for objects in ((replace(one, radius=221),), (other, replace(one, radius=255))):
        with pytest.raises(RecordMismatchError, match="which chance would meet"):
            lock.check(replace(record, objects=objects))


def test_what_chance_opens_is_counted_exactly() -> None:
    assert not chance_opens(11, 0)
    assert chance_opens(11, 1)
    assert not chance_opens(10, 0)
    assert chance_opens(9, 0)
    bits = np.random.default_rng(1).random((200_000, 64)) < 0.5
    most = max(radius for radius in range(32) if not chance_opens(64, radius))
    assert np.mean(bits.sum(axis=1) <= most) < 1 / 1024 < np.mean(bits.sum(axis=1) <= most + 1)


@pytest.mark.parametrize("error", [MemoryError(), InternalError("Unknown OpenSSL error", [])])
def test_row_2_argon2id_without_memory_is_no_miss(
    lock: AiLock, photos: Photos, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Also as older versions of cryptography put it."""
    view = photos["mug"][0]
    record, _ = lock.enroll([view])

    class Starved:
        def __init__(self, **_: object) -> None: ...

        def derive(self, _: bytes) -> bytes:
            raise error

    monkeypatch.setattr(kdf, "Argon2id", Starved)
    for use in (lambda: lock.unlock(view, record), lambda: lock.enroll([view])):
        with pytest.raises(OutOfMemoryError, match="too little memory: Argon2id needs 0 MiB"):
            use()


@pytest.mark.parametrize(
    "place",
    [
        "ailock_sdk.photo_reader.decode_photo",
        "ailock_sdk.photo_reader.look_views",
        "ailock_sdk.sketch.secure_sketch.permutation",
        "ailock_sdk.sketch.code.ReedMuller.correlations",
        "ailock_sdk.sketch.code.ReedSolomon.other_symbols",
    ],
)
def test_row_2_no_memory_while_reading_or_decoding(
    lock: AiLock, photos: Photos, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    view = photos["mug"][0]
    record, _ = lock.enroll([view])

    def starved(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(place, starved)
    with pytest.raises(OutOfMemoryError, match="too little memory"):
        lock.unlock(view, record)
    if "sketch.code" not in place:
        with pytest.raises(OutOfMemoryError, match="too little memory"):
            lock.enroll([view])


STARVE = """
import gc, resource, sys
from ailock_sdk import AiLock, OutOfMemoryError, Record, UnlockError
from ailock_sdk.sketch import KdfCost

lock = AiLock(pepper=None, cost=KdfCost(1, 64 * 1024, 4), threads=1)
record, secret = lock.enroll([sys.argv[1]])
right, wrong = lock.probes(sys.argv[1]), lock.probes(sys.argv[2])
said = set()
for headroom_mib in (*range(0, 12), 24, 48, 80, 200):
    gc.collect()
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (used + (headroom_mib << 20), hard))
    outcomes = []
    for probes in (right, wrong):
        try:
            assert lock.reproduce(probes, record) == secret
            outcomes.append("opened")
        except OutOfMemoryError:
            outcomes.append("no memory")
        except UnlockError:
            outcomes.append("refused")
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    said.add(tuple(outcomes))
print(sorted(said))
"""


def test_row_2_a_process_that_really_has_no_memory(photos: Photos) -> None:
    command = [sys.executable, "-c", STARVE, str(photos["mug"][0]), str(photos["robot"][0])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[('no memory', 'no memory'), ('opened', 'refused')]"


def test_row_8_a_used_lock_goes_on_in_a_forked_process(lock: AiLock, photos: Photos) -> None:
    view = photos["mug"][0]
    several = AiLock(pepper=None, cost=CHEAPEST, threads=2)
    record, secret = several.enroll([view])
    assert several.unlock(view, record) == secret
    assert in_a_fork(lambda: bytes(several.unlock(view, record))) == bytes(secret)
    assert several.unlock(view, record) == secret


def test_a_closed_lock_reads_no_photo(photos: Photos) -> None:
    view = photos["mug"][0]
    with AiLock(pepper=None, cost=CHEAPEST) as lock:
        record, secret = lock.enroll([view])
        probes = lock.probes(view)
    with pytest.raises(ValueError, match="closed"):
        lock.unlock(view, record)
    assert lock.reproduce(probes, record) == secret
    lock.close()
