"""Numbers as people read them."""

from __future__ import annotations

from math import floor, log10

from lab.statistics.intervals import Estimate


def percent(rate: float) -> str:
    """Three significant digits: ``0.0123`` is ``1.23 %``."""
    if rate == 0:
        return "0 %"
    digits = max(0, 2 - floor(log10(abs(rate) * 100)))
    return f"{rate * 100:.{digits}f} %"


def interval(found: Estimate) -> str:
    """The ends of a rate's interval, or nothing where none can be given."""
    if found.low is None or found.high is None:
        return ""
    return f"{percent(found.low)} to {percent(found.high)}"


def rate(found: Estimate) -> str:
    """A rate with its interval in brackets."""
    ends = interval(found)
    return percent(found.value) + (f" ({ends})" if ends else "")
