"""The figures of a verification: DET, distances, more reference photos, and the hardest pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri  # normal CDF, and probit

from lab.report.results import (
    Colour,
    Figure,
    Gallery,
    Mark,
    Panel,
    ReferenceLine,
    Series,
)
from lab.report.series import PERCENT, estimated
from lab.report.wording import percent
from lab.statistics.error_rates import (
    INVERSE_FMRS,
    accepted_share,
    equal_error_rate,
    fmr_at,
    fnmr_at,
    fnmr_name,
    power_of_ten,
)
from lab.statistics.intervals import (
    CONFIDENCE,
    enough_trials,
    fnmr_at_fmrs,
    usable_replicates,
)
from lab.verification.pair_tiles import MADE_FROM_PHOTOS, PairTiles
from lab.verification.verification import Evaluation, Verification

HIGHEST = 0.6
"""Where the axes of a DET end, unless the operating point lies beyond."""
BAND_POINTS = 120
BINS = 128
"""Of the histograms, about."""


def det(evaluation: Evaluation) -> Figure:
    """DET curves, both axes on the probit scale (ISO/IEC 19795-1), with their bootstrap bands."""
    columns = evaluation.columns
    low_fmr = min(lowest_share(each.comparisons.non_mated) for each in columns)
    low_fnmr = min(lowest_share(each.comparisons.mated) for each in columns)
    refused = max(float(fnmr_at(each.comparisons.mated, each.radius)) for each in columns)
    top = HIGHEST if refused < HIGHEST - 0.1 else 0.99
    diagonal = (max(low_fmr, low_fnmr), HIGHEST)
    series = [Series("FMR = FNMR", diagonal, diagonal, style="guide")]
    grid = ndtr(np.linspace(ndtri(low_fmr), ndtri(HIGHEST), BAND_POINTS))
    bands = [
        estimated(each.name, grid, fnmr_at_fmrs(each.comparisons, grid), kind="band")
        for each in columns
        if usable_replicates(each.comparisons).any()
    ]
    panel = Panel(
        "",
        "FMR: a wrong object is accepted",
        "FNMR: the right object is refused",
        (*series, *bands, *map(_curve, columns)),
        x_scale="probit",
        y_scale="probit",
        x_range=(low_fmr, HIGHEST),
        y_range=(low_fnmr, top),
    )
    made_of = _size(evaluation.main) if evaluation.beside else _profile(evaluation.main)
    band = f"Shaded: {CONFIDENCE * 100:g} % of FNMR at this FMR (object bootstrap)."
    return Figure(
        "",
        f"Detection error: {_sets(evaluation.main)}; {made_of}",
        (panel,),
        (band,) if bands else (),
        name="det",
        columns=1,
        panel_inches=(6.4, 5.2),
    )


def distances(result: Verification) -> Figure:
    """Mated and non-mated distances as fractions of lambda, linear above and logarithmic below."""
    edges, mated = _binned(result.comparisons.mated, result.radius)
    _, non_mated = _binned(result.comparisons.non_mated, result.radius)
    seen = np.flatnonzero(mated + non_mated)
    line = (result.radius + 0.5) / result.lambda_bits
    series = (
        _steps("mated", "one object", edges, mated, "blue"),
        _steps("non-mated", "two objects", edges, non_mated, "vermilion"),
    )
    ends = min(line, edges[seen[0]]) - 0.02, max(line, edges[seen[-1] + 1]) + 0.02
    radius = f"c = {result.radius} of {result.lambda_bits} bits: accepted to the left"
    upper = Panel(
        "",
        "Hamming distance / lambda",
        "share of trials",
        series,
        x_range=ends,
        y_range=(0, None),
        lines=(ReferenceLine(line, radius),),
    )
    lower = replace(upper, y_label="the same, log scale", y_scale="log", y_range=None)
    title = f"Distances of imageprints: {_sets(result)}; {_profile(result)}"
    return Figure("", title, (upper, lower), name="histograms", columns=1, panel_inches=(8, 3.1))


def more_photos(evaluation: Evaluation) -> Figure:
    """EER, and FNMR at the lowest FMR that all rows can tell, by photos at either end."""
    measured = {n: found for n, found in evaluation.by_photos.items() if found is not None}
    lowest = [
        inverse
        for inverse in INVERSE_FMRS
        if all(enough_trials(v.comparisons, fnmr_name(inverse)) for v in measured.values())
    ][-1:]
    names = {"EER": "eer"}
    names |= {f"FNMR at FMR {power_of_ten(i)}": fnmr_name(i) for i in lowest}
    panels = []
    for label, name in names.items():
        series = []
        for probes in dict.fromkeys(p for _, p in measured):
            by_references = {r: v for (r, p), v in measured.items() if p == probes}
            found = [each.estimates[name] for each in by_references.values()]
            texts = tuple(percent(each.value) for each in found)
            series.append(
                estimated(
                    "the profile" if probes == 1 else f"{probes} photos in a probe",
                    by_references,
                    found,
                    PERCENT,
                    kind="points",
                    texts=texts,
                )
            )
        panels.append(
            Panel(
                "",
                "photos in a reference",
                f"{label} (%)",
                tuple(series),
                y_range=(0, None),
                x_ticks=tuple(map(float, dict.fromkeys(r for r, _ in measured))),
            )
        )
    main = evaluation.main
    return Figure(
        "",
        f"Photos at either end: {_sets(main)}; {main.name}, lambda {main.lambda_bits}",
        tuple(panels),
        (f"Bars: {CONFIDENCE * 100:g} % of the object bootstrap.",),
        name="references",
    )


def hardest_pairs(result: Verification) -> Gallery:
    """Mated pairs that are furthest apart, and non-mated pairs that are nearest, side by side."""
    compared = result.comparisons
    tiles = PairTiles(
        result.photos, result.samples, result.references, result.probes, result.radius
    )
    shown = (
        *tiles.pairs(
            "Mated pairs furthest apart (the worst of each object)",
            compared.worst_mated,
            "refused",
        ),
        *tiles.pairs(
            "Non-mated pairs nearest to each other (the nearest of each two objects)",
            compared.nearest_non_mated,
            "accepted",
        ),
    )
    title = f"Hardest pairs: {_sets(result)}; {_profile(result)}, c {result.radius}"
    return Gallery("", title, shown, (MADE_FROM_PHOTOS,), name="worst")


def _curve(result: Verification) -> Series:
    """FNMR against FMR at every threshold, with its EER and the profile's c."""
    mated, non_mated = result.comparisons.mated, result.comparisons.non_mated
    eer, threshold = equal_error_rate(mated, non_mated)
    at = float(fmr_at(non_mated, result.radius)), float(fnmr_at(mated, result.radius))
    marks = [Mark("EER", float(eer), float(eer))] if eer > 0 else []
    fmr, fnmr = (percent(rate) if rate else "0 seen" for rate in at)
    return Series(
        result.name,
        tuple(accepted_share(non_mated).tolist()),
        tuple((1 - accepted_share(mated)).tolist()),
        remark=f"EER {percent(float(eer))} at {float(threshold):.1f} bits;\n"
        f"at c = {result.radius} bits FMR {fmr}, FNMR {fnmr}",
        marks=(*marks, Mark("the profile's c", *at)),
    )


def lowest_share(counts: NDArray[np.int64]) -> float:
    """Where an axis ends: below one error in all trials."""
    return min(0.5 / float(counts.sum()), 0.02)


def _steps(
    label: str,
    what: str,
    edges: NDArray[np.float64],
    counts: NDArray[np.int64],
    colour: Colour,
) -> Series:
    trials = int(counts.sum())
    return Series(
        label,
        tuple(edges.tolist()),
        tuple((counts / trials).tolist()),
        kind="steps",
        remark=f"{what} ({trials:,} trials)",
        colour=colour,
    )


def _binned(
    counts: NDArray[np.int64], radius: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Counts in some 130 bins, one of which ends at c, and the edges as fractions of lambda."""
    lambda_bits = len(counts) - 1
    width = max(1, lambda_bits // BINS)
    before = -(radius + 1) % width
    padded = np.pad(counts, (before, -(len(counts) + before) % width))
    binned = padded.reshape(-1, width).sum(axis=1)
    # A distance d stands at d / lambda, in the middle of its bit.
    return (np.arange(len(binned) + 1) * width - before - 0.5) / lambda_bits, binned


def _sets(result: Verification) -> str:
    names = [entry["file"] for entry in result.provenance["photo_sets"]]
    return ", ".join(names) if len(names) <= 2 else f"{len(names)} photo sets"


def _size(result: Verification) -> str:
    size = f"{len(result.samples.names)} objects, {len(result.samples)} photos"
    many = result.reference_photos > 1
    return size + (f", {result.reference_photos} in a reference" if many else "")


def _profile(result: Verification) -> str:
    return f"{result.name}, lambda {result.lambda_bits}, {_size(result)}"
