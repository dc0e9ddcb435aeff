"""A calibration as text, as JSON and as a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from lab.fitting.calibration import (
    TAU_GRID,
    TAU_UNIT,
    CrossValidation,
    FmrTarget,
    radii,
    tau_of,
    tau_text,
)
from lab.report.style import GREY, LIGHT
from lab.report.wording import percent, rate
from lab.statistics.comparisons import Comparisons
from lab.statistics.error_rates import accepted_share
from lab.statistics.intervals import FEW_OBJECTS

JSON_FILE, PLOT_FILE = "calibration.json", "calibration.png"


@dataclass(frozen=True, eq=False)
class Calibration:
    """All that was found of one profile.

    Attributes
    ----------
    lambda_bits : length of the profile's imageprints
    objects : how many were photographed
    by_lambda : cross validation of shorter imageprints and, last, of the profile's own
    targets : by FMR, those that a radius meets
    comparisons : of the profile's imageprints, all objects
    chosen : tau that the profile gets, in ten-thousandths
    provenance : photos, software and machine
    """

    lambda_bits: int
    objects: int
    by_lambda: tuple[CrossValidation, ...]
    targets: tuple[FmrTarget, ...]
    comparisons: Comparisons
    chosen: int
    provenance: dict[str, Any]

    @property
    def own(self) -> CrossValidation:
        """Cross validation of the profile's own imageprints."""
        return self.by_lambda[-1]


def as_text(found: Calibration) -> str:
    """The two tables, and what must be known to read them."""
    lines = _table(
        ["lambda", "tau", "c", "F1", "FAR", "FRR", "held out: F1", "FAR", "FRR"],
        [_cross_validation_row(one) for one in found.by_lambda],
    )
    lines += [
        "tau: greatest mean F1 over 5 folds of objects; F1, FAR, FRR: means there.",
        "Held out: each fold at the tau of the other four. Shorter lambdas: the profile's first "
        "bits.",
        "",
    ]
    lines += _table(
        ["FMR at most", "c", "tau", "FMR (95 %)", "FNMR (95 %)"],
        [_target_row(one, found.lambda_bits) for one in found.targets],
    )
    compared = found.comparisons
    lines.append(
        f"{int(compared.mated.sum()):,} mated comparisons of {compared.mated_objects:,} objects, "
        f"{int(compared.non_mated.sum()):,} non-mated of {compared.object_pairs:,} pairs of "
        "objects; object bootstrap, rule of three where no error was seen."
    )
    if not all(one.enough_trials for one in found.targets):
        lines.append("*: too few pairs of photos to tell a rate so low from a higher one.")
    if found.objects < FEW_OBJECTS:
        lines.append(f"Fewer than {FEW_OBJECTS} objects: the figures are anecdotal.")
    return "\n".join(lines)


def as_json(found: Calibration) -> str:
    """Everything but the histograms."""
    entries = []
    for one in found.by_lambda:
        entry = asdict(one)
        del entry["mean_f1"]
        entry["tau"] = one.tau / TAU_UNIT
        entry["folds"] = [{**asdict(fold), "tau": fold.tau / TAU_UNIT} for fold in one.folds]
        entries.append(entry)
    content = {
        "tau": found.chosen / TAU_UNIT,
        "lambda_bits": found.lambda_bits,
        "cross_validation": entries,
        "targets": [
            {**asdict(one), "tau": tau_of(one.radius_bits, found.lambda_bits) / TAU_UNIT}
            for one in found.targets
        ],
        "provenance": found.provenance,
    }
    return json.dumps(content, indent=2) + "\n"


def save(found: Calibration, out: Path) -> list[Path]:
    """Write the JSON file and the picture; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    files = [out / JSON_FILE, out / PLOT_FILE]
    files[0].write_text(as_json(found), "utf-8")
    _save_plot(found, files[1])
    return files


def _save_plot(found: Calibration, file: Path) -> None:
    """FMR and FNMR above, F1 below, against tau."""
    taus = np.arange(TAU_UNIT // 2, TAU_UNIT + 1)
    thresholds = radii(found.lambda_bits, taus) + 1  # accepted_share begins at -1 bits
    fmr = accepted_share(found.comparisons.non_mated)[thresholds]
    fnmr = 1 - accepted_share(found.comparisons.mated)[thresholds]
    marks = [(found.own.tau, "cross validation", GREY, ":")]
    marks += [(found.chosen, "the profile", LIGHT.ink, "--")]
    red, blue = LIGHT.colours["vermilion"], LIGHT.colours["blue"]
    with mpl.rc_context(LIGHT.settings):
        figure = Figure(figsize=(8, 6.4), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True)
        for share, colour, name in ((fmr, red, "FMR"), (fnmr, blue, "FNMR")):
            upper.plot(
                taus / TAU_UNIT, np.where(share > 0, share, np.nan), color=colour, label=name
            )
        upper.set(
            yscale="log", ylabel="error rate", title=f"Error rates, lambda {found.lambda_bits}"
        )
        for one in found.by_lambda:
            own = one is found.own
            lower.plot(
                TAU_GRID / TAU_UNIT,
                one.mean_f1,
                color=LIGHT.ink if own else GREY,
                lw=1.8 if own else 0.6,
                alpha=1 if own else 0.3 + 0.6 * one.lambda_bits / found.lambda_bits,
                label=f"lambda {one.lambda_bits}" if own else None,
            )
        lower.set(xlabel="tau", ylabel="mean F1 of the folds", ylim=(0, 1))
        lower.set_title("F1; thin: shorter imageprints, the darker the longer")
        for axes in (upper, lower):
            for tau, name, colour, style in marks:
                label = f"{name}: {tau_text(tau)}"
                axes.axvline(tau / TAU_UNIT, color=colour, ls=style, lw=1, label=label)
            axes.legend(fontsize=9)
        figure.savefig(file)


def _cross_validation_row(one: CrossValidation) -> list[str]:
    held_out = np.mean([[fold.f1, fold.far, fold.frr] for fold in one.folds], axis=0)
    figures = [percent(value) for value in (one.f1, one.far, one.frr, *map(float, held_out))]
    return [str(one.lambda_bits), tau_text(one.tau), str(one.radius_bits), *figures]


def _target_row(one: FmrTarget, lambda_bits: int) -> list[str]:
    star = "" if one.enough_trials else " *"
    tau = tau_text(tau_of(one.radius_bits, lambda_bits))
    name = f"{one.fmr_max:g}{star}"
    return [name, str(one.radius_bits), tau, rate(one.fmr), rate(one.fnmr)]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell."""
    table = [list(heads), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in table
    ]
