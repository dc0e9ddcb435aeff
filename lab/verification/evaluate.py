"""The verification experiment: every photo against every other, and what the lock would say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ailock_sdk import AiLock
from ailock_sdk.imageprint import combine
from lab.errors import TooFewTrialsError
from lab.photos.imageprints import all_imageprints
from lab.photos.labelled_photos import LabelledPhotos, name_of
from lab.report import provenance
from lab.statistics.comparisons import Comparisons, compare_all, object_weights
from lab.statistics.intervals import estimate, usable_replicates
from lab.statistics.samples import (
    Probes,
    References,
    Samples,
    arrange,
    combined_probes,
    combined_references,
    in_common,
    single_references,
)
from lab.verification.extractor_trials import run_trials, summary
from lab.verification.imageprint_time import imageprint_times
from lab.verification.verification import Evaluation, Settings, Verification


@dataclass(frozen=True, eq=False)
class _Prints:
    """All photos as one lock sees them, margins float64 (N, lambda), in the caller's order."""

    probe_margins: NDArray[np.float64]
    reference_margins: NDArray[np.float64]
    issues: tuple[str, ...]
    acquired: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Task:
    """What all measurements of an evaluation have in common."""

    photos: LabelledPhotos
    issues: tuple[str, ...]
    acquired: NDArray[np.bool_]
    settings: Settings
    recorded: Mapping[str, Any]
    progress: bool

    def measure(
        self,
        lock: AiLock,
        samples: Samples,
        references: References,
        probe_photos: int,
        extractor: bool,
    ) -> Verification:
        """Compare, estimate, and with ``extractor`` decode a sample of the trials."""
        seed = self.settings.seed
        weights = object_weights(len(samples.names), self.settings.bootstrap, seed)
        probes = combined_probes(samples, probe_photos, seed)
        compared = compare_all(samples, references, weights, self.progress, probes)
        _require_trials(compared, samples, references, probes)
        trials = None
        if extractor:
            drawn = run_trials(
                lock.code, lock.radius, references, probes, seed, progress=self.progress
            )
            trials = summary(drawn, lock.radius)
        return Verification(
            photos=self.photos,
            issues=self.issues,
            quality_gate=self.settings.quality_gate,
            failures=int(np.count_nonzero(~self.acquired)),
            duplicates=_duplicates(self.photos),
            lambda_bits=lock.lambda_bits,
            radius=lock.radius,
            samples=samples,
            references=references,
            probes=probes,
            comparisons=compared,
            replicates=int(usable_replicates(compared).sum()),
            estimates=estimate(compared, lock.radius),
            extractor=trials,
            provenance=_provenance(lock, self.photos, self.settings, self.recorded),
        )


def verify(
    lock: AiLock,
    photos: LabelledPhotos,
    cache: Path,
    settings: Settings,
    command: str,
    progress: bool = False,
) -> Verification:
    """Measure ``lock`` alone; as :func:`evaluate`, with the first numbers of photos."""
    one = replace(settings, references=settings.references[:1], probes=settings.probes[:1])
    return evaluate(lock, photos, cache, one, command, progress=progress).main


def evaluate(
    lock: AiLock,
    photos: LabelledPhotos,
    cache: Path,
    settings: Settings,
    command: str,
    beside: Sequence[AiLock] = (),
    progress: bool = False,
) -> Evaluation:
    """Measure ``lock`` on ``photos``, and other locks on the same; imageprints stay in ``cache``.

    What one lock cannot use, a photo that its quality gate refuses or a reference set that its
    enrolment refuses, is left out for all. Of the locks beside, imageprints are compared and
    nothing more: their profiles may be such as nobody should enrol with.

    Raises
    ------
    TooFewTrialsError
        No two photos of one object, or photos of one object only, are left.
    """
    locks = [lock, *beside]
    prints = [_take_prints(each, photos, cache, settings.quality_gate, progress) for each in locks]
    acquired = np.logical_and.reduce([part.acquired for part in prints])
    issues = _united([part.issues for part in prints])
    samples = [
        arrange(part.probe_margins, list(photos.objects), acquired, part.reference_margins)
        for part in prints
    ]

    task = _Task(photos, issues, acquired, settings, provenance.record(command), progress)
    first, *more = product(settings.references, settings.probes)
    references = in_common(
        [
            _references(each, part, first[0], settings)
            for each, part in zip(locks, samples, strict=True)
        ]
    )
    main, *others = (
        task.measure(each, part, made, first[1], extractor=each is lock)
        for each, part, made in zip(locks, samples, references, strict=True)
    )
    by_photos: dict[tuple[int, int], Verification | None] = {first: main} if more else {}
    for numbers in more:
        made = _references(lock, samples[0], numbers[0], settings)
        try:
            by_photos[numbers] = task.measure(lock, samples[0], made, numbers[1], extractor=False)
        except TooFewTrialsError:
            by_photos[numbers] = None
    times = imageprint_times(locks, photos, samples[0].photos) if beside else ()
    return Evaluation(main, tuple(others), times, by_photos)


def acquire(
    lock: AiLock,
    photos: LabelledPhotos,
    cache: Path,
    quality_gate: bool = True,
    progress: bool = False,
) -> Samples:
    """The photos that ``lock`` can use, in both roles; imageprints stay in ``cache``."""
    found = _take_prints(lock, photos, cache, quality_gate, progress)
    objects = list(photos.objects)
    return arrange(found.probe_margins, objects, found.acquired, found.reference_margins)


def _take_prints(
    lock: AiLock, photos: LabelledPhotos, cache: Path, quality_gate: bool, progress: bool
) -> _Prints:
    probes, references = (
        all_imageprints(lock, photos, cache, reference, progress) for reference in (False, True)
    )
    return _Prints(
        probes.margins,
        references.margins,
        _united([probes.issues, references.issues]),
        probes.acquired(quality_gate) & references.acquired(quality_gate),
    )


def _references(lock: AiLock, samples: Samples, count: int, settings: Settings) -> References:
    if count == 1:
        return single_references(samples)
    rule = lock.reference if settings.quality_gate else combine
    return combined_references(samples, count, settings.seed, rule)


def _require_trials(
    compared: Comparisons, samples: Samples, references: References, probes: Probes
) -> None:
    if compared.mated.any() and compared.non_mated.any():
        return
    raise TooFewTrialsError(
        f"{len(samples)} usable photos of {len(samples.names)} objects make "
        f"{int(compared.mated.sum())} mated and {int(compared.non_mated.sum())} non-mated "
        f"trials with {references.members.shape[1]} photos in a reference and "
        f"{probes.members.shape[1]} in a probe: both kinds are needed"
    )


def _united(issues: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Each photo's issues, comma-separated, from several verdicts on all photos."""
    verdicts = zip(*issues, strict=True)
    return tuple(
        ",".join(dict.fromkeys(name for text in verdict for name in text.split(",") if name))
        for verdict in verdicts
    )


def _duplicates(photos: LabelledPhotos) -> int:
    encoded = [hashlib.sha256(data).digest() for part in photos.sets for _, _, data in part]
    return len(encoded) - len(set(encoded))


def _names_of_files_with(folder: Path, sha256: str) -> list[str]:
    """The bundle's text files that name a photo set: it had a part in making the bundle."""
    texts = sorted([*folder.glob("*.json"), *folder.glob("*.md")])
    return [file.name for file in texts if sha256 in file.read_text("utf-8", errors="replace")]


def _provenance(
    lock: AiLock, photos: LabelledPhotos, settings: Settings, recorded: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        **recorded,
        "seed": settings.seed,
        "runtime": lock.runtime,
        "bundle": provenance.bundle_record(lock),
        "profile": lock.profile.name,
        "looks": {
            "probe": len(lock.profile.looks),
            "reference": len(lock.profile.reference_looks),
        },
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
