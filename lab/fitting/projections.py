"""Linear components of embeddings, and their folding into a frozen projection (SPEC section 3).

Here covariances are exact, D x D; where D is too large for that, principal components come from
``lab.fitting.incremental_pca``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.fitting.hyperplanes import gaussian_hyperplanes, orthonormal_hyperplanes

KINDS = ("pca", "whitened-pca", "discriminant")
HYPERPLANES = {"orthonormal": orthonormal_hyperplanes, "gaussian": gaussian_hyperplanes}
_RANK_TOLERANCE = 1e-9
"""Variance, as a share of the largest, below which a direction counts as absent."""

Array = NDArray[np.float64]


class Moments:
    """Mean and covariance of embeddings that come in chunks, each seen once.

    Memory is one (D, D) matrix, however many embeddings there are. Chunks are merged about their
    own means (Chan, Golub and LeVeque 1979), for sums of squares about zero would cancel.

    Parameters
    ----------
    dimensions : D
    """

    def __init__(self, dimensions: int) -> None:
        self.count = 0
        self.mean: Array = np.zeros(dimensions)
        self._scatter: Array = np.zeros((dimensions, dimensions))

    def add(self, embeddings: NDArray[np.floating]) -> None:
        """Take in (N, D), N at least 1."""
        chunk = embeddings.astype(np.float64)
        total = self.count + len(chunk)
        mean = chunk.mean(axis=0)
        chunk -= mean
        step = mean - self.mean
        self._scatter += chunk.T @ chunk
        self._scatter += np.outer(step, step * (self.count * len(chunk) / total))
        self.mean = self.mean + step * (len(chunk) / total)
        self.count = total

    @property
    def covariance(self) -> Array:
        """Sample covariance, float64 (D, D).

        Raises
        ------
        ValueError
            Fewer than two embeddings were added.
        """
        if self.count < 2:
            raise ValueError("a covariance needs at least two photos")
        return self._scatter / (self.count - 1)


@dataclass(frozen=True, eq=False)
class Components:
    """``(embedding - mean) @ matrix``, most telling component first.

    Attributes
    ----------
    mean : float64 (D,)
    matrix : float64 (D, K), K the embeddings' rank; the entry of largest size in each column is
        positive, so that the hyperplanes that cut them do not depend on how LAPACK chose a sign
    strengths : float64 (K,), descending: each component's eigenvalue, the variance over photos
        for principal components, total over within-object variance for a discriminant
    variances : float64 (K,), of each component; no two are correlated
    """

    mean: Array
    matrix: Array
    strengths: Array
    variances: Array

    def share(self, start: int, stop: int) -> float:
        """Share of the sum of strengths that the window [start, stop) holds."""
        return float(self.strengths[start:stop].sum() / self.strengths.sum())


def scaled(mean: Array, directions: Array, variances: Array, whiten: bool) -> Components:
    """Principal components from unit ``directions`` (D, K) and their ``variances`` (K,)."""
    directions = with_signs(directions)
    if not whiten:
        return Components(mean, directions, variances, variances)
    return Components(mean, directions / np.sqrt(variances), variances, np.ones_like(variances))


def principal_components(moments: Moments, whiten: bool) -> Components:
    """Principal components; whitened ones have unit variance."""
    values, vectors = _descending(moments.covariance)
    return scaled(moments.mean, vectors, values, whiten)


Seen = tuple[NDArray[np.float32], NDArray[np.int_]]
"""Embeddings (N, D), and integers (N,) from 0: the object that each shows, at least twice."""


def discriminant_components(kinds: Sequence[Seen], shrinkage: float) -> Components:
    """Directions in which objects differ most for how little each object's own photos do.

    Fisher's discriminant: the covariance within objects, shrunk towards a multiple of the identity,
    is whitened, and the total covariance's eigenvectors are taken there. Each component is scaled
    to unit total variance, so that every one has the same say in the bits.

    Parameters
    ----------
    kinds : what an object can look like, by why it does: random views, real photos, scenes; each
        kind has the same say, however many embeddings it has
    shrinkage : in [0, 1], the identity's share of the covariance within objects

    Raises
    ------
    ValueError
        An object is seen only once.
    """
    total, within, means = _both_covariances(kinds)
    level = np.trace(within) / len(within)
    within = (1 - shrinkage) * within + shrinkage * level * np.eye(len(within))
    values, vectors = _descending(within)
    whiten = vectors / np.sqrt(values)
    strengths, directions = _descending(whiten.T @ total @ whiten)
    matrix = with_signs(whiten @ directions / np.sqrt(strengths))
    return Components(means, matrix, strengths, np.ones_like(strengths))


def whitened(components: Components, window: tuple[int, int], photos: Moments) -> Components:
    """The components of ``window``, made white over ``photos`` with the least change.

    Bits that correlate over ordinary photos let helper data be guessed
    (docs/explanation/threat-model.md), so what is whitened must be photos as users take
    them, and many: from N of them the correlations come out with an error of about 1 / sqrt(N).

    Raises
    ------
    ValueError
        The window reaches beyond the components there are, or the photos are too few for it.
    """
    _check_window(components, window)
    start, stop = window
    matrix = components.matrix[:, start:stop]
    values, vectors = _descending(matrix.T @ photos.covariance @ matrix)
    if len(values) < stop - start:
        raise ValueError(f"{photos.count} plain photos cannot make {stop - start} components white")
    turned = matrix @ (vectors / np.sqrt(values)) @ vectors.T
    strengths = components.strengths[start:stop]
    return Components(photos.mean, turned, strengths, np.ones_like(strengths))


def fold(
    components: Components, window: tuple[int, int], hyperplanes: Array
) -> tuple[NDArray[np.float16], Array]:
    """Weights float16 (lambda, D) and offsets float64 (lambda,) of the frozen projection.

    Over the photos whose mean and variances the components have, margins have mean zero and, up to
    float16, unit deviation: a bit's certainty is then comparable between bits. ``hyperplanes`` are
    (lambda, stop - start).

    Raises
    ------
    ValueError
        The window reaches beyond the components there are.
    """
    _check_window(components, window)
    start, stop = window
    exact = hyperplanes @ components.matrix[:, start:stop].T  # (lambda, D)
    deviations = np.sqrt(np.square(hyperplanes) @ components.variances[start:stop])
    weights = (exact / deviations[:, np.newaxis]).astype(np.float16)
    # Offsets are taken after rounding, so that they centre the margins that will be computed.
    return weights, weights.astype(np.float64) @ components.mean


def with_signs(columns: Array) -> Array:
    """Columns (D, K), each negated if its entry of largest size is negative."""
    largest = np.abs(columns).argmax(axis=0)
    return np.asarray(columns * np.sign(columns[largest, np.arange(columns.shape[1])]))


def _check_window(components: Components, window: tuple[int, int]) -> None:
    start, stop = window
    if stop > components.matrix.shape[1]:
        raise ValueError(
            f"window [{start}, {stop}) reaches beyond the {components.matrix.shape[1]} components"
        )


def _both_covariances(kinds: Sequence[Seen]) -> tuple[Array, Array, Array]:
    """Mean over the kinds of the covariance (D, D), that within objects, and the mean (D,)."""
    totals, withins, means = [], [], []
    for embeddings, objects in kinds:
        moments = Moments(embeddings.shape[1])
        moments.add(embeddings)
        totals.append(moments.covariance)
        withins.append(_within(embeddings.astype(np.float64) - moments.mean, objects))
        means.append(moments.mean)
    return np.mean(totals, axis=0), np.mean(withins, axis=0), np.mean(means, axis=0)


def _within(centred: Array, objects: NDArray[np.int_]) -> Array:
    """Covariance (D, D) of embeddings about the mean of their object."""
    counts = np.bincount(objects)
    if counts.min() < 2:
        raise ValueError("every object needs at least two views")
    sums = np.zeros((len(counts), centred.shape[1]))
    np.add.at(sums, objects, centred)
    deviations = centred - (sums / counts[:, np.newaxis])[objects]
    return np.asarray(deviations.T @ deviations / (len(centred) - len(counts)))


def _descending(symmetric: Array) -> tuple[Array, Array]:
    """Eigenvalues (K,) and eigenvectors (D, K), largest first, those of a zero value left out."""
    values, vectors = np.linalg.eigh(symmetric)
    kept = values > values[-1] * _RANK_TOLERANCE
    return values[kept][::-1], vectors[:, kept][:, ::-1]
