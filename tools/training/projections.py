"""Linear projections of embeddings for comparison by cosine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COMPONENTS = 256
"""Dimensions kept by both projections."""
SHRINKAGE = 0.3
"""Share of the mean variance added to the within-object covariance: fitted on few views, it would
otherwise call directions stable that it has merely not seen move."""


@dataclass(frozen=True)
class Projection:
    """``(embedding - mean) @ matrix``, scaled to unit length: (N, D) -> (N, K)."""

    mean: np.ndarray
    matrix: np.ndarray

    def __call__(self, embeddings: np.ndarray) -> np.ndarray:
        return unit((embeddings - self.mean) @ self.matrix)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows of (N, K) scaled to unit length."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)


def whitened_pca(embeddings: np.ndarray, components: int = COMPONENTS) -> Projection:
    """Leading principal components of (N, D), each scaled to unit variance."""
    mean = embeddings.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(embeddings, rowvar=False))
    values, vectors = values[::-1][:components], vectors[:, ::-1][:, :components]
    return Projection(mean, vectors / np.sqrt(values.clip(values[0] * 1e-9)))


def discriminant(views: np.ndarray) -> Projection:
    """Linear discriminant of (P, V, D): P objects apart, the V views of each together.

    Whitens the covariance within objects and keeps the directions in which objects differ most.
    """
    means = views.mean(axis=1)
    within = (views - means[:, None]).reshape(-1, views.shape[-1])
    covariance = within.T @ within / (len(means) * (views.shape[1] - 1))
    covariance += SHRINKAGE * np.diag(covariance).mean() * np.eye(len(covariance))
    values, vectors = np.linalg.eigh(covariance)
    whiten = vectors / np.sqrt(values)
    mean = means.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov((means - mean) @ whiten, rowvar=False))
    return Projection(mean, whiten @ directions[:, ::-1][:, :COMPONENTS])
