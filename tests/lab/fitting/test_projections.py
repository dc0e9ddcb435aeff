"""Components and their folding, on synthetic embeddings whose structure is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ailock_sdk.errors import ProfileError
from ailock_sdk.imageprint import ImagePrint, Projection
from lab.fitting.projections import (
    HYPERPLANES,
    Moments,
    discriminant_components,
    fold,
    principal_components,
    whitened,
)

DIMENSIONS, SIGNAL, OBJECTS, VIEWS = 24, 8, 400, 4
SEED = 5


@pytest.fixture(scope="module")
def embeddings() -> NDArray[np.float32]:
    """(N, D): the first 8 axes tell objects apart, the others vary as much between views."""
    rng = np.random.default_rng(SEED)
    axes = 3.0 * rng.standard_normal((OBJECTS, 1, SIGNAL))
    kept = np.broadcast_to(axes, (OBJECTS, VIEWS, SIGNAL))
    views = 5.0 * rng.standard_normal((OBJECTS, VIEWS, DIMENSIONS - SIGNAL))
    noise = 0.3 * rng.standard_normal((OBJECTS, VIEWS, DIMENSIONS))
    whole = np.concatenate([kept, views], axis=2) + noise + 7.0
    return whole.reshape(-1, DIMENSIONS).astype(np.float32)


@pytest.fixture(scope="module")
def moments(embeddings: NDArray[np.float32]) -> Moments:
    return moments_of(embeddings)


def moments_of(embeddings: NDArray[np.float32], chunk: int = 700) -> Moments:
    found = Moments(embeddings.shape[1])
    for start in range(0, len(embeddings), chunk):
        found.add(embeddings[start : start + chunk])
    return found


@pytest.fixture(scope="module")
def objects() -> NDArray[np.int_]:
    return np.repeat(np.arange(OBJECTS), VIEWS)


@pytest.mark.parametrize("chunk", [1, 7, 1599, 1600])
def test_moments_of_chunks_are_those_of_the_whole(
    embeddings: NDArray[np.float32], chunk: int
) -> None:
    shifted = embeddings + np.float32(1000)  # squares about zero would lose six digits
    found = moments_of(shifted, chunk)
    exact = shifted.astype(np.float64)
    assert found.count == len(shifted)
    np.testing.assert_allclose(found.mean, exact.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(exact, rowvar=False), atol=1e-8)


def test_one_photo_has_no_covariance(embeddings: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="at least two photos"):
        _ = moments_of(embeddings[:1]).covariance


def test_discriminant_finds_what_tells_objects_apart(
    embeddings: NDArray[np.float32], moments: Moments, objects: NDArray[np.int_]
) -> None:
    components = discriminant_components([(embeddings, objects)], shrinkage=0.01)
    leading = components.matrix[:, :SIGNAL]
    assert np.linalg.norm(leading[SIGNAL:]) < 0.1 * np.linalg.norm(leading)
    assert components.strengths[SIGNAL - 1] > 20 * components.strengths[SIGNAL]
    # Principal components, blind to objects, put the noisy axes first.
    blind = principal_components(moments, whiten=False).matrix[:, :SIGNAL]
    assert np.linalg.norm(blind[SIGNAL:]) > 0.9 * np.linalg.norm(blind)


def test_each_kind_has_the_same_say_however_often_it_was_seen(
    embeddings: NDArray[np.float32], objects: NDArray[np.int_]
) -> None:
    other = (embeddings[:, ::-1] * 2 + 1).astype(np.float32), objects
    often = np.concatenate([embeddings] * 9), np.concatenate([objects] * 9)

    def strengths(*kinds: tuple[NDArray[np.float32], NDArray[np.int_]]) -> NDArray[np.float64]:
        return discriminant_components(kinds, shrinkage=0.2).strengths

    once, nine_times = strengths((embeddings, objects), other), strengths(often, other)
    pooled = strengths(
        (
            np.concatenate([often[0], other[0]]),
            np.concatenate([often[1], other[1] + objects.max() + 1]),
        )
    )
    # The variances' degrees of freedom move a little: 9N - n in place of N - n.
    np.testing.assert_allclose(nine_times / nine_times.mean(), once / once.mean(), rtol=0.1)
    assert np.abs((pooled / pooled.mean()) / (once / once.mean()) - 1).max() > 0.3


@pytest.mark.parametrize("kind", ["whitened-pca", "discriminant"])
def test_components_have_unit_total_variance_and_no_correlation(
    kind: str, embeddings: NDArray[np.float32], moments: Moments, objects: NDArray[np.int_]
) -> None:
    if kind == "discriminant":
        components = discriminant_components([(embeddings, objects)], shrinkage=0.2)
    else:
        components = principal_components(moments, whiten=True)
    values = (embeddings - components.mean) @ components.matrix
    np.testing.assert_allclose(np.cov(values, rowvar=False), np.eye(DIMENSIONS), atol=1e-6)


def test_whitening_over_other_photos_keeps_the_subspace(
    embeddings: NDArray[np.float32], objects: NDArray[np.int_]
) -> None:
    rng = np.random.default_rng(SEED)
    mixing = rng.standard_normal((DIMENSIONS, DIMENSIONS)) / 5
    plain = (embeddings @ (np.eye(DIMENSIONS) + mixing)).astype(np.float32)
    components = discriminant_components([(embeddings, objects)], shrinkage=0.2)
    white = whitened(components, (2, 12), moments_of(plain))
    values = (plain - white.mean) @ white.matrix
    np.testing.assert_allclose(np.cov(values, rowvar=False), np.eye(10), atol=1e-6)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
    both = np.concatenate([components.matrix[:, 2:12], white.matrix], axis=1)
    assert np.linalg.matrix_rank(both, tol=1e-6) == 10


def test_too_few_photos_cannot_make_components_white(
    embeddings: NDArray[np.float32], objects: NDArray[np.int_]
) -> None:
    components = discriminant_components([(embeddings, objects)], shrinkage=0.2)
    with pytest.raises(ValueError, match="10 plain photos cannot make 10 components white"):
        whitened(components, (0, 10), moments_of(embeddings[:10]))


def test_signs_do_not_depend_on_the_eigensolver(moments: Moments) -> None:
    matrix = principal_components(moments, whiten=False).matrix
    largest = np.abs(matrix).argmax(axis=0)
    assert (matrix[largest, np.arange(matrix.shape[1])] > 0).all()


def test_dead_channels_make_no_components(embeddings: NDArray[np.float32]) -> None:
    dead = np.concatenate([embeddings, np.zeros((len(embeddings), 3), np.float32)], axis=1)
    assert principal_components(moments_of(dead), whiten=True).matrix.shape == (
        DIMENSIONS + 3,
        DIMENSIONS,
    )


@pytest.mark.parametrize("whiten", [True, False])
def test_folded_margins_are_centred_and_of_unit_deviation(
    whiten: bool, embeddings: NDArray[np.float32], moments: Moments
) -> None:
    components = principal_components(moments, whiten)
    planes = HYPERPLANES["orthonormal"](SEED, 16, 20)
    weights, offsets = fold(components, (2, 22), planes)
    assert weights.dtype == np.float16
    assert offsets.dtype == np.float64
    projection = Projection(weights.astype(np.float64), offsets)
    margins = np.stack([projection.margins(e) for e in embeddings])
    np.testing.assert_allclose(margins.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(margins.std(axis=0), 1, atol=2e-3)
    # Orthonormal cuts of white components: bits of different photos do not correlate.
    correlation = np.corrcoef(margins, rowvar=False) - np.eye(16)
    assert (np.abs(correlation).max() < 5e-3) == whiten


def test_orthonormal_hyperplanes_are_orthonormal_and_repeatable() -> None:
    planes = HYPERPLANES["orthonormal"](SEED, 30, 40)
    np.testing.assert_allclose(planes @ planes.T, np.eye(30), atol=1e-12)
    np.testing.assert_array_equal(planes, HYPERPLANES["orthonormal"](SEED, 30, 40))
    assert not np.allclose(planes, HYPERPLANES["orthonormal"](SEED + 1, 30, 40))


def test_more_orthonormal_bits_than_dimensions_are_refused() -> None:
    with pytest.raises(ProfileError, match="41 orthonormal hyperplanes do not exist in 40"):
        HYPERPLANES["orthonormal"](SEED, 41, 40)
    assert HYPERPLANES["gaussian"](SEED, 41, 40).shape == (41, 40)


def test_sign_bits_flip_with_probability_angle_over_pi() -> None:
    """Charikar 2002: the paper's reason to hash with random hyperplanes."""
    rng = np.random.default_rng(2)
    planes = HYPERPLANES["gaussian"](3, 20_000, 16)
    a = rng.standard_normal(16)
    b = a + 0.7 * rng.standard_normal(16)
    angle = np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    flipped = ImagePrint(planes @ a) - ImagePrint(planes @ b)
    assert flipped / 20_000 == pytest.approx(angle / np.pi, abs=0.015)


def test_a_window_beyond_the_components_is_refused(moments: Moments) -> None:
    components = principal_components(moments, whiten=True)
    planes = HYPERPLANES["orthonormal"](SEED, 8, 10)
    with pytest.raises(ValueError, match=r"window \[20, 30\) reaches beyond the 24 components"):
        fold(components, (20, 30), planes)


def test_an_object_seen_once_is_refused(embeddings: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="at least two views"):
        discriminant_components([(embeddings[:3], np.array([0, 0, 1]))], shrinkage=0.1)
