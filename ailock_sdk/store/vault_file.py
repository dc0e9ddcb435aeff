"""The vault file: one SQLite database of our schema, its user's alone (SPEC section 9.3)."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ailock_sdk.errors import (
    AilockError,
    OutOfMemoryError,
    VaultBusyError,
    VaultError,
    VaultFullError,
    VaultMissingError,
    VaultReadOnlyError,
)
from ailock_sdk.store.private_files import (
    make_private_folder,
    may_write,
    new_private_file,
    why_not_private,
    why_shared,
)

APPLICATION_ID = 0x41494C4B  # "AILK"
USER_VERSION = 1
BUSY_TIMEOUT_SECONDS = 10.0
"""Longest wait for another process's change, which takes milliseconds."""

_CREATE_VAULT = (
    "CREATE TABLE vault(pepper_id BLOB NOT NULL, pepper_place TEXT NOT NULL, "
    "counter BLOB NOT NULL, state BLOB NOT NULL)"
)
_CREATE_LOCKS = (
    "CREATE TABLE locks(name TEXT PRIMARY KEY NOT NULL, lock BLOB NOT NULL, "
    "pepper_id BLOB NOT NULL, mac BLOB NOT NULL, misses INTEGER NOT NULL, "
    "missed_uptime REAL NOT NULL, boot_id TEXT NOT NULL)"
)
_SCHEMA = [("index", None), ("table", _CREATE_LOCKS), ("table", _CREATE_VAULT)]
"""Everything a vault's schema holds: nothing else, such as a trigger, may act on a charge."""

_FORMAT_OFFSET, _WRITE_AHEAD = 18, bytes([2, 2])
"""Where an SQLite file says that its log is a write-ahead log, for writers and for readers."""

_SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database, and replays or believes when it opens one."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_ADVICE: tuple[tuple[str, type[VaultError], str], ...] = (
    ("file is not a database", VaultError, "it is not a vault: choose another path"),
    ("malformed", VaultError, "it is damaged: restore it from a backup"),
    ("decode", VaultError, "it is damaged: restore it from a backup"),
    ("readonly", VaultReadOnlyError, "it is read-only: check its owner and file system"),
    ("is full", VaultFullError, "the disk is full, nothing was changed: free some space"),
    ("disk I/O error", VaultFullError, "the disk is over quota or fails, nothing was changed"),
    ("is locked", VaultBusyError, "another process keeps it busy: try again"),
    ("unable to open", VaultReadOnlyError, "it cannot be opened: check the folder's permissions"),
)


class OpenedVault(NamedTuple):
    """A vault file in use; ``refusal`` says why it cannot be changed, if it cannot."""

    connection: sqlite3.Connection
    refusal: VaultError | None


def open_vault_file(path: Path) -> OpenedVault:
    """Open the vault at ``path``, which is absolute; see ``VaultHandle.open``.

    Each change has to begin a transaction of its own. Several threads may use it, one at a time.

    Raises
    ------
    VaultError
    """
    try:
        path = _checked_place(path)
    except OSError as error:
        raise VaultError(f"vault {path} cannot be used: {error}") from error
    refusal: VaultError | None = VaultReadOnlyError(
        f"vault {path} is read-only: it can be listed and sealed to, and opened by photos where an "
        "attempt can be counted"
    )
    if may_write(path) and may_write(path.parent):
        try:
            return OpenedVault(_open(path, to_write=True), None)
        except (VaultFullError, VaultReadOnlyError) as error:
            refusal = error  # SQLite needs room beside it even to read; we do not
    return OpenedVault(_open(path, to_write=False), refusal)


def create_vault_file(path: Path) -> None:
    """Make an empty vault at ``path`` (mode 0600), and its folder (0700), unless there is one.

    It is made under another name: at ``path`` it is complete from the start. After an error nothing
    is left behind.

    Raises
    ------
    VaultError
        The folder cannot be written, its file system keeps no permissions, or the log of a lost
        vault is in the way.
    """
    if os.path.lexists(path):
        return
    _refuse_log_of_lost_vault(path)
    missing = [folder for folder in path.parents if not folder.exists()]
    try:
        make_private_folder(path.parent)
        if (reason := why_shared(path.parent)) is not None:
            raise VaultError(f"vault {path} cannot be made: {reason}")
        with new_private_file(path, overwrite=False, private=True, named=True) as file:
            with explained(path), closing(_connect(Path(file.name), "rw")) as connection:
                # No file beside it, which would stay behind after a kill.
                connection.execute("PRAGMA journal_mode = MEMORY")
                connection.execute(_CREATE_VAULT)
                connection.execute(_CREATE_LOCKS)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {USER_VERSION}")
            file.seek(_FORMAT_OFFSET)
            file.write(_WRITE_AHEAD)
    except FileExistsError as error:
        # Another process was first, with the same empty vault; or a folder's name is a file's.
        if not os.path.lexists(path):
            raise VaultError(f"vault {path} cannot be made: {error}") from error
    except BaseException as error:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError):
            raise kind_of(error)(
                f"vault {path} cannot be made: {error.strerror or error}"
            ) from error
        raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors, and the system's, into one of ours that says what to do.

    Raises
    ------
    VaultError, OutOfMemoryError
    """
    try:
        yield
    except AilockError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError from error
    except OSError as error:
        raise kind_of(error)(f"vault {path} cannot be used: {error.strerror or error}") from error
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # UnicodeDecodeError: Python could not read SQLite's message, which quotes damaged text.
        kind, advice = next(
            ((kind, advice) for symptom, kind, advice in _ADVICE if symptom in str(error)),
            (VaultError, "restore it from a backup if this stays"),
        )
        raise kind(f"vault {path} cannot be used: {advice} ({error})") from error


def _checked_place(path: Path) -> Path:
    """The vault's true path, after looking at who else may use it and what lies beside it."""
    # The vault is not opened for it: closing any descriptor of the file would drop the locks that
    # another handle of this process holds on it.
    if not path.exists():
        _refuse_log_of_lost_vault(path)
        raise VaultMissingError(f"no vault at {path}: enrolling makes one; or name yours")
    path = path.resolve()  # SQLite's side files lie beside the file, not beside a link to it
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise VaultError(f"vault {path} is not a plain file: choose another path")
    reason = why_not_private(path, status) or why_shared(path.parent)
    if reason is not None:
        raise VaultError(f"vault {path} is refused, {reason}")
    for suffix in _SIDE_FILES:
        _check_side_file(Path(f"{path}{suffix}"), path)
    return path


def _check_side_file(side: Path, path: Path) -> None:
    """Refuse a log that others planted: SQLite would replay it into the vault."""
    try:
        status = side.lstat()
    except FileNotFoundError:
        shared = path.parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if side.name.endswith("-journal") or not shared or not may_write(path.parent):
            return
        # Where others may add files, ours take the names before SQLite looks at them.
        with suppress(FileExistsError):
            os.close(os.open(side, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        status = side.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise VaultError(f"vault {path} is refused: {side} is not a plain file")
    reason = why_not_private(side, status)
    if reason is not None:
        raise VaultError(f"vault {path} is refused for the file beside it, {reason}")


def _refuse_log_of_lost_vault(path: Path) -> None:
    # SQLite would replay it into a new vault.
    if os.path.lexists(f"{path}-wal"):
        raise VaultError(
            f"vault {path} is gone but {path}-wal is not: restore the vault, or move that file away"
        )


def kind_of(error: OSError) -> type[VaultError]:
    """Which of our errors says what the system refused to the vault, or to a file beside it."""
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return VaultReadOnlyError
    return VaultFullError if error.errno in _NO_ROOM else VaultError


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # mode=rw: SQLite never creates the file, whose permissions would then follow the umask. The
    # -wal and -shm files copy the permissions of the vault.
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_SECONDS,
        isolation_level=None,  # transactions are begun explicitly
        check_same_thread=False,  # LockStore lets its threads take turns
    )


def _open(path: Path, *, to_write: bool) -> sqlite3.Connection:
    """Connect, and look whether it is a vault."""
    with explained(path):
        connection = _connect(path, "rw") if to_write else _connect_to_read(path)
        try:
            _check_identity(path, connection)
            if to_write:
                _make_durable(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a vault without writing anything anywhere near it."""
    log = Path(f"{path}-wal")
    if Path(f"{path}-shm").exists():  # in use: its processes say how far the log is valid
        connection = _connect(path, "ro")
        try:
            connection.execute("SELECT 1 FROM sqlite_master")
            return connection
        except sqlite3.OperationalError:  # or was, and what they left is of no use
            connection.close()
    if not log.exists() or log.stat().st_size == 0:
        return _connect(path, "ro&immutable=1")
    # SQLite reads a log only with an index beside it, which it would have to make: in a copy.
    with tempfile.TemporaryDirectory(prefix="ailock-") as folder:
        copy = Path(folder, "vault.db")
        shutil.copyfile(path, copy)
        shutil.copyfile(log, f"{copy}-wal")
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        try:
            with closing(_connect(copy, "rw")) as copied:
                copied.backup(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _check_identity(path: Path, connection: sqlite3.Connection) -> None:
    """Read-only on purpose: another program's database must stay as it is."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID:
        raise VaultError(f"vault {path} cannot be used: it is not a vault: choose another path")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != USER_VERSION:
        raise VaultError(f"vault {path} has version {version}: update ailock-sdk")
    schema = connection.execute("SELECT type, sql FROM sqlite_master ORDER BY type, sql").fetchall()
    if schema != _SCHEMA:
        raise VaultError(f"vault {path} has foreign tables or triggers: restore it from a backup")
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    log = Path(f"{path}-wal")
    # SQLite takes what is missing of a last page for zeros: its locks would be gone unnoticed.
    if path.stat().st_size % page_bytes and not (log.exists() and log.stat().st_size):
        raise VaultError(f"vault {path} cannot be used: it was cut: restore it from a backup")


def _make_durable(connection: sqlite3.Connection) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise sqlite3.OperationalError("unable to open a write-ahead log on this file system")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA fullfsync = ON")  # of macOS: see private_files.sync
    connection.execute("PRAGMA secure_delete = ON")
