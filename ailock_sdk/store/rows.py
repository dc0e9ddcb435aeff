"""Rows of the vault: named locks under their MAC, and whose pepper that is (SPEC section 9.3)."""

from __future__ import annotations

import hmac
import sqlite3
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field

from ailock_sdk.constants import LABEL_ROW, PEPPER_ID_LENGTH_BYTES
from ailock_sdk.errors import (
    LockChangedError,
    NameTakenError,
    PepperError,
    RecordError,
    UnknownNameError,
    VaultError,
)
from ailock_sdk.parameters import pepper_id
from ailock_sdk.secret import Hidden
from ailock_sdk.store.lock_file import LockFile
from ailock_sdk.store.names import is_name
from ailock_sdk.store.throttle import UNMISSED, ThrottleState

Row = tuple[object, object, object]
"""``lock``, ``pepper_id`` and ``mac`` as they were found, whatever they are."""


@dataclass(frozen=True)
class StoredLock:
    """A lock as it was read.

    Attributes
    ----------
    name : str
    lock : LockFile
    pepper_id : bytes
        Which pepper the row's MAC was made with.
    row : tuple
        What was read, to see later whether it is still there.
    """

    name: str
    lock: LockFile
    pepper_id: bytes
    row: Row = field(repr=False, compare=False)


def row_mac(pepper: Hidden, name: str, lock: bytes) -> bytes:
    """The 32 bytes that bind the bytes of a lock file to their name and to the pepper."""
    encoded = name.encode()
    message = LABEL_ROW + len(encoded).to_bytes(2, "big") + encoded
    message += len(lock).to_bytes(4, "big") + lock
    return hmac.digest(pepper, message, "sha256")


def new_stored_lock(pepper: Hidden, name: str, lock: LockFile) -> StoredLock:
    """A lock as it is stored under a pepper."""
    data = bytes(lock)
    row = (data, pepper_id(pepper), row_mac(pepper, name, data))
    return StoredLock(name, lock, row[1], row)


def unverified(name: str, row: Row) -> StoredLock:
    """The lock of a row whose MAC was not looked at: only its owner's code makes it his.

    Raises
    ------
    VaultError
        The row is damaged.
    """
    data, stored_id, _ = row
    # SQLite types belong to values, not columns: a damaged row may hold anything.
    if not (isinstance(data, bytes) and isinstance(stored_id, bytes)):
        raise _damaged(name)
    try:
        return StoredLock(name, LockFile.from_bytes(data), stored_id, row)
    except RecordError as error:
        raise VaultError(f"lock {name!r} is damaged: restore the vault ({error})") from error


def verified(pepper: Hidden, name: str, row: Row) -> StoredLock:
    """The lock of a row, after checking its MAC: bytes from elsewhere never reach the parser.

    Raises
    ------
    VaultError
        The row is damaged, swapped or forged.
    PepperError
        The row waits for its owner's code, since the vault's pepper was replaced.
    LockFormatError
        An intact row of a version that this package does not read.
    """
    data, stored_id, mac = row
    if isinstance(stored_id, bytes) and len(stored_id) == PEPPER_ID_LENGTH_BYTES:
        if stored_id != pepper_id(pepper):
            raise PepperError(
                f"lock {name!r} was made with another pepper than this vault has now: open it by "
                "its recovery code once, or restore that pepper"
            )
        if (
            isinstance(data, bytes)
            and isinstance(mac, bytes)
            and hmac.compare_digest(mac, row_mac(pepper, name, data))
        ):
            return StoredLock(name, LockFile.from_bytes(data), stored_id, row)
    raise _damaged(name)


class Rows:
    """What a vault holds, read and changed in the caller's turn and transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    # -- the vault's pepper ---------------------------------------------------------------------

    def pepper_id(self) -> bytes | None:
        """The id of the vault's pepper; ``None`` while it holds no lock, and so may take any.

        Raises
        ------
        VaultError
        """
        if self._is_empty():
            return None
        found = self.connection.execute("SELECT pepper_id FROM vault").fetchall()
        if [type(value) for row in found for value in row] != [bytes]:
            raise VaultError("the vault does not say which pepper is its: restore it from a backup")
        return bytes(found[0][0])

    def pepper_place(self) -> str | None:
        """What the vault says of where its pepper is; ``None`` while it holds no lock."""
        if self._is_empty():
            return None
        found = self.connection.execute("SELECT pepper_place FROM vault").fetchone()
        return None if found is None else str(found[0])

    def _is_empty(self) -> bool:
        return self.connection.execute("SELECT 1 FROM locks LIMIT 1").fetchone() is None

    def check_pepper(self, pepper: Hidden) -> None:
        """Refuse a pepper that is not the vault's.

        Raises
        ------
        PepperError
        """
        own, given = self.pepper_id(), pepper_id(pepper)
        if own is not None and own != given:
            raise PepperError(
                f"this pepper ({given.hex()}) is not the vault's ({own.hex()}): restore that one, "
                "or replace it and open each lock by its recovery code"
            )

    def put_pepper(self, pepper: Hidden, place: str) -> None:
        """Make a pepper the vault's; what counts its states stays if the pepper does."""
        before = self.connection.execute("SELECT pepper_id, pepper_place FROM vault").fetchone()
        stays = before == (pepper_id(pepper), place)
        counter, state = self.counter() if stays else (b"", b"")
        self.connection.execute("DELETE FROM vault")
        values = (pepper_id(pepper), place, counter, state)
        self.connection.execute("INSERT INTO vault VALUES (?, ?, ?, ?)", values)

    # -- what a counter numbers -----------------------------------------------------------------

    def counter(self) -> tuple[bytes, bytes]:
        """Which state of the vault this is, and the MAC of it; both empty if nothing counts.

        Raises
        ------
        VaultError
        """
        found = self.connection.execute("SELECT counter, state FROM vault").fetchone()
        if found is None:
            return b"", b""
        if [type(value) for value in found] != [bytes, bytes]:
            raise VaultError("the vault's counter is damaged: restore it from a backup")
        return found[0], found[1]

    def put_counter(self, counter: bytes) -> None:
        """Say which state of the vault this is."""
        self.connection.execute("UPDATE vault SET counter = ?", (counter,))

    def put_state_mac(self, state: bytes) -> None:
        """Keep the MAC of it."""
        self.connection.execute("UPDATE vault SET state = ?", (state,))

    def everything(self) -> Iterator[object]:
        """All values of all locks, whatever they are."""
        query = "SELECT * FROM locks ORDER BY CAST(name AS BLOB)"
        for row in self.connection.execute(query):
            yield from row

    # -- its locks ------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The names of all locks, sorted; escaped where damage left something that is none."""
        # As bytes: one name that is not UTF-8 would otherwise fail the whole query.
        found = self.connection.execute("SELECT CAST(name AS BLOB) FROM locks").fetchall()
        return sorted(_shown(name) for (name,) in found)

    def find(self, name: str) -> Row | None:
        """What the row of the lock ``name`` holds, whatever it is."""
        query = "SELECT lock, pepper_id, mac FROM locks WHERE name = ?"
        row: Row | None = self.connection.execute(query, (name,)).fetchone()
        return row

    def get(self, name: str) -> Row:
        """As :meth:`find`; there has to be one (``UnknownNameError``)."""
        row = self.find(name)
        if row is None:
            raise _unknown(name)
        return row

    def check_new_name(self, name: str) -> None:
        """Refuse a name that a row has, intact or not.

        Raises
        ------
        NameTakenError
        """
        query = "SELECT 1 FROM locks WHERE name = ?"
        if self.connection.execute(query, (name,)).fetchone() is not None:
            raise NameTakenError(
                f"a lock named {name!r} exists: choose another name, or rename that one"
            )

    def check_unchanged(self, stored: StoredLock) -> None:
        """Refuse to act on a lock that was changed since it was read (``LockChangedError``)."""
        if self.find(stored.name) != stored.row:
            raise _changed(stored)

    def check_same_lock(self, stored: StoredLock) -> None:
        """As :meth:`check_unchanged`, but the lock may have other slots by now."""
        row = self.find(stored.name)
        if row != stored.row and (
            row is None or unverified(stored.name, row).lock.recipient != stored.lock.recipient
        ):
            raise _changed(stored)

    def insert(self, stored: StoredLock) -> None:
        """Add a lock without misses, under a new name."""
        self.check_new_name(stored.name)
        values = (stored.name, *stored.row, *astuple(UNMISSED))
        self.connection.execute("INSERT INTO locks VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def update(self, name: str, stored: StoredLock) -> None:
        """Put a lock, and its name, in the place of the one that is called ``name``."""
        if stored.name != name:
            self.check_new_name(stored.name)
        self.connection.execute(
            "UPDATE locks SET name = ?, lock = ?, pepper_id = ?, mac = ? WHERE name = ?",
            (stored.name, *stored.row, name),
        )

    def delete(self, name: str) -> None:
        """Delete the row of the lock ``name``, if there is one (``UnknownNameError``)."""
        if self.connection.execute("DELETE FROM locks WHERE name = ?", (name,)).rowcount == 0:
            raise _unknown(name)

    # -- the attempts on a lock -----------------------------------------------------------------

    def state(self, name: str) -> ThrottleState:
        """What the row of the lock ``name``, which has to exist, remembers of attempts.

        Raises
        ------
        VaultError
        """
        query = "SELECT misses, missed_uptime, boot_id FROM locks WHERE name = ?"
        row = self.connection.execute(query, (name,)).fetchone()
        try:
            # SQLite types belong to values, not columns: a damaged row may hold anything.
            if [type(value) for value in row] != [int, float, str]:
                raise ValueError
            return ThrottleState(*row)
        except ValueError as error:
            raise VaultError(
                f"the misses of lock {name!r} are damaged: open it by its recovery code, or "
                "restore the vault from a backup"
            ) from error

    def put_state(self, name: str, state: ThrottleState) -> None:
        """Let the row of the lock ``name`` remember ``state``."""
        self.connection.execute(
            "UPDATE locks SET misses = ?, missed_uptime = ?, boot_id = ? WHERE name = ?",
            (*astuple(state), name),
        )


def _changed(stored: StoredLock) -> LockChangedError:
    return LockChangedError(f"lock {stored.name!r} was changed or removed meanwhile: try again")


def _unknown(name: str) -> UnknownNameError:
    return UnknownNameError(f"no lock is named {name!r}: list the names of this vault")


def _damaged(name: str) -> VaultError:
    return VaultError(
        f"lock {name!r} is damaged: open it by its recovery code, or restore the vault from a "
        "backup"
    )


def _shown(stored: object) -> str:
    if isinstance(stored, bytes):
        name = stored.decode(errors="surrogateescape")
        return name if is_name(name) else ascii(stored)
    return ascii(stored)
