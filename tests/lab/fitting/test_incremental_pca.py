"""Incremental components are the exact ones wherever nothing is forgotten."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("sklearn", reason="incremental components need the [fit] extra")

from lab.fitting.incremental_pca import IncrementalComponents
from lab.fitting.projections import HYPERPLANES, Moments, fold, principal_components

DIMENSIONS, RANK, PHOTOS, CHUNK = 60, 12, 500, 90
SEED = 3


@pytest.fixture(scope="module")
def embeddings() -> NDArray[np.float32]:
    """(N, D) of low rank about a mean; deviations fall from 6 to 0.5."""
    rng = np.random.default_rng(SEED)
    axes = np.linalg.qr(rng.standard_normal((DIMENSIONS, RANK)))[0]
    values = rng.standard_normal((PHOTOS, RANK)) * np.linspace(6, 0.5, RANK)
    return (values @ axes.T + rng.uniform(0, 3, DIMENSIONS)).astype(np.float32)


def incremental(
    embeddings: NDArray[np.float32], portion: int, count: int = RANK
) -> IncrementalComponents:
    found = IncrementalComponents(DIMENSIONS, count, CHUNK)
    for start in range(0, len(embeddings), portion):
        found.add(embeddings[start : start + portion])
    return found


@pytest.mark.parametrize("whiten", [True, False])
def test_components_of_low_rank_are_the_exact_ones(
    whiten: bool, embeddings: NDArray[np.float32]
) -> None:
    moments = Moments(DIMENSIONS)
    moments.add(embeddings)
    exact = principal_components(moments, whiten)
    found = incremental(embeddings, portion=37).components(whiten)
    np.testing.assert_allclose(found.mean, exact.mean, atol=1e-5)
    np.testing.assert_allclose(found.strengths, exact.strengths[:RANK], rtol=1e-4)
    np.testing.assert_allclose(found.variances, exact.variances[:RANK], rtol=1e-4)
    np.testing.assert_allclose(found.matrix, exact.matrix[:, :RANK], atol=2e-3)


def test_the_same_photos_give_the_same_projection_however_they_come(
    embeddings: NDArray[np.float32],
) -> None:
    planes = HYPERPLANES["gaussian"](SEED, 20, 8)
    whole, pieces = (
        fold(incremental(embeddings, portion).components(whiten=False), (2, 10), planes)
        for portion in (PHOTOS, 1)
    )
    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(one, other)


def test_embeddings_of_the_caller_stay_as_they_were(embeddings: NDArray[np.float32]) -> None:
    kept = embeddings.copy()
    incremental(embeddings, PHOTOS).components(whiten=True)
    np.testing.assert_array_equal(embeddings, kept)


def test_fewer_photos_than_components_are_refused(embeddings: NDArray[np.float32]) -> None:
    found = incremental(embeddings[:20], portion=20, count=40)
    with pytest.raises(ValueError, match="20 photos cannot give 40 components"):
        found.components(whiten=False)
    with pytest.raises(ValueError, match="chunks of 90 photos cannot give 91 components"):
        incremental(embeddings, PHOTOS, count=91)
