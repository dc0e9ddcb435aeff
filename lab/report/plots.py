"""DET curves, the two histograms, and what more reference photos give, as pictures."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri  # type: ignore[import-untyped]  # normal CDF, and probit

from lab.report.wording import percent
from lab.statistics.comparisons import Comparisons
from lab.statistics.error_rates import (
    INVERSE_FMRS,
    accepted_share,
    equal_error_rate,
    fmr_at,
    fnmr_at,
    fnmr_name,
    power_of_ten,
    threshold_at_fmr,
)
from lab.statistics.intervals import CONFIDENCE, Estimate, enough_trials, usable_replicates

if TYPE_CHECKING:
    from lab.verification.evaluate import Verification

MATED, NON_MATED, POINT, GREY = "#0072b2", "#d55e00", "#000000", "#767676"
"""Colours that colour-blind readers tell apart (Okabe and Ito)."""
CURVES = (MATED, "#e69f00", "#009e73", "#cc79a7", "#56b4e9")
"""Colours of the profiles of one DET plot, of the same makers; they repeat after the last."""
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


ABOVE: dict[str, Any] = {"clip_on": False, "zorder": 4}
"""Marks that lie on an axis are drawn whole."""


@dataclass(frozen=True)
class Caption:
    """Two lines above a plot: what it shows, and of what."""

    title: str
    subtitle: str


@dataclass(frozen=True, eq=False)
class Curve:
    """One profile's comparisons, and c in bits."""

    name: str
    comparisons: Comparisons
    radius: int


def save_det(file: Path, curves: Sequence[Curve], caption: Caption) -> None:
    """DET curves, both axes on the probit scale (ISO/IEC 19795-1), with their bootstrap bands."""
    low_fmr = min(_lowest(curve.comparisons.non_mated.sum()) for curve in curves)
    low_fnmr = min(_lowest(curve.comparisons.mated.sum()) for curve in curves)
    highest_fnmr = max(float(fnmr_at(curve.comparisons.mated, curve.radius)) for curve in curves)
    top = HIGHEST if highest_fnmr < HIGHEST - 0.1 else 0.99
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 6.2 + 0.5 * (len(curves) - 1)), layout="constrained")
        axes = figure.subplots()
        diagonal = ndtri([max(low_fmr, low_fnmr), HIGHEST])
        axes.plot(diagonal, diagonal, color=GREY, lw=0.8, ls=":", label="FMR = FNMR")
        for number, curve in enumerate(curves):
            colour = CURVES[number % len(CURVES)]
            _draw_band(axes, curve.comparisons, low_fmr, low_fnmr, colour)
            _draw_curve(axes, curve, colour, (low_fmr, low_fnmr, top))
        _explain_marks(axes, any(curve.comparisons.resampled_mated.size for curve in curves))
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


def save_references(
    file: Path, by_references: Mapping[int, Verification | None], caption: Caption
) -> None:
    """EER, and FNMR at the lowest FMR that all rows can tell, by photos in a reference."""
    measured = {count: found for count, found in by_references.items() if found is not None}
    lowest = [
        inverse
        for inverse in INVERSE_FMRS
        if all(enough_trials(v.comparisons, fnmr_name(inverse)) for v in measured.values())
    ][-1:]
    names = {"EER": "eer"}
    names |= {f"FNMR at FMR {power_of_ten(i)}": fnmr_name(i) for i in lowest}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 2.2 + 2 * len(names)), layout="constrained")
        panels = np.atleast_1d(figure.subplots(len(names), 1, sharex=True))
        for axes, (label, name) in zip(panels, names.items(), strict=True):
            _draw_estimates(axes, {n: v.estimates[name] for n, v in measured.items()})
            axes.set_ylabel(label)
        panels[-1].set_xlabel(
            f"photos in a reference (bars: {CONFIDENCE * 100:g} % of the object bootstrap)"
        )
        panels[-1].set_xticks(list(measured))
        _title(panels[0], caption)
        figure.savefig(file)


def _draw_estimates(axes: Axes, by_number: Mapping[int, Estimate]) -> None:
    for number, found in by_number.items():
        if found.low is not None and found.high is not None:
            axes.vlines(number, found.low, found.high, color=MATED, lw=1.5, alpha=0.6)
        axes.annotate(
            percent(found.value),
            (number, found.value),
            (8, 8),
            textcoords="offset points",
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
        )
    values = [found.value for found in by_number.values()]
    axes.plot(list(by_number), values, "o-", color=MATED, lw=1.2, ms=7, **ABOVE)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share * 100:.3g} %"))
    axes.set_ylim(bottom=0)
    axes.margins(x=0.12)
    axes.grid(axis="y", color="#e6e6e6", lw=0.6)
    axes.set_axisbelow(True)


def _rate(rate: float, lowest: float) -> str:
    return percent(rate) if rate >= lowest * 1.5 else "0 seen"


def _lowest(trials: np.int64) -> float:
    """Where an axis ends: below one error in all trials."""
    return min(0.5 / float(trials), 0.02)


def _draw_curve(axes: Axes, curve: Curve, colour: str, ends: tuple[float, float, float]) -> None:
    """The curve, its EER and its operating point; ``ends``: lowest FMR and FNMR, highest FNMR."""
    low_fmr, low_fnmr, top = ends
    mated, non_mated = curve.comparisons.mated, curve.comparisons.non_mated
    eer, threshold = equal_error_rate(mated, non_mated)
    at = float(fmr_at(non_mated, curve.radius)), float(fnmr_at(mated, curve.radius))
    axes.plot(
        ndtri(accepted_share(non_mated).clip(low_fmr, 1 - 1e-9)),
        ndtri((1 - accepted_share(mated)).clip(low_fnmr, 1 - 1e-9)),
        color=colour,
        lw=1.8,
        label=f"{curve.name}: EER {percent(float(eer))} at {float(threshold):.1f} bits;\n"
        f"at c = {curve.radius} bits FMR {_rate(at[0], low_fmr)}, FNMR {_rate(at[1], low_fnmr)}",
    )
    if eer > 0:
        axes.plot(*ndtri([eer, eer]), "o", color=colour, mfc="white", ms=8, **ABOVE)
    axes.plot(
        ndtri(min(max(at[0], low_fmr), HIGHEST)),
        ndtri(min(max(at[1], low_fnmr), top)),
        "D",
        color=colour,
        ms=8,
        **ABOVE,
    )


def _draw_band(
    axes: Axes, comparisons: Comparisons, low_fmr: float, low_fnmr: float, colour: str
) -> None:
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
    axes.fill_between(grid, *ndtri(band.clip(low_fnmr, 1 - 1e-9)), color=colour, alpha=0.15, lw=0)


def _explain_marks(axes: Axes, bands: bool) -> None:
    """Entries of the legend that hold for every curve."""
    axes.plot([], [], "o", color=GREY, mfc="white", ms=8, label="EER")
    axes.plot([], [], "D", color=GREY, ms=8, label="the profile's c")
    if bands:
        label = f"{CONFIDENCE * 100:g} % of FNMR at this FMR (object bootstrap)"
        axes.fill_between([], [], color=GREY, alpha=0.3, lw=0, label=label)


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
