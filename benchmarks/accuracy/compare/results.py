"""The comparison page: one table, DET curves on one pair of axes, bars, and what is not here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.accuracy.compare.attack_cost import SHOWN, AttackCost
from benchmarks.accuracy.compare.measure import Measured
from lab.report import provenance
from lab.report.results import (
    Absent,
    Chapter,
    Figure,
    Mark,
    Panel,
    Report,
    Result,
    Series,
    Table,
)
from lab.report.series import PERCENT
from lab.report.wording import percent
from lab.statistics.error_rates import INVERSE_FMRS, accepted_share, fnmr_name, power_of_ten
from lab.statistics.intervals import Estimate, enough_trials
from lab.verification.figures import HIGHEST, lowest_share

FORMAT = "ailock-compare/1"
NAME = "compare"
"""Of the files."""
TOO_FEW = "too few trials"
COMPARED_FMRS = INVERSE_FMRS[1:]

Value = Callable[[Measured], float | None]


def report(
    measured: Sequence[Measured],
    costs: Sequence[AttackCost],
    absent: Sequence[Absent],
    data: Mapping[str, str],
    recorded: Mapping[str, Any],
) -> Report:
    """The page.

    Parameters
    ----------
    costs : of attacks on these systems, from other reports
    absent : systems and figures that could not be had, and what would give them
    data : photo sets in words, by role
    """
    results: list[Result] = [_side_by_side(measured, costs)]
    results += [_attacks(measured, costs)] if costs else []
    results += [_det(measured), _bars(measured), _systems(measured), *absent]
    compared = measured[0].comparisons
    return Report(
        f"Comparison of {len(measured)} hashes of photos",
        {
            **data,
            "Trials": f"{int(compared.mated.sum()):,} mated, {int(compared.non_mated.sum()):,} "
            f"non-mated, the same for all, of {compared.mated_objects} objects",
            **provenance.facts(recorded),
        },
        (),
        (Chapter("", {}, tuple(results)),),
        format=FORMAT,
        document={
            "provenance": {**recorded, "photos": dict(data)},
            "systems": [_document(each, _costs_of(each, costs)) for each in measured],
            "absent": {each.title: each.reason for each in absent},
        },
    )


def _side_by_side(measured: Sequence[Measured], costs: Sequence[AttackCost]) -> Table:
    told = measured[0].inverse_fmr
    targeted = any(each.impostors for each in measured)
    headings = ["system", "bits", "EER"]
    headings += [f"FNMR at FMR {power_of_ten(inverse)}" for inverse in COMPARED_FMRS]
    if targeted:
        headings += ["same kind accepted", "other kind accepted", "targeted set's owners refused"]
    headings.append("ms a photo")
    if costs:
        headings.append("attack")
    rows = []
    for each in measured:
        row: list[object] = [each.system.name, each.system.bits, each.estimates["eer"]]
        for inverse in COMPARED_FMRS:
            enough = enough_trials(each.comparisons, fnmr_name(inverse))
            row.append(each.estimates[fnmr_name(inverse)] if enough else TOO_FEW)
        if each.impostors is not None:
            row += vars(each.impostors).values()
        row.append(each.milliseconds)
        if costs:
            own = _costs_of(each, costs)
            row.append(str(own[0]) if own else None)
        rows.append(tuple(row))
    notes = [
        "Every photo as a reference against every other as a probe, the quality gate off; brackets "
        "are 95 % object-bootstrap intervals.",
        "ms a photo: median of the same photos in turn, the shortest of three each, from the file "
        f"to a probe's bits, on {provenance.machine_line(provenance.machine())}.",
    ]
    if targeted:
        notes.append(
            f"Kinds: the targeted set at each system's threshold of FMR {power_of_ten(told)} on "
            "the photos compared."
        )
    return Table(
        "",
        "Side by side",
        tuple(headings),
        tuple(rows),
        notes=tuple(notes),
        formats={"ms a photo": ".1f"},
        name="side_by_side",
    )


def _systems(measured: Sequence[Measured]) -> Table:
    rows = tuple(
        (
            each.system.name,
            each.system.bits,
            f"{each.threshold} bits" if each.threshold >= 0 else "none",
            each.system.made_of,
        )
        for each in measured
    )
    told = power_of_ten(measured[0].inverse_fmr)
    headings = ("system", "bits", f"threshold of FMR {told}", "made of")
    return Table("", "The systems", headings, rows, name="systems")


def _costs_of(measured: Measured, costs: Sequence[AttackCost]) -> list[AttackCost]:
    fingerprint = measured.system.fingerprint
    return [cost for cost in costs if fingerprint and fingerprint in cost.model]


def _attacks(measured: Sequence[Measured], costs: Sequence[AttackCost]) -> Table:
    rows = tuple(
        (each.system.name, *cost.cells.values())
        for each in measured
        for cost in _costs_of(each, costs)
    )
    return Table(
        "",
        "What a collision costs",
        ("system", *SHOWN),
        rows,
        notes=(
            "Read from the reports of `python -m benchmarks.attacks collision`. PNG, JPEG: share "
            "of the photos that collide, saved so; the rest are medians of those that do.",
        ),
        name="attacks",
    )


def _det(measured: Sequence[Measured]) -> Figure:
    low_fmr, low_fnmr = (
        min(lowest_share(counts) for counts in side)
        for side in zip(
            *((e.comparisons.non_mated, e.comparisons.mated) for e in measured), strict=True
        )
    )
    diagonal = max(low_fmr, low_fnmr), HIGHEST
    panel = Panel(
        "",
        "FMR: a wrong object is accepted",
        "FNMR: the right object is refused",
        (Series("FMR = FNMR", diagonal, diagonal, style="guide"), *map(_curve, measured)),
        x_scale="probit",
        y_scale="probit",
        x_range=(low_fmr, HIGHEST),
        y_range=(low_fnmr, 0.99),
    )
    title = "Detection error of every system on the same pairs"
    return Figure("", title, (panel,), name="det", columns=1, panel_inches=(7.4, 6))


def _curve(measured: Measured) -> Series:
    mated, non_mated = measured.comparisons.mated, measured.comparisons.non_mated
    eer = measured.estimates["eer"].value
    return Series(
        measured.system.name,
        tuple(accepted_share(non_mated).tolist()),
        tuple((1 - accepted_share(mated)).tolist()),
        remark=f"{measured.system.bits} bits, EER {percent(eer)}",
        marks=(Mark("EER", eer, eer),) if eer > 0 else (),
    )


def _bars(measured: Sequence[Measured]) -> Figure:
    lowest = fnmr_name(measured[0].inverse_fmr)
    values: dict[str, tuple[Value, str]] = {
        "EER (%)": (lambda each: PERCENT * each.estimates["eer"].value, "{:.3g} %"),
        f"FNMR at FMR {power_of_ten(measured[0].inverse_fmr)} (%)": (
            lambda each: PERCENT * each.estimates[lowest].value,
            "{:.3g} %",
        ),
        "another of the same kind accepted (%)": (
            _same_kind_percent,
            "{:.3g} %",
        ),
        "targeted set's owners refused (%)": (_refused_percent, "{:.3g} %"),
        "milliseconds a photo": (lambda each: each.milliseconds, "{:.3g} ms"),
        "bits": (lambda each: each.system.bits, "{}"),
    }
    panels = []
    for label, (value, text) in values.items():
        shown = {each.system.name: found for each in measured if (found := value(each)) is not None}
        if shown:
            bars = Series(
                "measured",
                tuple(shown),
                tuple(map(float, shown.values())),
                kind="bars",
                colour="blue",
                texts=tuple(text.format(found) for found in shown.values()),
            )
            panels.append(Panel("", "", label, (bars,)))
    return Figure("", "Every measure", tuple(panels), name="bars", columns=2, panel_inches=(6.4, 3))


def _refused_percent(measured: Measured) -> float | None:
    found = measured.impostors and measured.impostors.refused
    return PERCENT * found.value if found else None


def _same_kind_percent(measured: Measured) -> float | None:
    found = measured.impostors and measured.impostors.same_kind
    return PERCENT * found.value if found else None


def _document(measured: Measured, costs: Sequence[AttackCost]) -> dict[str, Any]:
    system = measured.system
    return {
        "name": system.name,
        "bits": system.bits,
        "made_of": system.made_of,
        "fingerprint": system.fingerprint,
        "measures": {name: asdict(each) for name, each in measured.estimates.items()},
        "measurable": {
            name: enough_trials(measured.comparisons, name) for name in measured.estimates
        },
        "inverse_fmr": measured.inverse_fmr,
        "threshold_bits": measured.threshold,
        "impostors": measured.impostors and asdict(measured.impostors),
        "milliseconds": measured.milliseconds,
        "attacks": [
            {k: asdict(v) if isinstance(v, Estimate) else v for k, v in cost.cells.items()}
            for cost in costs
        ],
        "histograms": {
            "mated": measured.comparisons.mated,
            "non_mated": measured.comparisons.non_mated,
        },
    }
