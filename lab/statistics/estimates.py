"""Measured shares and means with 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

_Z = 1.959964
"""Two-sided 95 % point of the standard normal distribution."""


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def share(successes: int, trials: int) -> Estimate:
    """A success rate with Wilson's score interval."""
    rate = successes / trials
    spread = 1 + _Z**2 / trials
    centre = (rate + _Z**2 / (2 * trials)) / spread
    half = _Z / spread * sqrt(rate * (1 - rate) / trials + _Z**2 / (4 * trials**2))
    return Estimate(rate, max(0.0, centre - half), min(1.0, centre + half))


def mean(values: Sequence[float]) -> Estimate:
    """A mean of independent values, normal interval; no interval from a single value."""
    centre = float(np.mean(values))
    error = float(np.std(values, ddof=1)) / sqrt(len(values)) if len(values) > 1 else np.inf
    return Estimate(centre, centre - _Z * error, centre + _Z * error)
