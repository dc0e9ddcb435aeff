"""The tables of a verification: its own figures, other profiles, other numbers of references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lab.photos.labelled_photos import HELD_OUT
from lab.report.results import Table
from lab.report.wording import cell_text, percent
from lab.statistics.error_rates import INVERSE_FMRS, fnmr_name, power_of_ten, threshold_at_fmr
from lab.statistics.intervals import FEW_OBJECTS, Estimate, enough_trials
from lab.statistics.samples import REFERENCES_PER_OBJECT_MAX
from lab.verification.verification import Evaluation, Verification

Row = tuple[object, ...]

COMPARED_FMRS = INVERSE_FMRS[1:]
"""FMRs that a lock is built for."""
TOO_FEW = "too few trials"


def all_figures(evaluation: Evaluation) -> Table:
    """All figures of the main profile, one a row."""
    result = evaluation.main
    rows = (
        *_photo_rows(result),
        *_trial_rows(result),
        *_rate_rows(result),
        *_distance_rows(result),
        *_extractor_rows(result),
    )
    columns = ("measure", "value, 95 % interval", "remark")
    title = f"All figures of {result.name}"
    return Table("", title, columns, rows, notes=_notes(evaluation), name="figures")


def side_by_side(evaluation: Evaluation) -> Table:
    """The main profile and those beside it, one a column."""
    columns, times = evaluation.columns, evaluation.times
    rows: list[Row] = []

    def add(label: str, cells: Sequence[object]) -> None:
        rows.append((label, *cells))

    add("lambda", [f"{column.lambda_bits} bits" for column in columns])
    add("looks at a probe, at a reference photo", [_looks(column) for column in columns])
    for label, cells in zip(_rate_labels(), zip(*map(_rates, columns), strict=True), strict=True):
        add(label, cells)
    add("c", [f"{column.radius} bits" for column in columns])
    for name, label in (("fmr_at_radius", "FMR at c"), ("fnmr_at_radius", "FNMR at c")):
        add(label, [column.estimates[name] for column in columns])
    add("imageprint of a probe, decoding apart", [f"{t.probe_seconds * 1e3:.1f} ms" for t in times])
    add("imageprint of a reference photo", [f"{t.reference_seconds * 1e3:.1f} ms" for t in times])
    headings = ("measure", *(column.name for column in columns))
    return Table("", "Side by side", headings, tuple(rows), name="side_by_side")


def by_photos(evaluation: Evaluation) -> Table:
    """The main profile by number of photos at either end."""
    headings = (
        *("photos in a reference", "in a probe", *_rate_labels(), "FMR at c", "FNMR at c"),
        *("mated trials", "refused at enrolment"),
    )
    rows: list[Row] = []
    for numbers, found in evaluation.by_photos.items():
        if found is None:
            nothing = [None] * (len(headings) - 3)
            rows.append((*numbers, "objects have too few photos", *nothing))
            continue
        sets = found.references.refused + len(found.references)
        compared = found.comparisons
        rows.append(
            (
                *numbers,
                *_rates(found),
                *(found.estimates[f"{kind}_at_radius"] for kind in ("fmr", "fnmr")),
                f"{int(compared.mated.sum()):,} of {compared.mated_objects:,} objects",
                f"{percent(found.references.refused / sets)} of {sets:,} sets",
            )
        )
    title = "By photos in a reference and in a probe"
    return Table("", title, headings, tuple(rows), name="by_references")


def issue_counts(result: Verification) -> dict[str, int]:
    """How many photos have each issue; a photo may have several."""
    return dict(Counter(name for issue in result.issues for name in issue.split(",") if name))


def _notes(evaluation: Evaluation) -> tuple[str, ...]:
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
    if result.probe_photos > 1:
        notes.append(
            f"A probe is made of {result.probe_photos} photos of an object in the same way, their "
            "margins averaged as an unlock with several photos does; it shares no photo with the "
            "reference."
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
    if evaluation.by_photos:
        notes.append(
            "By photos at either end: an object counts only where a photo is left to compare, and "
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
    return tuple(dict.fromkeys(notes))


def _photo_rows(result: Verification) -> list[Row]:
    total, gate = len(result.photos), "" if result.quality_gate else " (quality gate off)"
    reasons = ", ".join(f"{name} {count}" for name, count in issue_counts(result).items())
    rows: list[Row] = [
        ("photos", total, ""),
        (
            f"failure to acquire (FTA){gate}",
            f"{result.failures:,} = {percent(result.failures / total)}",
            reasons if result.quality_gate else f"the gate would refuse: {reasons or 'none'}",
        ),
        ("objects", len(result.samples.names), ""),
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
        ("mated trials", int(compared.mated.sum()), f"{compared.mated_objects:,} objects"),
        (
            "non-mated trials",
            int(compared.non_mated.sum()),
            f"{compared.photo_pairs:,} pairs of photos, {compared.object_pairs:,} of objects",
        ),
    ]


def _rate_rows(result: Verification) -> list[Row]:
    found, compared = result.estimates, result.comparisons
    threshold = found["eer_threshold_bits"].value
    fnmr = found["fnmr_at_radius"].value
    failures = result.failures / len(result.photos)
    rows: list[Row] = [
        (f"EER (at {threshold:.1f} bits)", found["eer"], ""),
        (f"FMR at c = {result.radius} bits", found["fmr_at_radius"], ""),
        (f"FNMR at c = {result.radius} bits", found["fnmr_at_radius"], ""),
        (
            "right object refused, one photo: FTA + FNMR (1 - FTA)",
            Estimate(failures + (1 - failures) * fnmr),
            "",
        ),
    ]
    distinct = compared.distinct_non_mated
    for inverse in INVERSE_FMRS:
        name = fnmr_name(inverse)
        label = f"FNMR at FMR {power_of_ten(inverse)}"
        if enough_trials(compared, name):
            bits = int(threshold_at_fmr(compared.non_mated, inverse))
            rows.append((f"{label} (at {bits} bits)", found[name], ""))
        else:
            rows.append((label, TOO_FEW, f"{distinct:,}; rule of three: {3 * inverse:,}"))
    return rows


def _distance_rows(result: Verification) -> list[Row]:
    found, lambda_bits = result.estimates, result.lambda_bits
    rows: list[Row] = [("d-prime", cell_text(found["d_prime"], ".2f"), "")]
    for kind in ("mated", "non_mated"):
        mean, spread = found[f"{kind}_mean_bits"].value, found[f"{kind}_sd_bits"].value
        rows.append(
            (
                f"{kind.replace('_', '-')} distance, mean (sd)",
                f"{mean:.1f} ({spread:.1f}) bits",
                f"{mean / lambda_bits:.3f} ({spread / lambda_bits:.3f}) of lambda",
            )
        )
    return rows


def _extractor_rows(result: Verification) -> list[Row]:
    assert result.extractor is not None, "the table is of the main profile"
    rows: list[Row] = []
    kinds = [result.extractor[kind] for kind in ("mated", "non_mated")]
    for label, seen in zip(("mated", "non-mated"), kinds, strict=True):
        within, accepted = seen["within_radius"], seen["accepted_within_radius"]
        share = "none within c" if not within else f"= {percent(accepted / within)}"
        rows.append(
            (
                f"fuzzy extractor, {label}: opened of those within c",
                f"{accepted:,} of {within:,}",
                f"{share}; of {seen['trials']:,} sampled trials",
            )
        )
    beyond, wrong = (
        sum(seen[count] for seen in kinds) for count in ("accepted_beyond_radius", "wrong_messages")
    )
    rows.append(("fuzzy extractor: opened beyond c", beyond, "must be 0"))
    rows.append(("fuzzy extractor: wrong codeword within c", wrong, "the check tag refuses these"))
    for band in result.extractor["bands"]:
        rows.append(
            (
                f"fuzzy extractor: opened at {band['from_c']:g} to {band['to_c']:g} c",
                f"{band['accepted']:,} of {band['trials']:,}",
                "",
            )
        )
    return rows


def _rate_labels() -> list[str]:
    return ["EER", *(f"FNMR at FMR {power_of_ten(inverse)}" for inverse in COMPARED_FMRS)]


def _rates(found: Verification) -> list[object]:
    cells: list[object] = [found.estimates["eer"]]
    for name in map(fnmr_name, COMPARED_FMRS):
        enough = enough_trials(found.comparisons, name)
        cells.append(found.estimates[name] if enough else TOO_FEW)
    return cells


def _looks(found: Verification) -> str:
    looks = found.provenance["looks"]
    return f"{looks['probe']}, {looks['reference']}"
