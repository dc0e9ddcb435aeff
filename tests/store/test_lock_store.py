"""SPEC section 9, vault: what is stored stays, what is damaged is refused, no attempt is lost."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import (
    LockedOutError,
    NameTakenError,
    PepperError,
    RecordFormatError,
    UnknownNameError,
    VaultError,
)
from ailock_sdk.store import ClockReading, RecordStore, ThrottleStatus
from ailock_sdk.store.rows import row_mac
from ailock_sdk.store.vault_file import APPLICATION_ID
from tests.store.examples import NOW, PEPPER, PEPPERED_RECORD, PLAIN_RECORD, SEALING_KEY
from tests.store.reference import with_checksum


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "vault.db"


@pytest.fixture(scope="module")
def vault_with_mug(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once and copied: synced writes are most of what these tests would wait for."""
    template = tmp_path_factory.mktemp("template") / "vault.db"
    with RecordStore.open(template, PEPPER) as created:
        created.add("mug", PLAIN_RECORD, SEALING_KEY)
    return template


@pytest.fixture
def store(path: Path, vault_with_mug: Path) -> Iterator[RecordStore]:
    path.parent.mkdir(mode=0o700)
    shutil.copy(vault_with_mug, path)
    with RecordStore.open(path, PEPPER) as opened:
        yield opened


def edit(path: Path, *statements: str, values: tuple[object, ...] = ()) -> None:
    """Change the file behind the store's back."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement, values)
    connection.commit()
    connection.close()


def later(seconds: float) -> ClockReading:
    return replace(NOW, uptime=NOW.uptime + seconds)


def charge_times(store: RecordStore, count: int) -> float:
    """Charge with a long pause before each; returns the seconds after NOW of the last one."""
    for index in range(count):
        store.charge("mug", later(index * 10_000))
    return (count - 1) * 10_000


# -- what is stored ----------------------------------------------------------------------------


def test_locks_come_back_as_stored(path: Path) -> None:
    with RecordStore.open(path, PEPPER) as store:
        store.add("mug", PLAIN_RECORD, SEALING_KEY)
        store.add("Blåhaj 🦈", PEPPERED_RECORD, bytes(32))
    with RecordStore.open(str(path), PEPPER) as store:
        assert store.names() == ["Blåhaj 🦈", "mug"]
        lock = store.get("mug")
        assert (lock.name, lock.record, lock.sealing_key) == ("mug", PLAIN_RECORD, SEALING_KEY)
        assert lock.created > 1_700_000_000
        assert store.get("Blåhaj 🦈").record == PEPPERED_RECORD


def test_a_taken_name_changes_nothing(store: RecordStore) -> None:
    store.charge("mug", NOW)
    for refuse in (store.check_new_name, lambda name: store.add(name, PEPPERED_RECORD, bytes(32))):
        with pytest.raises(NameTakenError, match="remove it first"):
            refuse("mug")
    assert store.get("mug").record == PLAIN_RECORD
    assert store.throttle_status("mug", NOW).misses == 1


def test_removed_locks_are_gone(store: RecordStore, path: Path) -> None:
    store.remove("mug")
    assert store.names() == []
    store.check_new_name("mug")
    store.close()
    assert PLAIN_RECORD.helper not in path.read_bytes()


def test_unknown_names(store: RecordStore) -> None:
    calls: list[Callable[[str], object]] = [
        store.get,
        store.remove,
        store.refund,
        lambda name: store.charge(name, NOW),
        lambda name: store.throttle_status(name, NOW),
    ]
    for call in calls:
        with pytest.raises(UnknownNameError, match="'cup'"):
            call("cup")
        for name in ("", "x" * 65, "a\nb", "a\x00", "\x1b[2J", "\x85", "\udc80"):
            with pytest.raises(VaultError, match="is not a name"):
                call(name)
    assert store.names() == ["mug"]


@pytest.mark.parametrize("name", ["x", "x" * 64, "🦈" * 64, " ", "a/b", "'; DROP TABLE locks; --"])
def test_allowed_names(store: RecordStore, name: str) -> None:
    store.add(name, PLAIN_RECORD, SEALING_KEY)
    assert store.get(name).name == name
    assert name in store.names()


@pytest.mark.parametrize("name", ["", "x" * 65, "tab\t", "\x7f", "\ud800"])
def test_refused_names(store: RecordStore, name: str) -> None:
    for refuse in (store.check_new_name, lambda name: store.add(name, PLAIN_RECORD, SEALING_KEY)):
        with pytest.raises(VaultError, match="is not a name: use 1 to 64"):
            refuse(name)
    assert store.names() == ["mug"]


def test_wrong_lengths_are_refused(path: Path, store: RecordStore) -> None:
    with pytest.raises(ValueError, match="exactly 32"):
        store.add("cup", PLAIN_RECORD, bytes(31))
    with pytest.raises(PepperError, match="exactly 32"):
        RecordStore.open(path, bytes(31))


def test_repr_shows_no_key(store: RecordStore) -> None:
    shown = repr(store) + repr(store.get("mug"))
    assert repr(PEPPER) not in shown
    assert repr(SEALING_KEY) not in shown


# -- permissions -------------------------------------------------------------------------------


def test_every_file_is_private(path: Path) -> None:
    previous = os.umask(0)
    try:
        with RecordStore.open(path, PEPPER) as store:
            store.add("mug", PLAIN_RECORD, SEALING_KEY)
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    finally:
        os.umask(previous)
    assert modes == dict.fromkeys(("vault.db", "vault.db-wal", "vault.db-shm"), 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["vault.db"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_refused_when_others_may_use_it(store: RecordStore, path: Path, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(VaultError, match=f"run chmod 600 {path}"):
        RecordStore.open(path, PEPPER)


@pytest.fixture
def unprivileged_folder() -> Iterator[Path]:
    """A folder, as a user whom permissions bind even when the tests run as root."""
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    if root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


def test_read_only_places(unprivileged_folder: Path) -> None:
    path = unprivileged_folder / "vault.db"
    with RecordStore.open(path, PEPPER) as store:
        store.add("mug", PLAIN_RECORD, SEALING_KEY)
    path.chmod(0o400)
    with pytest.raises(VaultError, match="it is read-only, and every attempt writes"):
        RecordStore.open(path, PEPPER)
    path.chmod(0o600)
    unprivileged_folder.chmod(0o500)
    with pytest.raises(VaultError, match="cannot be used"):
        RecordStore.open(path, PEPPER)
    with pytest.raises(VaultError, match="Permission denied"):
        RecordStore.open(unprivileged_folder / "new.db", PEPPER)
    unprivileged_folder.chmod(0o700)
    with RecordStore.open(path, PEPPER) as store:
        assert store.get("mug").record == PLAIN_RECORD


# -- files that are not usable -----------------------------------------------------------------


def test_paths_that_cannot_be_a_vault(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="not a plain file"):
        RecordStore.open(tmp_path, PEPPER)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(VaultError, match="not a plain file"):
        RecordStore.open(tmp_path / "pipe", PEPPER)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(VaultError, match="cannot be used"):
        RecordStore.open(tmp_path / "file" / "vault.db", PEPPER)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(VaultError, match="cannot be used"):
        RecordStore.open(tmp_path / "link", PEPPER)


@pytest.mark.parametrize("contents", [b"", b"hello", b"x" * 5000, b"SQLite format 3\0" + bytes(84)])
def test_other_files_are_refused_and_untouched(tmp_path: Path, contents: bytes) -> None:
    other = tmp_path / "other"
    other.write_bytes(contents)
    other.chmod(0o600)
    with pytest.raises(VaultError, match="it is not a vault: choose another path"):
        RecordStore.open(other, PEPPER)
    assert other.read_bytes() == contents
    assert os.listdir(tmp_path) == ["other"]


def test_databases_of_other_programs_are_refused_and_untouched(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    edit(other, "CREATE TABLE notes(text)", "INSERT INTO notes VALUES ('keep me')")
    other.chmod(0o600)
    before = other.read_bytes()
    with pytest.raises(VaultError, match="it is not a vault"):
        RecordStore.open(other, PEPPER)
    assert other.read_bytes() == before
    assert os.listdir(tmp_path) == ["other.db"]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("PRAGMA user_version = 2", "has version 2: update ailock-sdk"),
        ("PRAGMA application_id = 7", "is not a vault"),
        ("CREATE TABLE more(x)", "foreign tables or triggers"),
        ("DROP TABLE locks", "foreign tables or triggers"),
        (
            "CREATE TRIGGER free AFTER UPDATE ON locks BEGIN UPDATE locks SET misses = 0; END",
            "foreign tables or triggers",
        ),
    ],
)
def test_altered_vaults_are_refused(
    store: RecordStore, path: Path, statement: str, message: str
) -> None:
    store.close()
    edit(path, statement)
    with pytest.raises(VaultError, match=message):
        RecordStore.open(path, PEPPER)


@pytest.mark.parametrize("size", [16, 100, 512, 4096, 5000])
def test_truncated_vaults_are_refused(store: RecordStore, path: Path, size: int) -> None:
    store.close()
    os.truncate(path, size)
    with pytest.raises(VaultError, match="cannot be used"), RecordStore.open(path, PEPPER) as again:
        again.get("mug")


def test_overwritten_pages_are_one_clear_error(store: RecordStore, path: Path) -> None:
    store.close()
    contents = bytearray(path.read_bytes())
    contents[4096:] = b"\xa5" * len(contents[4096:])
    path.write_bytes(contents)
    with RecordStore.open(path, PEPPER) as again:
        calls: list[Callable[[], object]] = [
            again.names,
            lambda: again.get("mug"),
            lambda: again.charge("mug", NOW),
            lambda: again.add("cup", PLAIN_RECORD, SEALING_KEY),
        ]
        for call in calls:
            with pytest.raises(VaultError, match="it is damaged: restore it from a backup"):
                call()


@pytest.mark.parametrize("damage", [b"CREAT\xd6", b"CREATX", b"create"])
def test_a_damaged_schema_is_one_clear_error(store: RecordStore, path: Path, damage: bytes) -> None:
    """SQLite quotes what it cannot parse, and that need not be UTF-8."""
    store.close()
    contents = path.read_bytes()
    assert contents.count(b"CREATE TABLE locks") == 1
    path.write_bytes(contents.replace(b"CREATE", damage))
    with pytest.raises(VaultError, match="restore it from a backup"):
        RecordStore.open(path, PEPPER)


def test_the_log_of_a_lost_vault_is_not_replayed(store: RecordStore, path: Path) -> None:
    store.charge("mug", NOW)
    path.unlink()
    assert (path.parent / "vault.db-wal").exists()
    with pytest.raises(VaultError, match="delete that file"):
        RecordStore.open(path, PEPPER)
    assert not path.exists()


def test_a_full_disk_changes_nothing(store: RecordStore) -> None:
    connection = store._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    added = ["mug"]

    def add_many() -> None:
        for index in range(100):
            store.add(f"lock {index:03}", PLAIN_RECORD, SEALING_KEY)
            added.append(f"lock {index:03}")

    with pytest.raises(VaultError, match="the disk is full, nothing was changed"):
        add_many()
    assert store.names() == sorted(added)
    for name in added:
        assert store.get(name).record == PLAIN_RECORD
    connection.execute(f"PRAGMA max_page_count = {pages + 100}")
    store.add("after", PLAIN_RECORD, SEALING_KEY)


def test_a_charge_that_the_disk_refuses_is_an_error(store: RecordStore, path: Path) -> None:
    """A file size limit makes the operating system refuse the write itself."""
    store.close()
    program = (
        "import resource, sys; from ailock_sdk.errors import VaultError\n"
        "from ailock_sdk.store import RecordStore, read_clock\n"
        "with RecordStore.open(sys.argv[1], bytes(range(32))) as store:\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "    try:\n"
        "        store.charge('mug', read_clock())\n"
        "    except VaultError as error:\n"
        "        print(error)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, timeout=60
    )
    assert "the disk failed or is over quota" in done.stdout
    with RecordStore.open(path, PEPPER) as again:
        assert again.throttle_status("mug", NOW).misses == 0
        again.charge("mug", NOW)


def test_a_busy_vault_is_one_clear_error(
    store: RecordStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ailock_sdk.store.vault_file.BUSY_TIMEOUT_SECONDS", 0.05)
    with RecordStore.open(path, PEPPER) as impatient:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(VaultError, match="another process kept it busy"):
            impatient.charge("mug", NOW)
        assert impatient.get("mug").record == PLAIN_RECORD  # reading needs no turn
        holder.execute("ROLLBACK")
        holder.close()
        impatient.charge("mug", NOW)


def test_failed_creation_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path.parent.mkdir()
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(VaultError, match="No space left"):
        RecordStore.open(path, PEPPER)
    assert os.listdir(path.parent) == []


# -- rows that are not intact ------------------------------------------------------------------


def assert_only_mug_is_refused(path: Path) -> None:
    with RecordStore.open(path, PEPPER) as store:
        assert {"cup", "mug"} <= set(store.names())
        with pytest.raises(VaultError, match="'mug' is damaged, or was stored with another pepper"):
            store.get("mug")
        assert store.get("cup").record == PEPPERED_RECORD
        store.remove("mug")
        assert store.names() == ["cup"]


@pytest.mark.parametrize(
    "change",
    [
        "record = (SELECT record FROM locks WHERE name = 'cup')",
        "sealing_key = (SELECT sealing_key FROM locks WHERE name = 'cup')",
        "mac = (SELECT mac FROM locks WHERE name = 'cup')",
        "(record, sealing_key, mac) = "
        "(SELECT record, sealing_key, mac FROM locks WHERE name = 'cup')",
        "record = x''",
        "record = zeroblob(65536)",
        "record = 'text'",
        "record = 7",
        "mac = x''",
        "mac = 1.5",
        "sealing_key = 'text'",
        "created = 'yesterday'",
    ],
)
def test_damaged_and_swapped_rows_are_refused(store: RecordStore, path: Path, change: str) -> None:
    store.add("cup", PEPPERED_RECORD, bytes(32))
    store.close()
    edit(path, f"UPDATE locks SET {change} WHERE name = 'mug'")
    assert_only_mug_is_refused(path)


def test_a_renamed_row_is_refused(store: RecordStore, path: Path) -> None:
    store.add("cup", PEPPERED_RECORD, bytes(32))
    store.add("pot", PLAIN_RECORD, SEALING_KEY)
    store.close()
    edit(
        path,
        "DELETE FROM locks WHERE name = 'mug'",
        "UPDATE locks SET name = 'mug' WHERE name = 'pot'",
    )
    assert_only_mug_is_refused(path)


def test_every_bit_of_a_row_is_under_the_mac(store: RecordStore, path: Path) -> None:
    data = bytes(PLAIN_RECORD)
    mac = row_mac(PEPPER, "mug", data, SEALING_KEY)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    for column, value in (("record", data), ("sealing_key", SEALING_KEY), ("mac", mac)):
        for offset in range(len(value)):
            changed = value[:offset] + bytes([value[offset] ^ 1]) + value[offset + 1 :]
            connection.execute(f"UPDATE locks SET {column} = ?", (changed,))
            with pytest.raises(VaultError, match="is damaged"):
                store.get("mug")
        connection.execute(f"UPDATE locks SET {column} = ?", (value,))
    connection.close()
    assert store.get("mug").record == PLAIN_RECORD


def test_the_mac_is_that_of_the_specification() -> None:
    import hashlib
    import hmac

    name, record = "Blåhaj".encode(), bytes(PLAIN_RECORD)
    message = b"ailock/v1/vault-row" + b"\x00\x07" + name + b"\x00\xa1" + record + SEALING_KEY
    expected = hmac.new(PEPPER, message, hashlib.sha256).digest()
    assert row_mac(PEPPER, "Blåhaj", record, SEALING_KEY) == expected


def test_another_pepper_opens_no_row(store: RecordStore, path: Path) -> None:
    store.close()
    with RecordStore.open(path, bytes(32)) as other:
        assert other.names() == ["mug"]
        with pytest.raises(VaultError, match="another pepper"):
            other.get("mug")


def test_an_intact_row_of_another_record_version(store: RecordStore, path: Path) -> None:
    newer = with_checksum(b"AILK\x02" + bytes(PLAIN_RECORD)[5:-8])
    mac = row_mac(PEPPER, "mug", newer, SEALING_KEY)
    store.close()
    edit(path, "UPDATE locks SET record = ?, mac = ?", values=(newer, mac))
    with (
        RecordStore.open(path, PEPPER) as again,
        pytest.raises(RecordFormatError, match="version 2 is unknown"),
    ):
        again.get("mug")


def test_damaged_names_are_listed_escaped(store: RecordStore, path: Path) -> None:
    store.close()
    for name in ("CAST(x'ff41' AS TEXT)", "7", "char(27) || '[2J'", "x'00'"):
        edit(
            path,
            f"INSERT INTO locks SELECT {name}, record, sealing_key, mac, created, misses, "
            "missed_uptime, boot_id FROM locks WHERE name = 'mug'",
        )
    with RecordStore.open(path, PEPPER) as again:
        names = again.names()
        assert len(names) == 5
        assert {"mug", "7", r"b'\xffA'", r"b'\x1b[2J'", r"b'\x00'"} == set(names)
        assert again.get("mug").record == PLAIN_RECORD


@pytest.mark.parametrize(
    "change",
    [
        "misses = -1",
        "misses = 'x'",
        "misses = 1.5",
        "missed_uptime = 9e999",
        "missed_uptime = x'00'",
    ],
)
def test_damaged_misses_are_refused(store: RecordStore, path: Path, change: str) -> None:
    store.close()
    edit(path, f"UPDATE locks SET {change}")
    with RecordStore.open(path, PEPPER) as again:
        for look in (again.charge, again.throttle_status):
            with pytest.raises(VaultError, match="misses of lock 'mug' are damaged"):
                look("mug", NOW)


# -- throttle ----------------------------------------------------------------------------------


def test_charges_are_counted_and_refunded(store: RecordStore, path: Path) -> None:
    assert store.throttle_status("mug", NOW) == ThrottleStatus(0, 0.0)
    for _ in range(3):
        store.charge("mug", NOW)
    store.close()
    with RecordStore.open(path, PEPPER) as again:
        assert again.throttle_status("mug", NOW) == ThrottleStatus(3, 0.0)
        again.refund("mug")
        assert again.throttle_status("mug", NOW) == ThrottleStatus(0, 0.0)


def test_a_charge_is_seen_by_others_before_it_returns(store: RecordStore, path: Path) -> None:
    with RecordStore.open(path, PEPPER) as other:
        store.charge("mug", NOW)
        assert other.throttle_status("mug", NOW).misses == 1
    assert store._connection is not None
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_waiting_attempts_are_refused_without_a_charge(store: RecordStore) -> None:
    for _ in range(5):
        store.charge("mug", NOW)
    for seconds, left in ((0, 30.0), (10, 20.0), (29, 1.0)):
        with pytest.raises(LockedOutError) as caught:
            store.charge("mug", later(seconds))
        assert caught.value.retry_after_seconds == left
        assert store.throttle_status("mug", later(seconds)) == ThrottleStatus(5, left)
    store.charge("mug", later(30))
    assert store.throttle_status("mug", later(30)) == ThrottleStatus(6, 30.0)


def test_fifty_misses_close_the_lock_until_it_is_enrolled_again(store: RecordStore) -> None:
    last = charge_times(store, 50)
    for now in (later(last + 10**9), replace(NOW, boot_id="boot-2")):
        with pytest.raises(LockedOutError, match="recovery code") as caught:
            store.charge("mug", now)
        assert caught.value.retry_after_seconds is None
        assert store.throttle_status("mug", now) == ThrottleStatus(50, None)
    store.remove("mug")
    store.add("mug", PLAIN_RECORD, SEALING_KEY)
    store.charge("mug", NOW)


def test_the_fiftieth_attempt_may_still_succeed(store: RecordStore) -> None:
    charge_times(store, 50)
    store.refund("mug")
    store.charge("mug", NOW)


def test_after_a_reboot_the_first_look_starts_the_wait_once(store: RecordStore, path: Path) -> None:
    for _ in range(5):
        store.charge("mug", NOW)
    store.close()
    rebooted = ClockReading(10.0, "boot-2")
    with RecordStore.open(path, PEPPER) as again, pytest.raises(LockedOutError) as caught:
        again.charge("mug", rebooted)
    assert caught.value.retry_after_seconds == 30.0
    with RecordStore.open(path, PEPPER) as again:
        after = replace(rebooted, uptime=22.0)
        assert again.throttle_status("mug", after) == ThrottleStatus(5, 18.0)
        again.charge("mug", replace(rebooted, uptime=40.0))
        assert again.throttle_status("mug", after).misses == 6


def test_showing_the_wait_after_a_reboot_starts_it(store: RecordStore) -> None:
    for _ in range(5):
        store.charge("mug", NOW)
    rebooted = ClockReading(10.0, "boot-2")
    assert store.throttle_status("mug", rebooted) == ThrottleStatus(5, 30.0)
    store.charge("mug", replace(rebooted, uptime=40.0))


@given(st.lists(st.sampled_from(["charge", "refund", "show"]), max_size=30))
@settings(max_examples=25, deadline=None)
def test_any_sequence_agrees_with_a_counter(steps: list[str]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        RecordStore.open(Path(folder) / "vault.db", PEPPER) as store,
    ):
        assert store._connection is not None
        store._connection.execute("PRAGMA synchronous = OFF")
        store.add("mug", PLAIN_RECORD, SEALING_KEY)
        misses = 0
        for index, step in enumerate(steps):
            now = later(10_000 * index)
            if step == "charge":
                store.charge("mug", now)
                misses += 1
            elif step == "refund":
                store.refund("mug")
                misses = 0
            assert store.throttle_status("mug", now).misses == misses


# -- several processes and threads -------------------------------------------------------------

CHARGE_PROGRAM = """
import sys, time
from ailock_sdk.errors import LockedOutError
from ailock_sdk.store import ClockReading, RecordStore

with RecordStore.open(sys.argv[1], bytes(range(32))) as store:
    sys.stdin.read(1)
    charged = 0
    while charged < 24:
        hurried = time.monotonic() * 1e6  # two hours of waiting pass in milliseconds
        try:
            store.charge("mug", ClockReading(hurried, "boot-1"))
            charged += 1
            print("charged", flush=True)
        except LockedOutError as error:
            assert error.retry_after_seconds is not None
"""

ADD_PROGRAM = """
import sys
from ailock_sdk.store import RecordStore
from tests.store.examples import PLAIN_RECORD, SEALING_KEY

sys.stdin.read(1)
for index in range(5):
    with RecordStore.open(sys.argv[1], bytes(range(32))) as store:
        store.add(f"{sys.argv[2]} {index}", PLAIN_RECORD, SEALING_KEY)
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def go(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()


def test_two_processes_lose_no_attempt(store: RecordStore, path: Path) -> None:
    processes = [start(CHARGE_PROGRAM, str(path)) for _ in range(2)]
    go(*processes)
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert store.throttle_status("mug", NOW).misses == 48


def test_a_killed_process_loses_no_attempt(store: RecordStore, path: Path) -> None:
    process = start(CHARGE_PROGRAM, str(path))
    go(process)
    assert process.stdout is not None
    for _ in range(7):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=60)
    reported = 7 + rest.count("charged")
    assert process.returncode == -signal.SIGKILL
    with RecordStore.open(path, PEPPER) as again:
        misses = again.throttle_status("mug", NOW).misses
    assert reported <= misses <= reported + 1  # one may be counted that was not yet reported


def test_processes_that_create_and_close_at_once_lose_no_lock(path: Path) -> None:
    processes = [start(ADD_PROGRAM, str(path), name) for name in "abc"]
    go(*processes)
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    with RecordStore.open(path, PEPPER) as store:
        assert store.names() == [f"{name} {index}" for name in "abc" for index in range(5)]
    assert os.listdir(path.parent) == ["vault.db"]


def test_threads_share_a_handle(store: RecordStore) -> None:
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            store.add(name, PLAIN_RECORD, SEALING_KEY)
            for _ in range(4):
                store.charge(name, NOW)
                assert store.get(name).record == PLAIN_RECORD
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"thread {index}",)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    for index in range(6):
        assert store.throttle_status(f"thread {index}", NOW).misses == 4


def test_a_handle_is_not_carried_over_a_fork(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: real + 1)
    with pytest.raises(VaultError, match="opened before a fork"):
        store.charge("mug", NOW)


def test_a_closed_handle_says_so(path: Path) -> None:
    store = RecordStore.open(path, PEPPER)
    store.close()
    store.close()
    with pytest.raises(VaultError, match="is closed"):
        store.names()


def test_cost_does_not_grow_with_the_vault(store: RecordStore) -> None:
    """Counted in instructions of SQLite's virtual machine, so no clock is involved."""
    connection = store._connection
    assert connection is not None
    connection.execute("PRAGMA synchronous = OFF")
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    def instructions(call: Callable[[], object]) -> int:
        nonlocal counted
        counted = 0
        connection.set_progress_handler(count, 1)
        call()
        connection.set_progress_handler(None, 1)
        return counted

    def costs() -> list[int]:
        return [
            instructions(lambda: store.get("mug")),
            instructions(lambda: store.charge("mug", NOW)),
            instructions(lambda: store.refund("mug")),
        ]

    few = costs()
    assert min(few) > 0
    for index in range(2000):
        store.add(f"lock {index}", PLAIN_RECORD, SEALING_KEY)
    assert costs() == few


def test_application_id_spells_the_magic() -> None:
    assert APPLICATION_ID.to_bytes(4, "big") == b"AILK"
