"""A handle of a vault file: whose turn it is, transactions, and the end of it."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ailock_sdk.errors import AilockError, PepperError, VaultError
from ailock_sdk.store.rows import Rows
from ailock_sdk.store.state_guard import StateGuard
from ailock_sdk.store.vault_file import (
    OpenedVault,
    create_vault_file,
    explained,
    open_vault_file,
)

_Handle = TypeVar("_Handle", bound="VaultHandle")
_log = logging.getLogger(__name__)


class VaultHandle:
    """An open vault file; use it as a context manager, or call :meth:`close`.

    Any number of processes may have the vault open, each with its own handle. A handle may be
    shared by threads, which then take turns, but not carried over a fork: SQLite's file locks
    would silently fail, so the handle refuses.
    """

    def __init__(self, path: Path, opened: OpenedVault) -> None:
        """Use :meth:`open`."""
        self._path = path
        self._connection: sqlite3.Connection | None = opened.connection
        self._refusal = opened.refusal
        self._turn = threading.Lock()
        self._process = os.getpid()
        self.guard_source: Callable[[], StateGuard | None] = _none
        """What numbers the vault's states, if anything does; asked before each change."""

    @classmethod
    def open(cls: type[_Handle], path: str | os.PathLike[str]) -> _Handle:
        """Open the vault at ``path``; nothing is created.

        ``-wal`` and ``-shm`` appear beside the SQLite file while it is open to be written. One that
        cannot be, or lies where nothing can, is opened to be read.

        Raises
        ------
        VaultMissingError
            There is none.
        VaultError
            Not a vault, of a newer version, usable by other users, or damaged.
        """
        path = Path(path).absolute()
        return cls(path, open_vault_file(path))

    @classmethod
    def create(cls: type[_Handle], path: str | os.PathLike[str]) -> _Handle:
        """Open the vault at ``path``, making it (mode 0600) and its folder (0700) if missing.

        Where it cannot be made, nothing is left behind.
        """
        path = Path(path).absolute()
        create_vault_file(path)
        return cls.open(path)

    def close(self) -> None:
        """Close the handle; the second time does nothing."""
        with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                with explained(self._path):
                    connection.close()

    def __enter__(self: _Handle) -> _Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._path)!r})"

    @property
    def path(self) -> Path:
        """The vault file, absolute."""
        return self._path

    @property
    def is_writable(self) -> bool:
        """Whether locks can be changed, and photos compared, which counts an attempt."""
        return self._refusal is None

    @contextmanager
    def _use(self) -> Iterator[Rows]:
        if self._process != os.getpid():
            raise VaultError(f"vault {self._path} was opened before a fork: open it again")
        with self._turn, explained(self._path):
            if self._connection is None:
                raise VaultError(f"vault {self._path} is closed: open it again")
            yield Rows(self._connection)

    @contextmanager
    def _change(
        self, *, durable: bool = True, accept: bool = False, must_count: bool = False
    ) -> Iterator[Rows]:
        """One transaction.

        The guard, if there is one, looks at the vault before, unless the owner said to ``accept``
        it as it is, and signs it after. Its counter steps after the commit; where it cannot, the
        next change makes up for that, and it is no error unless the change ``must_count``.
        """
        guard = self.guard_source()
        with self._transaction(durable=durable) as rows:
            if guard is None:
                self._check_uncounted(rows)
            elif not accept:
                guard.check(rows, count=durable)
            before = rows.connection.total_changes
            yield rows
            changed = rows.connection.total_changes != before
            if guard is not None and changed:
                guard.sign(rows, new=durable, checked=not accept)
        if guard is not None and changed and durable:
            self._step(guard, must_count)

    def _step(self, guard: StateGuard, must_count: bool = False) -> None:
        try:
            with self._transaction() as rows:
                guard.check(rows)
        except AilockError as error:
            if must_count:
                raise
            _log.warning("vault %s: changed, but not counted yet: %s", self._path, error)

    def _check_uncounted(self, rows: Rows) -> None:
        if rows.pepper_id() is not None and rows.counter()[0]:
            raise PepperError(
                f"a TPM counts the changes of vault {self._path}: use the pepper in the TPM, or "
                "replace it, which ends the counting"
            )

    @contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[Rows]:
        """Take the vault for one change.

        IMMEDIATE takes the write lock before the first read, so that two processes never both act
        on the same count of misses.
        """
        with self._use() as rows:
            if self._refusal is not None:
                raise type(self._refusal)(*self._refusal.args)
            connection = rows.connection
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield rows
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


def _none() -> None:
    return None
