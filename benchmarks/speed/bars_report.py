"""The bars for people: a table, and one picture of all that was measured."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.speed.bar import Bar
from benchmarks.speed.results import write_whole
from lab.report.style import LIGHT

HOLDS, FAILS, OURS, OTHER = "#009e73", "#d55e00", "#0072b2", "#999999"
"""Colours that colour-blind readers tell apart (Okabe and Ito), and grey."""
MOST_SHARE = 10.0
"""Times the limit: a bar that fails by more is drawn as long as this."""
LABEL_BOX = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}


def format_bars(bars: Sequence[Bar]) -> str:
    """One line a bar."""
    width = max(len(bar.what) for bar in bars)
    lines = []
    for bar in bars:
        lines.append(
            f"{bar.key}  {bar.what:{width}}  {_number(bar.value):>7} {bar.unit:2} "
            f"({_limit(bar)})  {'holds' if bar.holds else 'FAILS'}"
        )
    return "\n".join(lines)


def format_groups(groups: Mapping[str, Mapping[str, float]]) -> str:
    """The figures behind the bars, a block each."""
    lines = []
    for title, figures in groups.items():
        lines += ["", title]
        lines += [f"    {name:44} {_number(value):>9}" for name, value in figures.items()]
    return "\n".join(lines)


def plot_bars(
    bars: Sequence[Bar],
    groups: Mapping[str, Mapping[str, float]],
    ours: frozenset[str],
    title: str,
    path: Path,
) -> None:
    """Write a PNG: how much of each limit is used, then one panel for each group of figures.

    Figures whose name is in ``ours`` are drawn in the colour of the SDK, others in grey.
    """
    heights = [len(bars), *(len(figures) for figures in groups.values())]
    with mpl.rc_context(LIGHT.settings):
        figure = Figure(figsize=(9, 1.2 + sum(0.8 + 0.27 * n for n in heights)))
        figure.set_layout_engine("constrained")
        first, *rest = figure.subplots(
            len(heights), 1, height_ratios=[n + 1.5 for n in heights], squeeze=False
        )[:, 0]
        _plot_shares(first, bars)
        for axes, (name, figures) in zip(rest, groups.items(), strict=True):
            colours = [OURS if figure_name in ours else OTHER for figure_name in figures]
            texts = [_number(value) for value in figures.values()]
            _plot_rows(axes, list(figures), list(figures.values()), colours, texts)
            axes.set_title(name)
        figure.suptitle(title, x=0.01, ha="left", fontsize=9)
        stream = io.BytesIO()
        figure.savefig(stream, format="png")
    write_whole(path, stream.getvalue())


def summary(result: dict[str, Any]) -> str:
    """Machine, model and photo in one line or two."""
    machine, model, photo = result["machine"], result["model"], result["photo"]
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {result['runtime']}, "
        f"{result['threads']} threads, {result['when']}\n"
        f"{model['bundle']} {model['version']} ({model['model_sha256'][:16]}), JPEG of "
        f"{photo['width']} x {photo['height']}, {photo['bytes'] / 1e6:.1f} MB"
    )


def _plot_shares(axes: Axes, bars: Sequence[Bar]) -> None:
    shares = [100 * min(max(bar.share, 0.0), MOST_SHARE) for bar in bars]
    colours = [HOLDS if bar.holds else FAILS for bar in bars]
    texts = [f"{_number(bar.value)} {bar.unit} ({_limit(bar)})" for bar in bars]
    _plot_rows(axes, [f"{bar.key}  {bar.what}" for bar in bars], shares, colours, texts)
    axes.axvline(100, color="black", linewidth=1, zorder=0)
    axes.set_xlim(0, 1.35 * max(100, *shares))
    axes.set_title("How much of each limit is used, in percent: beyond the line a bar fails")


def _plot_rows(
    axes: Axes,
    names: Sequence[str],
    values: Sequence[float],
    colours: Sequence[str],
    texts: Sequence[str],
) -> None:
    places = range(len(names), 0, -1)
    drawn = axes.barh(places, values, color=list(colours), height=0.7)
    axes.bar_label(drawn, texts, padding=4, fontsize=8, bbox=LABEL_BOX)
    axes.set_yticks(places, names, fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.margins(x=0.15)


def _limit(bar: Bar) -> str:
    return f"at {'least' if bar.least else 'most'} {bar.limit:g}"


def _number(value: float) -> str:
    """Three digits that count, and no exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
