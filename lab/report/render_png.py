"""Figures as PNG files: whole with a footer for a folder, panel by panel for the page."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.figure import FigureBase
from numpy.typing import NDArray

from lab.report.plots import ABOVE, CURVES, GREY, STYLE
from lab.report.results import Figure, Panel, Series, heading

PANEL_INCHES = (4.2, 3.3)
PANELS_PER_ROW = 3
DOTS_PER_INCH = 180
FEW_POINTS = 40
"""More points than these are a curve, and repeated x are steps: no marks."""
MARKS = "osv^DP"
LINES = ("-", "--", ":")
LETTERS_PER_INCH = 14
"""Of the legend and the footer, about."""
LINE_INCHES = 0.19
NONE_SEEN = "0 seen"


@dataclass(frozen=True)
class Theme:
    """Colours of paper, ink, grid and lines."""

    background: str
    ink: str
    grid: str
    curves: tuple[str, ...]


LIGHT = Theme("#ffffff", "#1b1d21", "#e3e5e8", CURVES)
DARK = Theme("#1d2025", "#e8eaed", "#3a3f47", ("#56b4e9", *CURVES[1:-1], "#f0e442"))
"""Sky blue and yellow of the same palette, for a blue that is too dark here."""


def save_figure(file: Path, figure: Figure, footer: str) -> None:
    """All panels in one picture, with ``footer`` (where it comes from) below."""
    columns = min(len(figure.panels), PANELS_PER_ROW)
    rows = -(-len(figure.panels) // columns)
    width = max(columns, 1.5) * PANEL_INCHES[0]
    small = [
        line
        for text in (*figure.notes, footer)
        for line in textwrap.wrap(text, int(width * LETTERS_PER_INCH * 1.3))
    ]
    numbers = _numbers(figure.panels)
    legend_rows, legend_columns = _legend_shape(figure.panels, width)
    height = rows * PANEL_INCHES[1] + (legend_rows + len(small)) * LINE_INCHES + 0.4
    with mpl.rc_context(_style(LIGHT)):
        canvas = Canvas(figsize=(width, height), layout="constrained")
        canvas.suptitle(heading(figure), x=0.01, ha="left", fontweight="bold")
        plots, foot = canvas.subfigures(
            2, 1, height_ratios=[height - len(small) * 0.8 * LINE_INCHES, len(small) * LINE_INCHES]
        )
        grid = plots.subplots(rows, columns, squeeze=False)
        for axes in grid.flat[len(figure.panels) :]:
            axes.axis("off")
        for axes, panel in zip(grid.flat, figure.panels, strict=False):
            _draw(axes, panel, numbers, LIGHT)
            axes.set_title(panel.title)
        _legend(plots, legend_columns)
        foot.text(0.01, 0.95, "\n".join(small), va="top", fontsize=7, color=GREY)
        canvas.savefig(file, dpi=DOTS_PER_INCH, metadata={"Description": footer})


def panel_png(figure: Figure, panel: Panel, theme: Theme) -> bytes:
    """One of a figure's panels, without its title, in the colours of a light or a dark page."""
    width, height = PANEL_INCHES
    legend_rows, legend_columns = _legend_shape([panel], width)
    with mpl.rc_context(_style(theme)):
        canvas = Canvas(figsize=(width, height + legend_rows * LINE_INCHES), layout="constrained")
        _draw(canvas.subplots(), panel, _numbers(figure.panels), theme)
        _legend(canvas, legend_columns)
        buffer = io.BytesIO()
        canvas.savefig(buffer, dpi=DOTS_PER_INCH, format="png")
    return buffer.getvalue()


def _numbers(panels: Sequence[Panel]) -> dict[str, int]:
    """A number for each label of ours: its colour is the same in all panels."""
    ours = (s.label for panel in panels for s in panel.series if s.style == "ours")
    return {label: number for number, label in enumerate(dict.fromkeys(ours))}


def _legend_shape(panels: Sequence[Panel], width: float) -> tuple[int, int]:
    """Rows and columns of a legend of so many inches."""
    labels = {series.label for panel in panels for series in panel.series}
    labels |= {NONE_SEEN for panel in panels if _none_seen(panel)}
    longest = max(map(len, labels), default=0) + 6  # the line and the gap beside it
    columns = max(1, int(width * LETTERS_PER_INCH / longest))
    return -(-len(labels) // columns), columns


def _legend(canvas: FigureBase, columns: int) -> None:
    """One legend of what all axes show, each label once."""
    entries: dict[str, Artist] = {}
    for axes in canvas.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if entries:
        canvas.legend(
            list(entries.values()),
            list(entries),
            loc="outside lower left",
            ncols=columns,
            fontsize=9,
        )


def _none_seen(panel: Panel) -> bool:
    return panel.y_log and any(0 in series.y for series in panel.series)


def _style(theme: Theme) -> dict[str, Any]:
    ink = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    return {
        **STYLE,
        **dict.fromkeys(ink, theme.ink),
        "figure.facecolor": theme.background,
        "axes.facecolor": theme.background,
        "savefig.facecolor": theme.background,
        "grid.color": theme.grid,
    }


def _draw(axes: Axes, panel: Panel, numbers: Mapping[str, int], theme: Theme) -> None:
    floor = _floor(panel.series) if panel.y_log else None
    for series in panel.series:
        _draw_series(axes, series, numbers.get(series.label, 0), theme, floor)
    if panel.x_log:
        axes.set_xscale("log")
    if panel.y_log:
        axes.set_yscale("log")
        axes.set_ylim(bottom=floor)
    if _none_seen(panel):
        axes.plot([], [], "v", color=theme.ink, mfc="none", label=NONE_SEEN, ls="none")
    if panel.y_range is not None:
        low, high = panel.y_range
        axes.set_ylim(floor if floor is not None else low, high)
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    axes.grid(lw=0.6)
    axes.set_axisbelow(True)


def _draw_series(
    axes: Axes, series: Series, number: int, theme: Theme, floor: float | None
) -> None:
    x, y = np.array(series.x, dtype=np.float64), np.array(series.y, dtype=np.float64)
    paper = series.style == "paper"
    colour = theme.ink if paper else theme.curves[number % len(theme.curves)]
    marked = len(x) <= FEW_POINTS and bool((np.diff(x) > 0).all())
    zero = y <= 0 if floor is not None else np.zeros(len(y), dtype=np.bool_)
    drawn = np.where(zero, floor, y) if floor is not None else y
    if series.low is not None and series.high is not None:
        low, high = np.array(series.low), np.array(series.high)
        if floor is not None:
            low = np.maximum(low, floor)
        _draw_interval(axes, x, drawn, low, high, colour)
    axes.plot(
        x,
        drawn,
        color=colour,
        ls="--" if paper else LINES[number // len(CURVES) % len(LINES)],
        lw=1 if paper else 1.6,
        label=series.label,
        marker=("*" if paper else MARKS[number % len(MARKS)]) if marked else None,
        ms=11 if paper else 5,
        mfc="none" if paper else colour,
        markevery=list(np.flatnonzero(~zero)) if marked else None,
        **({} if marked else {"zorder": 3}),
    )
    if zero.any() and marked:
        axes.plot(x[zero], drawn[zero], "v", color=colour, mfc="none", ms=7, **ABOVE)


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
        axes.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
    else:
        axes.vlines(x, np.minimum(low, y), high, color=colour, lw=2.5, alpha=0.35)


def _floor(series: Sequence[Series]) -> float:
    """Where a logarithmic axis ends: below the least that is not zero."""
    seen = [v for line in series for v in (*line.y, *(line.high or ())) if v > 0 and isfinite(v)]
    return min(seen, default=1.0) / 3
