"""Every change of a vault, with the disk full at every write and without memory at every step.

After each fault the vault opens, every lock is as before the change or as after it, and an attempt
that was not counted was not allowed.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ailock_sdk.errors import AilockError, OutOfMemoryError, VaultFullError
from ailock_sdk.secret import Hidden
from ailock_sdk.store import LockFile, LockStore, StoredLock
from tests.store.conftest import everything
from tests.store.examples import LOCK, NOW, PEPPER, PEPPERED_RECORD, PHOTOS_ONLY, photo_slot

OTHER_PEPPER = Hidden(b"another pepper of thirty-two byt")
MORE_SLOTS = LOCK.with_slot(photo_slot(PEPPERED_RECORD, 3))

State = tuple[dict[str, tuple[LockFile, int]], bytes | None]
"""Locks and misses by name, and the id of the vault's pepper."""

CHANGES: dict[str, Callable[[LockStore, StoredLock], object]] = {
    "add": lambda store, mug: store.add("cup", PHOTOS_ONLY, PEPPER),
    "charge": lambda store, mug: store.charge(mug, NOW),
    "refund": lambda store, mug: store.refund(mug),
    "take back": lambda store, mug: store.take_back(mug, store.charge(mug, NOW)),
    "replace": lambda store, mug: store.replace(mug, MORE_SLOTS, PEPPER),
    "rename": lambda store, mug: store.rename(mug, "pot", PEPPER),
    "recovered": lambda store, mug: store.recovered(mug, PEPPER),
    "replace pepper": lambda store, mug: store.replace_pepper(PEPPER, OTHER_PEPPER),
    "lost pepper": lambda store, mug: store.replace_pepper(None, OTHER_PEPPER),
    "remove": lambda store, mug: store.remove("mug"),
}


@pytest.fixture
def used(path: Path, vault_with_mug: Path) -> Path:
    """A vault with a lock that has two misses."""
    path.parent.mkdir(mode=0o700)
    shutil.copy(vault_with_mug, path)
    with LockStore.open(path) as store:
        mug = store.get("mug", PEPPER)
        store.charge(mug, NOW)
        store.charge(mug, NOW)
    return path


def state(path: Path) -> State:
    with LockStore.open(path) as store:
        found = [store.get_unverified(name) for name in store.names()]
        misses = [store.status(stored, NOW).misses for stored in found]
        locks = {
            stored.name: (stored.lock, count) for stored, count in zip(found, misses, strict=True)
        }
        return locks, store.pepper_id()


def outcomes(path: Path, change: str) -> tuple[State, State]:
    """The vault before a change, and after it, as a copy shows."""
    copy = path.parent.parent / "copy" / "vault.db"
    copy.parent.mkdir(mode=0o700)
    shutil.copy(path, copy)
    before = state(copy)
    with LockStore.open(copy) as store:
        CHANGES[change](store, store.get("mug", PEPPER))
    return before, state(copy)


class FullDisk:
    """Lets no file of this process grow above a size, as long as it lasts."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __enter__(self) -> None:
        self.handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.before[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)
        signal.signal(signal.SIGXFSZ, self.handler)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("step", [4097, pytest.param(512, marks=pytest.mark.long)])
def test_row_19_a_full_disk_at_every_write_loses_nothing(
    used: Path, change: str, step: int
) -> None:
    before, after = outcomes(used, change)
    pristine = used.read_bytes()
    refusals = successes = 0
    size = 0
    while successes < 2:
        with LockStore.open(used) as store:
            mug = store.get("mug", PEPPER)
            with FullDisk(size):
                try:
                    CHANGES[change](store, mug)
                    refused = False
                except VaultFullError:
                    refused = True
                    with pytest.raises(VaultFullError):  # and again, without a harm
                        CHANGES[change](store, mug)
        found = state(used)
        if change == "take back" and refused:  # its charge may have been stored
            charged = ({"mug": (LOCK, 3)}, before[1])
            assert found in (before, charged, after)
        else:
            assert found == (before if refused else after)
        refusals += refused
        successes += not refused
        used.write_bytes(pristine)
        size += step
    assert refusals >= 2


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("size", [0, 1, 16_384, 32_767])
def test_row_19_a_vault_on_a_full_disk_can_be_read(used: Path, size: int, log: bool) -> None:
    """SQLite wants room for an index of 32 KiB beside it even to read."""
    if log:  # as a kill leaves it
        with LockStore.open(used) as store:
            store.add("cup", PHOTOS_ONLY, PEPPER)
            for file in used.parent.glob("vault.db*"):
                shutil.copy(file, used.parent.parent)
        for file in used.parent.glob("*"):
            file.unlink()
        for suffix in ("", "-wal"):
            shutil.move(used.parent.parent / f"vault.db{suffix}", used.parent)
    before = used.read_bytes()
    with FullDisk(max(size, 40_000) if log else size), LockStore.open(used) as store:
        assert store.names() == (["cup", "mug"] if log else ["mug"])
        mug = store.get("mug", PEPPER)
        assert store.status(mug, NOW).misses == 2
        if not log:
            with pytest.raises(VaultFullError, match="the disk is over quota or fails"):
                store.charge(mug, NOW)
            assert used.read_bytes() == before
    with LockStore.open(used) as store:
        store.charge(mug, NOW)


@pytest.mark.parametrize("step", [1500, pytest.param(100, marks=pytest.mark.long)])
def test_row_19_a_disk_full_at_every_write_of_a_new_vault_leaves_nothing(
    tmp_path: Path, step: int
) -> None:
    size = refusals = 0
    path = tmp_path / "folder" / "vault.db"
    while True:
        try:
            with FullDisk(size):
                LockStore.create(path).close()
            break
        except VaultFullError:
            assert os.listdir(tmp_path) == []
            refusals += 1
            size += step
    assert refusals >= 3
    with LockStore.open(path) as store:
        store.add("mug", LOCK, PEPPER)


MOUNT_PROGRAM = """
import sys
from ailock_sdk.errors import VaultFullError
from ailock_sdk.store import LockStore
from tests.store.examples import LOCK, PEPPER
added = []
try:
    with LockStore.create(sys.argv[1]) as store:
        for index in range(10_000):
            store.add(str(index), LOCK, PEPPER)
            added.append(str(index))
except VaultFullError:
    print("full")
with LockStore.open(sys.argv[1]) as store:
    assert sorted(added) == store.names(), (len(added), len(store.names()))
    for name in added:
        assert store.get(name, PEPPER).lock == LOCK
print(len(added))
"""


def test_row_19_a_file_system_without_room(tmp_path: Path) -> None:
    """Not a limit of the process, but ENOSPC itself, on a file system of 300 KiB."""
    script = 'mount -t tmpfs -o size=300k none "$1" && shift && exec "$@"'
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", str(tmp_path)]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("this system lets nobody mount in a namespace of his own")
    program = [sys.executable, "-c", MOUNT_PROGRAM, str(tmp_path / "vault.db")]
    done = subprocess.run([*command, *program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    full, added = done.stdout.split()
    assert full == "full"
    assert int(added) > 10


class Starving(sqlite3.Connection):
    """Gets no memory for the statement whose turn it is."""

    countdown = -1

    def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:  # type: ignore[override]
        if Starving.countdown == 0 and not sql.startswith("ROLLBACK"):
            Starving.countdown = -1
            raise MemoryError
        Starving.countdown -= 1
        return super().execute(sql, *parameters)


@pytest.fixture
def starving(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Starving]]:
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *some, **more: connect(*some, **more, factory=Starving)
    )
    yield Starving
    Starving.countdown = -1


@pytest.mark.parametrize("change", CHANGES)
def test_row_2_no_memory_at_any_step_loses_nothing(
    used: Path, change: str, starving: type[Starving]
) -> None:
    before, after = outcomes(used, change)
    pristine = used.read_bytes()
    failures = 0
    for turn in range(100):
        starving.countdown = -1
        with LockStore.open(used) as store:
            mug = store.get("mug", PEPPER)
            starving.countdown = turn
            try:
                CHANGES[change](store, mug)
                break
            except OutOfMemoryError:
                failures += 1
            finally:
                starving.countdown = -1
        found = state(used)
        assert found in (before, after, ({"mug": (LOCK, 3)}, before[1]))
        if change != "take back":
            assert found == before
        used.write_bytes(pristine)
    assert failures >= 4
    assert state(used) == after


@pytest.mark.parametrize("change", CHANGES)
def test_row_19_read_only_media_change_nothing(
    unprivileged_folder: Path, vault_with_mug: Path, change: str
) -> None:
    path = unprivileged_folder / "vault.db"
    with LockStore.create(path) as store:
        store.add("mug", LOCK, PEPPER)
    path.chmod(0o400)
    unprivileged_folder.chmod(0o500)
    before = everything(unprivileged_folder)
    with LockStore.open(path) as store, pytest.raises(AilockError, match="is read-only"):
        CHANGES[change](store, store.get("mug", PEPPER))
    assert everything(unprivileged_folder) == before
