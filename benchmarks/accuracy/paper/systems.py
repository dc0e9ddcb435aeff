"""A way to make imageprints, with the photos it is judged on and its rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.paper.default_profile import DefaultProfile
from benchmarks.accuracy.paper.protocol import Settings, Study
from benchmarks.accuracy.paper.roles import CATEGORY, ILLUMINATION, IMPOSTOR, REFERENCE
from benchmarks.accuracy.paper.trials import Rule, Side, by_object, compare
from lab.photos.imageprints import all_imageprints
from lab.statistics.comparisons import Comparisons
from lab.statistics.hamming import pack

UNFITTED = (ILLUMINATION, CATEGORY, IMPOSTOR)
"""Roles whose photos meet a lock's references: all but the synthetic, which are an attack."""


@dataclass(frozen=True)
class Photo:
    """A photo: its number among its role's photos, its object, and its path in its set."""

    role: str
    number: int
    object: str
    path: str


@dataclass(frozen=True, eq=False)
class Crowd:
    """Imageprints of some of a role's photos, sorted by object, and whose each is."""

    side: Side
    photos: tuple[Photo, ...]

    def __len__(self) -> int:
        return len(self.photos)


@dataclass(frozen=True, eq=False)
class System:
    """What is judged.

    Attributes
    ----------
    name : a variant and its lambda, or a bundle and its profile
    rule : when photos match
    references, probes : the same photos of the reference role, in both parts
    others : photos of no object that enrols, as probes
    comparisons : trials of ``references``, with those of ``others`` that the name stands for
    refused : photos of the reference role that the quality gate refuses; they are not among these
    """

    name: str
    rule: Rule
    references: Crowd
    probes: Crowd
    others: tuple[Crowd, ...]
    comparisons: Comparisons
    refused: int = 0


def recipe_system(study: Study, name: str) -> System:
    """A variant of the paper's recipe at the largest lambda, with tau of cross validation.

    Its photos are those of the hold-out, and impostors; the latter are not in the comparisons.
    """
    lambda_bits = study.settings.lambdas[-1]
    outcome = study.outcome(name, lambda_bits)
    references, *others = (
        _recipe_crowd(study, role, name, lambda_bits)
        for role in (*study.compared_roles, IMPOSTOR)
        if role in study.roles
    )
    return System(
        f"{name}, lambda {lambda_bits}",
        outcome.rule,
        references,
        references,
        tuple(crowd for crowd in others if len(crowd)),
        outcome.holdout,
    )


def profile_system(beside: DefaultProfile, settings: Settings, progress: bool = False) -> System:
    """A lock's own profile on all photos: none of them was needed to fit it here.

    Photos that the quality gate refuses are left out.
    """
    lock = beside.lock
    references, probes = (
        _profile_crowd(beside, REFERENCE, reference, progress) for reference in (True, False)
    )
    kept = sorted({p.number for p in references.photos} & {p.number for p in probes.photos})
    references, probes = _only(references, kept), _only(probes, kept)
    others = tuple(
        _profile_crowd(beside, role, reference=False, progress=progress)
        for role in UNFITTED
        if role in beside.photos
    )
    rule = Rule(lock.lambda_bits, (lock.radius,))
    others = tuple(crowd for crowd in others if len(crowd))
    sides = [crowd.side for crowd in others]
    compared = compare(
        references.side, sides, rule, settings.replicates, settings.seed, probes.side
    )
    refused = len(beside.photos[REFERENCE]) - len(kept)
    return System(beside.name, rule, references, probes, others, compared, refused)


def _recipe_crowd(study: Study, role: str, name: str, lambda_bits: int) -> Crowd:
    embeddings, _ = study.roles[role]
    fresh = study.features.unseen(role)
    rows, _ = by_object(embeddings.objects, fresh)
    photos = tuple(
        Photo(role, int(embeddings.rows[i]), str(embeddings.objects[i]), embeddings.paths[i])
        for i in rows
    )
    return Crowd(study.side(role, fresh, study.variants[name], lambda_bits), photos)


def _profile_crowd(beside: DefaultProfile, role: str, reference: bool, progress: bool) -> Crowd:
    photos = beside.photos[role]
    prints = all_imageprints(beside.lock, photos, beside.cache, reference, progress)
    rows, objects = by_object(np.array(photos.objects), prints.acquired(quality_gate=True))
    return Crowd(
        Side((pack(prints.margins[rows] >= 0),), objects),
        tuple(Photo(role, int(i), photos.objects[i], photos.paths[i]) for i in rows),
    )


def _only(crowd: Crowd, numbers: list[int]) -> Crowd:
    """The photos of these numbers, their objects numbered without a gap."""
    chosen: NDArray[np.bool_] = np.isin([photo.number for photo in crowd.photos], numbers)
    objects = np.unique(crowd.side.objects[chosen], return_inverse=True)[1].astype(np.int64)
    words = tuple(segment[chosen] for segment in crowd.side.words)
    photos = tuple(p for p, kept in zip(crowd.photos, chosen, strict=True) if kept)
    return Crowd(Side(words, objects), photos)
