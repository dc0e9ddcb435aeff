"""Same-object verification by the cosine of a linear projection of a pooled layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from tools.training.config import Config
from tools.training.network import MIXED_8, MIXED_10, Inception, global_mean
from tools.training.photos import Photos
from tools.training.preparation import Start, in_batches, trunk_maps
from tools.training.projections import discriminant, unit, whitened_pca

Project = Callable[[np.ndarray], np.ndarray]
"""Pooled layers (N, D) -> unit vectors (N, K)."""


def equal_error_rate(embeddings: np.ndarray, objects: np.ndarray) -> float:
    """Error rate where FMR equals FNMR, over all pairs of unit vectors (N, K)."""
    first, second = np.triu_indices(len(embeddings), 1)
    scores = (embeddings @ embeddings.T)[first, second]
    mated = (objects[first] == objects[second])[np.argsort(-scores)]
    fnmr = 1 - np.cumsum(mated) / mated.sum()
    fmr = np.cumsum(~mated) / (~mated).sum()
    crossing = np.argmin(np.abs(fnmr - fmr))
    return float((fnmr[crossing] + fmr[crossing]) / 2)


class Watch:
    """Equal error rates of a student on the dev photos, after fitted and learned projections.

    The fitted ones (whitened PCA, linear discriminant) see the watched training views only.
    """

    def __init__(self, config: Config, dev: dict[str, Photos], start: Start) -> None:
        self._views_each, self._dev = config.network.views, dev
        self._views, self._mixed_8 = start.watched_pixels, start.mixed_8[start.watched]
        self._weights = {Path(source.file).stem: source.weight for source in config.dev}
        student = Inception(start.layers)
        self._untrained = {name: _maps(student, p.pixels) for name, p in dev.items()}

    def __call__(
        self, student: Inception, projection: nn.Linear, trunk_trained: bool
    ) -> dict[str, float]:
        """EER by ``SET/LAYER/PROJECTION``; ``score`` is their weighted mean for ``mixed_10``."""
        if trunk_trained:
            fit = _maps(student, self._views)
            dev = {name: _maps(student, photos.pixels) for name, photos in self._dev.items()}
        else:
            fit, dev = self._mixed_8, self._untrained
        rates: dict[str, float] = {}
        for layer, pool in (
            (MIXED_8, _pooled),
            (MIXED_10, lambda maps: _pooled(in_batches(student.head, maps, "watch"))),
        ):
            pooled_fit = pool(fit)
            projections = self._projections(pooled_fit)
            if layer == MIXED_10:
                learned = _learned(projection, pooled_fit)
                projections["learned"] = _of_length_one(learned)
                projections["bits"] = _bits(learned, pooled_fit)
            for name, maps in dev.items():
                pooled = pool(maps)
                for kind, project in projections.items():
                    rate = equal_error_rate(project(pooled), self._dev[name].objects)
                    rates[f"{name}/{layer}/{kind}"] = rate
        return rates | {"score": self._score(rates)}

    def _projections(self, pooled: np.ndarray) -> dict[str, Project]:
        by_object = pooled.reshape(self._views_each, -1, pooled.shape[1]).swapaxes(0, 1)
        return {"pca": whitened_pca(pooled), "lda": discriminant(by_object)}

    def _score(self, rates: dict[str, float]) -> float:
        total = sum(
            weight * np.mean([rates[f"{name}/{MIXED_10}/{kind}"] for kind in ("learned", "lda")])
            for name, weight in self._weights.items()
        )
        return float(total / sum(self._weights.values()))


def _maps(student: Inception, pixels: np.ndarray) -> Tensor:
    return trunk_maps(student, pixels, "watch")


def _pooled(maps: Tensor) -> np.ndarray:
    return global_mean(maps).double().numpy()


def _learned(projection: nn.Linear, pooled_fit: np.ndarray) -> Project:
    """The learned components, standardised on (N, D)."""
    weight = projection.weight.detach().double().numpy().T
    components = pooled_fit @ weight
    mean, deviation = components.mean(axis=0), components.std(axis=0).clip(1e-9)
    return lambda pooled: (pooled @ weight - mean) / deviation


def _of_length_one(project: Project) -> Project:
    return lambda pooled: unit(project(pooled))


def _bits(learned: Project, pooled_fit: np.ndarray) -> Project:
    """Signs of the learned components, whitened on (N, D) and turned at random."""
    components = learned(pooled_fit)
    mean, count = components.mean(axis=0), components.shape[1]
    values, vectors = np.linalg.eigh(np.cov(components, rowvar=False))
    whiten = vectors / np.sqrt(values.clip(values[-1] * 1e-6))
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((count, count)))[0]
    return lambda pooled: np.sign((learned(pooled) - mean) @ whiten @ turn) / np.sqrt(count)
