"""Attempts on a lock, as its row remembers them; each change lies in the caller's transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from ailock_sdk.errors import VaultError
from ailock_sdk.store.rows import StoredLock
from ailock_sdk.store.throttle import ClockReading, ThrottleState, anchored, remaining_wait


@dataclass(frozen=True)
class ThrottleStatus:
    """How a lock's attempts stand.

    Attributes
    ----------
    misses : int
        Consecutive ones.
    retry_after_seconds : float or None
        Until the next attempt, 0.0 if it may come now; ``None``: after the recovery code was used.
    """

    misses: int
    retry_after_seconds: float | None


@dataclass(frozen=True)
class Charge:
    """What a row remembered before an attempt, and since: to be taken back if none was made."""

    before: ThrottleState
    after: ThrottleState


def charge_attempt(
    connection: sqlite3.Connection, stored: StoredLock, now: ClockReading
) -> Charge | ThrottleStatus:
    """Count a miss of a lock; if it has to wait, nothing is counted and its status returned."""
    status = throttle_status(connection, stored, now)
    if status.retry_after_seconds != 0.0:
        return status
    state = read_state(connection, stored.name)
    charge = Charge(state, state.charged(now))
    write_state(connection, stored.name, charge.after)
    return charge


def throttle_status(
    connection: sqlite3.Connection, stored: StoredLock, now: ClockReading
) -> ThrottleStatus:
    """Misses and wait, storing where the wait starts if it starts anew after a reboot."""
    state = read_state(connection, stored.name)
    wait = remaining_wait(state, stored.lock.is_recoverable, now)
    if wait and anchored(state, now) != state:
        write_state(connection, stored.name, anchored(state, now))
    return ThrottleStatus(state.misses, wait)


def take_back(connection: sqlite3.Connection, name: str, charge: Charge) -> None:
    """Forget a charge, and nothing that others counted since."""
    state = read_state(connection, name)
    if state == charge.after:
        write_state(connection, name, charge.before)
    elif state.misses > charge.after.misses:
        write_state(connection, name, replace(state, misses=state.misses - 1))
    # Else the count was cleared meanwhile, and this charge with it.


def read_state(connection: sqlite3.Connection, name: str) -> ThrottleState:
    """What the row of the lock ``name`` remembers; the row has to exist.

    Raises
    ------
    VaultError
        It is damaged.
    """
    row = connection.execute(
        "SELECT misses, missed_uptime, boot_id FROM locks WHERE name = ?", (name,)
    ).fetchone()
    try:
        # SQLite types belong to values, not columns: a damaged row may hold anything.
        if [type(value) for value in row] != [int, float, str]:
            raise ValueError
        return ThrottleState(*row)
    except ValueError as error:
        raise VaultError(
            f"the misses of lock {name!r} are damaged: open it by its recovery code, or restore "
            "the vault from a backup"
        ) from error


def write_state(connection: sqlite3.Connection, name: str, state: ThrottleState) -> None:
    """Let the row of the lock ``name`` remember ``state``."""
    connection.execute(
        "UPDATE locks SET misses = ?, missed_uptime = ?, boot_id = ? WHERE name = ?",
        (state.misses, state.missed_uptime, state.boot_id, name),
    )
