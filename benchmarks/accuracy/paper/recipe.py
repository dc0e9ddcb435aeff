"""The paper's recipe: principal components of embeddings, a window of them, random hyperplanes.

Azimpourkivi, Topkara and Carbunar, "A Secure Mobile Authentication Alternative to Biometrics",
ACSAC 2017, sections 5 and 7.1, with the constants of the authors' code (casprlab/ai.lock). What
differs from it: hyperplanes are drawn by NumPy's present generator, so the same seed gives others;
components are exact wherever that is affordable, where the authors fitted them chunk by chunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lab.errors import ExperimentError
from lab.fitting.hyperplanes import gaussian_hyperplanes
from lab.fitting.projections import Components, Moments, principal_components, scaled

PAPER_LAYERS = ("pool_3", "mixed_8/pool")
"""The last hidden layer, of which alone the single-layer variants are made, and the other one."""
PAPER_COMPONENTS = 500
LSH_SEED = 723657345
"""Of the hyperplanes; every layer and every segment is cut by the same ones, as in the original."""
WHOLE = "whole"
PARTS = ("top_left", "top_right", "bottom_left", "bottom_right", "centre")
"""The five overlapping segments of the multi-segment variants."""

COVARIANCE_DIMENSIONS_MAX = 4096
"""Above so many dimensions components come from the photos' Gram matrix, not from a covariance."""
GRAM_PHOTOS_MAX = 6000
"""Above so many photos, and dimensions, components are fitted chunk by chunk."""
_RANK_TOLERANCE = 1e-6
"""Variance, as a share of the largest, below which a component is float32 noise."""

Features = NDArray[np.float32]
"""Embeddings in the space of principal components, (N, K), the most varying component first."""
Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Window:
    """Principal components ``start`` up to ``start + count``, counted from 0."""

    start: int
    count: int

    @property
    def stop(self) -> int:
        """The first component after the window."""
        return self.start + self.count

    def __str__(self) -> str:
        return f"{self.start}-{self.stop}"

    def scaled(self, components: int) -> Window:
        """The share of so many components that this window is of the paper's 500."""
        start, stop = (
            round(end * components / PAPER_COMPONENTS) for end in (self.start, self.stop)
        )
        return Window(start, max(1, stop - start))


PAPER_WINDOW = Window(200, 200)


@dataclass(frozen=True)
class Variant:
    """One of the paper's four: which layers and segments an imageprint is made of.

    Attributes
    ----------
    name : SLSS, MLSS, SLMS or MLMS
    layers : the bits of these are concatenated: 2 lambda bits for two layers
    segments : each has an imageprint of its own, and so many of them must match
    needed : t
    """

    name: str
    layers: tuple[str, ...]
    segments: tuple[str, ...]
    needed: int


def variants(
    layers: Sequence[str], segments: Sequence[str] = PARTS, needed: int = 3
) -> dict[str, Variant]:
    """The variants that can be made, by name; the first layer is that of the single-layer ones.

    Without ``segments`` there are no multi-segment variants, with one layer no multi-layer ones.
    """
    found = {}
    for prefix, chosen in (("SL", tuple(layers[:1])), ("ML", tuple(layers))):
        if prefix == "ML" and len(chosen) < 2:
            continue
        found[f"{prefix}SS"] = Variant(f"{prefix}SS", chosen, (WHOLE,), 1)
        if segments:
            found[f"{prefix}MS"] = Variant(f"{prefix}MS", chosen, tuple(segments), needed)
    return {name: found[name] for name in ("SLSS", "MLSS", "SLMS", "MLMS") if name in found}


def choose_layers(available: Sequence[str], asked: Sequence[str] | None = None) -> tuple[str, ...]:
    """The layers of the experiments, the one of the single-layer variants first.

    Without ``asked`` they are the paper's as far as the bundle has them; for one that it lacks, its
    first other layer steps in.

    Raises
    ------
    ExperimentError
        The bundle lacks a layer that was asked for, or a layer was asked for twice.
    """
    known = ", ".join(available)
    if asked is not None:
        if unknown := [layer for layer in asked if layer not in available]:
            raise ExperimentError(f"the bundle has no layer {unknown[0]!r}; it has: {known}")
        if not asked or len(set(asked)) != len(asked):
            raise ExperimentError(f"name each layer once, at least one of: {known}")
        return tuple(asked)
    paper = [layer for layer in PAPER_LAYERS if layer in available]
    others = [layer for layer in available if layer not in PAPER_LAYERS]
    return tuple([*paper, *others][: len(PAPER_LAYERS)])


class TrainingSet:
    """Embeddings of one layer from which components of any subset of the photos are fitted.

    Parameters
    ----------
    embeddings : float32 (N, D); kept, not copied
    """

    def __init__(self, embeddings: NDArray[np.float32]) -> None:
        self._embeddings = embeddings

    def components(self, members: NDArray[np.bool_], count: int = PAPER_COMPONENTS) -> Components:
        """The first ``count`` principal components, or as many as there are, of the members.

        Parameters
        ----------
        members : bool (N,), at least two of them

        Raises
        ------
        ExperimentError
            Photos and dimensions are so many that scikit-learn is needed, which is not installed.
        """
        photos, dimensions = int(members.sum()), self._embeddings.shape[1]
        if photos < 2:
            raise ExperimentError("principal components need at least two training photos")
        if dimensions <= COVARIANCE_DIMENSIONS_MAX:
            moments = Moments(dimensions)
            moments.add(self._embeddings[members])
            return _leading(principal_components(moments, whiten=False), count)
        if len(self._embeddings) <= GRAM_PHOTOS_MAX:
            return self._from_gram(members, count)
        return _in_chunks(self._embeddings, members, min(count, photos - 1))

    @cached_property
    def _mean(self) -> NDArray[np.float32]:
        return np.asarray(self._embeddings.mean(axis=0, dtype=np.float64), dtype=np.float32)

    @cached_property
    def _gram(self) -> NDArray[np.float64]:
        # About the mean of all: what is left to cancel in a subset's own mean is then little.
        centred = self._embeddings - self._mean
        return np.asarray(centred @ centred.T, dtype=np.float64)

    def _from_gram(self, members: NDArray[np.bool_], count: int) -> Components:
        """As many eigenvectors as photos give all components, whatever the dimensions."""
        gram = self._gram[np.ix_(members, members)]
        gram = gram - gram.mean(axis=0) - gram.mean(axis=1)[:, None] + gram.mean()
        values, vectors = np.linalg.eigh(gram)
        values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
        kept = values > values[0] * _RANK_TOLERANCE
        values, vectors = values[kept], vectors[:, kept]
        embeddings = self._embeddings[members]
        mean = embeddings.mean(axis=0, dtype=np.float64)
        weights = (vectors / np.sqrt(values)).astype(np.float32)
        embeddings -= mean.astype(np.float32)
        directions = (embeddings.T @ weights).astype(np.float64)
        return scaled(mean, directions, values / (len(embeddings) - 1), whiten=False)


def transform(components: Components, embeddings: NDArray[np.float32]) -> Features:
    """Embeddings (N, D) as features (N, K)."""
    matrix = components.matrix.astype(np.float32)
    return np.asarray((embeddings - components.mean.astype(np.float32)) @ matrix)


def imageprint_bits(
    features: Features, window: Window, lambda_bits: int, seed: int = LSH_SEED
) -> Bits:
    """Which side of each hyperplane a photo lies on, uint8 (N, lambda).

    The hyperplanes of a smaller lambda are the first of those of a larger one.

    Parameters
    ----------
    features : float32 (N, K), K at least ``window.stop``
    seed : of the hyperplanes
    """
    if features.shape[1] < window.stop:
        raise ExperimentError(
            f"components {window} need more than {window.stop} training photos in every fold, and "
            f"as many dimensions; there are {features.shape[1]} components: give further photos by "
            "--unlabelled SET, or leave out --window, and it is scaled to what there is"
        )
    normals = gaussian_hyperplanes(seed, lambda_bits, window.count)
    return (features[:, window.start : window.stop] @ normals.T >= 0).astype(np.uint8)


def _leading(components: Components, count: int) -> Components:
    return Components(
        components.mean,
        components.matrix[:, :count],
        components.strengths[:count],
        components.variances[:count],
    )


def _in_chunks(
    embeddings: NDArray[np.float32], members: NDArray[np.bool_], count: int
) -> Components:
    try:
        # Imported here: scikit-learn comes with the ``fit`` extra, and few need it.
        from lab.fitting.incremental_pca import IncrementalComponents
    except ModuleNotFoundError:
        raise ExperimentError(
            f"components of {int(members.sum())} photos in {embeddings.shape[1]} dimensions are "
            "fitted by scikit-learn: pip install 'ailock-sdk[fit]', or give fewer photos"
        ) from None
    fitted = IncrementalComponents(embeddings.shape[1], count)
    rows = np.flatnonzero(members)
    for start in range(0, len(rows), 1000):
        fitted.add(embeddings[rows[start : start + 1000]])
    return fitted.components(whiten=False)
