"""A verification as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any

from benchmarks.accuracy.error_rates import INVERSE_FMRS, threshold_at_fmr
from benchmarks.accuracy.intervals import FEW_OBJECTS, Estimate
from benchmarks.accuracy.labelled_photos import HELD_OUT
from benchmarks.accuracy.samples import REFERENCES_PER_OBJECT_MAX
from benchmarks.accuracy.wording import percent

if TYPE_CHECKING:
    from benchmarks.accuracy.verify import Verification

Row = tuple[str, str, str]
"""A measure, its value, and its interval or a remark."""

FORMAT = "ailock-verify/1"


def table(result: Verification) -> list[Row]:
    """All figures, one a row; an empty first column continues the row above."""
    return [
        *_photo_rows(result),
        *_trial_rows(result),
        *_rate_rows(result),
        *_distance_rows(result),
        *_extractor_rows(result),
    ]


def as_text(result: Verification) -> str:
    """The table for a terminal."""
    rows = [("measure", "value", "95 % interval, or remark"), *table(result)]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c}".rstrip() for a, b, c in rows]
    lines.insert(1, "-" * max(len(line) for line in lines))
    notes = [f"* {note}" for note in notes_of(result)]
    return "\n".join([*_heading(result), "", *lines, "", *notes, ""])


def as_markdown(result: Verification) -> str:
    """The table for a document."""
    rows = [f"| {a} | {b} | {c} |" for a, b, c in table(result)]
    notes = [f"- {note}" for note in notes_of(result)]
    facts = [f"- {line}" for line in _heading(result)[1:]]
    return "\n".join(
        [
            f"# {_heading(result)[0]}",
            "",
            *facts,
            "",
            "| measure | value | 95 % interval, or remark |",
            "|---|---:|---|",
            *rows,
            "",
            *notes,
            "",
            "![DET curve](det.png)",
            "![Distances](histograms.png)",
            "![Hardest pairs](worst.png)",
            "",
        ]
    )


def as_json(result: Verification) -> str:
    """Everything, machine-readable."""
    compared = result.comparisons
    document: dict[str, Any] = {
        "format": FORMAT,
        "provenance": result.provenance,
        "lambda_bits": result.lambda_bits,
        "radius_bits": result.radius,
        "references": result.references.members.shape[1],
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
        },
        "measures": {name: _finite(value) for name, value in result.estimates.items()},
        "measurable": {name: enough_trials(result, name) for name in result.estimates},
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
        "notes": notes_of(result),
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def issue_counts(result: Verification) -> dict[str, int]:
    """How many photos have each issue; a photo may have several."""
    return dict(Counter(name for issue in result.issues for name in issue.split(",") if name))


def enough_trials(result: Verification, measure: str) -> bool:
    """Whether an FMR as low as the measure's can be told from none: the rule of three."""
    for inverse in INVERSE_FMRS:
        if measure == _fnmr_name(inverse):
            return int(result.comparisons.non_mated.sum()) >= 3 * inverse
    return True


def notes_of(result: Verification) -> list[str]:
    """How to read the figures."""
    compared, notes = result.comparisons, []
    if result.references.members.shape[1] == 1:
        notes.append("Every unordered pair of photos is compared once.")
    else:
        notes.append(
            f"A reference is made of {result.references.members.shape[1]} photos of an object "
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
    trials = int(compared.non_mated.sum())
    few = [f for f in INVERSE_FMRS if compared.object_pairs < 3 * f <= trials]
    if few:
        notes.append(
            f"FMR {', '.join(_power_of_ten(f) for f in few)}: the {trials:,} non-mated trials come "
            f"from only {compared.object_pairs:,} pairs of objects and are not independent."
        )
    if len(result.samples.names) < FEW_OBJECTS:
        notes.append(
            f"Fewer than {FEW_OBJECTS} objects: the intervals are too narrow, "
            "the figures anecdotal."
        )
    for entry in result.provenance["photo_sets"]:
        if entry["fitted_on"] and entry["split"] != HELD_OUT:
            notes.append(
                f"{entry['file']} had a part in making the bundle (it is named in "
                f"{', '.join(entry['fitted_on'])}): only its {HELD_OUT} half "
                f"(--split {HELD_OUT}) is a fair test."
            )
    if result.duplicates:
        notes.append(f"{result.duplicates} photos are byte for byte copies of others in the set.")
    return notes


def _heading(result: Verification) -> list[str]:
    facts = result.provenance
    machine, bundle = facts["machine"], facts["bundle"]
    packages = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    return [
        f"Verification: {bundle['name']} {bundle['version']}, profile {facts['profile']}, "
        f"lambda {result.lambda_bits}, c {result.radius}",
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
    if result.references.members.shape[1] > 1:
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
            f"{compared.object_pairs:,} pairs of objects",
        ),
    ]


def _rate_rows(result: Verification) -> list[Row]:
    found, compared = result.estimates, result.comparisons
    threshold = found["eer_threshold_bits"].value
    fnmr = found["fnmr_at_radius"].value
    failures = result.failures / len(result.photos)
    rows = [
        (f"EER (at {threshold:.1f} bits)", percent(found["eer"].value), _interval(found["eer"])),
        _rate_row(f"FMR at c = {result.radius} bits", found["fmr_at_radius"]),
        _rate_row(f"FNMR at c = {result.radius} bits", found["fnmr_at_radius"]),
        (
            "right object refused, one photo: FTA + FNMR (1 - FTA)",
            percent(failures + (1 - failures) * fnmr),
            "",
        ),
    ]
    trials = int(compared.non_mated.sum())
    for inverse in INVERSE_FMRS:
        name = _fnmr_name(inverse)
        label = f"FNMR at FMR {_power_of_ten(inverse)}"
        if enough_trials(result, name):
            bits = int(threshold_at_fmr(compared.non_mated, inverse))
            rows.append(_rate_row(f"{label} (at {bits} bits)", found[name]))
        else:
            needed = 3 * inverse
            rows.append((label, "too few trials", f"{trials:,}; rule of three: {needed:,}"))
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
    return label, percent(found.value), _interval(found)


def _interval(found: Estimate) -> str:
    if found.low is None or found.high is None:
        return ""
    return f"{percent(found.low)} to {percent(found.high)}"


def _plain_interval(found: Estimate, digits: int) -> str:
    if found.low is None or found.high is None:
        return ""
    return f"{found.low:.{digits}f} to {found.high:.{digits}f}"


def _finite(found: Estimate) -> dict[str, float | None]:
    """JSON knows no infinity: d-prime of distances that do not vary becomes null."""
    return {
        name: value if value is not None and isfinite(value) else None
        for name, value in asdict(found).items()
    }


def _fnmr_name(inverse: int) -> str:
    return f"fnmr_at_fmr_{_power_of_ten(inverse)}"


def _power_of_ten(inverse: int) -> str:
    return f"1e-{len(str(inverse)) - 1}"


def _pair(result: Verification, pair: Any) -> dict[str, Any]:
    photos, samples = result.photos, result.samples
    members = result.references.members[pair.reference]
    return {
        "distance_bits": pair.distance_bits,
        "reference": [photos.paths[int(samples.photos[i])] for i in members],
        "probe": photos.paths[int(samples.photos[pair.probe])],
    }
