"""A calibration as a report: three tables, and the rates against tau."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.fitting.calibration import (
    TAU_GRID,
    TAU_UNIT,
    CrossValidation,
    FmrTarget,
    radii,
    tau_of,
    tau_text,
)
from lab.report.results import (
    Chapter,
    Colour,
    Figure,
    Panel,
    ReferenceLine,
    Report,
    Result,
    Series,
    Table,
)
from lab.statistics.comparisons import Comparisons
from lab.statistics.error_rates import accepted_share
from lab.statistics.intervals import FEW_OBJECTS, Estimate
from lab.verification.operating_points import OperatingPoint
from lab.verification.report import origin

NAME = "calibration"
"""Of the files, without their suffixes."""
TAUS = (0.48, 1.02)
"""Ends of the figure's axis."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """All that was found of one profile, and of others that share its imageprints.

    Attributes
    ----------
    lambda_bits : length of the profile's imageprints
    objects : how many were photographed
    by_lambda : cross validation of shorter imageprints and, last, of the profile's own
    targets : by FMR, those that a radius meets
    comparisons : of the profile's imageprints, all objects
    points : the profiles that get a radius, and what is known of each
    provenance : photos, software and machine
    targeted_sets : file and SHA-256 of each set of targeted impostors
    """

    lambda_bits: int
    objects: int
    by_lambda: tuple[CrossValidation, ...]
    targets: tuple[FmrTarget, ...]
    comparisons: Comparisons
    points: tuple[OperatingPoint, ...]
    provenance: dict[str, Any]
    targeted_sets: tuple[dict[str, str], ...] = ()

    @property
    def own(self) -> CrossValidation:
        """Cross validation of the profile's own imageprints."""
        return self.by_lambda[-1]


def report_of(found: Calibration) -> Report:
    """Tables, the picture, and the JSON file's figures: everything but the histograms."""
    facts = found.provenance
    bundle = facts["bundle"]
    few = f"Fewer than {FEW_OBJECTS} objects: the figures are anecdotal."
    results: tuple[Result, ...] = (
        *(_cross_validation(found), _targets(found)),
        *(_points(found), _rates(found)),
    )
    targeted = ", ".join(f"{each['file']} sha256 {each['sha256']}" for each in found.targeted_sets)
    return Report(
        f"Calibration of {bundle['name']} {bundle['version']}, profile {facts['profile']}",
        {**origin(facts), **({"Targeted impostors": targeted} if targeted else {})},
        (few,) if found.objects < FEW_OBJECTS else (),
        (Chapter("", {}, results),),
        document=_document(found),
    )


def _document(found: Calibration) -> dict[str, Any]:
    entries = []
    for one in found.by_lambda:
        entry = asdict(one)
        del entry["mean_f1"]
        entry["tau"] = one.tau / TAU_UNIT
        entry["folds"] = [{**asdict(fold), "tau": fold.tau / TAU_UNIT} for fold in one.folds]
        entries.append(entry)
    chosen = [float(point.tau) for point in found.points]
    return {
        **({"tau": chosen[0]} if len(chosen) == 1 else {}),
        "lambda_bits": found.lambda_bits,
        "profiles": [_point_document(point) for point in found.points],
        "cross_validation": entries,
        "targets": [
            {**asdict(one), "tau": tau_of(one.radius_bits, found.lambda_bits) / TAU_UNIT}
            for one in found.targets
        ],
        "provenance": found.provenance,
    }


def _point_document(point: OperatingPoint) -> dict[str, Any]:
    by_photos = [
        {"references": references, "probes": probes, **asdict(rates)}
        for (references, probes), rates in point.rates.items()
    ]
    return {**asdict(point), "tau": float(point.tau), "rates": by_photos}


def _cross_validation(found: Calibration) -> Table:
    return Table(
        "",
        "Cross validation",
        (
            *("lambda", "tau", "c", "F1", "FAR", "FRR"),
            *("held out: F1", "held out: FAR", "held out: FRR"),
        ),
        tuple(_cross_validation_row(one) for one in found.by_lambda),
        notes=(
            "tau: greatest mean F1 over 5 folds of objects; F1, FAR, FRR: means there.",
            "Held out: each fold at the tau of the other four. Shorter lambdas: the profile's "
            "first bits.",
        ),
        name="cross_validation",
    )


def _cross_validation_row(one: CrossValidation) -> tuple[object, ...]:
    held_out = np.mean([[fold.f1, fold.far, fold.frr] for fold in one.folds], axis=0)
    shares = (Estimate(float(value)) for value in (one.f1, one.far, one.frr, *held_out))
    return one.lambda_bits, tau_text(one.tau), one.radius_bits, *shares


def _targets(found: Calibration) -> Table:
    compared = found.comparisons
    notes = [
        f"{int(compared.mated.sum()):,} mated comparisons of {compared.mated_objects:,} objects, "
        f"{int(compared.non_mated.sum()):,} non-mated of {compared.object_pairs:,} pairs of "
        "objects; object bootstrap, rule of three where no error was seen."
    ]
    if not all(one.enough_trials for one in found.targets):
        notes.append("*: too few pairs of photos to tell a rate so low from a higher one.")
    return Table(
        "",
        "The largest radius at which a false match rate is kept",
        ("FMR at most", "c", "tau", "FMR (95 %)", "FNMR (95 %)"),
        tuple(_target_row(one, found.lambda_bits) for one in found.targets),
        notes=tuple(notes),
        name="targets",
    )


def _target_row(one: FmrTarget, lambda_bits: int) -> tuple[object, ...]:
    star = "" if one.enough_trials else " *"
    tau = tau_text(tau_of(one.radius_bits, lambda_bits))
    return f"{one.fmr_max:g}{star}", one.radius_bits, tau, one.fmr, one.fnmr


def _points(found: Calibration) -> Table:
    rows = tuple(row for point in found.points for row in _point_rows(point))
    shown = ("random accepted", "same kind accepted", "other kind accepted")
    headings = (
        *("profile", "c", "m, n, k", "photos in a reference", "in a probe"),
        *(*shown, "owner refused (random set)", "owner refused (targeted set)"),
        *("bits, random", "bits, targeted"),
    )
    return Table(
        "",
        "Operating points",
        headings,
        rows,
        notes=(
            "Random: photos of other objects of the whole set. Same kind, other kind: impostors of "
            "the targeted set, in the owner's place. Several photos bring everybody nearer.",
            "Bits: min(message bits, -log2 of the rate accepted), of the random set and of the "
            "same kind; where none was accepted, the lower end is what is known.",
        ),
        formats={"bits, random": ".1f", "bits, targeted": ".1f"},
        name="operating_points",
    )


def _point_rows(point: OperatingPoint) -> Iterator[tuple[object, ...]]:
    code = ", ".join(map(str, point.code))
    for numbers, rates in point.rates.items():
        same = other = refused = None
        if rates.targeted is not None:
            same, other = rates.targeted.same_kind, rates.targeted.other_kind
            refused = rates.targeted.refused
        bits = (None if r is None else point.strength_bits(r) for r in (rates.random, same))
        known = (rates.random, same, other, rates.refused, refused)
        yield (point.profile, point.radius_bits, code, *numbers, *known, *bits)


def _rates(found: Calibration) -> Figure:
    """FMR and FNMR above, F1 below; of the taus that give one c, the largest is drawn."""
    taus = _largest(found.lambda_bits, np.arange(TAU_UNIT // 2, TAU_UNIT + 1))
    thresholds = radii(found.lambda_bits, taus) + 1  # accepted_share begins at -1 bits
    fmr = accepted_share(found.comparisons.non_mated)[thresholds]
    fnmr = 1 - accepted_share(found.comparisons.mated)[thresholds]
    lines = (
        ReferenceLine(found.own.tau / TAU_UNIT, f"cross validation: {tau_text(found.own.tau)}"),
        *(ReferenceLine(float(p.tau), f"{p.profile}: {p.tau}") for p in found.points),
    )
    return Figure(
        "",
        f"Error rates, lambda {found.lambda_bits}",
        (
            Panel(
                "Error rates",
                "tau",
                "error rate",
                (
                    _positive("FMR", taus, fmr, "vermilion"),
                    _positive("FNMR", taus, fnmr, "blue"),
                ),
                y_scale="log",
                x_range=TAUS,
                lines=lines,
            ),
            Panel(
                "F1; shorter imageprints are the profile's first bits",
                "tau",
                "mean F1 of the folds",
                tuple(_f1(one, one is found.own) for one in found.by_lambda),
                x_range=TAUS,
                y_range=(0, 1),
                lines=lines,
            ),
        ),
        name=NAME,
        columns=1,
        panel_inches=(8, 3.2),
    )


def _largest(lambda_bits: int, taus: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of ascending taus with the same c, the last."""
    return taus[np.diff(radii(lambda_bits, taus), append=-1) != 0]


def _positive(
    label: str, taus: NDArray[np.int64], shares: NDArray[np.float64], colour: Colour
) -> Series:
    """A curve where it has a place on a logarithmic axis."""
    seen = shares > 0
    x, y = taus[seen] / TAU_UNIT, shares[seen]
    return Series(label, tuple(x.tolist()), tuple(y.tolist()), colour=colour)


def _f1(one: CrossValidation, own: bool) -> Series:
    taus = _largest(one.lambda_bits, TAU_GRID)
    x, y = taus / TAU_UNIT, one.mean_f1[taus - TAU_GRID[0]]
    label, points = f"lambda {one.lambda_bits}", (tuple(x.tolist()), tuple(y.tolist()))
    if own:
        return Series(label, *points, colour="ink")
    return Series(label, *points, style="guide", remark="shorter imageprints")
