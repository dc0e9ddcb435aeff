"""The imageprint of every photo of sets, through the public pipeline, kept between runs.

A photo has two: as a reference it is looked at more often than as a probe. Each kind is kept in a
file of its own, whose key names the looks; where a profile has the same looks for both, both are
one file, taken once.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk import AiLock
from ailock_sdk.errors import CaptureError, PhotoQualityError
from lab.files import replacing, stored_arrays
from lab.photos.labelled_photos import LabelledPhotos
from lab.photos.photo_sets import PhotoSet, kept_sha256

UNREADABLE = "unreadable"
"""Issue of a photo that could not be decoded; the other issues are the quality gate's."""
SAVE_INTERVAL_SECONDS = 20.0


@dataclass(frozen=True, eq=False)
class PhotoPrints:
    """One photo set after the pipeline, in the set's order.

    Attributes
    ----------
    margins : float64 (N, lambda), NaN for a photo without an imageprint
    issues : N texts, why the quality gate refuses the photo (comma-separated), or ""
    """

    margins: NDArray[np.float64]
    issues: tuple[str, ...]

    def acquired(self, quality_gate: bool) -> NDArray[np.bool_]:
        """Which photos take part, bool (N,): the readable ones, less those the gate refuses."""
        readable = ~np.isnan(self.margins).any(axis=1)
        passed = np.array([not issue for issue in self.issues])
        return np.asarray(readable & passed if quality_gate else readable, dtype=np.bool_)

    @classmethod
    def joined(cls, parts: Sequence[PhotoPrints]) -> PhotoPrints:
        """The photos of several sets, one set after the other."""
        return cls(
            np.concatenate([part.margins for part in parts]),
            tuple(issue for part in parts for issue in part.issues),
        )


def cache_key(
    lock: AiLock, photo_set: str, split: str, reference: bool = False
) -> dict[str, object]:
    """All that an imageprint and the gate's verdict depend on."""
    looks = lock.profile.reference_looks if reference else lock.profile.looks
    return {
        "format": "ailock-imageprints/2",
        "fingerprint": lock.fingerprint.hex(),
        "layers": list(lock.profile.layers),
        "segments": list(lock.profile.segments),
        "looks": [look.as_list() for look in looks],
        "runtime": lock.runtime,
        "pillow": version("pillow"),
        "ailock-sdk": version("ailock-sdk"),
        "photo_set_sha256": photo_set,
        "split": split,
    }


def all_imageprints(
    lock: AiLock,
    photos: LabelledPhotos,
    cache: Path,
    reference: bool = False,
    progress: bool = False,
) -> PhotoPrints:
    """The imageprints of the photos of all sets, one set after the other; see :func:`imageprints`.

    A set that is complete shares its file with every run on it, a part of one with every run on
    the same part.
    """
    parts = []
    for part, sha256 in zip(photos.sets, photos.sha256, strict=True):
        known_by = sha256 if photos.complete else kept_sha256(sha256, part)
        key = cache_key(lock, known_by, photos.split, reference)
        parts.append(imageprints(lock, part, cache, key, reference, progress))
    return PhotoPrints.joined(parts)


def imageprints(
    lock: AiLock,
    photos: PhotoSet,
    cache: Path,
    key: Mapping[str, object],
    reference: bool = False,
    progress: bool = False,
) -> PhotoPrints:
    """The imageprints of ``photos``, read from ``cache`` as far as an earlier run got.

    A photo that the quality gate refuses keeps its reasons and gets its imageprint all the same, so
    that runs with and without the gate share the file.

    Parameters
    ----------
    cache : folder of one ``.npz`` for each key; delete it to start afresh
    key : from :func:`cache_key`, of the same ``reference``
    reference : as a reference photo is looked at; otherwise as a probe
    progress : show a bar on stderr, if that is a terminal
    """
    text = json.dumps(key, sort_keys=True)
    file = cache / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"
    margins, issues = _load(file, text, len(photos), lock.lambda_bits)
    done = len(issues)
    if done < len(photos):
        saved = time.monotonic()
        label = f"{photos.source.name}, {'references' if reference else 'probes'}"
        bar = tqdm(photos, label, unit="photo", disable=None if progress else True)
        try:
            for index, (_, _, encoded) in enumerate(bar):
                if index < done:
                    continue
                margins[index], issue = _acquire(lock, encoded, reference)
                issues.append(issue)
                if time.monotonic() - saved > SAVE_INTERVAL_SECONDS:
                    _save(file, text, margins, issues)
                    saved = time.monotonic()
        finally:
            _save(file, text, margins, issues)
    return PhotoPrints(margins, tuple(issues))


def _acquire(lock: AiLock, encoded: bytes, reference: bool) -> tuple[NDArray[np.float64], str]:
    gate, issue = lock.check_quality, ""
    try:
        lock.check_quality = True
        try:
            return lock.imageprint(encoded, reference=reference).margins, ""
        except PhotoQualityError as refusal:
            issue = ",".join(found.value for found in refusal.issues)
        lock.check_quality = False
        return lock.imageprint(encoded, reference=reference).margins, issue
    except CaptureError:
        return np.full(lock.lambda_bits, np.nan), UNREADABLE
    finally:
        lock.check_quality = gate


def _load(
    file: Path, key: str, photos: int, lambda_bits: int
) -> tuple[NDArray[np.float64], list[str]]:
    margins = np.full((photos, lambda_bits), np.nan)
    stored = stored_arrays(file)
    if stored is None or stored.keys() != {"key", "margins", "issues"}:
        return margins, []
    issues = [str(issue) for issue in stored["issues"].ravel()]
    if str(stored["key"]) != key or stored["margins"].shape != (len(issues), lambda_bits):
        return margins, []
    if len(issues) > photos or stored["margins"].dtype != margins.dtype:
        return margins, []
    margins[: len(issues)] = stored["margins"]
    return margins, issues


def _save(file: Path, key: str, margins: NDArray[np.float64], issues: list[str]) -> None:
    with replacing(file) as stream:
        np.savez(
            stream,
            key=np.array(key),
            margins=margins[: len(issues)],
            issues=np.array(issues, dtype=np.str_),
        )
