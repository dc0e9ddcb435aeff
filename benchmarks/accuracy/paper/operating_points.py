"""FNMR where FMR is at most one in so many, and the DET curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.accuracy.paper.systems import System
from lab.report.results import Figure, Panel, Result, Series, Table
from lab.report.series import PERCENT, estimated
from lab.statistics.comparisons import Comparisons
from lab.statistics.error_rates import INVERSE_FMRS, fnmr_name, power_of_ten
from lab.statistics.intervals import CONFIDENCE, enough_trials, estimate, fnmr_at_fmrs

CURVE_POINTS = 60
"""FMRs of a DET curve, evenly apart on its logarithmic axis."""
LOWEST_TOP = 1.0
"""Where the FNMR axis ends, in per cent, though nothing was refused."""


def operating_points(systems: Sequence[System], where: str) -> list[Result]:
    """The rates that a lock is chosen by, with intervals, and what they rest on.

    ``where`` names the photos that ``systems`` are judged on.
    """
    columns = (
        *("system", "EER"),
        *(f"FNMR at FMR {power_of_ten(inverse)}" for inverse in INVERSE_FMRS),
        *("c (bits)", "FMR at c", "FNMR at c", "mated trials", "non-mated trials"),
        "pairs of objects",
    )
    rows: list[tuple[object, ...]] = []
    for system in systems:
        compared = system.comparisons
        found = estimate(compared, system.rule.radius)
        rates = [
            found[name] if enough_trials(compared, name) else "too few trials"
            for name in map(fnmr_name, INVERSE_FMRS)
        ]
        counts = int(compared.mated.sum()), int(compared.non_mated.sum()), compared.object_pairs
        at_radius = found["fmr_at_radius"], found["fnmr_at_radius"]
        rows.append((system.name, found["eer"], *rates, system.rule.radius, *at_radius, *counts))
    notes: tuple[str, ...] = (
        "Brackets: 95 % intervals, object bootstrap; where no error was seen, the rule of three, "
        "counting pairs of objects for FMR and objects for FNMR.",
        "An FMR of one in n is reported from 3 n non-mated trials on.",
        "Multi-segment variants: c is the largest of the segments' radii; other operating points "
        "widen or narrow all of them by as many bits.",
    )
    notes += tuple(
        f"{system.name}: {system.refused:,} photos of the reference role that the quality gate "
        "refuses are left out."
        for system in systems
        if system.refused
    )
    return [
        Table("", f"Operating points, {where}", columns, tuple(rows), None, notes),
        _det(systems, where),
    ]


def _det(systems: Sequence[System], where: str) -> Figure:
    lines = tuple(_curve(system.name, system.comparisons) for system in systems)
    top = max(LOWEST_TOP, *(value for line in lines for value in (line.high or line.y)))
    panel = Panel(
        where,
        "FMR (%): a wrong object is accepted",
        "FNMR (%): the right object is refused",
        lines,
        x_scale="log",
        y_range=(0, min(100.0, 1.05 * top)),
    )
    note = f"Bands: {CONFIDENCE * 100:g} % of FNMR at this FMR, object bootstrap."
    return Figure("", f"Detection error tradeoff (DET), {where}", (panel,), (note,))


def _curve(name: str, compared: Comparisons) -> Series:
    """FNMR at FMRs from that of a single false match up to 1, in per cent."""
    rates = np.geomspace(1 / float(compared.non_mated.sum()), 1, CURVE_POINTS)
    return estimated(name, (100 * rates).tolist(), fnmr_at_fmrs(compared, rates), PERCENT)
