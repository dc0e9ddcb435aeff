"""Measured times as figures, in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Figures = dict[str, float]
"""``p50``, ``p90`` and ``p99`` of the warm runs and the ``first`` run, in milliseconds."""


def figures(seconds: Sequence[float]) -> Figures:
    """Figures of two or more runs, to 0.1 microseconds."""
    first, *warm = seconds
    p50, p90, p99 = np.percentile(warm, [50, 90, 99])
    values = {"p50": p50, "p90": p90, "p99": p99, "first": first}
    return {name: round(1000 * float(value), 4) for name, value in values.items()}


def milliseconds(seconds: float) -> float:
    """A time in milliseconds, to a microsecond."""
    return round(1000 * seconds, 3)
