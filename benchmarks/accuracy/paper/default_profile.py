"""A lock's own profile on the hold-out trials of the experiments, through the public pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ailock_sdk import AiLock
from benchmarks.accuracy.paper.protocol import OTHERS, Study, bounded, by_object, f1_at
from benchmarks.accuracy.paper.roles import REFERENCE, RolePhotos
from benchmarks.accuracy.paper.trials import Rule, Side, compare
from lab.photos.imageprints import all_imageprints
from lab.statistics.hamming import pack
from lab.statistics.intervals import Estimate, estimate


@dataclass(frozen=True, eq=False)
class DefaultProfile:
    """A lock to measure beside the recipe, and the photos whose embeddings the recipe sees.

    Attributes
    ----------
    photos : of each role, those that its embeddings are of
    cache : folder where imageprints are kept between runs
    """

    lock: AiLock
    photos: Mapping[str, RolePhotos]
    cache: Path

    @property
    def name(self) -> str:
        """Bundle and profile."""
        return f"{self.lock.bundle.name}, profile {self.lock.profile.name}"


def measure(study: Study, beside: DefaultProfile) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    """F1, FAR, FRR and EER of the lock at its own c, on the hold-out trials of ``study``.

    One reference photo; the quality gate is off, for the recipe has none.
    """
    probes, *others = (
        _side(study, beside, role, reference=False)
        for role in (REFERENCE, *(role for role in OTHERS if role in study.roles))
    )
    rule = Rule(beside.lock.lambda_bits, (beside.lock.radius,))
    compared = compare(
        _side(study, beside, REFERENCE, reference=True),
        others,
        rule,
        study.settings.replicates,
        study.settings.seed,
        probes,
    )
    found = estimate(compared, rule.radius)
    return (
        f1_at(compared, rule.radius),
        found["fmr_at_radius"],
        found["fnmr_at_radius"],
        bounded(found["eer"], compared.mated_objects),
    )


def _side(study: Study, beside: DefaultProfile, role: str, reference: bool) -> Side:
    embeddings, split = study.roles[role]
    rows, objects = by_object(embeddings.objects, split.holdout)
    margins = np.full((len(split.holdout), beside.lock.lambda_bits), np.nan)
    chosen = beside.photos[role].keep(embeddings.rows[split.holdout])
    prints = all_imageprints(beside.lock, chosen, beside.cache, reference, study.progress)
    margins[split.holdout] = prints.margins
    return Side((pack((margins[rows] >= 0).astype(np.uint8)),), objects)
