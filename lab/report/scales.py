"""Where values stand on an axis: linear, logarithmic, or the probit scale of shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri  # probit

from lab.report.results import Panel, Range, Scale

TICKS = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99, 0.999)
"""Shares that a probit axis has numbers at."""
LEAST_SHARE, HIGHEST_SHARE = 0.01, 0.6
"""Where a probit axis begins, at most, and ends, unless its range is given."""
ALMOST_ONE = 1 - 1e-9


@dataclass(frozen=True)
class Axis:
    """One axis of a panel.

    Attributes
    ----------
    low, high : its ends; None: as drawn. What is below the low end of a logarithmic or probit axis,
        zero above all, is drawn at it
    """

    which: Literal["x", "y"]
    scale: Scale
    low: float | None
    high: float | None

    def place(self, values: ArrayLike) -> NDArray[np.float64]:
        """Where matplotlib draws the values; NaN, which it leaves out, stays NaN."""
        at = np.asarray(values, dtype=np.float64)
        if self.scale == "linear" or self.low is None:
            return at
        at = np.maximum(at, self.low)
        return np.asarray(ndtri(np.minimum(at, ALMOST_ONE))) if self.scale == "probit" else at

    def inside(self, value: float) -> float:
        """As :meth:`place`, for a mark: beyond the high end it is drawn at it."""
        return float(self.place(value if self.high is None else min(value, self.high)))

    def apply(self, axes: Axes) -> None:
        """Give matplotlib's axis its scale, its ends and, of shares, its numbers."""
        is_x = self.which == "x"
        if self.scale == "log":
            (axes.set_xscale if is_x else axes.set_yscale)("log")
        if self.scale == "probit":
            assert self.low is not None
            assert self.high is not None
            ticks = [tick for tick in TICKS if self.low <= tick <= self.high]
            axis = axes.xaxis if is_x else axes.yaxis
            axis.set_ticks(list(ndtri(ticks)), [f"{tick * 100:g} %" for tick in ticks], fontsize=9)
        ends = [None if end is None else float(self.place(end)) for end in (self.low, self.high)]
        (axes.set_xlim if is_x else axes.set_ylim)(*ends)


def axes_of(panel: Panel) -> tuple[Axis, Axis]:
    """The x axis and the y axis of a panel of points."""
    x = [float(v) for one in panel.series for v in one.x if not isinstance(v, str)]
    y = [v for one in panel.series for v in (*one.y, *(one.high or ()))]
    return (
        _axis("x", panel.x_scale, panel.x_range, x if panel.x_scale == "probit" else ()),
        _axis("y", panel.y_scale, panel.y_range, y),
    )


def none_seen(panel: Panel) -> bool:
    """Whether a line has zeros that a logarithmic axis has no place for."""
    return panel.y_scale == "log" and any(
        0 in series.y for series in panel.series if series.kind in ("line", "points")
    )


def _axis(
    which: Literal["x", "y"], scale: Scale, ends: Range | None, values: Sequence[float]
) -> Axis:
    low, high = ends or (None, None)
    least = min((v for v in values if v > 0 and isfinite(v)), default=1.0) / 3
    if scale == "log" and values and (low is None or low <= 0):
        low = least
    if scale == "probit":
        low = min(least, LEAST_SHARE) if low is None else low
        high = HIGHEST_SHARE if high is None else high
    return Axis(which, scale, low, high)
