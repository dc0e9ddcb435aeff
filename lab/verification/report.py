"""An evaluation as a report: tables, figures, the hardest pairs, and all of it for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lab.report.provenance import facts
from lab.report.results import Chapter, Report, Result
from lab.statistics.comparisons import Comparisons, Pair
from lab.statistics.intervals import enough_trials
from lab.verification.figures import det, distances, hardest_pairs, more_photos
from lab.verification.tables import all_figures, by_photos, issue_counts, side_by_side
from lab.verification.verification import Evaluation, Verification

FORMAT = "ailock-verify/2"


def verification_report(evaluation: Evaluation) -> Report:
    """Side by side, by photos at either end, the main profile's own figures; then the pictures.

    Its files are ``det``, ``histograms`` and ``worst``, and ``references`` where more than one
    number of photos was measured.
    """
    result = evaluation.main
    own = all_figures(evaluation)
    results: list[Result] = [
        *([side_by_side(evaluation)] if evaluation.beside else []),
        *([by_photos(evaluation)] if evaluation.by_photos else []),
        own,
        det(evaluation),
        *([more_photos(evaluation)] if evaluation.by_photos else []),
        distances(result),
        hardest_pairs(result),
    ]
    return Report(
        _title(result),
        origin(result.provenance),
        (),
        (Chapter("", {}, tuple(results)),),
        format=FORMAT,
        document=_document(evaluation, own.notes),
    )


def _title(result: Verification) -> str:
    bundle = result.provenance["bundle"]
    return (
        f"Verification: {bundle['name']} {bundle['version']}, profile "
        f"{result.provenance['profile']}, lambda {result.lambda_bits}, c {result.radius}"
    )


def origin(recorded: Mapping[str, Any]) -> dict[str, str]:
    """A verification's provenance in words, for the head of a report."""
    looks, bundle = recorded["looks"], recorded["bundle"]
    return {
        "Looks at a photo": f"{looks['reference']} as reference, {looks['probe']} as probe",
        "Photos": ", ".join(
            f"{entry['file']} ({entry['split']} objects) sha256 {entry['sha256']}"
            for entry in recorded["photo_sets"]
        ),
        "Model bundle": f"{bundle['name']} {bundle['version']}, fingerprint "
        f"{bundle['fingerprint']}",
        "Runtime": recorded["runtime"],
        **facts(recorded),
    }


def _document(evaluation: Evaluation, notes: Sequence[str]) -> dict[str, Any]:
    """Everything, machine-readable."""
    result = evaluation.main
    compared = result.comparisons
    return {
        "provenance": result.provenance,
        "lambda_bits": result.lambda_bits,
        "radius_bits": result.radius,
        "references": result.reference_photos,
        "probes": result.probe_photos,
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
        **_estimates(result),
        "bootstrap": {"asked": len(compared.resampled_mated), "usable": result.replicates},
        "fuzzy_extractor": result.extractor,
        "histograms": _histograms(compared),
        "hardest": {
            "mated": [_pair(result, pair) for pair in compared.worst_mated],
            "non_mated": [_pair(result, pair) for pair in compared.nearest_non_mated],
        },
        "side_by_side": _side_by_side(evaluation),
        "by_references": [
            {"references": r, "probes": p, **({} if found is None else _measured(found))}
            for (r, p), found in evaluation.by_photos.items()
        ],
        "notes": list(notes),
    }


def _side_by_side(evaluation: Evaluation) -> list[dict[str, Any]]:
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


def _measured(found: Verification) -> dict[str, Any]:
    compared = found.comparisons
    return {
        "references_made": len(found.references),
        "failures_to_enrol": found.references.refused,
        "mated_trials": int(compared.mated.sum()),
        "non_mated_trials": int(compared.non_mated.sum()),
        **_estimates(found),
        "histograms": _histograms(compared),
    }


def _estimates(found: Verification) -> dict[str, Any]:
    return {
        "measures": {name: asdict(each) for name, each in found.estimates.items()},
        "measurable": {name: enough_trials(found.comparisons, name) for name in found.estimates},
    }


def _histograms(compared: Comparisons) -> dict[str, list[int]]:
    return {"mated": compared.mated.tolist(), "non_mated": compared.non_mated.tolist()}


def _pair(result: Verification, pair: Pair) -> dict[str, Any]:
    photos, samples = result.photos, result.samples
    members = result.references.members[pair.reference]
    shown = [photos.paths[int(samples.photos[i])] for i in result.probes.members[pair.probe]]
    return {
        "distance_bits": pair.distance_bits,
        "reference": [photos.paths[int(samples.photos[i])] for i in members],
        **({"probe": shown[0]} if len(shown) == 1 else {"probes": shown}),
    }
