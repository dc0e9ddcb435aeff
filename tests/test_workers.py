"""Work shared between a calling thread and its helpers."""

from __future__ import annotations

import threading

import pytest

from ailock_sdk.workers import Ahead, Workers
from tests.forks import in_a_fork
from tests.threads import PATIENCE_SECONDS, Meeting


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_results_come_in_order(threads: int, count: int) -> None:
    workers = Workers(threads, "any")
    for _ in range(3):
        assert workers.map(lambda x: x * x, range(count)) == [x * x for x in range(count)]


def test_two_are_at_work_at_once_and_the_calling_thread_is_one() -> None:
    meeting = Meeting()

    def name(_: int) -> int:
        meeting.arrive()
        return threading.get_ident()

    assert threading.get_ident() in Workers(2, "any").map(name, [0, 1])
    assert meeting.met


def test_nobody_waits_for_a_helper_that_has_not_begun() -> None:
    """As where every core is busy: the only helper is kept by other work."""
    workers = Workers(2, "any")
    release = threading.Event()
    kept = workers._begin(release.wait)
    caller = threading.get_ident()
    assert workers.map(lambda _: threading.get_ident(), range(4)) == 4 * [caller]
    release.set()
    kept.result()


@pytest.mark.parametrize("failing", ["caller", "helper"])
def test_a_failure_is_raised_when_nobody_is_at_work(failing: str) -> None:
    caller, both, ended = threading.get_ident(), threading.Barrier(2), []

    def work(number: int) -> None:
        both.wait()
        if (threading.get_ident() == caller) == (failing == "caller"):
            raise RuntimeError("out of memory")
        threading.Event().wait(PATIENCE_SECONDS)
        ended.append(number)

    with pytest.raises(RuntimeError, match="out of memory"):
        Workers(2, "any").map(work, [0, 1, 2, 3])
    assert len(ended) == 1, "the other one was not waited for, or began another item"


def test_a_forked_process_has_helpers_of_its_own() -> None:
    workers = Workers(2, "any")
    both = threading.Barrier(2)
    workers.map(lambda _: both.wait(), [0, 1])
    assert in_a_fork(lambda: workers.map(lambda _: both.wait(10) >= 0, [0, 1])) == [True, True]


def test_closed_helpers_end_and_more_work_brings_new_ones() -> None:
    def helpers() -> int:
        # Threads of other tests may end at any time.
        return sum(thread.name.startswith("closed-helpers") for thread in threading.enumerate())

    both = threading.Barrier(2)
    workers = Workers(2, "closed-helpers")
    for _ in range(2):
        assert helpers() == 0
        workers.map(lambda _: both.wait(60), [0, 1])
        assert helpers() == 1
        workers.close()
    assert helpers() == 0


def test_work_begun_ahead_is_done_by_a_thread_and_given_once() -> None:
    assert Ahead(threading.get_ident).result() != threading.get_ident()

    def fail() -> None:
        raise RuntimeError("no such file")

    ahead = Ahead(fail)
    with pytest.raises(RuntimeError, match="no such file"):
        ahead.result()


def test_a_forked_process_does_itself_what_a_thread_had_begun() -> None:
    release = threading.Event()
    ahead = Ahead(lambda: release.is_set() or release.wait(60))

    def result() -> bool:
        release.set()
        return ahead.result()

    assert in_a_fork(result)
    assert result()
