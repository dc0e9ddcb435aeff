"""The numbers and MACs of a vault's states (SPEC section 9.5), without and with a TPM."""

from __future__ import annotations

import functools
import hashlib
import hmac
import os
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ailock_sdk.errors import VaultRolledBackError
from ailock_sdk.secret import Hidden
from ailock_sdk.store import LockStore, StateGuard
from ailock_sdk.store.tpm import Tpm
from tests.forks import unless_killed
from tests.peppers.places import Place
from tests.store.examples import LOCK, NOW, OTHER_LOCK, PEPPER

AUTH = hmac.digest(PEPPER, b"ailock/v1/tpm-counter", "sha256")


@dataclass
class Counters:
    """What a TPM does, in memory; ``reads`` says how often it was asked."""

    counts: dict[int, int] = field(default_factory=dict)
    reads: int = 0

    def new_counter(self, auth: Hidden) -> int:
        assert bytes(auth) == AUTH
        self.counts[0x01800007] = max(self.counts.values(), default=0) + 1
        return 0x01800007

    def count(self, index: int, auth: Hidden) -> int | None:
        assert bytes(auth) == AUTH
        self.reads += 1
        return self.counts.get(index)

    def step(self, index: int, auth: Hidden) -> None:
        assert bytes(auth) == AUTH
        self.counts[index] += 1

    def remove_counter(self, index: int) -> None:
        del self.counts[index]


@pytest.fixture
def counters() -> Counters:
    return Counters({1: 40})


@pytest.fixture
def store(tmp_path: Path, counters: Counters) -> Iterator[LockStore]:
    """A vault with the lock `mug`, which these count."""
    guard = StateGuard(counters, PEPPER)
    with LockStore.create(tmp_path / "vault.db") as store:
        store.guard_source = lambda: guard
        store.add("mug", LOCK, PEPPER, "tpm")
        yield store


def expected_state(path: Path) -> bytes:
    """SPEC section 9.5 once more, by hand."""
    connection = sqlite3.connect(path)
    ((counter,),) = connection.execute("SELECT counter FROM vault").fetchall()
    message = b"ailock/v1/vault-state" + counter
    rows = connection.execute(
        "SELECT name, lock, pepper_id, mac, misses, missed_uptime, boot_id FROM locks"
    ).fetchall()
    connection.close()
    for name, lock, pepper, mac, misses, uptime, boot in sorted(
        rows, key=lambda row: row[0].encode()
    ):
        for kind, value in (
            ("t", name.encode()),
            *(("b", lock), ("b", pepper), ("b", mac)),
            ("i", b"%d" % misses),
            ("r", struct.pack(">d", uptime)),
            ("t", boot.encode()),
        ):
            message += kind.encode() + struct.pack(">I", len(value)) + value
    return hmac.new(PEPPER, message, hashlib.sha256).digest()


def stored(path: Path) -> tuple[str, bytes, bytes]:
    connection = sqlite3.connect(path)
    ((place, counter, state),) = connection.execute(
        "SELECT pepper_place, counter, state FROM vault"
    ).fetchall()
    connection.close()
    return place, counter, state


def test_states_are_numbered_and_signed_as_the_specification_has_it(
    store: LockStore, counters: Counters
) -> None:
    def look(count: int) -> None:
        place, counter, state = stored(store.path)
        assert place == "tpm"
        assert counter == struct.pack(">IQ", 0x01800007, count)
        assert counters.counts[0x01800007] == count
        assert state == expected_state(store.path)

    look(42)
    store.add("Blåhaj", OTHER_LOCK, PEPPER, "tpm")
    look(43)
    charge = store.charge(mug := store.get("mug", PEPPER), NOW)
    look(44)
    store.take_back(mug, charge)
    look(44)
    store.charge(mug, NOW)
    store.refund(mug)
    look(45)
    store.remove("Blåhaj")
    look(46)


def test_an_attempt_asks_the_counter_twice(store: LockStore, counters: Counters) -> None:
    mug, before = store.get("mug", PEPPER), counters.reads
    store.charge(mug, NOW)
    store.refund(mug)
    assert counters.reads - before == 2, "before the charge and before the step"


def test_a_vault_without_locks_is_still_counted(store: LockStore, tmp_path: Path) -> None:
    def opened() -> LockStore:
        again = LockStore.open(store.path)
        again.guard_source = store.guard_source
        return again

    store.close()
    shutil.copy(store.path, tmp_path / "copy")
    with opened() as emptied:
        emptied.remove("mug")
    shutil.copy(tmp_path / "copy", store.path)
    with opened() as old, pytest.raises(VaultRolledBackError, match="1 changes"):
        old.charge(old.get("mug", PEPPER), NOW)


def test_a_row_of_another_day_is_noticed(store: LockStore, counters: Counters) -> None:
    """Its own MAC is right: it was this lock, before a slot was removed."""
    mug = store.get("mug", PEPPER)
    connection = sqlite3.connect(store.path)
    (before,) = connection.execute("SELECT lock, mac FROM locks").fetchall()
    store.replace(mug, mug.lock.without_slot(mug.lock.slots[-1].number), PEPPER)
    connection.execute("UPDATE locks SET lock = ?, mac = ?", before)
    connection.commit()
    connection.close()
    assert store.get("mug", PEPPER).lock == mug.lock
    with pytest.raises(VaultRolledBackError, match="changed by something else"):
        store.charge(store.get("mug", PEPPER), NOW)


@pytest.mark.parametrize("ahead", [2, 1000])
def test_a_counter_that_is_behind_is_another_one(
    store: LockStore, counters: Counters, ahead: int
) -> None:
    counters.counts[0x01800007] -= ahead
    with pytest.raises(VaultRolledBackError, match="not this vault's"):
        store.remove("mug")
    assert store.names() == ["mug"]


def test_a_failed_change_is_no_step(store: LockStore, counters: Counters) -> None:
    before = stored(store.path), counters.counts[0x01800007]
    with pytest.raises(Exception, match="exists"):
        store.add("mug", OTHER_LOCK, PEPPER, "tpm")
    assert (stored(store.path), counters.counts[0x01800007]) == before


def test_processes_that_count_at_once_agree(tpm: Place, tmp_path: Path) -> None:
    path, rounds = tmp_path / "vault.db", 8
    guard = StateGuard(Tpm(os.environ["TPM2TOOLS_TCTI"]), PEPPER)
    with LockStore.create(path) as created:
        created.guard_source = lambda: guard
        created.add("mug", LOCK, PEPPER, "tpm")
    first = int.from_bytes(stored(path)[1][4:], "big")

    def work() -> int:
        with LockStore.open(path) as store:
            store.guard_source = lambda: guard
            for _ in range(rounds):
                mug = store.get("mug", PEPPER)
                store.charge(mug, NOW)
                store.refund(mug)
        return os.getpid()

    def both() -> list[int | None]:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(unless_killed, [work, work]))

    assert len({*both()}) == 2
    assert int.from_bytes(stored(path)[1][4:], "big") == first + 2 * rounds
    with LockStore.open(path) as store:
        store.guard_source = functools.partial(lambda found: found, guard)
        store.remove("mug")
