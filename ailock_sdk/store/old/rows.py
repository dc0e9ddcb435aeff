"""Rows of the vault: names, and locks under their MAC (SPEC section 9)."""

from __future__ import annotations

import hmac
import sqlite3
import time
import unicodedata
from dataclasses import dataclass, field

from ailock_sdk.constants import LABEL_ROW
from ailock_sdk.errors import NameTakenError, UnknownNameError, VaultError
from ailock_sdk.store.record import Record
from ailock_sdk.store.sealing import SEALING_KEY_LENGTH_BYTES

MAX_NAME_CHARACTERS = 64
_LENGTH_LIMIT_BYTES = 1 << 16
"""What ``len16`` of the MAC can say is below."""


@dataclass(frozen=True)
class StoredLock:
    """A lock whose row was found intact.

    Attributes
    ----------
    name : str
        1 to 64 characters.
    record : Record
        What the secret is reproduced from.
    sealing_key : bytes
        32 bytes, public: whoever has it may seal data to this lock.
    created : int
        Seconds since 1970; not under the row's MAC, for display only.
    """

    name: str
    record: Record
    sealing_key: bytes = field(repr=False)
    created: int


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a lock.

    Raises
    ------
    VaultError
        Not 1 to 64 characters, or a control character or surrogate among them.
    """
    if not _is_name(name):
        raise VaultError(
            f"{name!a} is not a name: use 1 to {MAX_NAME_CHARACTERS} characters, none of them a "
            "control character"
        )


def has_row(connection: sqlite3.Connection, name: str) -> bool:
    """Whether a row of this name exists, intact or not."""
    found = connection.execute("SELECT 1 FROM locks WHERE name = ?", (name,)).fetchone()
    return found is not None


def new_row(pepper: bytes, name: str, record: Record, sealing_key: bytes) -> tuple[object, ...]:
    """The row of a lock without misses, created now.

    Parameters
    ----------
    pepper : bytes
        32 bytes, the key of the row's MAC.
    name : str
    record : Record
    sealing_key : bytes
        32 bytes.

    Returns
    -------
    tuple
        A value for each column of the vault's table.

    Raises
    ------
    ValueError
        ``sealing_key`` does not have 32 bytes.
    """
    if len(sealing_key) != SEALING_KEY_LENGTH_BYTES:
        raise ValueError(f"a sealing key has exactly {SEALING_KEY_LENGTH_BYTES} bytes")
    data = bytes(record)
    mac = row_mac(pepper, name, data, sealing_key)
    return (name, data, sealing_key, mac, int(time.time()), 0, 0.0, "")


def insert_row(connection: sqlite3.Connection, name: str, row: tuple[object, ...]) -> None:
    """Add the row of the lock ``name``, inside the transaction of the caller.

    Raises
    ------
    NameTakenError
        The name is in use.
    """
    try:
        connection.execute("INSERT INTO locks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    except sqlite3.IntegrityError as error:
        raise taken(name) from error


def select_row(connection: sqlite3.Connection, name: str) -> tuple[object, ...]:
    """What a lock's row holds of record, sealing key, MAC and date of creation, whatever it is.

    Raises
    ------
    UnknownNameError
        No such lock.
    """
    row: tuple[object, ...] | None = connection.execute(
        "SELECT record, sealing_key, mac, created FROM locks WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        raise unknown(name)
    return row


def read_row(pepper: bytes, name: str, row: tuple[object, ...]) -> StoredLock:
    """The lock of a row of :func:`select_row`, after checking its MAC.

    Bytes from elsewhere never reach the record's parser.

    Raises
    ------
    VaultError
        The row is damaged, swapped, or was written with another pepper.
    RecordFormatError
        An intact row of a record version that this package does not read.
    """
    data, sealing_key, mac, created = row
    # SQLite types belong to values, not columns: a damaged row may hold anything.
    if not (
        isinstance(data, bytes)
        and isinstance(sealing_key, bytes)
        and isinstance(mac, bytes)
        and isinstance(created, int)
        and len(data) < _LENGTH_LIMIT_BYTES
        and hmac.compare_digest(mac, row_mac(pepper, name, data, sealing_key))
    ):
        raise VaultError(
            f"lock {name!r} is damaged, or was stored with another pepper: restore the vault "
            "and its pepper from one backup, or remove this lock and enroll again"
        )
    return StoredLock(name, Record.from_bytes(data), sealing_key, created)


def select_names(connection: sqlite3.Connection) -> list[str]:
    """The names of all locks, sorted; escaped where damage left something that is none."""
    # As bytes: one name that is not UTF-8 would otherwise fail the whole query.
    rows = connection.execute("SELECT CAST(name AS BLOB) FROM locks").fetchall()
    return sorted(_shown(row[0]) for row in rows)


def delete_row(connection: sqlite3.Connection, name: str) -> None:
    """Delete the row of the lock ``name``, inside the transaction of the caller.

    Raises
    ------
    UnknownNameError
        No such lock.
    """
    if connection.execute("DELETE FROM locks WHERE name = ?", (name,)).rowcount == 0:
        raise unknown(name)


def row_mac(pepper: bytes, name: str, record: bytes, sealing_key: bytes) -> bytes:
    """The 32 bytes that bind a row's fields to each other and to the pepper (SPEC section 9).

    Parameters
    ----------
    pepper : bytes
        32 bytes.
    name : str
    record : bytes
        Below 65,536 bytes.
    sealing_key : bytes
        32 bytes.
    """
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


def taken(name: str) -> NameTakenError:
    """The error for a name that is in use."""
    return NameTakenError(f"a lock named {name!r} exists: remove it first, or choose another name")


def unknown(name: str) -> UnknownNameError:
    """The error for a name that no lock has."""
    return UnknownNameError(f"no lock is named {name!r}: list the names of this vault")


def _is_name(name: str) -> bool:
    # Control characters (Cc) could drive the terminal that lists names; surrogates (Cs) are what
    # the command line makes of bytes that are not UTF-8.
    return 1 <= len(name) <= MAX_NAME_CHARACTERS and not any(
        unicodedata.category(character) in ("Cc", "Cs") for character in name
    )


def _shown(stored: object) -> str:
    if isinstance(stored, bytes):
        name = stored.decode(errors="surrogateescape")
        return name if _is_name(name) else ascii(stored)
    return ascii(stored)
