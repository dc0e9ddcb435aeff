"""A verification as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lab.photos.labelled_photos import HELD_OUT
from lab.report.wording import interval, percent
from lab.statistics.error_rates import INVERSE_FMRS, fnmr_name, power_of_ten, threshold_at_fmr
from lab.statistics.intervals import FEW_OBJECTS, Estimate, enough_trials, estimates_as_json
from lab.statistics.samples import REFERENCES_PER_OBJECT_MAX
from lab.verification.sections import (
    by_references,
    by_references_as_json,
    side_by_side,
    side_by_side_as_json,
)

if TYPE_CHECKING:
    from lab.verification.evaluate import Evaluation, Verification

Row = tuple[str, str, str]
"""A measure, its value, and its interval or a remark."""

FORMAT = "ailock-verify/2"
HEADER = ("measure", "value", "95 % interval, or remark")


def table(result: Verification) -> list[Row]:
    """All figures, one a row; an empty first column continues the row above."""
    return [
        *_photo_rows(result),
        *_trial_rows(result),
        *_rate_rows(result),
        *_distance_rows(result),
        *_extractor_rows(result),
    ]


def as_text(evaluation: Evaluation) -> str:
    """The tables for a terminal."""
    result = evaluation.main
    lines = [*_heading(result), ""]
    for table_ in _tables(evaluation):
        lines += [*_aligned(table_), ""]
    return "\n".join([*lines, *(f"* {note}" for note in notes_of(evaluation)), ""])


def as_markdown(evaluation: Evaluation) -> str:
    """The tables for a document."""
    title, *facts = _heading(evaluation.main)
    lines = [f"# {title}", "", *(f"- {line}" for line in facts), ""]
    for rows in _tables(evaluation):
        header, *body = (f"| {' | '.join(row)} |" for row in rows)
        last = "---" if rows[0] == HEADER else "---:"  # remarks are text
        lines += [header, f"|---{'|---:' * (len(rows[0]) - 2)}|{last}|", *body, ""]
    lines += [*(f"- {note}" for note in notes_of(evaluation)), "", "![DET curve](det.png)"]
    if evaluation.by_references:
        lines.append("![Photos in a reference](references.png)")
    lines += ["![Distances](histograms.png)", "![Hardest pairs](worst.png)", ""]
    return "\n".join(lines)


def as_json(evaluation: Evaluation) -> str:
    """Everything, machine-readable."""
    result = evaluation.main
    compared = result.comparisons
    document: dict[str, Any] = {
        "format": FORMAT,
        "provenance": result.provenance,
        "lambda_bits": result.lambda_bits,
        "radius_bits": result.radius,
        "references": result.reference_photos,
        "quality_gate": result.quality_gate,
        "photos": {
            "total": len(result.photos),
            "acquired": len(result.samples),
            "failures_to_acquire": result.failures,
            "issues": issue_counts(result),
            "refused_by_gate": [
                {"path": path, "issues": issue}
                for path, issue in zip(result.photos.paths, result.issues, strict=True)
                if issue
            ],
        },
        "objects": len(result.samples.names),
        "references_made": len(result.references),
        "failures_to_enrol": result.references.refused,
        "trials": {
            "mated": int(compared.mated.sum()),
            "non_mated": int(compared.non_mated.sum()),
            "mated_objects": compared.mated_objects,
            "object_pairs": compared.object_pairs,
            "photo_pairs": compared.photo_pairs,
        },
        "measures": estimates_as_json(result.estimates),
        "measurable": {name: enough_trials(compared, name) for name in result.estimates},
        "bootstrap": {"asked": len(compared.resampled_mated), "usable": result.replicates},
        "fuzzy_extractor": result.extractor,
        "histograms": {
            "mated": compared.mated.tolist(),
            "non_mated": compared.non_mated.tolist(),
        },
        "hardest": {
            "mated": [_pair(result, pair) for pair in compared.worst_mated],
            "non_mated": [_pair(result, pair) for pair in compared.nearest_non_mated],
        },
        "side_by_side": side_by_side_as_json(evaluation),
        "by_references": by_references_as_json(evaluation),
        "notes": notes_of(evaluation),
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def issue_counts(result: Verification) -> dict[str, int]:
    """How many photos have each issue; a photo may have several."""
    return dict(Counter(name for issue in result.issues for name in issue.split(",") if name))


def notes_of(evaluation: Evaluation) -> list[str]:
    """How to read the figures."""
    result = evaluation.main
    compared, notes = result.comparisons, []
    if result.reference_photos == 1:
        notes.append(
            "Every photo as a reference is compared with every other as a probe: two trials for "
            "each pair of photos, for the looks at a reference and at a probe may differ."
        )
    else:
        notes.append(
            f"A reference is made of {result.reference_photos} photos of an object "
            f"(all such sets, or a seeded sample of {REFERENCES_PER_OBJECT_MAX} an object) and "
            "compared with every other photo."
        )
    notes.append(
        "EER: FMR and FNMR are joined linearly between neighbouring thresholds. FNMR at an FMR: at "
        "the largest threshold whose FMR is at most that; ties are accepted or refused together."
    )
    if len(compared.resampled_mated):
        notes.append(
            f"Intervals: object bootstrap, percentiles of {result.replicates:,} replicates. "
            "A rate of 0 or 1 ends at the rule of three, 3 / n or 1 - 3 / n: n pairs of objects "
            f"for FMR ({compared.object_pairs:,}), n objects for FNMR "
            f"({compared.mated_objects:,})."
        )
    few = [f for f in INVERSE_FMRS if compared.object_pairs < 3 * f <= compared.distinct_non_mated]
    if few:
        notes.append(
            f"FMR {', '.join(power_of_ten(f) for f in few)}: the {int(compared.non_mated.sum()):,} "
            f"non-mated trials come from only {compared.object_pairs:,} pairs of objects and are "
            "not independent."
        )
    if evaluation.beside:
        notes.append(
            "Side by side: the same photos, trials and bootstrap replicates. What one profile "
            "cannot use (a photo, a reference set) is left out for all. Times are medians of some "
            "photos, taken in turn."
        )
    if evaluation.by_references:
        notes.append(
            "By photos in a reference: an object counts only where a photo is left to compare, and "
            "sets that enrolment refuses are not in the rates, so the rows are not of quite the "
            "same objects and trials."
        )
    if len(result.samples.names) < FEW_OBJECTS:
        notes.append(
            f"Fewer than {FEW_OBJECTS} objects: the intervals are too narrow, "
            "the figures anecdotal."
        )
    for column in evaluation.columns:
        for entry in column.provenance["photo_sets"]:
            if entry["fitted_on"] and entry["split"] != HELD_OUT:
                notes.append(
                    f"{entry['file']} had a part in making bundle "
                    f"{column.provenance['bundle']['name']} (it is named in "
                    f"{', '.join(entry['fitted_on'])}): only its {HELD_OUT} half "
                    f"(--split {HELD_OUT}) is a fair test."
                )
    if result.duplicates:
        notes.append(f"{result.duplicates} photos are byte for byte copies of others in the set.")
    return list(dict.fromkeys(notes))


def _tables(evaluation: Evaluation) -> list[Sequence[tuple[str, ...]]]:
    """Header and rows of each: side by side, by reference photos, the main profile's own."""
    found = (side_by_side(evaluation), by_references(evaluation), [HEADER, *table(evaluation.main)])
    return [rows for rows in found if rows]


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines of equal columns, a rule below the header; the last column is left ragged."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    last = len(widths) - 1
    lines = []
    for row in rows:
        cells = [
            cell if at == last else f"{cell:<{width}}" if at == 0 else f"{cell:>{width}}"
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def _heading(result: Verification) -> list[str]:
    facts = result.provenance
    machine, bundle = facts["machine"], facts["bundle"]
    packages = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    looks = facts["looks"]
    return [
        f"Verification: {bundle['name']} {bundle['version']}, profile {facts['profile']}, "
        f"lambda {result.lambda_bits}, c {result.radius}",
        f"looks at a photo: {looks['reference']} as reference, {looks['probe']} as probe",
        f"photos: {', '.join(map(_photo_set, facts['photo_sets']))}",
        f"bundle fingerprint: {bundle['fingerprint']}",
        f"machine: {machine['cpu']}, {machine['cores']} cores, {machine['system']}",
        f"runtime: {facts['runtime']}",
        f"versions: {packages}",
        f"command: {facts['command']}",
        f"date: {facts['date']}",
    ]


def _photo_set(entry: dict[str, Any]) -> str:
    return f"{entry['file']} ({entry['split']} objects) sha256 {entry['sha256']}"


def _photo_rows(result: Verification) -> list[Row]:
    total, gate = len(result.photos), "" if result.quality_gate else " (quality gate off)"
    reasons = ", ".join(f"{name} {count}" for name, count in issue_counts(result).items())
    rows = [
        ("photos", f"{total:,}", ""),
        (
            f"failure to acquire (FTA){gate}",
            f"{result.failures:,} = {percent(result.failures / total)}",
            reasons if result.quality_gate else f"the gate would refuse: {reasons or 'none'}",
        ),
        ("objects", f"{len(result.samples.names):,}", ""),
    ]
    sets = result.references.refused + len(result.references)
    if result.reference_photos > 1:
        refused = result.references.refused
        rows.append(
            ("failure to enrol (FTE)", f"{refused:,} = {percent(refused / sets)}", f"of {sets:,}")
        )
    return rows


def _trial_rows(result: Verification) -> list[Row]:
    compared = result.comparisons
    return [
        ("mated trials", f"{int(compared.mated.sum()):,}", f"{compared.mated_objects:,} objects"),
        (
            "non-mated trials",
            f"{int(compared.non_mated.sum()):,}",
            f"{compared.photo_pairs:,} pairs of photos, {compared.object_pairs:,} of objects",
        ),
    ]


def _rate_rows(result: Verification) -> list[Row]:
    found, compared = result.estimates, result.comparisons
    threshold = found["eer_threshold_bits"].value
    fnmr = found["fnmr_at_radius"].value
    failures = result.failures / len(result.photos)
    rows = [
        _rate_row(f"EER (at {threshold:.1f} bits)", found["eer"]),
        _rate_row(f"FMR at c = {result.radius} bits", found["fmr_at_radius"]),
        _rate_row(f"FNMR at c = {result.radius} bits", found["fnmr_at_radius"]),
        (
            "right object refused, one photo: FTA + FNMR (1 - FTA)",
            percent(failures + (1 - failures) * fnmr),
            "",
        ),
    ]
    distinct = compared.distinct_non_mated
    for inverse in INVERSE_FMRS:
        name = fnmr_name(inverse)
        label = f"FNMR at FMR {power_of_ten(inverse)}"
        if enough_trials(compared, name):
            bits = int(threshold_at_fmr(compared.non_mated, inverse))
            rows.append(_rate_row(f"{label} (at {bits} bits)", found[name]))
        else:
            needed = 3 * inverse
            rows.append((label, "too few trials", f"{distinct:,}; rule of three: {needed:,}"))
    return rows


def _distance_rows(result: Verification) -> list[Row]:
    found = result.estimates
    rows = [("d-prime", f"{found['d_prime'].value:.2f}", _plain_interval(found["d_prime"], 2))]
    for kind in ("mated", "non_mated"):
        mean, spread = found[f"{kind}_mean_bits"], found[f"{kind}_sd_bits"]
        share = result.lambda_bits
        rows.append(
            (
                f"{kind.replace('_', '-')} distance, mean (sd)",
                f"{mean.value:.1f} ({spread.value:.1f}) bits",
                f"{mean.value / share:.3f} ({spread.value / share:.3f}) of lambda",
            )
        )
    return rows


def _extractor_rows(result: Verification) -> list[Row]:
    assert result.extractor is not None, "the table is of the main profile"
    rows: list[Row] = []
    for kind in ("mated", "non_mated"):
        seen = result.extractor[kind]
        within, accepted = seen["within_radius"], seen["accepted_within_radius"]
        share = "none within c" if not within else f"= {percent(accepted / within)}"
        rows.append(
            (
                f"fuzzy extractor, {kind.replace('_', '-')}: opened of those within c",
                f"{accepted:,} of {within:,}",
                f"{share}; of {seen['trials']:,} sampled trials",
            )
        )
    beyond = sum(
        result.extractor[kind]["accepted_beyond_radius"] for kind in ("mated", "non_mated")
    )
    wrong = sum(result.extractor[kind]["wrong_messages"] for kind in ("mated", "non_mated"))
    rows.append(("fuzzy extractor: opened beyond c", f"{beyond:,}", "must be 0"))
    rows.append(
        (
            "fuzzy extractor: wrong codeword within c",
            f"{wrong:,}",
            "the check tag refuses these",
        )
    )
    for band in result.extractor["bands"]:
        rows.append(
            (
                f"fuzzy extractor: opened at {band['from_c']:g} to {band['to_c']:g} c",
                f"{band['accepted']:,} of {band['trials']:,}",
                "",
            )
        )
    return rows


def _rate_row(label: str, found: Estimate) -> Row:
    return label, percent(found.value), interval(found)


def _plain_interval(found: Estimate, digits: int) -> str:
    if found.low is None or found.high is None:
        return ""
    return f"{found.low:.{digits}f} to {found.high:.{digits}f}"


def _pair(result: Verification, pair: Any) -> dict[str, Any]:
    photos, samples = result.photos, result.samples
    members = result.references.members[pair.reference]
    return {
        "distance_bits": pair.distance_bits,
        "reference": [photos.paths[int(samples.photos[i])] for i in members],
        "probe": photos.paths[int(samples.photos[pair.probe])],
    }
