"""Series of a panel from what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lab.report.results import Series
from lab.statistics.intervals import Estimate

PERCENT = 100.0
"""Of a share, for an axis in per cent."""


def estimated(
    label: str, x: Iterable[float], found: Sequence[Estimate], unit: float = 1.0, **drawn: Any
) -> Series:
    """Estimates against x, as many of each, times ``unit``; ``drawn``: other fields of a Series.

    There is an interval only where every estimate has one.
    """
    known = all(each.low is not None and each.high is not None for each in found)
    return Series(
        label,
        tuple(map(float, x)),
        tuple(unit * each.value for each in found),
        tuple(unit * (each.low or 0.0) for each in found) if known else None,
        tuple(unit * (each.high or 0.0) for each in found) if known else None,
        **drawn,
    )
