"""Whether two threads were in one place at once, for tests of the locks that keep them apart."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

PATIENCE_SECONDS = 0.5
"""How long the first thread waits for the second: what a lock costs its test."""


class Meeting:
    """A place that each of two threads passes by calling :meth:`arrive`."""

    def __init__(self) -> None:
        self.met = False
        self._barrier = threading.Barrier(2)

    def arrive(self) -> None:
        """Wait for the other thread; only if nothing keeps it away do the two meet."""
        try:
            self._barrier.wait(PATIENCE_SECONDS)
        except threading.BrokenBarrierError:
            return  # also for the second: it came too late
        self.met = True


def run_together(*calls: Callable[[], object]) -> None:
    """Run each call in a thread of its own, and raise what one raised."""
    with ThreadPoolExecutor(len(calls)) as pool:
        for running in [pool.submit(call) for call in calls]:
            running.result()
