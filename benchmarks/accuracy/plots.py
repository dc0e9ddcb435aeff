"""The DET curve and the two histograms as pictures."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri  # type: ignore[import-untyped]  # normal CDF, and probit

from benchmarks.accuracy.comparisons import Comparisons
from benchmarks.accuracy.error_rates import (
    accepted_share,
    equal_error_rate,
    fmr_at,
    fnmr_at,
    threshold_at_fmr,
)
from benchmarks.accuracy.intervals import CONFIDENCE, usable_replicates
from benchmarks.accuracy.wording import percent

MATED, NON_MATED, POINT, GREY = "#0072b2", "#d55e00", "#000000", "#767676"
"""Colours that colour-blind readers tell apart (Okabe and Ito)."""
TICKS = (1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99, 0.999)
HIGHEST = 0.6
"""Where the axes of a DET end, unless the operating point lies beyond."""
BAND_POINTS = 120
SUBTITLE_LENGTH = 84
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "legend.frameon": False,
    "savefig.dpi": 150,
}


@dataclass(frozen=True)
class Caption:
    """Two lines above a plot: what it shows, and of what."""

    title: str
    subtitle: str


def save_det(file: Path, comparisons: Comparisons, radius: int, caption: Caption) -> None:
    """DET curve, both axes on the probit scale (ISO/IEC 19795-1), with its bootstrap band."""
    fmr = accepted_share(comparisons.non_mated)
    fnmr = 1 - accepted_share(comparisons.mated)
    low_fmr = _lowest(comparisons.non_mated.sum())
    low_fnmr = _lowest(comparisons.mated.sum())
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 6.2), layout="constrained")
        axes = figure.subplots()
        _draw_band(axes, comparisons, low_fmr, low_fnmr)
        diagonal = ndtri([max(low_fmr, low_fnmr), HIGHEST])
        axes.plot(diagonal, diagonal, color=GREY, lw=0.8, ls=":", label="FMR = FNMR")
        axes.plot(
            ndtri(fmr.clip(low_fmr, 1 - 1e-9)),
            ndtri(fnmr.clip(low_fnmr, 1 - 1e-9)),
            color=MATED,
            lw=1.8,
            label="measured, every threshold",
        )
        eer, threshold = equal_error_rate(comparisons.mated, comparisons.non_mated)
        if eer > 0:
            axes.plot(
                *ndtri([eer, eer]),
                "o",
                color=POINT,
                mfc="white",
                ms=8,
                label=f"EER {percent(float(eer))} at {float(threshold):.1f} bits",
                clip_on=False,
                zorder=4,
            )
        at = float(fmr_at(comparisons.non_mated, radius)), float(fnmr_at(comparisons.mated, radius))
        top = HIGHEST if at[1] < HIGHEST - 0.1 else 0.99
        axes.plot(
            ndtri(min(max(at[0], low_fmr), HIGHEST)),
            ndtri(min(max(at[1], low_fnmr), top)),
            "D",
            color=NON_MATED,
            ms=8,
            label=f"the profile, c = {radius} bits: FMR {_rate(at[0], low_fmr)}, "
            f"FNMR {_rate(at[1], low_fnmr)}",
            clip_on=False,
            zorder=5,
        )
        _probit_axis(axes, "x", low_fmr, HIGHEST)
        _probit_axis(axes, "y", low_fnmr, top)
        axes.set_xlabel("FMR: a wrong object is accepted")
        axes.set_ylabel("FNMR: the right object is refused")
        axes.grid(color="#e6e6e6", lw=0.6)
        axes.set_axisbelow(True)
        figure.legend(loc="outside lower left", fontsize=9)
        _title(axes, caption)
        figure.savefig(file)


def save_histograms(
    file: Path, comparisons: Comparisons, lambda_bits: int, radius: int, caption: Caption
) -> None:
    """Mated and non-mated distances as fractions of lambda, linear above and logarithmic below."""
    edges, mated = _binned(comparisons.mated, radius)
    _, non_mated = _binned(comparisons.non_mated, radius)
    seen = np.flatnonzero(mated + non_mated)
    line = (radius + 0.5) / lambda_bits
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 6.4), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        for axes in (upper, lower):
            for counts, colour, name in (
                (mated, MATED, "mated: one object"),
                (non_mated, NON_MATED, "non-mated: two objects"),
            ):
                share = counts / counts.sum()
                label = f"{name} ({int(counts.sum()):,} trials)"
                axes.stairs(share, edges, fill=True, color=colour, alpha=0.35)
                axes.stairs(share, edges, color=colour, lw=1.2, label=label)
            axes.axvline(
                line,
                color=POINT,
                lw=1,
                ls="--",
                label=f"c = {radius} of {lambda_bits} bits: accepted to the left",
            )
            axes.grid(axis="y", color="#e6e6e6", lw=0.6)
            axes.set_axisbelow(True)
        ends = min(line, edges[seen[0]]) - 0.02, max(line, edges[seen[-1] + 1]) + 0.02
        upper.set_xlim(*ends)
        upper.set_ylabel("share of trials")
        upper.set_ylim(bottom=0)
        figure.legend(*upper.get_legend_handles_labels(), loc="outside lower left", fontsize=9)
        smallest = min(1 / comparisons.mated.sum(), 1 / comparisons.non_mated.sum())
        lower.set_yscale("log")
        lower.set_ylim(bottom=smallest / 2)
        lower.set_ylabel("the same, log scale")
        lower.set_xlabel("Hamming distance / lambda")
        _title(upper, caption)
        figure.savefig(file)


def _rate(rate: float, lowest: float) -> str:
    return percent(rate) if rate >= lowest * 1.5 else "0 seen"


def _lowest(trials: np.int64) -> float:
    """Where an axis ends: below one error in all trials."""
    return min(0.5 / float(trials), 0.02)


def _draw_band(axes: Axes, comparisons: Comparisons, low_fmr: float, low_fnmr: float) -> None:
    usable = usable_replicates(comparisons)
    if not usable.any():
        return
    mated = comparisons.resampled_mated[usable]
    non_mated = comparisons.resampled_non_mated[usable]
    grid = np.linspace(ndtri(low_fmr), ndtri(HIGHEST), BAND_POINTS)
    tail = (1 - CONFIDENCE) / 2
    band = np.empty((2, BAND_POINTS))
    for index, fmr in enumerate(ndtr(grid)):
        threshold = threshold_at_fmr(non_mated, float(1 / fmr))
        band[:, index] = np.quantile(fnmr_at(mated, threshold), [tail, 1 - tail])
    axes.fill_between(
        grid,
        *ndtri(band.clip(low_fnmr, 1 - 1e-9)),
        color=MATED,
        alpha=0.15,
        lw=0,
        label="95 % of FNMR at this FMR (object bootstrap)",
    )


def _probit_axis(axes: Axes, which: str, low: float, high: float) -> None:
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_ticks(list(ndtri(ticks)), [f"{tick * 100:g} %" for tick in ticks], fontsize=9)
    (axes.set_xlim if which == "x" else axes.set_ylim)(ndtri(low), ndtri(high))


def _binned(
    counts: NDArray[np.int64], radius: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Counts in some 130 bins, one of which ends at c, and the edges as fractions of lambda."""
    lambda_bits = len(counts) - 1
    width = max(1, lambda_bits // 128)
    before = -(radius + 1) % width
    padded = np.pad(counts, (before, -(len(counts) + before) % width))
    binned = padded.reshape(-1, width).sum(axis=1)
    # A distance d stands at d / lambda, in the middle of its bit.
    return (np.arange(len(binned) + 1) * width - before - 0.5) / lambda_bits, binned


def _title(axes: Axes, caption: Caption) -> None:
    lines = textwrap.wrap(caption.subtitle, SUBTITLE_LENGTH)
    axes.set_title(caption.title + "\n" * len(lines), fontweight="bold")
    subtitle = axes.text(
        0, 1.015, "\n".join(lines), transform=axes.transAxes, fontsize=9, color=GREY, va="bottom"
    )
    subtitle.set_in_layout(False)  # the title's empty lines make its room
