"""How often somebody may ask: buckets that fill with time; and log lines that do not flood."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable

_MAX_KEYS = 1024


class Buckets:
    """A bucket for each of those who ask: so many at once, then so many a second.

    Parameters
    ----------
    burst : float
    per_second : float
    clock : callable
        Seconds.
    """

    def __init__(
        self, burst: float, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> bool:
        """Whether this one may be served; counts it if so."""
        now = self._clock()
        left, before = self._left.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - before) * self._per_second)
        allowed = left >= 1
        self._left[key] = (left - 1 if allowed else left, now)
        if len(self._left) > _MAX_KEYS:
            self._left.popitem(last=False)
        return allowed


class AtMost(logging.Filter):
    """Lets so many lines a second through; the next one says how many were left out.

    Parameters
    ----------
    per_second : float
    clock : callable
        Seconds.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._buckets = Buckets(per_second, per_second, clock)
        self._left_out = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if not self._buckets.take(""):
            self._left_out += 1
            return False
        if self._left_out:
            record.msg = f"{record.msg} (and {self._left_out} lines before it)"
            self._left_out = 0
        return True
