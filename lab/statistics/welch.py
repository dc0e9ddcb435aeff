"""Whether two kinds of work take the same time: Welch's t on interleaved measurements.

References
----------
Reparaz, Balasch and Verbauwhede, "Dude, is my code constant time?", DATE 2017: |t| above 4.5 is a
difference; the slowest measurements, which other programs disturbed, are cut off at several
percentiles, and the largest |t| counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from lab.statistics.intervals import Estimate

Array = NDArray[np.float64]

SAME_BELOW = 4.5
CUTS = (1.0, 0.99, 0.9, 0.75, 0.5)
"""Shares of all measurements, the quickest, that are looked at."""
_Z = 1.959964


@dataclass(frozen=True)
class Difference:
    """Of the second kind's mean from the first's.

    Attributes
    ----------
    t : Welch's, where it is largest in size over the cuts
    cut : the share of measurements that it is of
    seconds : the difference of means there, with its 95 % interval
    """

    t: float
    cut: float
    seconds: Estimate

    @property
    def seen(self) -> bool:
        """Whether the two kinds are told apart."""
        return abs(self.t) >= SAME_BELOW


def difference(first: Array, second: Array) -> Difference:
    """Compare seconds (N,) and (M,) of two kinds, measured in turns."""
    found = []
    every = np.concatenate([first, second])
    for cut in CUTS:
        limit = np.quantile(every, cut)
        a, b = first[first <= limit], second[second <= limit]
        if min(len(a), len(b)) < 2:
            continue
        error = sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
        gap = float(b.mean() - a.mean())
        t = gap / error if error else (0.0 if gap == 0 else float(np.copysign(np.inf, gap)))
        interval = Estimate(gap, gap - _Z * error, gap + _Z * error)
        found.append(Difference(t, cut, interval))
    # Kinds of which one lies beyond every cut: nothing is left of it to take a mean of.
    return max(found, key=lambda one: abs(one.t))
