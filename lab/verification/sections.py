"""The tables beside a verification's own: other profiles, and other numbers of reference photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lab.report.wording import percent, rate
from lab.statistics.error_rates import INVERSE_FMRS, fnmr_name, power_of_ten
from lab.statistics.intervals import enough_trials, estimates_as_json

if TYPE_CHECKING:
    from lab.verification.evaluate import Evaluation, Verification

Table = list[tuple[str, ...]]
"""Rows of equally many cells, the header first."""

COMPARED_FMRS = INVERSE_FMRS[1:]
"""FMRs that a lock is built for."""


def side_by_side(evaluation: Evaluation) -> Table:
    """The main profile and those beside it, one a column; empty when there are none beside."""
    if not evaluation.beside:
        return []
    columns = evaluation.columns
    rows: Table = [("measure", *(column.name for column in columns))]

    def add(label: str, cells: Sequence[str]) -> None:
        rows.append((label, *cells))

    add("lambda", [f"{column.lambda_bits} bits" for column in columns])
    add("looks at a probe, at a reference photo", [_looks(column) for column in columns])
    for label, cells in zip(_rate_labels(), zip(*map(_rates, columns), strict=True), strict=True):
        add(label, cells)
    add("c", [f"{column.radius} bits" for column in columns])
    for name, label in (("fmr_at_radius", "FMR at c"), ("fnmr_at_radius", "FNMR at c")):
        add(label, [rate(column.estimates[name]) for column in columns])
    times = evaluation.times
    add("imageprint of a probe, decoding apart", [f"{t.probe_seconds * 1e3:.1f} ms" for t in times])
    add("imageprint of a reference photo", [f"{t.reference_seconds * 1e3:.1f} ms" for t in times])
    return rows


def by_references(evaluation: Evaluation) -> Table:
    """The main profile by number of photos in a reference; empty when one number was asked."""
    if not evaluation.by_references:
        return []
    header = ("photos in a reference", *_rate_labels(), "FMR at c", "FNMR at c", "mated trials")
    rows: Table = [(*header, "refused at enrolment")]
    for count, found in evaluation.by_references.items():
        if found is None:
            rows.append((str(count), "objects have too few photos", *[""] * len(header[1:])))
            continue
        sets = found.references.refused + len(found.references)
        compared = found.comparisons
        rows.append(
            (
                str(count),
                *_rates(found),
                *(rate(found.estimates[f"{kind}_at_radius"]) for kind in ("fmr", "fnmr")),
                f"{int(compared.mated.sum()):,} of {compared.mated_objects:,} objects",
                f"{percent(found.references.refused / sets)} of {sets:,} sets",
            )
        )
    return rows


def side_by_side_as_json(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Each profile that was measured, the main one first; empty when there are none beside."""
    if not evaluation.beside:
        return []
    return [
        {
            "bundle": column.provenance["bundle"],
            "profile": column.provenance["profile"],
            "looks": column.provenance["looks"],
            "lambda_bits": column.lambda_bits,
            "radius_bits": column.radius,
            **asdict(time),
            **_measured(column),
        }
        for column, time in zip(evaluation.columns, evaluation.times, strict=True)
    ]


def by_references_as_json(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Each number of reference photos; nothing but the number where objects have too few photos."""
    return [
        {"references": count, **({} if found is None else _measured(found))}
        for count, found in evaluation.by_references.items()
    ]


def _measured(found: Verification) -> dict[str, Any]:
    compared = found.comparisons
    return {
        "references_made": len(found.references),
        "failures_to_enrol": found.references.refused,
        "mated_trials": int(compared.mated.sum()),
        "non_mated_trials": int(compared.non_mated.sum()),
        "measures": estimates_as_json(found.estimates),
        "measurable": {name: enough_trials(compared, name) for name in found.estimates},
        "histograms": {
            "mated": compared.mated.tolist(),
            "non_mated": compared.non_mated.tolist(),
        },
    }


def _rate_labels() -> list[str]:
    return ["EER", *(f"FNMR at FMR {power_of_ten(inverse)}" for inverse in COMPARED_FMRS)]


def _rates(found: Verification) -> list[str]:
    cells = [rate(found.estimates["eer"])]
    for name in map(fnmr_name, COMPARED_FMRS):
        enough = enough_trials(found.comparisons, name)
        cells.append(rate(found.estimates[name]) if enough else "too few trials")
    return cells


def _looks(found: Verification) -> str:
    looks = found.provenance["looks"]
    return f"{looks['probe']}, {looks['reference']}"
