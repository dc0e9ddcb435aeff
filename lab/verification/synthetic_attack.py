"""The synthetic image attack on a bundle's own profile, at its own radius c."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ailock_sdk import AiLock
from lab.photos.imageprints import all_imageprints
from lab.photos.labelled_photos import LabelledPhotos
from lab.photos.quality import reasons, refused_at_any_size
from lab.photos.synthetic import GENERATED, HALVES, ImageKind, half_of
from lab.report.results import Table
from lab.statistics.intervals import Estimate
from lab.statistics.synthetic_far import compare_with_images

MILLION = 1e6


@dataclass(frozen=True)
class AttackSettings:
    """``replicates`` of the object bootstrap, its ``seed``, and ``progress``: show bars."""

    replicates: int = 1_000
    seed: int = 1
    progress: bool = False


def profile_attack(
    lock: AiLock,
    references: LabelledPhotos,
    synthetic: LabelledPhotos,
    cache: Path,
    settings: AttackSettings,
    kind: ImageKind = GENERATED,
) -> Table:
    """Every reference imageprint against every synthetic image as a probe, at the profile's c.

    Reference photos that the quality gate refuses are left out: nobody enrols with them.

    Parameters
    ----------
    synthetic : images in folders DS1 and DS2
    cache : folder where imageprints are kept between runs
    """
    enrolled = all_imageprints(lock, references, cache, True, settings.progress)
    probes = all_imageprints(lock, synthetic, cache, False, settings.progress)
    kept = enrolled.acquired(quality_gate=True)
    readable = probes.acquired(quality_gate=False)
    halves = half_of(synthetic.paths)
    passed = readable & ~refused_at_any_size(probes.issues)
    reference_bits = (enrolled.margins[kept] >= 0).astype(np.uint8)
    image_bits = (probes.margins >= 0).astype(np.uint8)
    objects = np.array(references.objects)[kept]
    shown = kind.shown(np.array(synthetic.objects))
    rows = []
    for half in HALVES:
        for gate, chosen in (("no", readable), ("yes", passed)):
            here = chosen & (halves == half)
            found = compare_with_images(
                reference_bits, objects, image_bits[here], None if shown is None else shown[here]
            )
            far = found.far(lock.radius, settings.replicates, settings.seed)
            nearest = np.flatnonzero(found.histograms.sum(axis=0))
            rows.append(
                (
                    half,
                    gate,
                    found.images,
                    found.trials,
                    found.accepted(lock.radius),
                    *per_million(far),
                    int(nearest[0]) if len(nearest) else None,
                )
            )
    columns = (
        *("images of", "gate", "images", "trials", "accepted"),
        *("FAR (1e-6)", "95 % (1e-6)", "least distance (bits)"),
    )
    bundle = lock.bundle
    spread = 100 * mean_difference(image_bits[readable])
    return Table(
        "",
        f"{kind.attack} on {bundle.name} {bundle.version}, profile {lock.profile.name}: "
        f"lambda {lock.lambda_bits}, c = {lock.radius}",
        columns,
        tuple(rows),
        None,
        (
            f"{len(reference_bits):,} reference photos of {len(np.unique(objects)):,} objects; "
            f"{int((~kept).sum()):,} that the gate refuses are left out.",
            *kind.notes,
            *gate_notes(list(probes.issues)),
            "Intervals: 95 %, bootstrap of the reference objects; with nothing accepted, the rule "
            "of three over pairs of an object and an image.",
            f"Two images differ in {spread:.1f} % of the bits in the mean, two reference photos in "
            f"{100 * mean_difference(reference_bits):.1f} %.",
        ),
    )


def gate_notes(issues: list[str]) -> tuple[str, ...]:
    """What the gate says of the images, for the notes of a table."""
    counts = ", ".join(f"{name} {count:,}" for name, count in reasons(issues).items()) or "none"
    return (
        f"Of {len(issues):,} images the gate refuses {sum(map(bool, issues)):,} as they are "
        f"({counts}) and {int(refused_at_any_size(issues).sum()):,} however much they are "
        "enlarged; the latter are left out here.",
        "The paper has no quality gate.",
    )


def per_million(estimate: Estimate | None) -> tuple[object, ...]:
    """A FAR and its interval in 1e-6: two cells."""
    if estimate is None:
        return None, None
    if estimate.low is None or estimate.high is None:
        return estimate.value * MILLION, None
    ends = f"{estimate.low * MILLION:.3g} to {estimate.high * MILLION:.3g}"
    return estimate.value * MILLION, ends


def mean_difference(bits: NDArray[np.uint8]) -> float:
    """Share of bits in which two different rows differ, in the mean over all pairs."""
    count = len(bits)
    ones = bits.sum(axis=0, dtype=np.int64)
    differing = int((ones * (count - ones)).sum())
    return differing / (count * (count - 1) / 2 * bits.shape[1]) if count > 1 else float("nan")
