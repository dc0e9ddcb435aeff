"""The weights of the presentation attack detector, from features of real and presented photos."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.capture.presentation import PresentationDetector
from lab.errors import TooFewTrialsError

PENALTY = 0.03
"""Of half the squared weights, beside the mean loss; the features are many and the photos few."""
BPCER = 0.1
"""Share of real photos of training that the detector's threshold takes for presented ones."""
_STEPS = 50


def fit_detector(
    features: NDArray[np.float64], presented: NDArray[np.bool_], penalty: float = PENALTY
) -> PresentationDetector:
    """Logistic regression with an L2 penalty by Newton's method, both classes with the same say.

    Parameters
    ----------
    features : float64 (N, F)
    presented : bool (N,), screens and prints
    penalty : above 0

    Raises
    ------
    TooFewTrialsError
        All photos are of one class.
    """
    if presented.all() or not presented.any():
        raise TooFewTrialsError("training needs real photos and photos of screens")
    centre, scale = features.mean(axis=0), features.std(axis=0) + 1e-6
    found = PresentationDetector(centre, scale, np.zeros(len(centre)), 0.0, 0.0)
    standard = found.standardised(features)
    design = np.column_stack([standard, np.ones(len(standard))])
    say = np.where(presented, 0.5 / presented.sum(), 0.5 / (~presented).sum())
    ridge = np.diag([*np.full(len(centre), penalty), 0.0])
    weights = np.zeros(len(centre) + 1)
    for _ in range(_STEPS):
        likely = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (say * (likely - presented)) + ridge @ weights
        curve = (design * (say * likely * (1 - likely))[:, None]).T @ design + ridge
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    found = PresentationDetector(centre, scale, weights[:-1], float(weights[-1]), 0.0)
    threshold = float(np.quantile(found.scores(features[~presented]), 1 - BPCER))
    return PresentationDetector(centre, scale, found.weights, found.bias, threshold)
