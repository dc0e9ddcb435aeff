"""What each kind of series looks like on a pair of axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lab.report.results import Panel, ReferenceLine, Series
from lab.report.scales import Axis, axes_of, none_seen
from lab.report.style import ABOVE, CYCLE, LONG_CYCLE, Theme

FEW_POINTS = 40
"""More points than these are a curve, and repeated x are steps: no marks."""
MARKS = "osv^DP"
LINES = ("-", "--", ":")
DASHES = ("--", ":", "-.")
"""Of the lines across a panel."""
SYMBOLS = (("o", False), ("D", True), ("s", False), ("^", True))
"""Of what a line's marks mean: marker, and whether it is filled."""
NONE_SEEN = "0 seen"
BAR_INCHES = 0.3
BAND_ALPHA, FILL_ALPHA = 0.15, 0.35


@dataclass(frozen=True)
class Look:
    """What all panels of a figure share: a theme, a colour for each label, a symbol for each mark.

    Attributes
    ----------
    labels : of ours, in order, those with a colour of their own left out
    """

    theme: Theme
    labels: tuple[str, ...]
    marks: tuple[str, ...]

    @classmethod
    def of(cls, panels: Sequence[Panel], theme: Theme) -> Look:
        """Of these panels, which need not be all that are drawn."""
        series = [one for panel in panels for one in panel.series]
        own = (one.label for one in series if one.style == "ours" and one.colour is None)
        marks = (mark.label for one in series for mark in one.marks)
        return cls(theme, tuple(dict.fromkeys(own)), tuple(dict.fromkeys(marks)))

    def number(self, series: Series) -> int:
        """Which colour, symbol and dashes are the label's."""
        return self.labels.index(series.label) if series.label in self.labels else 0

    def colour(self, series: Series) -> str:
        """The series' own, that of its style, or the next of the cycle."""
        if series.colour is not None:
            return self.theme.colours[series.colour]
        if series.style == "ours":
            colours = LONG_CYCLE if series.kind == "bars" else CYCLE
            return self.theme.colours[colours[self.number(series) % len(colours)]]
        return self.theme.ink if series.style == "paper" else self.theme.colours["grey"]


def draw(axes: Axes, panel: Panel, look: Look) -> None:
    """Everything but the panel's title."""
    if panel.bars:
        _draw_bars(axes, panel, look)
        return
    x_axis, y_axis = axes_of(panel)
    for series in panel.series:
        _draw_series(axes, series, look, x_axis, y_axis)
    for line, dashes in zip(panel.lines, cycle(DASHES), strict=False):
        _draw_reference(axes, line, dashes, look.theme, y_axis if line.axis == "y" else x_axis)
    if any(series.texts for series in panel.series):
        axes.margins(x=0.12)
    x_axis.apply(axes)
    y_axis.apply(axes)
    if panel.x_ticks is not None:
        axes.set_xticks(panel.x_ticks)
    if none_seen(panel):
        axes.plot([], [], "v", color=look.theme.ink, mfc="none", label=NONE_SEEN, ls="none")
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    axes.grid(lw=0.6)
    axes.set_axisbelow(True)


def explain_marks(axes: Axes, panel: Panel, look: Look) -> None:
    """Entries of the legend that hold for the marks of every line."""
    shown = {mark.label for series in panel.series for mark in series.marks}
    grey = look.theme.colours["grey"]
    for label, (symbol, filled) in zip(look.marks, SYMBOLS, strict=False):
        if label in shown:
            face = grey if filled else look.theme.background
            axes.plot([], [], symbol, color=grey, mfc=face, ms=8, label=label, ls="none")


def bars_inches(panel: Panel) -> float:
    """How high a panel of bars must be."""
    lines = sum(1 + name.count("\n") for name in panel.bars)
    return 0.9 + BAR_INCHES * lines


def legend_label(series: Series) -> str:
    """Label and remark; of guides the remark alone, which all that are alike may share."""
    if series.style == "guide" and series.remark:
        return series.remark
    return f"{series.label}: {series.remark}" if series.remark else series.label


def _draw_series(axes: Axes, series: Series, look: Look, x_axis: Axis, y_axis: Axis) -> None:
    x, y = x_axis.place(series.x), y_axis.place(series.y)
    colour = look.colour(series)
    interval = None
    if series.low is not None and series.high is not None:
        interval = y_axis.place(series.low), y_axis.place(series.high)
    if series.kind == "steps":
        _draw_steps(axes, series, x, y, colour, y_axis)
    elif series.kind == "points":
        if interval is not None:
            axes.vlines(x, *interval, color=colour, lw=1.5, alpha=0.6)
        label = legend_label(series)
        axes.plot(x, y, "o", color=colour, ms=7, label=label, **ABOVE)
    else:
        if interval is not None:
            _draw_interval(axes, x, y, *interval, colour)
        if series.kind == "line":
            _draw_line(axes, series, look, x, y, y_axis)
    for text, at_x, at_y in zip(series.texts or (), x, y, strict=False):
        _write(axes, text, (at_x, at_y), (8, 8), look.theme)


def _draw_line(
    axes: Axes,
    series: Series,
    look: Look,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    y_axis: Axis,
) -> None:
    colour, number = look.colour(series), look.number(series)
    paper, guide = series.style == "paper", series.style == "guide"
    marked = len(x) <= FEW_POINTS and bool((np.diff(x) > 0).all()) and not guide
    zero = np.asarray(series.y, dtype=np.float64) <= 0
    if y_axis.scale != "log":
        zero = np.zeros(len(y), dtype=np.bool_)
    axes.plot(
        x,
        y,
        color=colour,
        ls="--" if paper else LINES[number // len(CYCLE) % len(LINES)],
        lw=0.8 if guide else 1 if paper else 1.6,
        label=legend_label(series),
        marker=("*" if paper else MARKS[number % len(MARKS)]) if marked else None,
        ms=11 if paper else 5,
        mfc="none" if paper else colour,
        markevery=list(np.flatnonzero(~zero)) if marked else None,
        zorder=2 if marked or guide else 3,
    )
    if zero.any() and marked:
        axes.plot(x[zero], y[zero], "v", color=colour, mfc="none", ms=7, **ABOVE)


def draw_marks(axes: Axes, panel: Panel, look: Look) -> None:
    """Marks of all lines, above them."""
    x_axis, y_axis = axes_of(panel)
    for series in panel.series:
        for mark in series.marks:
            symbol, filled = SYMBOLS[look.marks.index(mark.label) % len(SYMBOLS)]
            colour = look.colour(series)
            face = colour if filled else look.theme.background
            place = x_axis.inside(mark.x), y_axis.inside(mark.y)
            axes.plot(*place, symbol, color=colour, mfc=face, ms=8, **ABOVE)


def _draw_steps(
    axes: Axes,
    series: Series,
    edges: NDArray[np.float64],
    heights: NDArray[np.float64],
    colour: str,
    y_axis: Axis,
) -> None:
    base = float(y_axis.place(0.0)) if y_axis.scale == "log" else 0.0
    axes.stairs(heights, edges, baseline=base, fill=True, color=colour, alpha=FILL_ALPHA)
    axes.stairs(heights, edges, baseline=base, color=colour, lw=1.2, label=legend_label(series))


def _draw_interval(
    axes: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    colour: str,
) -> None:
    """A band along a line; bars at single points."""
    if len(x) > 2:
        axes.fill_between(x, low, high, color=colour, alpha=BAND_ALPHA, lw=0)
    else:
        axes.vlines(x, np.minimum(low, y), high, color=colour, lw=2.5, alpha=FILL_ALPHA)


def _draw_reference(axes: Axes, line: ReferenceLine, dashes: str, theme: Theme, axis: Axis) -> None:
    across = axes.axhline if line.axis == "y" else axes.axvline
    across(float(axis.place(line.at)), color=theme.ink, lw=1, ls=dashes, label=line.label)


def _draw_bars(axes: Axes, panel: Panel, look: Look) -> None:
    """Bars from left to right, the first on top; so the panel's y is matplotlib's x."""
    names = panel.bars
    row = {name: len(names) - place for place, name in enumerate(names)}
    ends = dict.fromkeys(names, 0.0)
    for series in panel.series:
        bars = [str(x) for x in series.x]
        rows = [row[bar] for bar in bars]
        starts = [ends[bar] for bar in bars]
        label, colour = legend_label(series), look.colour(series)
        axes.barh(rows, series.y, left=starts, height=0.7, color=colour, label=label)
        for bar, length in zip(bars, np.nan_to_num(series.y), strict=True):
            ends[bar] += float(length)
        if series.low is not None and series.high is not None:
            axes.hlines(rows, series.low, series.high, color=look.theme.ink, lw=1)
        for text, bar in zip(series.texts or (), bars, strict=False):
            _write(axes, text, (ends[bar], row[bar]), (5, 0), look.theme)
    for line in panel.lines:
        axes.axvline(line.at, color=look.theme.ink, lw=1, label=line.label, zorder=0)
    axes.set_yticks(list(row.values()), list(row), fontsize=9)
    axes.set_ylim(0.4, len(names) + 0.6)
    written = any(series.texts for series in panel.series)
    longest = max([*ends.values(), *(line.at for line in panel.lines)])
    low, high = panel.y_range or (0, None)
    axes.set_xlim(low, high or (1.35 if written else 1.05) * longest or 1)
    axes.set_xlabel(panel.y_label)
    axes.set_ylabel(panel.x_label)
    axes.grid(axis="x", lw=0.6)
    axes.set_axisbelow(True)


def _write(
    axes: Axes, text: str, place: tuple[float, float], offset: tuple[float, float], theme: Theme
) -> None:
    """A text beside a point, readable above lines."""
    axes.annotate(
        text,
        place,
        offset,
        textcoords="offset points",
        va="center" if offset[1] == 0 else "bottom",
        fontsize=9,
        bbox={"facecolor": theme.background, "edgecolor": "none", "alpha": 0.8, "pad": 1},
    )
