"""The vault file: named records and their throttles in SQLite (SPEC section 9)."""

from __future__ import annotations

import hmac
import os
import sqlite3
import stat
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from ailock_sdk.constants import LABEL_ROW
from ailock_sdk.errors import (
    LockedOutError,
    NameTakenError,
    UnknownNameError,
    VaultError,
)
from ailock_sdk.parameters import checked_pepper
from ailock_sdk.store.private_files import make_private_folder, new_private_file, why_not_private
from ailock_sdk.store.record import Record
from ailock_sdk.store.sealing import SEALING_KEY_LENGTH_BYTES
from ailock_sdk.store.throttle import ClockReading, ThrottleState, anchored, remaining_wait

APPLICATION_ID = 0x41494C4B  # "AILK"
USER_VERSION = 1
MAX_NAME_CHARACTERS = 64
BUSY_TIMEOUT_SECONDS = 10.0
"""Longest wait for another process's change, which takes milliseconds."""

_CREATE_TABLE = (
    "CREATE TABLE locks(name TEXT PRIMARY KEY NOT NULL, record BLOB NOT NULL, "
    "sealing_key BLOB NOT NULL, mac BLOB NOT NULL, created INTEGER NOT NULL, "
    "misses INTEGER NOT NULL, missed_uptime REAL NOT NULL, "
    "boot_id TEXT NOT NULL)"
)
_SCHEMA = [("index", None), ("table", _CREATE_TABLE)]
"""Everything a vault's schema holds: nothing else, such as a trigger, may act on a charge."""

_ADVICE = {
    "file is not a database": "it is not a vault: choose another path",
    "malformed": "it is damaged: restore it from a backup",
    "decode": "it is damaged: restore it from a backup",
    "readonly": "it is read-only, and every attempt writes: check its owner and file system",
    "is full": "the disk is full, nothing was changed: free some space and try again",
    "disk I/O error": "the disk failed or is over quota: check it and try again",
    "is locked": "another process kept it busy: try again",
    "unable to open": "it cannot be opened: check the folder's owner and permissions",
}


@dataclass(frozen=True)
class StoredLock:
    """A lock whose row was found intact.

    Attributes
    ----------
    name : 1 to 64 characters
    record : what the secret is reproduced from
    sealing_key : 32 bytes, public: whoever has it may seal data to this lock
    created : seconds since 1970; not under the row's MAC, for display only
    """

    name: str
    record: Record
    sealing_key: bytes = field(repr=False)
    created: int


@dataclass(frozen=True)
class ThrottleStatus:
    """Consecutive misses, and the seconds until the next attempt (``None``: closed for good)."""

    misses: int
    retry_after_seconds: float | None


class RecordStore:
    """An open vault file; use it as a context manager, or call :meth:`close`.

    Any number of processes may have the vault open, each with its own handle. A handle may be
    shared by threads, which then take turns, but not carried over a fork: SQLite's file locks
    would silently fail, so the handle refuses.

    Every change is one synced transaction: a kill or a power cut at any moment leaves either
    the old or the new state. Whoever can write the file can also bring back an older copy with
    its smaller count of misses; that is not detected.
    """

    def __init__(self, path: Path, pepper: bytes, connection: sqlite3.Connection) -> None:
        """Use :meth:`open`."""
        self._path = path
        self._pepper = pepper
        self._connection: sqlite3.Connection | None = connection
        self._turn = threading.Lock()
        self._process = os.getpid()

    @classmethod
    def open(cls, path: str | os.PathLike[str], pepper: bytes) -> RecordStore:
        """Open the vault at ``path``, creating it (mode 0600) and its folder (0700) if missing.

        Parameters
        ----------
        path : the SQLite file; ``-wal`` and ``-shm`` appear beside it while it is open
        pepper : 32 bytes, the key of the rows' MACs

        Raises
        ------
        VaultError : not a vault, of a newer version, usable by other users, read-only, or damaged
        PepperError : not 32 bytes
        """
        checked_pepper(pepper)
        path = Path(path).absolute()
        # Looked for first: whoever creates the vault has it in place before its log appears.
        log_exists = os.path.lexists(f"{path}-wal")
        try:
            if not os.path.lexists(path):
                if log_exists:
                    # SQLite would replay the log of the lost vault into the new one.
                    raise VaultError(
                        f"vault {path} is gone but {path}-wal is not: restore the vault, or "
                        "delete that file"
                    )
                _create(path)
            # Not opened here: closing any descriptor of the file would drop the locks that
            # another handle of this process holds on it.
            status = path.stat()
        except OSError as error:
            raise VaultError(f"vault {path} cannot be used: {error}") from error
        if not stat.S_ISREG(status.st_mode):
            raise VaultError(f"vault {path} is not a plain file: choose another path")
        reason = why_not_private(path, status)
        if reason is not None:
            raise VaultError(f"vault {path} is refused, {reason}")
        # Before SQLite leaves -wal and -shm files beside it that are read-only as well.
        if not os.access(path, os.W_OK, effective_ids=True):
            raise VaultError(f"vault {path} cannot be used: {_ADVICE['readonly']}")
        with _explained(path):
            connection = _connect(path)
            try:
                _check_identity(path, connection)
                _make_durable(connection)
            except BaseException:
                connection.close()
                raise
        return cls(path, pepper, connection)

    def close(self) -> None:
        """Close the handle; the second time does nothing."""
        with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                with _explained(self._path):
                    connection.close()

    def __enter__(self) -> RecordStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"RecordStore({str(self._path)!r})"

    def check_new_name(self, name: str) -> None:
        """Raise what :meth:`add` would for ``name``, before photos are read for nothing."""
        _check_name(name)
        with self._use() as connection:
            if connection.execute("SELECT 1 FROM locks WHERE name = ?", (name,)).fetchone():
                raise _taken(name)

    def add(self, name: str, record: Record, sealing_key: bytes) -> None:
        """Store a new lock without misses.

        Raises
        ------
        NameTakenError : the name is in use; nothing was changed
        VaultError : the name is not 1 to 64 characters without control characters, or the file
            cannot be written
        ValueError : ``sealing_key`` does not have 32 bytes
        """
        _check_name(name)
        if len(sealing_key) != SEALING_KEY_LENGTH_BYTES:
            raise ValueError(f"a sealing key has exactly {SEALING_KEY_LENGTH_BYTES} bytes")
        data = bytes(record)
        mac = _row_mac(self._pepper, name, data, sealing_key)
        row = (name, data, sealing_key, mac, int(time.time()), 0, 0.0, "")
        with self._change() as connection:
            try:
                connection.execute("INSERT INTO locks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError as error:
                raise _taken(name) from error

    def get(self, name: str) -> StoredLock:
        """Return a lock, after checking its MAC: bytes from elsewhere never reach the parser.

        Raises
        ------
        UnknownNameError : no such lock
        VaultError : the row is damaged, swapped, or was written with another pepper
        RecordFormatError : an intact row of a record version that this package does not read
        """
        _check_name(name)
        with self._use() as connection:
            row = connection.execute(
                "SELECT record, sealing_key, mac, created FROM locks WHERE name = ?", (name,)
            ).fetchone()
        if row is None:
            raise _unknown(name)
        data, sealing_key, mac, created = row
        # SQLite types belong to values, not columns: a damaged row may hold anything.
        intact = (
            isinstance(data, bytes)
            and isinstance(sealing_key, bytes)
            and isinstance(mac, bytes)
            and isinstance(created, int)
            and len(data) < 1 << 16  # what len16 of the MAC can say
            and hmac.compare_digest(mac, _row_mac(self._pepper, name, data, sealing_key))
        )
        if not intact:
            raise VaultError(
                f"lock {name!r} is damaged, or was stored with another pepper: restore the vault "
                "and its pepper from one backup, or remove this lock and enroll again"
            )
        return StoredLock(name, Record.from_bytes(data), sealing_key, created)

    def names(self) -> list[str]:
        """Return the names of all locks, sorted. Rows are not checked, so none hides another."""
        with self._use() as connection:
            # As bytes: one name that is not UTF-8 would otherwise fail the whole query.
            rows = connection.execute("SELECT CAST(name AS BLOB) FROM locks").fetchall()
        return sorted(_shown(row[0]) for row in rows)

    def remove(self, name: str) -> None:
        """Forget a lock; SQLite overwrites its bytes, though flash memory may keep old copies.

        Raises
        ------
        UnknownNameError : no such lock
        """
        _check_name(name)
        with self._change() as connection:
            if connection.execute("DELETE FROM locks WHERE name = ?", (name,)).rowcount == 0:
                raise _unknown(name)

    def charge(self, name: str, now: ClockReading) -> None:
        """Count an attempt as missed, on the disk, before the photo may be compared.

        Call :meth:`refund` when the photo matched. Being killed in between leaves the miss
        counted.

        Raises
        ------
        LockedOutError : too many misses; nothing was counted and nothing may be compared
        UnknownNameError : no such lock
        VaultError : the miss could not be stored, so nothing may be compared
        """
        _check_name(name)
        with self._change() as connection:
            state, retry_after = _look(connection, name, now)
            if retry_after == 0.0:
                _write_throttle(connection, name, state.charged(now))
        # After the commit: a wait that starts anew has to stay stored.
        if retry_after != 0.0:
            raise LockedOutError(retry_after)

    def refund(self, name: str) -> None:
        """Set the misses to 0, because the photo of a charged attempt matched.

        Raises
        ------
        UnknownNameError : no such lock
        """
        _check_name(name)
        with self._change() as connection:
            _write_throttle(connection, name, ThrottleState(0, 0.0, ""))

    def throttle_status(self, name: str, now: ClockReading) -> ThrottleStatus:
        """Return the misses and the wait; after a reboot this look starts the wait anew.

        Raises
        ------
        UnknownNameError : no such lock
        """
        _check_name(name)
        with self._change() as connection:
            state, retry_after = _look(connection, name, now)
        return ThrottleStatus(state.misses, retry_after)

    @contextmanager
    def _use(self) -> Iterator[sqlite3.Connection]:
        if self._process != os.getpid():
            raise VaultError(f"vault {self._path} was opened before a fork: open it again")
        with self._turn, _explained(self._path):
            if self._connection is None:
                raise VaultError(f"vault {self._path} is closed: open it again")
            yield self._connection

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction. IMMEDIATE takes the write lock before the first read, so that two
        processes never both act on the same count of misses."""
        with self._use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


def _create(path: Path) -> None:
    """Make an empty vault under another name first: at ``path`` it is complete from the start."""
    make_private_folder(path.parent)
    try:
        with new_private_file(path, overwrite=False) as file, _explained(path):
            connection = _connect(Path(file.name))
            try:
                connection.execute(_CREATE_TABLE)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {USER_VERSION}")
                _make_durable(connection)
            finally:
                connection.close()
    except FileExistsError:
        pass  # Another process was first, with the same empty vault.


def _connect(path: Path) -> sqlite3.Connection:
    # mode=rw: SQLite never creates the file, whose permissions would then follow the umask. The
    # -wal and -shm files copy the permissions of the vault.
    return sqlite3.connect(
        f"{path.as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,  # transactions are begun explicitly
        check_same_thread=False,  # RecordStore._turn takes its place
    )


def _check_identity(path: Path, connection: sqlite3.Connection) -> None:
    """Read-only on purpose: another program's database must stay as it is."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID:
        raise VaultError(f"vault {path} cannot be used: it is not a vault: choose another path")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != USER_VERSION:
        raise VaultError(f"vault {path} has version {version}: update ailock-sdk")
    schema = connection.execute("SELECT type, sql FROM sqlite_master ORDER BY type").fetchall()
    if schema != _SCHEMA:
        raise VaultError(f"vault {path} has foreign tables or triggers: restore it from a backup")


def _make_durable(connection: sqlite3.Connection) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise sqlite3.OperationalError("unable to open a write-ahead log on this file system")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")


def _look(
    connection: sqlite3.Connection, name: str, now: ClockReading
) -> tuple[ThrottleState, float | None]:
    """Return the state and its remaining wait, storing where the wait starts if it starts anew."""
    state = _read_throttle(connection, name)
    retry_after = remaining_wait(state, now)
    if retry_after and anchored(state, now) != state:
        state = anchored(state, now)
        _write_throttle(connection, name, state)
    return state, retry_after


def _read_throttle(connection: sqlite3.Connection, name: str) -> ThrottleState:
    row = connection.execute(
        "SELECT misses, missed_uptime, boot_id FROM locks WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        raise _unknown(name)
    if [type(value) for value in row] != [int, float, str]:
        raise _damaged_throttle(name)
    try:
        return ThrottleState(*row)
    except ValueError as error:
        raise _damaged_throttle(name) from error


def _write_throttle(connection: sqlite3.Connection, name: str, state: ThrottleState) -> None:
    updated = connection.execute(
        "UPDATE locks SET misses = ?, missed_uptime = ?, boot_id = ? WHERE name = ?",
        (state.misses, state.missed_uptime, state.boot_id, name),
    ).rowcount
    if updated == 0:
        raise _unknown(name)


def _row_mac(pepper: bytes, name: str, record: bytes, sealing_key: bytes) -> bytes:
    encoded = name.encode()
    message = (
        LABEL_ROW
        + len(encoded).to_bytes(2, "big")
        + encoded
        + len(record).to_bytes(2, "big")
        + record
        + sealing_key
    )
    return hmac.digest(pepper, message, "sha256")


def _is_name(name: str) -> bool:
    # Control characters (Cc) could drive the terminal that lists names; surrogates (Cs) are what
    # the command line makes of bytes that are not UTF-8.
    return 1 <= len(name) <= MAX_NAME_CHARACTERS and not any(
        unicodedata.category(character) in ("Cc", "Cs") for character in name
    )


def _check_name(name: str) -> None:
    if not _is_name(name):
        raise VaultError(
            f"{name!a} is not a name: use 1 to {MAX_NAME_CHARACTERS} characters, none of them a "
            "control character"
        )


def _shown(stored: object) -> str:
    """A stored name, escaped where damage left something that is not a name."""
    if isinstance(stored, bytes):
        name = stored.decode(errors="surrogateescape")
        return name if _is_name(name) else ascii(stored)
    return ascii(stored)


def _taken(name: str) -> NameTakenError:
    return NameTakenError(f"a lock named {name!r} exists: remove it first, or choose another name")


def _unknown(name: str) -> UnknownNameError:
    return UnknownNameError(f"no lock is named {name!r}: list the names of this vault")


def _damaged_throttle(name: str) -> VaultError:
    return VaultError(
        f"the misses of lock {name!r} are damaged: restore the vault from a backup, or remove "
        "this lock and enroll again"
    )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn every SQLite error into one :class:`VaultError` that says what to do."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # UnicodeDecodeError: Python could not read SQLite's message, which quotes damaged text.
        advice = next(
            (text for symptom, text in _ADVICE.items() if symptom in str(error)),
            "restore it from a backup if this stays",
        )
        raise VaultError(f"vault {path} cannot be used: {advice} ({error})") from error
