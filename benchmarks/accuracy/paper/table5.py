"""Table 5: the synthetic image attack on the paper's recipe (ai.lock, sections 6.2 and 7.3).

Every reference photo meets every synthetic image, as SLSS imageprints by the components of all
training photos; thresholds are those of cross validation. No synthetic image had a part in either.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.paper.embeddings import RoleEmbeddings
from benchmarks.accuracy.paper.paper_values import SYNTHETIC_FAR, SYNTHETIC_TRIALS, TAU
from benchmarks.accuracy.paper.protocol import Study
from benchmarks.accuracy.paper.recipe import Bits
from benchmarks.accuracy.paper.roles import REFERENCE
from lab.fitting.calibration import TAU_UNIT
from lab.photos.quality import refused_at_any_size
from lab.photos.synthetic import GENERATED, HALVES, ImageKind, half_of
from lab.report.results import Absent, Figure, Panel, Result, Series, Table
from lab.statistics.synthetic_far import SyntheticTrials, compare_with_images
from lab.verification.synthetic_attack import MILLION, gate_notes, mean_difference, per_million

VARIANT = "SLSS"
PAPER_LAMBDAS = tuple(SYNTHETIC_FAR)
TITLE = "{} on SLSS: FAR on DS1 and DS2"


def synthetic_attack(
    study: Study,
    synthetic: RoleEmbeddings,
    issues: Mapping[str, str] | None = None,
    kind: ImageKind = GENERATED,
) -> list[Result]:
    """Table 5, the same with the quality gate, and how near the images come to the references.

    Parameters
    ----------
    study : the paper's recipe on the reference photos; its settings give lambdas and replicates
    synthetic : images in folders DS1 and DS2
    issues : from ``quality.gate_issues``, by path; without it, there is no table with the gate

    Raises
    ------
    SyntheticImagesError
        A synthetic image is in neither folder.
    """
    lambdas = tuple(bits for bits in PAPER_LAMBDAS if bits in study.settings.lambdas)
    if not lambdas:
        title = TITLE.format(kind.attack)
        return [Absent("Table 5", title, f"none of the lambdas is one of {PAPER_LAMBDAS}")]
    halves = half_of(synthetic.paths)
    shown = kind.shown(synthetic.objects)
    reference, _ = study.roles[REFERENCE]
    # A smaller lambda's hyperplanes are the first of a larger one's.
    variant = study.variants[VARIANT]
    reference_bits = study.final_bits(reference, variant, lambdas[-1])
    image_bits = study.final_bits(synthetic, variant, lambdas[-1])

    def trials(bits: int, chosen: NDArray[np.bool_]) -> SyntheticTrials:
        return compare_with_images(
            reference_bits[:, :bits],
            reference.objects,
            image_bits[chosen, :bits],
            None if shown is None else shown[chosen],
        )

    radii = {bits: study.outcome(VARIANT, bits).rule.radius for bits in lambdas}
    found = {half: {bits: trials(bits, halves == half) for bits in lambdas} for half in HALVES}
    notes = kind.notes + _notes(study, found, len(synthetic), reference_bits, image_bits)
    results: list[Result] = [_table(study, found, radii, kind, notes)]
    if issues is not None:
        given = [issues[path] for path in synthetic.paths]
        passed = ~refused_at_any_size(given)
        gated = {
            half: {bits: trials(bits, passed & (halves == half)) for bits in lambdas}
            for half in HALVES
        }
        notes = kind.notes + gate_notes(given)
        results.append(_gate_table(study, found, gated, radii, kind, notes))
    results.append(_distances(study, found, lambdas[-1], radii[lambdas[-1]]))
    return results


def _table(
    study: Study,
    found: Mapping[str, Mapping[int, SyntheticTrials]],
    radii: Mapping[int, int],
    kind: ImageKind,
    notes: tuple[str, ...],
) -> Table:
    rows = []
    for bits, radius in radii.items():
        cells: list[object] = [bits, _tau(study, bits), radius]
        for half in HALVES:
            far = found[half][bits].far(radius, study.settings.replicates, study.settings.seed)
            cells += [*per_million(far), found[half][bits].accepted(radius)]
        rows.append(tuple(cells))
    columns = ["lambda (bits)", "tau", "c (bits)"]
    for half in HALVES:
        columns += [f"FAR, {half} (1e-6)", f"95 %, {half} (1e-6)", f"accepted, {half}"]
    paper = [
        (bits, TAU.get(bits), None, SYNTHETIC_FAR[bits] * MILLION, *[None] * 5) for bits in radii
    ]
    title = TITLE.format(kind.attack)
    return Table("Table 5", title, tuple(columns), tuple(rows), tuple(paper), notes)


def _gate_table(
    study: Study,
    found: Mapping[str, Mapping[int, SyntheticTrials]],
    gated: Mapping[str, Mapping[int, SyntheticTrials]],
    radii: Mapping[int, int],
    kind: ImageKind,
    notes: tuple[str, ...],
) -> Table:
    rows = []
    for bits, radius in radii.items():
        for half in HALVES:
            without, behind = found[half][bits], gated[half][bits]
            # All images count as tried: one that the gate refuses is not accepted.
            rate = behind.accepted(radius) / without.trials if without.trials else None
            far = behind.far(radius, study.settings.replicates, study.settings.seed)
            rows.append(
                (
                    bits,
                    half,
                    without.images,
                    behind.images,
                    without.accepted(radius),
                    behind.accepted(radius),
                    None if rate is None else rate * MILLION,
                    *per_million(far),
                )
            )
    columns = (
        *("lambda (bits)", "images of", "images", "images the gate lets pass"),
        *("accepted without the gate", "accepted behind the gate"),
        *("FAR of all images (1e-6)", "FAR of those that pass (1e-6)", "95 % (1e-6)"),
    )
    title = f"{kind.attack} behind the quality gate"
    return Table("", title, columns, tuple(rows), None, notes)


def _distances(
    study: Study, found: Mapping[str, Mapping[int, SyntheticTrials]], bits: int, radius: int
) -> Figure:
    """Distances of synthetic images to references, beside those of the hold-out's real photos."""
    holdout = study.outcome(VARIANT, bits).holdout
    lines = [
        _line("real, mated", holdout.mated),
        _line("real, non-mated", holdout.non_mated),
        *(_line(half, found[half][bits].histograms.sum(axis=0)) for half in HALVES),
        Series(f"c = {radius}", (100 * radius / bits,) * 2, (0.0, 100.0)),
    ]
    panel = Panel(
        f"lambda {bits}",
        "distance from the reference (% of the bits)",
        "trials at most so far (%)",
        tuple(line for line in lines if line.x),
        y_range=(0.0, 100.0),
    )
    return Figure(
        "",
        "How near synthetic images come to the references",
        (panel,),
        ("Real photos: the hold-out's trials. A line further left is nearer to being accepted.",),
    )


def _line(label: str, histogram: NDArray[np.int64]) -> Series:
    if not histogram.sum():
        return Series(label, (), ())
    share = 100 * np.cumsum(histogram) / histogram.sum()
    at = 100 * np.arange(len(histogram)) / (len(histogram) - 1)
    return Series(label, tuple(at.tolist()), tuple(share.tolist()))


def _notes(
    study: Study,
    found: Mapping[str, Mapping[int, SyntheticTrials]],
    images: int,
    reference_bits: Bits,
    image_bits: Bits,
) -> tuple[str, ...]:
    first, second = (next(iter(found[half].values())) for half in HALVES)
    references, objects = len(reference_bits), len(np.unique(study.roles[REFERENCE][0].objects))
    return (
        f"{references:,} reference photos of {objects:,} objects; {first.images:,} images in DS1, "
        f"{second.images:,} in DS2: {first.trials:,} and {second.trials:,} trials "
        f"(the paper: {SYNTHETIC_TRIALS:,} each, of 100,000 images).",
        "The paper prints DS1 only. No synthetic image took part in fitting components or tau; in "
        "the paper's next figure DS2 does.",
        "Intervals: 95 %, bootstrap of the reference objects; with nothing accepted, the rule of "
        "three over pairs of an object and an image.",
        "The images were generated from these very reference photos, hold-out and training alike.",
        f"Images that are alike are one attack, not many: two images of the {images:,} "
        f"differ in {100 * mean_difference(image_bits):.1f} % of {image_bits.shape[1]} bits in the "
        f"mean, two reference photos in {100 * mean_difference(reference_bits):.1f} %.",
    )


def _tau(study: Study, bits: int) -> float:
    (found,) = study.outcome(VARIANT, bits).cross_validations
    return found.tau / TAU_UNIT
