"""How long to wait after misses: a policy without state of its own (SPEC section 9.3).

At least as strict as NIST SP 800-63B-4 (draft) section 3.2.3, which limits consecutive failures.
It binds whoever has to go through this package; someone who runs code as the vault's owner can
copy the vault and the pepper, or roll the file back, and is bounded by Argon2id only.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

FREE_MISSES = 5
"""Consecutive misses before the first wait (NIST SP 800-63B-4 draft, section 3.2.3)."""
FIRST_WAIT_SECONDS = 30
MISSES_PER_DOUBLING = 5
"""The wait is 30 s from the fifth miss and doubles with every fifth miss after the ninth."""
MAX_MISSES = 50
"""Consecutive misses after which photos rest, where a recovery code can end that."""
LAST_WAIT_SECONDS = 24 * 60 * 60
"""The wait from then on where none can: closing the lock for good would destroy what it keeps."""

_BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class ClockReading:
    """Seconds on a clock that nobody can set and that only runs while the machine is up.

    ``boot_id`` names the boot that they belong to; empty where the system has no such name.
    """

    uptime: float
    boot_id: str


@dataclass(frozen=True)
class ThrottleState:
    """What a vault row remembers: misses since the last success, and when the wait began.

    That is the clock of the last miss or, once :func:`anchored` moved it, of the first look after a
    reboot.

    Raises
    ------
    ValueError
        A negative number of misses, or a clock that is not finite.
    """

    misses: int
    missed_uptime: float
    boot_id: str

    def __post_init__(self) -> None:
        if self.misses < 0 or not math.isfinite(self.missed_uptime):
            raise ValueError("misses are counted from 0 and clock readings are finite")

    def charged(self, now: ClockReading) -> ThrottleState:
        """The state after one more miss at ``now``."""
        return ThrottleState(self.misses + 1, now.uptime, now.boot_id)


UNMISSED = ThrottleState(0, 0.0, "")


@dataclass(frozen=True)
class Charge:
    """What a row remembered before an attempt, and since: to be taken back if none was made."""

    before: ThrottleState
    after: ThrottleState


@dataclass(frozen=True)
class ThrottleStatus:
    """Consecutive misses, and the seconds until the next attempt, 0.0 if it may come now.

    These are ``None`` if it may come after the recovery code was used.
    """

    misses: int
    retry_after_seconds: float | None


def read_clock() -> ClockReading:
    """Read the clock; ``uptime`` also counts suspended time where the system can tell."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    try:
        boot_id = _BOOT_ID_FILE.read_text(encoding="ascii").strip()
    except OSError:
        boot_id = ""
    return ClockReading(time.clock_gettime(clock), boot_id)


def wait_seconds(misses: int, recoverable: bool) -> int | None:
    """The wait that follows ``misses``; ``None`` when photos rest until the code was used.

    ``recoverable`` says whether the lock has a recovery code.
    """
    if misses >= MAX_MISSES:
        return None if recoverable else LAST_WAIT_SECONDS
    if misses < FREE_MISSES:
        return 0
    return int(FIRST_WAIT_SECONDS << (misses - FREE_MISSES) // MISSES_PER_DOUBLING)


def anchored(state: ThrottleState, now: ClockReading) -> ThrottleState:
    """Return ``state`` when its wait is running, else the state whose wait starts at ``now``.

    A wait starts anew after a reboot: another boot id, or an uptime that went back. The caller has
    to store the result: unless it is stored, every look restarts the wait. The wall clock, which
    anyone may set, plays no part.
    """
    if state.boot_id == now.boot_id and state.missed_uptime <= now.uptime:
        return state
    return ThrottleState(state.misses, now.uptime, now.boot_id)


def remaining_wait(state: ThrottleState, recoverable: bool, now: ClockReading) -> float | None:
    """The seconds until the next attempt, 0.0 when it may start; ``None``: see `wait_seconds`."""
    wait = wait_seconds(state.misses, recoverable)
    if wait is None:
        return None
    # Only uptime shortens a wait. It cannot run ahead of true time, not even unnoticed across a
    # reboot where boots have no names: the new boot alone has then lasted `now.uptime` already.
    return max(0.0, wait - (now.uptime - anchored(state, now).missed_uptime))
