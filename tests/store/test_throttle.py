"""SPEC section 9.3, throttle: the table, and games with the clock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ailock_sdk.store import ClockReading, ThrottleState, read_clock, remaining_wait, wait_seconds
from ailock_sdk.store.throttle import anchored
from tests.store.examples import NOW

MISSED_FIVE = ThrottleState(5, NOW.uptime, NOW.boot_id)  # waits 30 s
MISSED_ALL = replace(MISSED_FIVE, misses=50)


def later(seconds: float) -> ClockReading:
    return ClockReading(NOW.uptime + seconds, NOW.boot_id)


def test_wait_table() -> None:
    table = [0] * 5
    for wait in (30, 60, 120, 240, 480, 960, 1920, 3840, 7680):
        table += [wait] * 5
    for recoverable in (True, False):
        assert [wait_seconds(misses, recoverable) for misses in range(50)] == table


def test_row_3_nothing_closes_a_lock_for_good() -> None:
    for misses in (50, 51, 10**9):
        assert wait_seconds(misses, recoverable=True) is None  # the code ends that
        assert wait_seconds(misses, recoverable=False) == 24 * 60 * 60


def test_all_waits_together_take_most_of_a_day() -> None:
    assert sum(wait_seconds(misses, True) or 0 for misses in range(50)) == 5 * 30 * (2**9 - 1)


def test_wait_runs_down_with_the_uptime() -> None:
    waits = {0.0: 30.0, 1.0: 29.0, 29.5: 0.5, 30.0: 0.0, 1000.0: 0.0}
    for seconds, left in waits.items():
        assert remaining_wait(MISSED_FIVE, True, later(seconds)) == left


def test_resting_photos_rest_until_the_code_is_used() -> None:
    for now in (later(0), later(10**9), replace(later(10**9), boot_id="boot-2")):
        assert remaining_wait(MISSED_ALL, True, now) is None
    assert remaining_wait(MISSED_ALL, False, later(10)) == 24 * 60 * 60 - 10
    assert remaining_wait(MISSED_ALL, False, later(24 * 60 * 60)) == 0.0


def test_after_a_reboot_the_wait_starts_once_from_the_first_look() -> None:
    for first in (
        ClockReading(40.0, "boot-2"),
        ClockReading(NOW.uptime + 80_000, "boot-2"),
        ClockReading(40.0, NOW.boot_id),  # the uptime went back: a reboot too
    ):
        assert remaining_wait(MISSED_FIVE, True, first) == 30.0
        state = anchored(MISSED_FIVE, first)
        assert state.misses == 5
        second = replace(first, uptime=first.uptime + 12)
        assert anchored(state, second) is state
        assert remaining_wait(state, True, second) == 18.0


def test_without_boot_names_the_uptime_still_bounds_the_wait() -> None:
    state = replace(MISSED_FIVE, boot_id="")
    assert remaining_wait(state, True, replace(later(10), boot_id="")) == 20.0
    rebooted = ClockReading(3.0, "")
    assert remaining_wait(state, True, rebooted) == 30.0


def test_few_misses_never_wait() -> None:
    for misses in range(5):
        state = replace(MISSED_FIVE, misses=misses)
        assert remaining_wait(state, True, ClockReading(0.0, "another")) == 0.0


seconds = st.floats(0, 1e6)


@given(st.integers(5, 55), st.lists(st.tuples(seconds, st.booleans())))
def test_no_sequence_of_looks_opens_early(misses: int, looks: list[tuple[float, bool]]) -> None:
    """Time passes, the machine reboots, each look stores the state."""
    state = replace(MISSED_FIVE, misses=misses)
    passed, uptime, boot = 0.0, NOW.uptime, 0
    for step, reboot in looks:
        passed += step
        uptime = step if reboot else uptime + step
        boot += reboot
        now = ClockReading(uptime, f"boot-{1 + boot}")
        wait = remaining_wait(state, False, now)
        total = wait_seconds(misses, False)
        assert wait is not None
        assert total is not None
        assert 0.0 <= wait <= total
        if wait == 0.0:
            assert passed >= total * (1 - 1e-9) - 1e-6
        state = anchored(state, now)


def test_charged_counts_one() -> None:
    assert MISSED_FIVE.charged(later(40)) == ThrottleState(6, 5_040.0, "boot-1")


@pytest.mark.parametrize(
    "damage", [{"misses": -1}, {"missed_uptime": float("nan")}, {"missed_uptime": float("-inf")}]
)
def test_impossible_states_are_refused(damage: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="counted from 0"):
        replace(MISSED_FIVE, **damage)


def test_read_clock_goes_forward_within_one_boot() -> None:
    first, second = read_clock(), read_clock()
    assert second.uptime >= first.uptime >= 0
    assert second.boot_id == first.boot_id


def test_read_clock_without_boot_id(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr("ailock_sdk.store.throttle._BOOT_ID_FILE", tmp_path / "missing")
    assert read_clock().boot_id == ""
