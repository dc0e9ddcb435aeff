"""What only a power cut or a look at the raw disk would show: each test fails without its guard."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from ailock_sdk.store import RecordStore
from ailock_sdk.store.private_files import make_private_folder, new_private_file
from tests.store.examples import NOW, PEPPER, PLAIN_OBJECT, PLAIN_RECORD, SEALING_KEY

FULL, ON = 2, 1


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """(synchronous, secure_delete) of every connection as it was closed.

    Each was opened with both off, as an SQLite that was built for speed has them.
    """
    found: list[tuple[int, int]] = []
    connect = sqlite3.connect

    class Watched(sqlite3.Connection):
        def close(self) -> None:
            found.append(
                tuple(self.execute(f"PRAGMA {name}").fetchone()[0] for name in NAMES)  # type: ignore[arg-type]
            )
            super().close()

    def lax(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options, factory=Watched)
        for name in NAMES:
            connection.execute(f"PRAGMA {name} = OFF")
        return connection

    monkeypatch.setattr(sqlite3, "connect", lax)
    return found


NAMES = ("synchronous", "secure_delete")


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


def test_a_charge_waits_for_the_disk_and_what_is_removed_is_overwritten(
    tmp_path: Path, settings: list[tuple[int, int]]
) -> None:
    for _ in ("made", "opened again"):
        RecordStore.open(tmp_path / "vault.db", PEPPER).close()
    assert len(settings) == 3  # one that made the file, and the two handles
    assert set(settings) == {(FULL, ON)}


@pytest.mark.usefixtures("settings")
def test_a_removed_lock_is_not_in_the_files(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    with RecordStore.open(path, PEPPER) as store:
        store.add("mug", PLAIN_RECORD, SEALING_KEY)
        store.charge("mug", NOW)
    assert PLAIN_OBJECT.helper in path.read_bytes()
    with RecordStore.open(path, PEPPER) as store:
        store.remove("mug")
    assert PLAIN_OBJECT.helper not in path.read_bytes()
    assert os.listdir(tmp_path) == ["vault.db"]  # the log, which held it too, is gone


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
