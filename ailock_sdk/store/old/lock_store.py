"""The lock store: named records in a vault file, and the attempts on them (SPEC section 9)."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from ailock_sdk.errors import LockedOutError, VaultError
from ailock_sdk.parameters import checked_pepper
from ailock_sdk.store.old import attempts, rows
from ailock_sdk.store.old.attempts import ThrottleStatus
from ailock_sdk.store.old.rows import StoredLock, check_name
from ailock_sdk.store.old.vault_file import explained, open_vault_file
from ailock_sdk.store.record import Record
from ailock_sdk.store.throttle import ClockReading


class RecordStore:
    """An open vault file; use it as a context manager, or call :meth:`close`.

    Any number of processes may have the vault open, each with its own handle. A handle may be
    shared by threads, which then take turns, but not carried over a fork: SQLite's file locks
    would silently fail, so the handle refuses.

    Every change is one synced transaction: a kill or a power cut at any moment leaves either
    the old or the new state. Whoever can write the file can also bring back an older copy with
    its smaller count of misses; that is not detected.

    Every method takes names of 1 to 64 characters without control characters, and raises
    :class:`VaultError` for others, for a vault that became unusable, and on a closed handle.
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
        path : str or path-like
            The SQLite file; ``-wal`` and ``-shm`` appear beside it while it is open.
        pepper : bytes
            32 bytes, the key of the rows' MACs.

        Raises
        ------
        VaultError
            Not a vault, of a newer version, usable by other users, read-only, or damaged.
        PepperError
            Not 32 bytes.
        """
        checked_pepper(pepper)
        path = Path(path).absolute()
        return cls(path, pepper, open_vault_file(path))

    def close(self) -> None:
        """Close the handle; the second time does nothing."""
        with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                with explained(self._path):
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
        check_name(name)
        with self._use() as connection:
            if rows.has_row(connection, name):
                raise rows.taken(name)

    def add(self, name: str, record: Record, sealing_key: bytes) -> None:
        """Store a new lock without misses.

        Parameters
        ----------
        name : str
        record : Record
        sealing_key : bytes
            32 bytes.

        Raises
        ------
        NameTakenError
            The name is in use; nothing was changed.
        VaultError
            It is not a name, or the file cannot be written.
        ValueError
            ``sealing_key`` does not have 32 bytes.
        """
        check_name(name)
        row = rows.new_row(self._pepper, name, record, sealing_key)
        with self._change() as connection:
            rows.insert_row(connection, name, row)

    def get(self, name: str) -> StoredLock:
        """Return a lock, after checking its MAC: bytes from elsewhere never reach the parser.

        Raises
        ------
        UnknownNameError
            No such lock.
        VaultError
            The row is damaged, swapped, or was written with another pepper.
        RecordFormatError
            An intact row of a record version that this package does not read.
        """
        check_name(name)
        with self._use() as connection:
            row = rows.select_row(connection, name)
        return rows.read_row(self._pepper, name, row)

    def names(self) -> list[str]:
        """Return the names of all locks, sorted. Rows are not checked, so none hides another."""
        with self._use() as connection:
            return rows.select_names(connection)

    def remove(self, name: str) -> None:
        """Forget a lock; SQLite overwrites its bytes, though flash memory may keep old copies.

        Raises
        ------
        UnknownNameError
            No such lock.
        """
        check_name(name)
        with self._change() as connection:
            rows.delete_row(connection, name)

    def charge(self, name: str, now: ClockReading) -> None:
        """Count an attempt as missed, on the disk, before the photo may be compared.

        Call :meth:`refund` when the photo matched. Being killed in between leaves the miss
        counted.

        Raises
        ------
        LockedOutError
            Too many misses; nothing was counted and nothing may be compared.
        UnknownNameError
            No such lock.
        VaultError
            The miss could not be stored, so nothing may be compared.
        """
        check_name(name)
        with self._change() as connection:
            retry_after_seconds = attempts.charge_attempt(connection, name, now)
        # After the commit: a wait that starts anew has to stay stored.
        if retry_after_seconds != 0.0:
            raise LockedOutError(retry_after_seconds)

    def refund(self, name: str) -> None:
        """Set the misses to 0, because the photo of a charged attempt matched.

        Raises
        ------
        UnknownNameError
            No such lock.
        """
        check_name(name)
        with self._change() as connection:
            attempts.clear_misses(connection, name)

    def throttle_status(self, name: str, now: ClockReading) -> ThrottleStatus:
        """Return the misses and the wait; after a reboot this look starts the wait anew.

        Raises
        ------
        UnknownNameError
            No such lock.
        """
        check_name(name)
        with self._change() as connection:
            return attempts.throttle_status(connection, name, now)

    @contextmanager
    def _use(self) -> Iterator[sqlite3.Connection]:
        if self._process != os.getpid():
            raise VaultError(f"vault {self._path} was opened before a fork: open it again")
        with self._turn, explained(self._path):
            if self._connection is None:
                raise VaultError(f"vault {self._path} is closed: open it again")
            yield self._connection

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction.

        IMMEDIATE takes the write lock before the first read, so that two processes never both act
        on the same count of misses.
        """
        with self._use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
