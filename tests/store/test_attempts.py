"""SPEC section 9.3, attempts: none is lost, none is charged for nothing, and none closes a lock."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import LockedOutError, VaultError
from ailock_sdk.store import ClockReading, LockStore, StoredLock, ThrottleStatus
from tests.store.conftest import edit
from tests.store.examples import LOCK, NOW, PEPPER, PHOTOS_ONLY

DAY = 24 * 60 * 60


@pytest.fixture
def mug(store: LockStore) -> StoredLock:
    return store.get("mug", PEPPER)


def later(seconds: float) -> ClockReading:
    return replace(NOW, uptime=NOW.uptime + seconds)


def charge_times(store: LockStore, stored: StoredLock, count: int) -> float:
    """Charge with a long pause before each; returns the seconds after NOW of the last one."""
    for index in range(count):
        store.charge(stored, later(index * 10_000))
    return (count - 1) * 10_000


def test_charges_are_counted_and_refunded(store: LockStore, mug: StoredLock, path: Path) -> None:
    assert store.status(mug, NOW) == ThrottleStatus(0, 0.0)
    for _ in range(3):
        store.charge(mug, NOW)
    store.close()
    with LockStore.open(path) as again:
        assert again.status(mug, NOW) == ThrottleStatus(3, 0.0)
        again.refund(mug)
        assert again.status(mug, NOW) == ThrottleStatus(0, 0.0)


def test_a_charge_is_seen_by_others_before_it_returns(
    store: LockStore, mug: StoredLock, path: Path
) -> None:
    with LockStore.open(path) as other:
        store.charge(mug, NOW)
        assert other.status(mug, NOW).misses == 1


def test_waiting_attempts_are_refused_without_a_charge(store: LockStore, mug: StoredLock) -> None:
    for _ in range(5):
        store.charge(mug, NOW)
    for seconds, left in ((0, 30.0), (10, 20.0), (29, 1.0)):
        with pytest.raises(LockedOutError) as caught:
            store.charge(mug, later(seconds))
        assert caught.value.retry_after_seconds == left
        assert store.status(mug, later(seconds)) == ThrottleStatus(5, left)
    store.charge(mug, later(30))
    assert store.status(mug, later(30)) == ThrottleStatus(6, 30.0)


def test_row_3_fifty_misses_rest_the_photos_until_the_code_is_used(
    store: LockStore, mug: StoredLock
) -> None:
    last = charge_times(store, mug, 50)
    for now in (later(last + 10**9), replace(NOW, boot_id="boot-2")):
        with pytest.raises(LockedOutError, match="recovery code") as caught:
            store.charge(mug, now)
        assert caught.value.retry_after_seconds is None
        assert "remove" not in str(caught.value)
        assert "enroll" not in str(caught.value)
        assert store.status(mug, now) == ThrottleStatus(50, None)
    recovered = store.recovered(store.get_unverified("mug"), PEPPER)
    store.charge(recovered, NOW)
    assert store.status(recovered, NOW) == ThrottleStatus(1, 0.0)


def test_row_3_a_lock_without_a_code_waits_a_day_for_each_attempt(store: LockStore) -> None:
    cup = store.add("cup", PHOTOS_ONLY, PEPPER)
    last = charge_times(store, cup, 50)
    for misses in (50, 51, 52):
        assert store.status(cup, later(last + DAY - 1)) == ThrottleStatus(misses, 1.0)
        with pytest.raises(LockedOutError) as caught:
            store.charge(cup, later(last))
        assert caught.value.retry_after_seconds == DAY
        last += DAY
        store.charge(cup, later(last))
    store.refund(cup)  # the owner's own photo, after all
    assert store.status(cup, NOW) == ThrottleStatus(0, 0.0)


def test_the_fiftieth_attempt_may_still_succeed(store: LockStore, mug: StoredLock) -> None:
    charge_times(store, mug, 50)
    store.refund(mug)
    store.charge(mug, NOW)


def test_after_a_reboot_the_first_look_starts_the_wait_once(
    store: LockStore, mug: StoredLock, path: Path
) -> None:
    for _ in range(5):
        store.charge(mug, NOW)
    store.close()
    rebooted = ClockReading(10.0, "boot-2")
    with LockStore.open(path) as again, pytest.raises(LockedOutError) as caught:
        again.charge(mug, rebooted)
    assert caught.value.retry_after_seconds == 30.0
    with LockStore.open(path) as again:
        after = replace(rebooted, uptime=22.0)
        assert again.status(mug, after) == ThrottleStatus(5, 18.0)
        again.charge(mug, replace(rebooted, uptime=40.0))
        assert again.status(mug, after).misses == 6


def test_showing_the_wait_after_a_reboot_starts_it(store: LockStore, mug: StoredLock) -> None:
    for _ in range(5):
        store.charge(mug, NOW)
    rebooted = ClockReading(10.0, "boot-2")
    assert store.status(mug, rebooted) == ThrottleStatus(5, 30.0)
    store.charge(mug, replace(rebooted, uptime=40.0))


# -- what was not compared is not charged --------------------------------------------------------


def test_row_2_a_charge_is_taken_back_with_its_wait(store: LockStore, mug: StoredLock) -> None:
    for _ in range(5):
        store.charge(mug, NOW)
    charge = store.charge(mug, later(40))
    assert store.status(mug, later(40)) == ThrottleStatus(6, 30.0)
    store.take_back(mug, charge)
    assert store.status(mug, later(40)) == ThrottleStatus(5, 0.0)  # it had waited already


def test_row_2_taking_back_leaves_what_others_counted(
    store: LockStore, mug: StoredLock, path: Path
) -> None:
    with LockStore.open(path) as other:
        first = store.charge(mug, NOW)
        other.charge(mug, later(1))
        store.take_back(mug, first)
        assert other.status(mug, NOW).misses == 1
        store.take_back(mug, first)  # an error of the caller takes nothing from others
        assert other.status(mug, NOW).misses == 1
        charge = store.charge(mug, later(2))
        other.refund(mug)
        store.take_back(mug, charge)
        assert other.status(mug, NOW).misses == 0


@given(st.lists(st.sampled_from(["charge", "refund", "show", "take back"]), max_size=30))
@settings(max_examples=25)
def test_any_sequence_agrees_with_a_counter(steps: list[str]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        LockStore.create(Path(folder) / "vault.db") as store,
    ):
        mug = store.add("mug", LOCK, PEPPER)
        misses = 0
        charge = None
        for index, step in enumerate(steps):
            now = later(10_000 * index)
            if step == "charge" and misses < 50:
                charge = store.charge(mug, now)
                misses += 1
            elif step == "refund":
                store.refund(mug)
                misses, charge = 0, None
            elif step == "take back" and charge is not None:
                store.take_back(mug, charge)
                misses, charge = misses - 1, None
            assert store.status(mug, now).misses == misses


@pytest.mark.parametrize(
    "change",
    [
        "misses = -1",
        "misses = 'x'",
        "misses = 1.5",
        "missed_uptime = 9e999",
        "missed_uptime = x'00'",
        "boot_id = x'00'",
    ],
)
def test_damaged_misses_are_refused(
    store: LockStore, mug: StoredLock, path: Path, change: str
) -> None:
    charge = store.charge(mug, NOW)
    edit(path, f"UPDATE locks SET {change}")
    for look in (
        lambda: store.charge(mug, NOW),
        lambda: store.status(mug, NOW),
        lambda: store.take_back(mug, charge),
    ):
        with pytest.raises(VaultError, match="misses of lock 'mug' are damaged"):
            look()


# -- several processes and threads -------------------------------------------------------------

CHARGE_PROGRAM = """
import sys, time
from ailock_sdk.errors import LockedOutError
from ailock_sdk.store import ClockReading, LockStore
from tests.store.examples import PEPPER

with LockStore.open(sys.argv[1]) as store:
    mug = store.get("mug", PEPPER)
    sys.stdin.read(1)
    charged = 0
    while charged < 24:
        hurried = time.monotonic() * 1e6  # two hours of waiting pass in milliseconds
        try:
            store.charge(mug, ClockReading(hurried, "boot-1"))
            charged += 1
            print("charged", flush=True)
        except LockedOutError as error:
            assert error.retry_after_seconds is not None
"""

ADD_PROGRAM = """
import sys
from ailock_sdk.store import LockStore
from tests.store.examples import LOCK, PEPPER

sys.stdin.read(1)
for index in range(5):
    with LockStore.create(sys.argv[1]) as store:
        store.add(f"{sys.argv[2]} {index}", LOCK, PEPPER)
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def go(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()


def test_two_processes_lose_no_attempt(store: LockStore, mug: StoredLock, path: Path) -> None:
    processes = [start(CHARGE_PROGRAM, str(path)) for _ in range(2)]
    go(*processes)
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert store.status(mug, NOW).misses == 48


def test_a_killed_process_loses_no_attempt(store: LockStore, mug: StoredLock, path: Path) -> None:
    with start(CHARGE_PROGRAM, str(path)) as process:
        go(process)
        assert process.stdout is not None
        for _ in range(7):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        # Not by communicate(), which leaves out what readline() has read ahead.
        reported = 7 + process.stdout.read().count("charged")
        assert process.wait(timeout=60) == -signal.SIGKILL
    with LockStore.open(path) as again:
        misses = again.status(mug, NOW).misses
    assert reported <= misses <= reported + 1  # one may be counted that was not yet reported


def test_processes_that_create_and_close_at_once_lose_no_lock(path: Path) -> None:
    processes = [start(ADD_PROGRAM, str(path), name) for name in "abc"]
    go(*processes)
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    with LockStore.open(path) as store:
        assert store.names() == [f"{name} {index}" for name in "abc" for index in range(5)]
    assert [file.name for file in path.parent.iterdir()] == ["vault.db"]


def test_threads_share_a_handle(store: LockStore) -> None:
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            stored = store.add(name, LOCK, PEPPER)
            for _ in range(4):
                store.charge(stored, NOW)
                assert store.get(name, PEPPER) == stored
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"thread {index}",)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    for index in range(6):
        stored = store.get(f"thread {index}", PEPPER)
        assert store.status(stored, NOW).misses == 4
