"""Ten folds: the threshold from nine, the error of the tenth (LFW view 2; FaceNet, section 5.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

FAR = 1e-3
"""False accept rate at which FaceNet states the validation rate."""


@dataclass(frozen=True)
class Mean:
    """Mean over the folds, and its standard error."""

    value: float
    standard_error: float


@dataclass(frozen=True)
class Folds:
    """What the folds gave, shares from 0 to 1.

    Attributes
    ----------
    accuracy : right verdicts of a fold at the threshold that is best on the others
    threshold : that threshold; a distance up to it is accepted
    val : mated trials accepted where at most FAR of the other folds' non-mated ones are
    far : non-mated trials accepted there
    """

    accuracy: Mean
    threshold: Mean
    val: Mean
    far: Mean


def evaluate_folds(
    distances: NDArray[np.float64], mated: NDArray[np.bool_], folds: NDArray[np.int64]
) -> Folds:
    """The protocol on T trials, each (T,); every fold has trials of both kinds."""
    accuracy, thresholds, val, far = [], [], [], []
    for fold in np.unique(folds):
        others, own = folds != fold, folds == fold
        threshold = best_threshold(distances[others], mated[others])
        thresholds.append(threshold)
        accuracy.append(np.mean((distances[own] <= threshold) == mated[own]))
        strict = threshold_at_far(distances[others & ~mated], FAR)
        val.append(np.mean(distances[own & mated] <= strict))
        far.append(np.mean(distances[own & ~mated] <= strict))
    return Folds(_mean(accuracy), _mean(thresholds), _mean(val), _mean(far))


def best_threshold(distances: NDArray[np.float64], mated: NDArray[np.bool_]) -> float:
    """Half-way between the two distances that are parted with the fewest errors.

    Of several, the least. Where it is best to accept all or none, the outermost distance.
    """
    order = np.argsort(distances, kind="stable")
    ordered = distances[order]
    accepted = np.concatenate([[0], np.cumsum(np.where(mated[order], 1, -1))])
    apart = np.concatenate([[True], np.diff(ordered) > 0, [True]])  # ties are accepted together
    cut = int(np.argmax(np.where(apart, accepted, np.iinfo(np.int64).min)))
    if cut == 0:
        return float(np.nextafter(ordered[0], -np.inf))
    if cut == len(ordered):
        return float(ordered[-1])
    return float((ordered[cut - 1] + ordered[cut]) / 2)


def threshold_at_far(non_mated: NDArray[np.float64], far: float) -> float:
    """The largest threshold that accepts at most a share ``far`` of the distances."""
    ordered = np.sort(non_mated)
    allowed = int(far * len(ordered) + 1e-9)  # 0.001 is no sum of halves
    return float(np.nextafter(ordered[allowed], -np.inf))


def _mean(values: Sequence[float]) -> Mean:
    return Mean(float(np.mean(values)), float(np.std(values, ddof=1)) / sqrt(len(values)))
