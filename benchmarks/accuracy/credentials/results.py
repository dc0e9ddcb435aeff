"""The attack by synthetic credentials as results: a table, a figure, and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ailock_sdk import AiLock
from benchmarks.accuracy.credentials.attack import CredentialAttack
from lab.photos.labelled_photos import LabelledPhotos, name_of
from lab.report import provenance
from lab.report.results import Chapter, Figure, Panel, Report, Series, Table
from lab.report.series import estimated
from lab.statistics.error_rates import mean_and_deviation
from lab.statistics.intervals import CONFIDENCE, FEW_OBJECTS

FORMAT = "ailock-credentials/1"
NAME = "credentials"
"""Of the files."""
TITLE = "Synthetic credentials tried on every reference"


def report(attack: CredentialAttack, lock: AiLock, photos: LabelledPhotos, command: str) -> Report:
    """All that the command found."""
    recorded = provenance.record(command)
    depends_on = {
        "Photos": provenance.photos_line(photos),
        "Model": provenance.bundle_line(lock),
        "Profile": lock.profile.name,
        "Seed": str(attack.seed),
    }
    named = replace(table(attack), name="far"), replace(figure(attack), name=NAME)
    return Report(
        TITLE,
        provenance.facts(recorded, depends_on),
        (),
        (Chapter("", {}, named),),
        format=FORMAT,
        document=_document(attack, lock, photos, recorded),
    )


def table(attack: CredentialAttack) -> Table:
    """FAR at each lambda. The paper describes the attack; it prints no table of it."""
    rows = tuple(
        (
            *(each.lambda_bits, each.radius, each.trials, each.accepted, each.far, each.opened),
            *(float(value) for value in mean_and_deviation(each.counts)),
        )
        for each in attack.attempts
    )
    columns = (
        *("lambda (bits)", "c (bits)", "trials", "accepted", "FAR", "references opened"),
        *("mean distance (bits)", "deviation (bits)"),
    )
    return Table("", TITLE, columns, rows, None, notes(attack))


def figure(attack: CredentialAttack) -> Figure:
    """FAR against lambda, and all trials by distance."""
    panels = [_histogram(attack)]
    if len(attack.attempts) > 1:
        panels.insert(0, _rates(attack))
    return Figure("", TITLE, tuple(panels), notes(attack))


def notes(attack: CredentialAttack) -> tuple[str, ...]:
    """What a reader must know, a sentence each."""
    few = (
        f"With fewer than {FEW_OBJECTS} objects the intervals are too narrow."
        if attack.objects < FEW_OBJECTS
        else ""
    )
    found = (
        f"{attack.references:,} reference imageprints of {attack.objects:,} objects, "
        f"{attack.samples:,} samples for each lambda: {attack.trials:,} trials.",
        "The probability of a 1 at each position is that of the attacked references.",
        f"FAR: {CONFIDENCE * 100:g} % intervals from the object bootstrap; no upper end is "
        "below the rule of three over objects times samples.",
        few,
    )
    return tuple(note for note in found if note)


def _rates(attack: CredentialAttack) -> Panel:
    lambdas = [each.lambda_bits for each in attack.attempts]
    line = estimated("FAR", lambdas, [each.far for each in attack.attempts])
    x_label, y_label = "lambda (bits)", "FAR at c (share of trials)"
    return Panel("FAR against lambda", x_label, y_label, (line,), y_scale="log")


def _histogram(attack: CredentialAttack) -> Panel:
    lines = []
    for each in attack.attempts:
        bits = np.flatnonzero(each.counts)  # a logarithmic axis has no place for none
        lines.append(
            Series(
                f"{each.lambda_bits} bits, c = {each.radius}",
                tuple((bits / each.lambda_bits).tolist()),
                tuple((each.counts[bits] / each.trials).tolist()),
            )
        )
    x_label, y_label = "Hamming distance / lambda", "share of trials"
    return Panel("Trials by distance", x_label, y_label, tuple(lines), y_scale="log")


def _document(
    attack: CredentialAttack,
    lock: AiLock,
    photos: LabelledPhotos,
    recorded: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "references": attack.references,
        "objects": attack.objects,
        "samples": attack.samples,
        "trials": attack.trials,
        "lambdas": [
            {
                "lambda_bits": each.lambda_bits,
                "radius": each.radius,
                "trials": each.trials,
                "accepted": each.accepted,
                "far": each.far.value,
                "far_95": [each.far.low, each.far.high],
                "references_opened": each.opened,
                "histogram": each.counts,
            }
            for each in attack.attempts
        ],
        "notes": notes(attack),
        "provenance": {
            **recorded,
            "seed": attack.seed,
            "bundle": provenance.bundle_record(lock),
            "profile": lock.profile.name,
            "photo_sets": [
                {"file": name_of(part), "sha256": sha256}
                for part, sha256 in zip(photos.sets, photos.sha256, strict=True)
            ],
        },
    }
