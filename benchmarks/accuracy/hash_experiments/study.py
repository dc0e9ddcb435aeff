"""What all experiments share: a lock's hashes of labelled photos, and the head of a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from lab.photos.labelled_photos import LabelledPhotos
from lab.report import provenance
from lab.report.results import Chapter, Report, Result
from lab.statistics.samples import Samples


@dataclass(frozen=True, eq=False)
class Study:
    """One bundle on photos.

    Attributes
    ----------
    samples : every readable photo; the thesis has no quality gate, nor have its experiments here
    labels : asked for by name, of experiment 4; (): those that the photos have
    panels : subjects with a histogram of their own in experiment 1's figure, at most
    splits, epochs : of experiment 4
    cache : folder of trained networks' histories
    """

    lock: AiLock
    photos: LabelledPhotos
    samples: Samples
    bootstrap: int
    seed: int
    labels: tuple[str, ...]
    panels: int
    splits: int
    epochs: int
    cache: Path

    @property
    def lambda_bits(self) -> int:
        return self.samples.lambda_bits


Found = tuple[list[Result], dict[str, Any]]
"""Results of an experiment, and what its JSON file has beside them."""


def as_report(study: Study, number: int, title: str, found: Found, command: str) -> Report:
    """An experiment's report."""
    results, document = found
    recorded = provenance.record(command)
    lock, samples = study.lock, study.samples
    depends_on = {
        "Photos": f"{provenance.photos_line(study.photos)}, {study.photos.split} objects; "
        f"{len(samples)} photos of {len(samples.names)} subjects",
        "Model bundle": f"{provenance.bundle_line(lock)}, profile {lock.profile.name}, "
        f"lambda {lock.lambda_bits}, c {lock.radius}",
        "Runtime": lock.runtime,
        "Seed": str(study.seed),
    }
    return Report(
        f"Hash experiment {number}: {title}",
        provenance.facts(recorded, depends_on),
        (
            "Thesis: NeuralHash, 96 bits, 2,722 frontal photos of 994 persons (ColorFERET), most "
            "of them two photos of one session. Other photos, so other numbers: compare shapes.",
        ),
        (Chapter("", {}, tuple(results)),),
        format=f"ailock-hash-experiment-{number}/1",
        document={
            "provenance": recorded,
            "bundle": provenance.bundle_record(lock),
            "photo_sets": list(study.photos.sha256),
            "lambda_bits": study.lambda_bits,
            "subjects": len(samples.names),
            "photos": len(samples),
            **document,
        },
    )
