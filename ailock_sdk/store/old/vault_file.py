"""The vault file: one SQLite database of our schema, its user's alone (SPEC section 9)."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ailock_sdk.errors import VaultError
from ailock_sdk.store.private_files import make_private_folder, new_private_file, why_not_private

APPLICATION_ID = 0x41494C4B  # "AILK"
USER_VERSION = 1
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


def open_vault_file(path: Path) -> sqlite3.Connection:
    """Open the vault at ``path``, creating it (mode 0600) and its folder (0700) if missing.

    Parameters
    ----------
    path : Path
        The SQLite file, absolute; ``-wal`` and ``-shm`` appear beside it while it is open.

    Returns
    -------
    sqlite3.Connection
        Without a transaction; each change has to begin its own. It may be used by several threads,
        one at a time.

    Raises
    ------
    VaultError
        Not a vault, of a newer version, usable by other users, read-only, or damaged.
    """
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
    with explained(path):
        connection = _connect(path)
        try:
            _check_identity(path, connection)
            _make_durable(connection)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn every SQLite error inside the block into one that says what to do.

    Raises
    ------
    VaultError
        In place of an SQLite error about the vault at ``path``.
    """
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        # UnicodeDecodeError: Python could not read SQLite's message, which quotes damaged text.
        advice = next(
            (text for symptom, text in _ADVICE.items() if symptom in str(error)),
            "restore it from a backup if this stays",
        )
        raise VaultError(f"vault {path} cannot be used: {advice} ({error})") from error


def _create(path: Path) -> None:
    """Make an empty vault under another name first: at ``path`` it is complete from the start."""
    make_private_folder(path.parent)
    try:
        with new_private_file(path, overwrite=False, named=True) as file, explained(path):
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
        check_same_thread=False,  # RecordStore lets its threads take turns
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
