"""Attempts on a lock, as its row remembers them; each change lies in the caller's transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from ailock_sdk.errors import VaultError
from ailock_sdk.store.old.rows import unknown
from ailock_sdk.store.old.throttle import remaining_wait
from ailock_sdk.store.throttle import ClockReading, ThrottleState, anchored


@dataclass(frozen=True)
class ThrottleStatus:
    """How a lock's attempts stand.

    Attributes
    ----------
    misses : int
        Consecutive ones.
    retry_after_seconds : float or None
        Until the next attempt, 0.0 if it may come now; ``None``: closed for good.
    """

    misses: int
    retry_after_seconds: float | None


def charge_attempt(connection: sqlite3.Connection, name: str, now: ClockReading) -> float | None:
    """Count a miss, unless the lock has to wait; returns the wait, as :class:`ThrottleStatus`.

    Raises
    ------
    UnknownNameError
        No such lock.
    VaultError
        What the row remembers is damaged.
    """
    state, retry_after_seconds = _look(connection, name, now)
    if retry_after_seconds == 0.0:
        _write(connection, name, state.charged(now))
    return retry_after_seconds


def clear_misses(connection: sqlite3.Connection, name: str) -> None:
    """Set the misses to 0.

    Raises
    ------
    UnknownNameError
        No such lock.
    """
    _write(connection, name, ThrottleState(0, 0.0, ""))


def throttle_status(connection: sqlite3.Connection, name: str, now: ClockReading) -> ThrottleStatus:
    """Misses and wait; after a reboot this look starts the wait anew.

    Raises
    ------
    UnknownNameError
        No such lock.
    VaultError
        What the row remembers is damaged.
    """
    state, retry_after_seconds = _look(connection, name, now)
    return ThrottleStatus(state.misses, retry_after_seconds)


def _look(
    connection: sqlite3.Connection, name: str, now: ClockReading
) -> tuple[ThrottleState, float | None]:
    """The state and its remaining wait, storing where the wait starts if it starts anew."""
    state = _read(connection, name)
    retry_after_seconds = remaining_wait(state, now)
    if retry_after_seconds and anchored(state, now) != state:
        state = anchored(state, now)
        _write(connection, name, state)
    return state, retry_after_seconds


def _read(connection: sqlite3.Connection, name: str) -> ThrottleState:
    row = connection.execute(
        "SELECT misses, missed_uptime, boot_id FROM locks WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        raise unknown(name)
    if [type(value) for value in row] != [int, float, str]:
        raise _damaged(name)
    try:
        return ThrottleState(*row)
    except ValueError as error:
        raise _damaged(name) from error


def _write(connection: sqlite3.Connection, name: str, state: ThrottleState) -> None:
    updated = connection.execute(
        "UPDATE locks SET misses = ?, missed_uptime = ?, boot_id = ? WHERE name = ?",
        (state.misses, state.missed_uptime, state.boot_id, name),
    ).rowcount
    if updated == 0:
        raise unknown(name)


def _damaged(name: str) -> VaultError:
    return VaultError(
        f"the misses of lock {name!r} are damaged: restore the vault from a backup, or remove "
        "this lock and enroll again"
    )
