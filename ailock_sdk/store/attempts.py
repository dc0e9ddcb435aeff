"""Attempts on a lock, as its row remembers them; each change lies in the caller's transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from ailock_sdk.errors import VaultError
from ailock_sdk.store.throttle import ClockReading, ThrottleState, anchored, remaining_wait

UNMISSED = ThrottleState(0, 0.0, "")


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
    """An attempt that was counted, to be taken back if no comparison was made.

    Attributes
    ----------
    before : ThrottleState
    after : ThrottleState
        What the row remembered before the attempt, and since.
    """

    before: ThrottleState
    after: ThrottleState


def charge_attempt(
    connection: sqlite3.Connection, name: str, recoverable: bool, now: ClockReading
) -> Charge | ThrottleStatus:
    """Count a miss of the lock ``name``, unless it has to wait.

    Parameters
    ----------
    connection : Connection
    name : str
    recoverable : bool
        Whether the lock has a recovery code.
    now : ClockReading

    Returns
    -------
    Charge or ThrottleStatus
        The latter if nothing was counted.

    Raises
    ------
    VaultError
        What the row remembers is damaged.
    """
    status = throttle_status(connection, name, recoverable, now)
    if status.retry_after_seconds != 0.0:
        return status
    state = read_state(connection, name)
    charge = Charge(state, state.charged(now))
    write_state(connection, name, charge.after)
    return charge


def throttle_status(
    connection: sqlite3.Connection, name: str, recoverable: bool, now: ClockReading
) -> ThrottleStatus:
    """Misses and wait, storing where the wait starts if it starts anew after a reboot.

    Parameters
    ----------
    connection : Connection
    name : str
    recoverable : bool
        Whether the lock has a recovery code.
    now : ClockReading

    Raises
    ------
    VaultError
        What the row remembers is damaged.
    """
    state = read_state(connection, name)
    wait = remaining_wait(state, recoverable, now)
    if wait and anchored(state, now) != state:
        write_state(connection, name, anchored(state, now))
    return ThrottleStatus(state.misses, wait)


def take_back(connection: sqlite3.Connection, name: str, charge: Charge) -> None:
    """Forget a charge, and nothing that others counted since.

    Raises
    ------
    VaultError
        What the row remembers is damaged.
    """
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
    # SQLite types belong to values, not columns: a damaged row may hold anything.
    if [type(value) for value in row] != [int, float, str]:
        raise _damaged(name)
    try:
        return ThrottleState(*row)
    except ValueError as error:
        raise _damaged(name) from error


def write_state(connection: sqlite3.Connection, name: str, state: ThrottleState) -> None:
    """Let the row of the lock ``name`` remember ``state``."""
    connection.execute(
        "UPDATE locks SET misses = ?, missed_uptime = ?, boot_id = ? WHERE name = ?",
        (state.misses, state.missed_uptime, state.boot_id, name),
    )


def _damaged(name: str) -> VaultError:
    return VaultError(
        f"the misses of lock {name!r} are damaged: open it by its recovery code, or restore the "
        "vault from a backup"
    )
