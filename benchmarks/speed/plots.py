"""Where the time of an unlock goes on each device, and what more threads give."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ailock_sdk.benchmark import STAGES
from benchmarks.speed.comparison import device_name
from benchmarks.speed.results import Result, write_whole
from lab.report.style import LIGHT

COLOURS = (
    "#999999",
    "#e69f00",
    "#f0e442",
    "#56b4e9",
    "#0072b2",
    "#cc79a7",
    "#000000",
    "#d55e00",
    "#009e73",
)
"""One a stage: colours that colour-blind readers tell apart (Okabe and Ito), and grey."""
BAR_INCHES = 0.75


def plot_stages(results: Sequence[Result], path: Path) -> None:
    """One bar a result, cut into its stages' medians; milliseconds."""
    with mpl.rc_context(LIGHT.settings):
        figure = Figure(figsize=(9, 1.9 + BAR_INCHES * len(results)), layout="constrained")
        axes = figure.subplots()
        positions = range(len(results), 0, -1)
        left = [0.0] * len(results)
        for stage, colour in zip(STAGES, COLOURS, strict=True):
            widths = [r["benchmark"]["stages_ms"][stage]["p50"] for r in results]
            axes.barh(positions, widths, left=left, height=0.6, color=colour, label=stage)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        for position, end, result in zip(positions, left, results, strict=True):
            unlock = result["benchmark"]["unlock_ms"]["p50"]
            axes.annotate(
                f"unlock {unlock:.0f} ms",
                (end, position),
                (5, 0),
                textcoords="offset points",
                va="center",
            )
        axes.set_yticks(positions, [_name(result) for result in results])
        axes.set_xlim(0, 1.22 * max(left))
        axes.set_xlabel("milliseconds, median of each stage")
        figure.suptitle("Where the time of an unlock goes", x=0.01, ha="left", fontsize=11)
        figure.legend(loc="outside lower center", ncols=len(STAGES), fontsize=8, handlelength=1)
        _save(figure, path)


def plot_threads(results: Sequence[Result], path: Path) -> bool:
    """A line a result: photo to imageprint, and the network's part, over threads; milliseconds.

    False, and no file, where no result was measured with two counts of threads or more.
    """
    swept = [result for result in results if len(result["benchmark"]["by_threads"]) > 1]
    if not swept:
        path.unlink(missing_ok=True)
        return False
    with mpl.rc_context(LIGHT.settings):
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2, sharex=True)
        _sweep(left, swept, "imageprint_ms", "Photo to imageprint")
        _sweep(right, swept, "network_ms", "The network's part")
        handles, names = left.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", fontsize=8)
        _save(figure, path)
    return True


def _sweep(axes: Axes, results: Sequence[Result], figure_name: str, title: str) -> None:
    lines = [result["benchmark"]["by_threads"] for result in results]
    for index, (result, by_threads) in enumerate(zip(results, lines, strict=True)):
        counts = sorted(int(count) for count in by_threads)
        medians = [by_threads[str(count)][figure_name]["p50"] for count in counts]
        colour = COLOURS[::-1][index % len(COLOURS)]
        name = _name(result).replace("\n", ", ")
        axes.plot(counts, medians, marker="o", color=colour, label=name)
    axes.set_title(title)
    axes.set_xlabel("threads")
    axes.set_ylabel("milliseconds, median")
    axes.set_xticks(range(1, 1 + max(int(count) for line in lines for count in line)))
    axes.set_ylim(0, 1.08 * axes.dataLim.y1)


def _name(result: Result) -> str:
    benchmark = result["benchmark"]
    threads, photo = benchmark["threads"], benchmark["photo"]
    return (
        f"{device_name(result)}, {result['target']}\n{threads} thread{'s' * (threads > 1)}, "
        f"{photo['width']} x {photo['height']}, {benchmark['when'][:16].replace('T', ' ')}"
    )


def _save(figure: Figure, path: Path) -> None:
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    write_whole(path, stream.getvalue())
