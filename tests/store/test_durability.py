"""What only a power cut or a look at the raw disk would show: each test fails without its guard."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ailock_sdk.store import LockStore, StoredLock
from ailock_sdk.store.private_files import make_private_folder, new_private_file
from tests.store.examples import LOCK, NOW, PEPPER

FULL, NORMAL, ON = 2, 1, 1
NAMES = ("synchronous", "secure_delete")


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int]]:
    """What each connection did, "COMMIT" or "close", with its synchronous and secure_delete then.

    Each was opened with both off, as an SQLite that was built for speed has them.
    """
    found: list[tuple[str, int, int]] = []
    connect = sqlite3.connect

    class Watched(sqlite3.Connection):
        def note(self, what: str) -> None:
            pragmas = [self.execute(f"PRAGMA {name}").fetchone()[0] for name in NAMES]
            found.append((what, pragmas[0], pragmas[1]))

        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            if sql == "COMMIT":
                self.note(sql)
            return super().execute(sql, *parameters)

        def close(self) -> None:
            self.note("close")
            super().close()

    def lax(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options, factory=Watched)
        for name in NAMES:
            connection.execute(f"PRAGMA {name} = OFF")
        return connection

    monkeypatch.setattr(sqlite3, "connect", lax)
    return found


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[list[str] | str]:
    """What was put on the disk, in order: a folder by its names at that time, a file as "file"."""
    found: list[list[str] | str] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        found.append(sorted(os.listdir(descriptor)) if is_folder else "file")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    return found


def test_what_is_made_is_durable_and_what_is_removed_is_overwritten(
    tmp_path: Path, settings: list[tuple[str, int, int]]
) -> None:
    LockStore.create(tmp_path / "vault.db").close()
    LockStore.open(tmp_path / "vault.db").close()
    made, *handles = settings  # what was made is synced as a whole before it has its name
    assert made[0] == "close"
    assert handles == [("close", FULL, ON)] * 2


CHANGES: dict[str, Callable[[LockStore, StoredLock], object]] = {
    "charge": lambda store, mug: store.charge(mug, NOW),
    "add": lambda store, mug: store.add("cup", LOCK, PEPPER),
    "replace": lambda store, mug: store.replace(mug, LOCK, PEPPER),
    "rename": lambda store, mug: store.rename(mug, "cup", PEPPER),
    "recovered": lambda store, mug: store.recovered(mug, PEPPER),
    "replace_pepper": lambda store, mug: store.replace_pepper(PEPPER, PEPPER),
    "remove": lambda store, mug: store.remove("mug"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_waits_for_the_disk_also_after_one_that_does_not(
    tmp_path: Path, settings: list[tuple[str, int, int]], change: str
) -> None:
    with LockStore.create(tmp_path / "vault.db") as store:
        mug = store.add("mug", LOCK, PEPPER)
        store.refund(mug)
        settings.clear()
        CHANGES[change](store, mug)
        assert settings == [("COMMIT", FULL, ON)]


def test_what_a_power_cut_may_undo_is_not_waited_for(
    tmp_path: Path, settings: list[tuple[str, int, int]]
) -> None:
    with LockStore.create(tmp_path / "vault.db") as store:
        mug = store.add("mug", LOCK, PEPPER)
        charge = store.charge(mug, NOW)
        settings.clear()
        store.take_back(mug, charge)
        store.refund(mug)
        assert settings == [("COMMIT", NORMAL, ON)] * 2


def test_a_refund_that_a_power_cut_tears_leaves_the_miss_counted(
    store: LockStore, path: Path, tmp_path: Path
) -> None:
    """The log reached the disk as far as the charge; of the refund any part did, or nothing."""
    mug = store.get("mug", PEPPER)
    store.charge(mug, NOW)
    log = Path(f"{path}-wal")
    synced = log.stat().st_size
    store.refund(mug)
    whole = log.read_bytes()
    assert len(whole) > synced
    torn = [whole[:size] for size in range(synced, len(whole), 509)]
    torn += [data + b"\xa5" * (len(whole) - len(data)) for data in torn]
    for index, data in enumerate(torn):
        folder = tmp_path / str(index)
        folder.mkdir()
        shutil.copy(path, folder)
        (folder / "vault.db-wal").write_bytes(data)
        (folder / "vault.db-wal").chmod(0o600)
        with LockStore.open(folder / "vault.db") as after:
            assert after.get("mug", PEPPER) == mug
            assert after.status(mug, NOW).misses == 1
    assert len(torn) > 10


@pytest.mark.usefixtures("settings")
def test_a_removed_lock_is_not_in_the_files(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    with LockStore.create(path) as store:
        store.charge(store.add("mug", LOCK, PEPPER), NOW)
    assert LOCK.recipient in path.read_bytes()
    with LockStore.open(path) as store:
        store.remove("mug")
    assert LOCK.recipient not in path.read_bytes()
    assert os.listdir(tmp_path) == ["vault.db"]  # the log, which held it too, is gone


@pytest.mark.usefixtures("settings")
def test_a_removed_slot_is_not_in_the_files(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    gone = LOCK.slot(1).wrapped
    with LockStore.create(path) as store:
        store.add("mug", LOCK, PEPPER)
    assert gone in path.read_bytes()
    with LockStore.open(path) as store:
        store.replace(store.get("mug", PEPPER), LOCK.without_slot(1), PEPPER)
    assert gone not in path.read_bytes()


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("links", [True, False])
def test_a_new_name_is_on_the_disk_before_it_is_relied_on(
    overwrite: bool,
    links: bool,
    tmp_path: Path,
    synced: list[list[str] | str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError("links are denied")

    if not links:
        monkeypatch.setattr("os.link", denied)
    with new_private_file(tmp_path / "new", overwrite=overwrite) as file:
        file.write(b"whole")
    assert synced == ["file", ["new"]]  # contents first, and the name in its folder last


def test_a_new_folder_is_on_the_disk(tmp_path: Path, synced: list[list[str] | str]) -> None:
    make_private_folder(tmp_path / "folder")
    assert synced == [["folder"]]
