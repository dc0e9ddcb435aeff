"""A vault that cannot be written now: the disk is full, the media are read-only, others are busy.

Nothing is lost, nothing is charged, and what needs no writing works; the owner's code above all.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ailock_sdk import (
    AiLock,
    FilePepper,
    UnlockError,
    Vault,
    VaultBusyError,
    VaultError,
    VaultFullError,
    VaultReadOnlyError,
)
from ailock_sdk.sketch import CHEAPEST
from ailock_sdk.store import LockStore, RecoveryCode, read_clock
from tests.store.test_faults import FullDisk

Photos = dict[str, list[Path]]
Trouble = Callable[[Path], contextlib.AbstractContextManager[object]]


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, photos: Photos
) -> tuple[Path, AiLock, FilePepper, RecoveryCode]:
    """A vault whose lock has a miss, with what opens it."""
    folder = tmp_path_factory.mktemp("vault")
    pepper = FilePepper(folder / "keys" / "pepper")
    pepper.create()
    lock = AiLock(pepper=pepper, cost=CHEAPEST)
    mug, robot = list(photos.values())[:2]
    path = folder / "vault" / "vault.db"
    with Vault.open(path, pepper=pepper, lock=lock) as vault:
        code = vault.enroll("door", mug[:1]).recovery_code
        with pytest.raises(UnlockError):
            vault.unlock("door", robot[0])
    assert code is not None
    return path, lock, pepper, code


@contextlib.contextmanager
def full_disk(path: Path) -> Iterator[None]:
    with FullDisk(0):
        yield


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[None]:
    """As on read-only media, for root too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ailock_sdk.store.vault_file.may_write", lambda path: False)
        yield


@contextlib.contextmanager
def busy(path: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ailock_sdk.store.vault_file.BUSY_TIMEOUT_SECONDS", 0.05)
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.execute("ROLLBACK")
            holder.close()


TROUBLES: dict[str, tuple[Trouble, type[VaultError]]] = {
    "full disk": (full_disk, VaultFullError),
    "read-only media": (read_only, VaultReadOnlyError),
    "another process": (busy, VaultBusyError),
}


def misses(path: Path) -> int:
    with LockStore.open(path) as store:
        return store.status(store.get_unverified("door"), read_clock()).misses


@pytest.mark.parametrize("trouble", TROUBLES)
def test_row_19_what_needs_no_writing_works_and_nothing_is_charged(
    made: tuple[Path, AiLock, FilePepper, RecoveryCode], photos: Photos, trouble: str
) -> None:
    path, lock, pepper, code = made
    mug, robot = list(photos.values())[:2]
    meet, expected = TROUBLES[trouble]
    with LockStore.open(path) as store:
        before = store.get_unverified("door")
    with Vault.open(path, pepper=pepper, lock=lock) as vault:
        secret = vault.recover("door", code)
        with pytest.raises(UnlockError):
            vault.unlock("door", robot[0])
        sealed = vault.seal("door", b"text")
    counted = misses(path)
    with meet(path), Vault.open(path, pepper=pepper, lock=lock) as vault:
        assert vault.names() == ["door"]
        assert vault.show("door")["misses"] == counted
        assert vault.recipient("door").startswith("age1")
        assert len(vault.slots("door")) == 2
        assert vault.seal("door", b"text")
        changes: list[Callable[[], object]] = [
            lambda: vault.unlock("door", mug[0]),
            lambda: vault.unlock("door", robot[0]),
            lambda: vault.open_sealed("door", sealed, mug[0]),
            lambda: vault.add_photos("door", robot[:1], opened_by=code),
            lambda: vault.remove_slot("door", 1, opened_by=code),
            lambda: vault.rename("door", "gate"),
            lambda: vault.enroll("gate", robot[:1]),
            lambda: vault.remove("door"),
        ]
        for change in changes:
            with pytest.raises(expected):
                change()
        assert vault.recover("door", code) == secret
        assert vault.open_sealed("door", sealed, code) == b"text"
    with LockStore.open(path) as store:
        assert store.get_unverified("door") == before
    assert misses(path) == counted
    with Vault.open(path, pepper=pepper, lock=lock) as vault:
        assert vault.unlock("door", mug[0]) == secret
    assert misses(path) == 0
