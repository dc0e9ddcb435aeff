"""A lock's own profile on the hold-out trials of the experiments, through the public pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ailock_sdk import AiLock
from benchmarks.accuracy.paper.protocol import Study
from benchmarks.accuracy.paper.rates import Rates, rates_at
from benchmarks.accuracy.paper.roles import REFERENCE, RolePhotos
from benchmarks.accuracy.paper.trials import Rule, Side, by_object, compare
from lab.photos.imageprints import all_imageprints
from lab.statistics.hamming import pack


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


def measure(study: Study, beside: DefaultProfile) -> Rates:
    """F1, FAR, FRR and EER of the lock at its own c, on the hold-out trials of ``study``.

    One reference photo; the quality gate is off, for the recipe has none.
    """
    probes, *others = (_side(study, beside, role, reference=False) for role in study.compared_roles)
    rule = Rule(beside.lock.lambda_bits, (beside.lock.radius,))
    compared = compare(
        _side(study, beside, REFERENCE, reference=True),
        others,
        rule,
        study.settings.replicates,
        study.settings.seed,
        probes,
    )
    return rates_at(compared, rule.radius)


def _side(study: Study, beside: DefaultProfile, role: str, reference: bool) -> Side:
    embeddings, split = study.roles[role]
    photos = beside.photos[role].keep(embeddings.rows[split.holdout])
    prints = all_imageprints(beside.lock, photos, beside.cache, reference, study.progress)
    names = embeddings.objects[split.holdout]
    rows, objects = by_object(names, np.ones(len(names), dtype=np.bool_))
    return Side((pack(prints.margins[rows] >= 0),), objects)
