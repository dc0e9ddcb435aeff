"""Distances of trials whose ends are one photo or several: of embeddings, and of imageprints."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.imageprint import ImagePrint, combine
from benchmarks.accuracy.faces.trials import End, Trials

Distances = Callable[[Trials], NDArray[np.float64]]


def of_embeddings(rows: NDArray[np.float32]) -> Distances:
    """Squared L2 distance of unit rows (N, D), 0 to 4; of several, the mean over all pairs.

    For unit vectors that mean is 2 - 2 <a, b> of the mean vectors a and b: FaceNet's average
    similarity of all pairs of frames needs no pair at all.
    """

    def mean(ends: tuple[End, ...]) -> NDArray[np.float64]:
        return np.stack([rows[list(end)].mean(axis=0, dtype=np.float64) for end in ends])

    def distances(trials: Trials) -> NDArray[np.float64]:
        products = np.einsum("td,td->t", mean(trials.first), mean(trials.second))
        return (2 - 2 * products).clip(0, 4)

    return distances


def of_imageprints(margins: NDArray[np.float64]) -> Distances:
    """Share of differing bits of margins (N, lambda), several photos combined as a lock does."""

    def bits(ends: tuple[End, ...]) -> NDArray[np.bool_]:
        return np.stack([combine([ImagePrint(margins[i]) for i in end]).bits for end in ends])

    def distances(trials: Trials) -> NDArray[np.float64]:
        return (bits(trials.first) != bits(trials.second)).mean(axis=1)

    return distances
