"""How long to wait after misses."""

from __future__ import annotations

from ailock_sdk.store.throttle import (
    FIRST_WAIT_SECONDS,
    FREE_MISSES,
    MAX_MISSES,
    MISSES_PER_DOUBLING,
    ClockReading,
    ThrottleState,
    anchored,
)


def wait_seconds(misses: int) -> int | None:
    """Return the wait that follows ``misses`` consecutive misses, ``None`` when closed for good."""
    if misses >= MAX_MISSES:
        return None
    if misses < FREE_MISSES:
        return 0
    return int(FIRST_WAIT_SECONDS << (misses - FREE_MISSES) // MISSES_PER_DOUBLING)


def remaining_wait(state: ThrottleState, now: ClockReading) -> float | None:
    """Return the seconds until the next attempt, 0.0 when it may start, ``None`` when closed."""
    wait = wait_seconds(state.misses)
    if wait is None:
        return None
    # Only uptime shortens a wait. It cannot run ahead of true time, not even unnoticed across a
    # reboot where boots have no names: the new boot alone has then lasted `now.uptime` already.
    return max(0.0, wait - (now.uptime - anchored(state, now).missed_uptime))
