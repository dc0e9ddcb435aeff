"""Linear components of embeddings, and their folding into a frozen projection (SPEC section 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.imageprint import gaussian_hyperplanes, orthonormal_hyperplanes

KINDS = ("pca", "whitened-pca", "discriminant")
HYPERPLANES = {"orthonormal": orthonormal_hyperplanes, "gaussian": gaussian_hyperplanes}
_RANK_TOLERANCE = 1e-9
"""Variance, as a share of the largest, below which a direction counts as absent."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Components:
    """``(embedding - mean) @ matrix``, most telling component first.

    Attributes
    ----------
    mean : float64 (D,)
    matrix : float64 (D, K), K the embeddings' rank
    strengths : float64 (K,), descending: each component's eigenvalue, the variance over photos
        for principal components, total over within-object variance for a discriminant
    """

    mean: Array
    matrix: Array
    strengths: Array

    def share(self, start: int, stop: int) -> float:
        """Share of the sum of strengths that the window [start, stop) holds."""
        return float(self.strengths[start:stop].sum() / self.strengths.sum())


def principal_components(embeddings: NDArray[np.float32], whiten: bool) -> Components:
    """Principal components of float32 (N, D); whitened ones have unit variance."""
    mean, covariance = _moments(embeddings)
    values, vectors = _descending(covariance)
    return Components(mean, vectors / np.sqrt(values) if whiten else vectors, values)


def discriminant_components(
    embeddings: NDArray[np.float32], objects: NDArray[np.int_], shrinkage: float
) -> Components:
    """Directions in which objects differ most for how little each object's own photos do.

    Fisher's discriminant: the covariance within objects, shrunk towards a multiple of the identity,
    is whitened, and the total covariance's eigenvectors are taken there. Each component is scaled
    to unit total variance, so that every one has the same say in the bits.

    Parameters
    ----------
    embeddings : float32 (N, D)
    objects : (N,) integers from 0, the object that each embedding shows; every one at least twice
    shrinkage : in [0, 1], the identity's share of the covariance within objects
    """
    mean, total = _moments(embeddings)
    within = _within(embeddings.astype(np.float64) - mean, objects)
    level = np.trace(within) / len(within)
    within = (1 - shrinkage) * within + shrinkage * level * np.eye(len(within))
    values, vectors = _descending(within)
    whiten = vectors / np.sqrt(values)
    strengths, directions = _descending(whiten.T @ total @ whiten)
    return Components(mean, whiten @ directions / np.sqrt(strengths), strengths)


def whitened(
    components: Components, window: tuple[int, int], embeddings: NDArray[np.float32]
) -> Components:
    """The components of ``window``, made white over ``embeddings`` (N, D) with the least change.

    Bits that correlate over ordinary photos let helper data be guessed (docs/threat-model.md), so
    what is whitened must be photos as users take them, and many: from N of them the correlations
    come out with an error of about 1 / sqrt(N).
    """
    start, stop = window
    matrix = components.matrix[:, start:stop]
    mean, covariance = _moments((embeddings.astype(np.float64) - components.mean) @ matrix)
    values, vectors = _descending(covariance)
    turned = matrix @ (vectors / np.sqrt(values)) @ vectors.T
    strengths = components.strengths[start:stop]
    return Components(components.mean + mean @ np.linalg.pinv(matrix), turned, strengths)


def fold(
    components: Components,
    window: tuple[int, int],
    hyperplanes: Array,
    embeddings: NDArray[np.float32],
) -> tuple[NDArray[np.float16], Array]:
    """Weights float16 (lambda, D) and offsets float64 (lambda,) of the frozen projection.

    Margins have mean zero and, up to float16, unit deviation over ``embeddings`` (N, D): a bit's
    certainty is then comparable between bits. ``hyperplanes`` are (lambda, stop - start).

    Raises
    ------
    ValueError
        The window reaches beyond the components there are.
    """
    start, stop = window
    if stop > components.matrix.shape[1]:
        raise ValueError(
            f"window [{start}, {stop}) reaches beyond the {components.matrix.shape[1]} components"
        )
    exact = hyperplanes @ components.matrix[:, start:stop].T  # (lambda, D)
    deviations = (embeddings.astype(np.float64) @ exact.T).std(axis=0)
    weights = (exact / deviations[:, np.newaxis]).astype(np.float16)
    # Offsets are taken after rounding, so that they centre the margins that will be computed.
    margins = embeddings.astype(np.float64) @ weights.astype(np.float64).T
    return weights, margins.mean(axis=0)


def _moments(embeddings: NDArray[np.float32]) -> tuple[Array, Array]:
    """Mean (D,) and covariance (D, D) of (N, D), in float64."""
    exact = embeddings.astype(np.float64)
    return exact.mean(axis=0), np.atleast_2d(np.cov(exact, rowvar=False))


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
