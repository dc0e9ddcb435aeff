"""SPEC section 9.3, the file: whose it may be, where it may lie, what each trouble is called."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ailock_sdk.errors import (
    AilockError,
    OutOfMemoryError,
    VaultBusyError,
    VaultError,
    VaultFullError,
    VaultMissingError,
    VaultReadOnlyError,
)
from ailock_sdk.store import LockStore
from ailock_sdk.store.vault_file import APPLICATION_ID, create_vault_file
from tests.store.conftest import edit, everything
from tests.store.examples import LOCK, NOW, PEPPER, PHOTOS_ONLY


def refused(path: Path, kind: type[AilockError] = VaultError) -> str:
    """The words by which a vault is not opened; exactly this kind of error."""
    with pytest.raises(kind) as caught:
        LockStore.open(path)
    assert type(caught.value) is kind
    return str(caught.value)


# -- creating and opening ----------------------------------------------------------------------


def test_row_1_opening_creates_nothing(tmp_path: Path) -> None:
    for path in (tmp_path / "vault.db", tmp_path / "no" / "such" / "vault.db"):
        assert f"no vault at {path}" in refused(path, VaultMissingError)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "no vault at" in refused(tmp_path / "link", VaultMissingError)
    assert os.listdir(tmp_path) == ["link"]


def test_creating_is_private_and_keeps_what_is_there(path: Path) -> None:
    previous = os.umask(0)
    try:
        with LockStore.create(path) as store:
            store.add("mug", LOCK, PEPPER)
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    finally:
        os.umask(previous)
    assert modes == dict.fromkeys(("vault.db", "vault.db-wal", "vault.db-shm"), 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["vault.db"]
    with LockStore.create(path) as store:
        assert store.names() == ["mug"]


def test_a_link_leads_to_the_vault_and_to_what_lies_beside_it(
    store: LockStore, path: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with LockStore.open(link) as linked:
        linked.charge(linked.get("mug", PEPPER), NOW)
        assert store.status(store.get("mug", PEPPER), NOW).misses == 1
    assert not (tmp_path / "link.db-wal").exists()
    Path(f"{path}-journal").write_bytes(b"planted")
    Path(f"{path}-journal").chmod(0o644)
    assert "-journal" in refused(link)
    Path(f"{path}-journal").unlink()
    path.parent.chmod(0o777)
    assert f"run chmod go-w {path.parent}" in refused(link)


def test_row_12_nothing_lies_beside_a_vault_that_is_being_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill would leave it there for ever; the file itself is removed by the next new one."""
    seen: list[list[str]] = []

    class Watched(sqlite3.Connection):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.set_progress_handler(self.look, 1)

        def look(self) -> int:
            seen.append([name[-4:] for name in os.listdir(tmp_path)])
            return 0

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **o: connect(*a, **o, factory=Watched))
    create_vault_file(tmp_path / "vault.db")
    assert len(seen) > 50
    assert seen == [[".tmp"]] * len(seen)
    assert os.listdir(tmp_path) == ["vault.db"]


def test_application_id_spells_the_magic() -> None:
    assert APPLICATION_ID.to_bytes(4, "big") == b"AILK"


def full_disk(descriptor: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("folders", ["", "one", "one/two"])
def test_failed_creation_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: str
) -> None:
    monkeypatch.setattr(os, "fsync", full_disk)
    path = tmp_path / folders / "vault.db"
    with pytest.raises(VaultFullError, match=f"{path} cannot be made: No space left"):
        LockStore.create(path)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(VaultError, match="cannot be made"):
        LockStore.create(tmp_path / "file" / "vault.db")
    refused(tmp_path / "file" / "vault.db", VaultMissingError)
    assert os.listdir(tmp_path) == ["file"]


# -- whose it is -------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_refused_when_others_may_use_it(store: LockStore, path: Path, mode: int) -> None:
    path.chmod(mode)
    assert f"run chmod 600 {path}" in refused(path)


def test_refused_when_it_is_anothers(
    store: LockStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert "run chown" in refused(path)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_row_9_what_others_left_beside_it_is_refused(
    store: LockStore, path: Path, tmp_path: Path, suffix: str
) -> None:
    store.close()
    side = Path(f"{path}{suffix}")
    side.write_bytes(b"planted")
    side.chmod(0o644)
    assert f"run chmod 600 {side}" in refused(path)
    side.unlink()
    side.symlink_to(tmp_path / "elsewhere")
    assert f"{side} is not a plain file" in refused(path)
    side.unlink()
    side.mkdir()
    assert f"{side} is not a plain file" in refused(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")
@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_row_9_a_log_of_another_user_is_not_replayed(
    store: LockStore, path: Path, suffix: str
) -> None:
    """The log of an emptied copy, planted by somebody else in a folder like /tmp."""
    store.close()
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    connection = sqlite3.connect(copy, isolation_level=None)
    connection.execute("DELETE FROM locks")
    side = Path(f"{path}{suffix}")
    shutil.copy(f"{copy}-wal", side)
    connection.close()
    os.chown(side, 65534, 65534)
    side.chmod(0o600)
    path.parent.chmod(0o1777)
    before = path.read_bytes()
    assert "it belongs to user 65534" in refused(path)
    assert path.read_bytes() == before
    side.unlink()
    with LockStore.open(path) as again:
        assert again.names() == ["mug"]


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_row_9_folders_that_others_may_write_are_refused(
    store: LockStore, path: Path, mode: int
) -> None:
    store.close()
    path.parent.chmod(mode)
    assert f"run chmod go-w {path.parent}" in refused(path)
    with pytest.raises(VaultError, match="run chmod go-w"):
        LockStore.create(path.parent / "new.db")
    assert os.listdir(path.parent) == ["vault.db"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be two users")
def test_row_9_a_folder_of_another_user_is_refused(store: LockStore, path: Path) -> None:
    store.close()
    os.chown(path.parent, 65534, 65534)
    assert "its folder belongs to user 65534" in refused(path)


def test_row_9_where_others_may_add_files_ours_are_there_first(
    store: LockStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can slip a log in between the look at it and SQLite's."""
    store.close()
    path.parent.chmod(0o1777)
    seen: list[set[str]] = []
    connect = sqlite3.connect

    def watched(*arguments: object, **options: object) -> sqlite3.Connection:
        seen.append(set(os.listdir(path.parent)))
        return connect(*arguments, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", watched)
    with LockStore.open(path) as again:
        again.charge(again.get("mug", PEPPER), NOW)
    assert seen == [{"vault.db", "vault.db-wal", "vault.db-shm"}]
    assert os.listdir(path.parent) == ["vault.db"]


def test_the_log_of_a_lost_vault_is_not_replayed(store: LockStore, path: Path) -> None:
    store.charge(store.get("mug", PEPPER), NOW)
    path.unlink()
    assert (path.parent / "vault.db-wal").exists()
    assert "restore the vault, or move that file away" in refused(path)
    with pytest.raises(VaultError, match="move that file away"):
        LockStore.create(path)
    assert not path.exists()


# -- reading where nothing can be written --------------------------------------------------------


READS: dict[str, Callable[[LockStore], object]] = {
    "names": lambda store: store.names(),
    "get": lambda store: store.get("mug", PEPPER),
    "unverified": lambda store: store.get_unverified("mug"),
    "pepper": lambda store: store.pepper_id(),
    "status": lambda store: store.status(store.get("mug", PEPPER), NOW),
}
WRITES: dict[str, Callable[[LockStore], object]] = {
    "add": lambda store: store.add("cup", LOCK, PEPPER),
    "charge": lambda store: store.charge(store.get("mug", PEPPER), NOW),
    "refund": lambda store: store.refund(store.get("mug", PEPPER)),
    "replace": lambda store: store.replace(store.get("mug", PEPPER), LOCK, PEPPER),
    "rename": lambda store: store.rename(store.get("mug", PEPPER), "cup", PEPPER),
    "recovered": lambda store: store.recovered(store.get("mug", PEPPER), PEPPER),
    "pepper": lambda store: store.replace_pepper(None, PEPPER),
    "remove": lambda store: store.remove("mug"),
}


@pytest.fixture
def used(unprivileged_folder: Path) -> Path:
    """A vault with one lock and five misses, of a user whom permissions bind."""
    path = unprivileged_folder / "vault.db"
    with LockStore.create(path) as store:
        mug = store.add("mug", LOCK, PEPPER)
        for _ in range(5):
            store.charge(mug, NOW)
    return path


def assert_reads_and_nothing_else(path: Path, expected: list[object]) -> None:
    before = everything(path.parent)
    with LockStore.open(path) as store:
        assert not store.is_writable
        assert [read(store) for read in READS.values()] == expected
        for write in WRITES.values():
            with pytest.raises(VaultReadOnlyError, match="is read-only"):
                write(store)
        assert [read(store) for read in READS.values()] == expected
    assert everything(path.parent) == before


def reads(path: Path) -> list[object]:
    with LockStore.open(path) as store:
        return [read(store) for read in READS.values()]


@pytest.mark.parametrize(("file", "folder"), [(0o400, 0o700), (0o600, 0o500), (0o400, 0o500)])
def test_row_19_reading_needs_no_writing(used: Path, file: int, folder: int) -> None:
    expected = reads(used)
    used.chmod(file)
    used.parent.chmod(folder)
    assert_reads_and_nothing_else(used, expected)


@pytest.mark.parametrize("folder", [0o700, 0o500])
@pytest.mark.parametrize("index", [True, False])
def test_row_19_a_log_beside_a_vault_that_cannot_be_written_counts(
    used: Path, folder: int, index: bool
) -> None:
    """As after a kill, or copied to read-only media while the vault was open."""
    copy = used.parent / "copy"
    copy.mkdir()
    with LockStore.open(used) as store:
        store.add("cup", PHOTOS_ONLY, PEPPER)
        expected = [read(store) for read in READS.values()]
        for file in used.parent.glob("vault.db*"):
            if index or not file.name.endswith("-shm"):
                shutil.copy(file, copy)
                (copy / file.name).chmod(0o400)
    assert (copy / "vault.db-wal").stat().st_size > 0
    copy.chmod(folder)
    try:
        assert_reads_and_nothing_else(copy / "vault.db", expected)
    finally:
        copy.chmod(0o700)


def test_row_19_a_vault_in_use_is_read_as_it_is_now(used: Path) -> None:
    """A folder that is mounted read-only here, while its owner enrols there."""
    with LockStore.open(used) as owner:
        used.parent.chmod(0o500)
        with LockStore.open(used) as reader:
            assert reader.names() == ["mug"]
            owner.add("cup", PHOTOS_ONLY, PEPPER)
            assert reader.names() == ["cup", "mug"]
            with pytest.raises(VaultReadOnlyError):
                reader.remove("cup")
        used.parent.chmod(0o700)
    assert os.listdir(used.parent) == ["vault.db"]


def test_row_19_a_folder_that_cannot_be_written_gets_no_vault(unprivileged_folder: Path) -> None:
    unprivileged_folder.chmod(0o500)
    for path in (unprivileged_folder / "vault.db", unprivileged_folder / "new" / "vault.db"):
        with pytest.raises(VaultReadOnlyError, match="cannot be made: Permission denied"):
            LockStore.create(path)
        refused(path, VaultMissingError)


def test_a_wait_is_told_where_it_cannot_be_stored(used: Path) -> None:
    from dataclasses import replace

    used.chmod(0o400)
    rebooted = replace(NOW, boot_id="boot-2")
    with LockStore.open(used) as store:
        status = store.status(store.get("mug", PEPPER), rebooted)
    assert (status.misses, status.retry_after_seconds) == (5, 30.0)


# -- files that are no vault ---------------------------------------------------------------------


def test_paths_that_cannot_be_a_vault(tmp_path: Path) -> None:
    assert "not a plain file" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "not a plain file" in refused(tmp_path / "pipe")


@pytest.mark.parametrize("contents", [b"", b"hello", b"x" * 5000, b"SQLite format 3\0" + bytes(84)])
def test_other_files_are_refused_and_untouched(tmp_path: Path, contents: bytes) -> None:
    other = tmp_path / "other"
    other.write_bytes(contents)
    other.chmod(0o600)
    assert "it is not a vault: choose another path" in refused(other)
    assert other.read_bytes() == contents
    assert os.listdir(tmp_path) == ["other"]


def test_databases_of_other_programs_are_refused_and_untouched(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    edit(other, "CREATE TABLE notes(text)", "INSERT INTO notes VALUES ('keep me')")
    other.chmod(0o600)
    before = other.read_bytes()
    assert "it is not a vault" in refused(other)
    assert other.read_bytes() == before
    assert os.listdir(tmp_path) == ["other.db"]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("PRAGMA user_version = 2", "has version 2: update ailock-sdk"),
        ("PRAGMA application_id = 7", "is not a vault"),
        ("CREATE TABLE more(x)", "foreign tables or triggers"),
        ("CREATE VIEW more AS SELECT * FROM locks", "foreign tables or triggers"),
        ("CREATE INDEX more ON locks(misses)", "foreign tables or triggers"),
        ("DROP TABLE locks", "foreign tables or triggers"),
        ("DROP TABLE vault", "foreign tables or triggers"),
        (
            "CREATE TRIGGER free AFTER UPDATE ON locks BEGIN UPDATE locks SET misses = 0; END",
            "foreign tables or triggers",
        ),
    ],
)
def test_altered_vaults_are_refused(
    store: LockStore, path: Path, statement: str, message: str
) -> None:
    store.close()
    edit(path, statement)
    assert message in refused(path)


@pytest.mark.parametrize("size", [16, 100, 512, 4096, 5000])
def test_truncated_vaults_are_refused(store: LockStore, path: Path, size: int) -> None:
    store.close()
    os.truncate(path, size)
    with pytest.raises(VaultError, match="cannot be used"), LockStore.open(path) as again:
        again.get("mug", PEPPER)


def test_overwritten_pages_are_one_clear_error(store: LockStore, path: Path) -> None:
    mug = store.get("mug", PEPPER)
    store.close()
    contents = bytearray(path.read_bytes())
    contents[4096:] = b"\xa5" * len(contents[4096:])
    path.write_bytes(contents)
    with LockStore.open(path) as again:
        calls: list[Callable[[], object]] = [
            again.names,
            lambda: again.get("mug", PEPPER),
            lambda: again.charge(mug, NOW),
            lambda: again.add("cup", LOCK, PEPPER),
        ]
        for call in calls:
            with pytest.raises(VaultError, match="it is damaged: restore it from a backup"):
                call()


def test_a_vault_that_was_cut_anywhere_is_one_clear_error(store: LockStore, path: Path) -> None:
    """Within the last page too, which SQLite fills up with zeros: the lock was gone unnoticed."""
    store.close()
    data = path.read_bytes()
    for length in [*range(0, len(data), 509), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(VaultError, match="cannot be used"):
            LockStore.open(path)
    path.write_bytes(data)
    with LockStore.open(path) as whole:
        assert whole.get("mug", PEPPER).lock == LOCK


@pytest.mark.parametrize("damage", [b"CREAT\xd6", b"CREATX", b"create"])
def test_a_damaged_schema_is_one_clear_error(store: LockStore, path: Path, damage: bytes) -> None:
    """SQLite quotes what it cannot parse, and that need not be UTF-8."""
    store.close()
    contents = path.read_bytes()
    assert contents.count(b"CREATE TABLE locks") == 1
    path.write_bytes(contents.replace(b"CREATE TABLE locks", damage + b" TABLE locks"))
    assert "restore it from a backup" in refused(path)


# -- troubles of the disk, of others and of memory ----------------------------------------------


def test_row_19_a_full_disk_changes_nothing(store: LockStore) -> None:
    connection = store._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    added = ["mug"]

    def add_many() -> None:
        for index in range(100):
            store.add(f"lock {index:03}", LOCK, PEPPER)
            added.append(f"lock {index:03}")

    with pytest.raises(VaultFullError, match="the disk is full, nothing was changed"):
        add_many()
    assert store.names() == sorted(added)
    for name in added:
        assert store.get(name, PEPPER).lock == LOCK
    connection.execute(f"PRAGMA max_page_count = {pages + 100}")
    store.add("after", LOCK, PEPPER)


def test_row_19_a_charge_that_the_disk_refuses_is_an_error(store: LockStore, path: Path) -> None:
    """A file size limit makes the operating system refuse the write itself."""
    store.close()
    program = (
        "import resource, sys; from ailock_sdk.errors import VaultFullError\n"
        "from ailock_sdk.store import LockStore, read_clock\n"
        "from tests.store.examples import PEPPER\n"
        "with LockStore.open(sys.argv[1]) as store:\n"
        "    mug = store.get('mug', PEPPER)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "    try:\n"
        "        store.charge(mug, read_clock())\n"
        "    except VaultFullError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60
    )
    assert "the disk is over quota or fails" in done.stdout
    with LockStore.open(path) as again:
        mug = again.get("mug", PEPPER)
        assert again.status(mug, NOW).misses == 0
        again.charge(mug, NOW)


def test_row_19_a_busy_vault_is_one_clear_error(
    store: LockStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ailock_sdk.store.vault_file.BUSY_TIMEOUT_SECONDS", 0.05)
    with LockStore.open(path) as impatient:
        mug = impatient.get("mug", PEPPER)
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(VaultBusyError, match="another process keeps it busy"):
            impatient.charge(mug, NOW)
        assert impatient.get("mug", PEPPER) == mug  # reading needs no turn
        holder.execute("ROLLBACK")
        holder.close()
        impatient.charge(mug, NOW)


class Starved(sqlite3.Connection):
    """A connection that gets no memory for one statement."""

    starving = ""

    def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:  # type: ignore[override]
        if self.starving and sql.startswith(self.starving):
            raise MemoryError
        return super().execute(sql, *parameters)


@pytest.fixture
def starved(path: Path, store: LockStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[LockStore]:
    connect = sqlite3.connect

    def connected(*arguments: object, **options: object) -> sqlite3.Connection:
        return connect(*arguments, **options, factory=Starved)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", connected)
    with LockStore.open(path) as opened:
        yield opened


@pytest.mark.parametrize("statement", ["BEGIN", "SELECT lock", "SELECT misses", "UPDATE", "COMMIT"])
def test_row_2_a_charge_without_memory_counts_nothing(
    starved: LockStore, store: LockStore, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    mug = starved.get("mug", PEPPER)
    monkeypatch.setattr(Starved, "starving", statement)
    with pytest.raises(OutOfMemoryError):
        starved.charge(mug, NOW)
    monkeypatch.setattr(Starved, "starving", "")
    assert store.status(mug, NOW).misses == 0
    starved.charge(mug, NOW)
    assert store.status(mug, NOW).misses == 1


# -- file systems without permissions ------------------------------------------------------------


@pytest.fixture
def fat(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder whose files show mode 0755, whatever is set, and that knows no links."""
    folder = tmp_path / "fat"
    folder.mkdir()
    real = {name: getattr(os, name) for name in ("stat", "lstat", "fstat")}

    def shown(name: str) -> Callable[..., os.stat_result]:
        def look(where: object, *arguments: object, **options: object) -> os.stat_result:
            status: os.stat_result = real[name](where, *arguments, **options)
            place = os.readlink(f"/proc/self/fd/{where}") if isinstance(where, int) else str(where)
            if not place.startswith(str(folder)):
                return status
            mode = stat.S_IFMT(status.st_mode) | 0o777
            return os.stat_result((mode, *status[1:]))

        return look

    for name in real:
        monkeypatch.setattr(os, name, shown(name))

    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(os, "chmod", no_links)
    return folder


def test_row_30_a_file_that_others_may_use_becomes_no_vault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder may look private all the same."""
    fstat = os.fstat

    def shared(descriptor: int) -> os.stat_result:
        status = fstat(descriptor)
        return os.stat_result((status.st_mode | 0o055, *status[1:]))

    monkeypatch.setattr(os, "fstat", shared)
    with pytest.raises(VaultError, match="its file system keeps no permissions"):
        LockStore.create(tmp_path / "folder" / "vault.db")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["vault.db", "one/two/vault.db"])
def test_row_30_a_vault_is_not_made_where_it_would_be_refused(fat: Path, name: str) -> None:
    with pytest.raises(VaultError, match="its file system keeps no permissions, as FAT, exFAT"):
        LockStore.create(fat / name)
    assert os.listdir(fat) == []


def test_row_30_a_vault_that_was_carried_there_names_the_file_system(
    fat: Path, vault_with_mug: Path
) -> None:
    shutil.copyfile(vault_with_mug, fat / "vault.db")
    words = refused(fat / "vault.db")
    assert "its file system keeps no permissions" in words
    assert "chmod" not in words
    assert os.listdir(fat) == ["vault.db"]
