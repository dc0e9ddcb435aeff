"""The verification experiment: every photo against every other, and what the lock would say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ailock_sdk import AiLock
from ailock_sdk.imageprint import combine
from benchmarks.accuracy import provenance
from benchmarks.accuracy.comparisons import Comparisons, compare_all, object_weights
from benchmarks.accuracy.error_rates import TooFewTrialsError
from benchmarks.accuracy.extractor_trials import run_trials, summary
from benchmarks.accuracy.gallery import save_gallery
from benchmarks.accuracy.imageprints import cache_key, imageprints
from benchmarks.accuracy.intervals import Estimate, estimate, usable_replicates
from benchmarks.accuracy.labelled_photos import LabelledPhotos, name_of
from benchmarks.accuracy.plots import Caption, save_det, save_histograms
from benchmarks.accuracy.report import as_json, as_markdown
from benchmarks.accuracy.samples import (
    References,
    Samples,
    arrange,
    combined_references,
    single_references,
)


@dataclass(frozen=True)
class Settings:
    """What the caller decides.

    Attributes
    ----------
    references : photos in a reference, R
    quality_gate : leave out photos that the gate refuses, and reference sets that enrolment would
    bootstrap : replicates; 0 gives no intervals
    seed : of the bootstrap, the drawn reference sets and the fuzzy extractor's trials
    """

    references: int = 1
    quality_gate: bool = True
    bootstrap: int = 1_000
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Verification:
    """Everything an evaluation found."""

    photos: LabelledPhotos
    issues: tuple[str, ...]
    quality_gate: bool
    failures: int
    duplicates: int
    lambda_bits: int
    radius: int
    samples: Samples
    references: References
    comparisons: Comparisons
    replicates: int
    estimates: Mapping[str, Estimate]
    extractor: dict[str, Any]
    provenance: dict[str, Any]


def verify(
    lock: AiLock,
    photos: LabelledPhotos,
    cache: Path,
    settings: Settings,
    command: str,
    progress: bool = False,
) -> Verification:
    """Measure ``lock`` on ``photos``; imageprints are kept in ``cache``.

    Raises
    ------
    TooFewTrialsError
        No two photos of one object, or photos of one object only, are left.
    """
    keys = [cache_key(lock, sha256, photos.split) for sha256 in photos.sha256]
    prints = [
        imageprints(lock, photo_set, cache, key, progress)
        for photo_set, key in zip(photos.sets, keys, strict=True)
    ]
    issues = tuple(issue for part in prints for issue in part.issues)
    acquired = np.concatenate([part.acquired(settings.quality_gate) for part in prints])
    margins = np.concatenate([part.margins for part in prints])
    samples = arrange(margins, list(photos.objects), acquired)
    if settings.references == 1:
        references = single_references(samples)
    else:
        rule = lock.reference if settings.quality_gate else combine
        references = combined_references(samples, settings.references, settings.seed, rule)
    weights = object_weights(len(samples.names), settings.bootstrap, settings.seed)
    compared = compare_all(samples, references, weights, progress)
    if not compared.mated.any() or not compared.non_mated.any():
        raise TooFewTrialsError(
            f"{len(samples)} usable photos of {len(samples.names)} objects make "
            f"{int(compared.mated.sum())} mated and {int(compared.non_mated.sum())} non-mated "
            f"trials with {settings.references} photos in a reference: both kinds are needed"
        )
    trials = run_trials(
        lock.code, lock.radius, samples, references, settings.seed, progress=progress
    )
    return Verification(
        photos=photos,
        issues=issues,
        quality_gate=settings.quality_gate,
        failures=int(np.count_nonzero(~acquired)),
        duplicates=_duplicates(photos),
        lambda_bits=lock.lambda_bits,
        radius=lock.radius,
        samples=samples,
        references=references,
        comparisons=compared,
        replicates=int(usable_replicates(compared).sum()),
        estimates=estimate(compared, lock.radius),
        extractor=summary(trials, lock.radius),
        provenance=_provenance(lock, photos, settings, command),
    )


def save(result: Verification, out: Path) -> list[Path]:
    """Write verify.json, verify.md, det.png, histograms.png and worst.png; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    files = [
        out / name
        for name in ("verify.json", "verify.md", "det.png", "histograms.png", "worst.png")
    ]
    files[0].write_text(as_json(result), "utf-8")
    files[1].write_text(as_markdown(result), "utf-8")
    facts = result.provenance
    names = [entry["file"] for entry in facts["photo_sets"]]
    sets = ", ".join(names) if len(names) <= 2 else f"{len(names)} photo sets"
    references = result.references.members.shape[1]
    subtitle = (
        f"{facts['bundle']['name']} {facts['bundle']['version']}, profile {facts['profile']}, "
        f"lambda {result.lambda_bits}, {len(result.samples.names)} objects, "
        f"{len(result.samples)} photos"
        + (f", {references} in a reference" if references > 1 else "")
    )
    compared = result.comparisons
    save_det(files[2], compared, result.radius, Caption(f"Detection error: {sets}", subtitle))
    save_histograms(
        files[3],
        compared,
        result.lambda_bits,
        result.radius,
        Caption(f"Distances of imageprints: {sets}", subtitle),
    )
    save_gallery(
        files[4],
        compared,
        result.samples,
        result.references,
        result.photos.read,
        result.radius,
        Caption(f"Hardest pairs: {sets}", f"{subtitle}, c {result.radius}"),
    )
    return files


def _duplicates(photos: LabelledPhotos) -> int:
    encoded = [hashlib.sha256(data).digest() for part in photos.sets for _, _, data in part]
    return len(encoded) - len(set(encoded))


def _names_of_files_with(folder: Path, sha256: str) -> list[str]:
    """The bundle's text files that name a photo set: it had a part in making the bundle."""
    texts = sorted([*folder.glob("*.json"), *folder.glob("*.md")])
    return [file.name for file in texts if sha256 in file.read_text("utf-8", errors="replace")]


def _provenance(
    lock: AiLock, photos: LabelledPhotos, settings: Settings, command: str
) -> dict[str, Any]:
    return {
        "date": provenance.now(),
        "command": command,
        "seed": settings.seed,
        "machine": provenance.machine(),
        "versions": provenance.versions(),
        "runtime": lock.runtime,
        "bundle": {
            "name": lock.bundle.name,
            "version": lock.bundle.version,
            "fingerprint": lock.bundle.fingerprint.hex(),
        },
        "profile": lock.profile.name,
        "tau": lock.profile.tau,
        "code": list(lock.profile.code),
        "photo_sets": [
            {
                "file": name_of(photo_set),
                "sha256": sha256,
                "split": photos.split,
                "fitted_on": _names_of_files_with(lock.bundle.path, sha256),
            }
            for photo_set, sha256 in zip(photos.sets, photos.sha256, strict=True)
        ],
    }
