"""Error rates of a presentation attack detector in the terms of ISO/IEC 30107-3.

APCER: share of presented photos (screens, prints) that pass for real. BPCER: share of real photos
that are taken for presented ones. IAPAR: share of presented photos that the whole lock accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ailock_sdk import AiLock, PhotoQualityError
from lab.errors import TooFewTrialsError
from lab.photos.presentations import Presentations
from lab.statistics.comparisons import object_weights
from lab.statistics.intervals import Estimate, around, rule_of_three

BPCERS = (0.05, 0.1)


@dataclass(frozen=True)
class Rates:
    """Of some presented photos against real ones of the same source.

    Attributes
    ----------
    photos, real : how many
    auc : chance that a presented photo scores higher than a real one
    apcer : by BPCER, with the threshold that gives it on these very real photos
    at_threshold : APCER and BPCER at the detector's own threshold
    """

    photos: int
    real: int
    auc: Estimate
    apcer: dict[float, Estimate]
    at_threshold: tuple[Estimate, Estimate]


def measure_rates(
    scores: NDArray[np.float64],
    presented: NDArray[np.bool_],
    objects: NDArray[np.str_],
    threshold: float,
    bootstrap: int,
    seed: int,
) -> Rates:
    """Rates with intervals of a bootstrap over objects; thresholds are chosen anew in each draw.

    Parameters
    ----------
    scores, presented, objects : (N,)
    threshold : a score above it is taken for presented
    bootstrap : replicates; 0: no intervals

    Raises
    ------
    TooFewTrialsError
        There are no real or no presented photos.
    """
    if presented.all() or not presented.any():
        raise TooFewTrialsError("rates need real and presented photos")
    names, number = np.unique(objects, return_inverse=True)
    draws = (
        object_weights(len(names), bootstrap, seed)[:, number]
        if bootstrap
        else np.empty((0, len(scores)))
    )
    usable = [w for w in draws if w[presented].sum() and w[~presented].sum()]

    def estimate(rate: Callable[[NDArray[np.float64]], float], trials: int) -> Estimate:
        value = rate(np.ones(len(scores)))
        if not usable:
            return Estimate(value)
        bound = rule_of_three(trials) if value == 0 else 0.0
        return around(value, np.array([rate(w) for w in usable]), bound)

    def passed(weights: NDArray[np.float64], bpcer: float | None) -> float:
        real = ~presented
        at = threshold if bpcer is None else threshold_at(bpcer, scores[real], weights[real])
        return float(np.average(scores[presented] <= at, weights=weights[presented]))

    def refused(weights: NDArray[np.float64]) -> float:
        return float(np.average(scores[~presented] > threshold, weights=weights[~presented]))

    above = scores[presented][:, None] > scores[~presented][None]

    def auc(weights: NDArray[np.float64]) -> float:
        a, b = weights[presented], weights[~presented]
        return float(a @ above @ b / (a.sum() * b.sum()))

    count, real = int(presented.sum()), int((~presented).sum())
    return Rates(
        count,
        real,
        estimate(auc, real),
        {b: estimate(lambda w, b=b: passed(w, b), count) for b in BPCERS},  # type: ignore[misc]
        (estimate(lambda w: passed(w, None), count), estimate(refused, real)),
    )


def threshold_at(
    bpcer: float, scores: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> float:
    """The lowest score of a real photo above which at most ``bpcer`` of them lie.

    Parameters
    ----------
    scores, weights : of the real photos, (N,); no weights: all count the same
    """
    weights = np.ones(len(scores)) if weights is None else weights
    order = np.argsort(-scores)
    above = np.cumsum(weights[order]) - weights[order]
    allowed = np.flatnonzero(above <= bpcer * weights.sum())
    return float(scores[order][allowed[-1]])


def accepted_presentations(
    lock: AiLock, photos: Presentations, chosen: Sequence[int]
) -> dict[int, bool]:
    """Whether a lock enrolled with the real photo of each object accepts its presented photos.

    ``chosen`` are presented photos whose object has a real one. Those whose real photo the quality
    gate refuses are left out, as there is no lock to attack; one that it refuses is not accepted.
    """
    encoded = [data for _, _, data in photos.photos]
    real = {photos.objects[i]: i for i in np.flatnonzero(~photos.presented)}
    accepted = {}
    for index in chosen:
        try:
            reference = lock.imageprint(encoded[real[photos.objects[index]]], reference=True)
        except PhotoQualityError:
            continue
        try:
            accepted[index] = reference - lock.imageprint(encoded[index]) <= lock.radius
        except PhotoQualityError:
            accepted[index] = False
    return accepted
