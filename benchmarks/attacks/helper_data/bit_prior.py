"""What an attacker believes of an imageprint before seeing a record: bits are not independent.

The belief is a pairwise one. With bits as signs s = +-1, up to a constant

    log p(s) = bias . s + 1/2 s . coupling . s

where the coupling is the negative inverse of the signs' covariance: the linear-Gaussian estimate.
For margins that are jointly normal with correlation rho, two signs have covariance
``2/pi arcsin(rho)``, so hyperplanes that are not orthogonal, components that are not white, layers
or segments that see the same thing all show up as coupling, and independent bits as none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from lab.errors import TooFewTrialsError

Array = NDArray[np.float64]

_RIDGE = 1e-3
"""Added to the signs' covariance, so that bits that always agree leave it invertible."""
_MAX_MEAN = 0.98
_ROUNDING = 1e-9
"""Couplings below this are rounding errors, not beliefs."""
_RELATED_WEIGHTS = (1.0, 8.0)
_SHRINKAGES = (0.1, 0.3, 0.6, 0.9)
"""The sample correlation's share in an estimate."""
_SHIFTS = (0.0, 0.5, 1.0)
"""The sample mean's share in an estimate."""


@dataclass(frozen=True, eq=False)
class BitPrior:
    """``bias`` (lambda,) and symmetric ``coupling`` (lambda, lambda) with a zero diagonal."""

    bias: Array
    coupling: Array

    def permuted(self, order: NDArray[np.int64]) -> BitPrior:
        """The prior of the bits taken in another order."""
        return BitPrior(self.bias[order], self.coupling[np.ix_(order, order)])

    def gain(self, signs: Array) -> Array:
        """For imageprints (N, lambda) as signs: by how many standard deviations each one's
        probability exceeds that of random bits. Its mean over real ones is what a prior is worth.
        """
        pairs = 0.5 * np.einsum("ni,ni->n", signs @ self.coupling, signs)
        spread = sqrt(0.5 * float(np.square(self.coupling).sum() + 2 * self.bias @ self.bias))
        return np.asarray((signs @ self.bias + pairs) / max(spread, 1e-12))


def prior_from_correlation(centres: Array, correlation: Array) -> BitPrior:
    """The belief for normal margins of unit variance, means (lambda,), correlation (lambda,)^2."""
    density = np.exp(-0.5 * np.square(centres))
    covariance = 2 / np.pi * np.arcsin(np.clip(correlation, -1, 1)) * np.outer(density, density)
    return _prior_from_moments(_sign_mean(centres), covariance)


def prior_from_photos(
    margins: Array,
    objects: Sequence[str],
    related: NDArray[np.bool_],
    public: Array,
    seed: int,
) -> BitPrior:
    """The belief of one who owns photos: the best of several estimates, by photos held out.

    Parameters
    ----------
    margins : margins of the attacker's photos, (N, lambda)
    objects : what each photo shows, (N,)
    related : photos of the kind that the records were made from, bool (N,); the estimate is
        chosen on half of their objects, and they may count more than the others
    public : correlation (lambda, lambda) that the public parameters suggest; with few photos, a
        better guess to shrink towards than none

    Raises
    ------
    TooFewTrialsError
        They show fewer than two objects.
    """
    scored = related if related.any() else np.ones(len(margins), dtype=np.bool_)
    names = np.asarray(objects)
    order = np.random.default_rng(seed).permutation(np.unique(names[scored]))
    held_out = scored & np.isin(names, order[: len(order) // 2])
    if not held_out.any() or held_out.all():
        raise TooFewTrialsError("the thief needs photos of two objects of his own, at least: --own")
    signs = np.where(margins[held_out] >= 0, 1.0, -1.0)
    best, worth = (1.0, 0), -np.inf
    weights = _RELATED_WEIGHTS if related.any() and not related.all() else (1.0,)
    for weight in weights:
        every = np.where(related, weight, 1.0)
        fitted = _estimates(margins[~held_out], every[~held_out], public)
        for number, prior in enumerate(fitted):
            gain = float(prior.gain(signs).mean())
            if gain > worth:
                best, worth = (weight, number), gain
    chosen = _estimates(margins, np.where(related, best[0], 1.0), public, best[1])
    return next(iter(chosen))


def _estimates(
    margins: Array, weights: Array, public: Array, only: int | None = None
) -> Iterator[BitPrior]:
    """Priors from weighted photos, always in the same order; or the one of that number."""
    centre = np.average(margins, axis=0, weights=weights)
    centred = margins - centre
    covariance = (centred * weights[:, np.newaxis]).T @ centred / weights.sum()
    scale = np.sqrt(np.maximum(np.diagonal(covariance), 1e-12))
    aspect = len(scale) * float(np.square(weights).sum() / weights.sum() ** 2)
    correlations = _denoised(covariance / np.outer(scale, scale), public, aspect)
    for number, (correlation, shift) in enumerate(product(correlations, _SHIFTS)):
        if only is None or number == only:
            yield prior_from_correlation(shift * centre / scale, correlation)


def _denoised(correlation: Array, public: Array, aspect: float) -> list[Array]:
    """Estimates of a correlation matrix from a noisy one; ``aspect`` is lambda over sample size.

    Shrinkage towards no correlation or half the public one, without and with the eigenvalues made
    equal that lie within the noise's own band (Marchenko and Pastur).
    """
    values, vectors = np.linalg.eigh(correlation)
    low, high = max(0.0, 1 - sqrt(aspect)) ** 2, (1 + sqrt(aspect)) ** 2
    noise = (values > low) & (values < high)
    level = values[noise].mean() if noise.any() else 1.0
    clipped = (vectors * np.where(noise, level, values)) @ vectors.T
    scale = np.sqrt(np.diagonal(clipped))
    measured = (correlation, clipped / np.outer(scale, scale))
    identity = np.eye(len(correlation))
    targets = (identity, (identity + public) / 2)
    return [a * m + (1 - a) * t for a, m, t in product(_SHRINKAGES, measured, targets)]


def _prior_from_moments(mean: Array, covariance: Array) -> BitPrior:
    """``covariance``'s diagonal is not read: a sign's variance follows from its mean."""
    covariance = covariance.copy()
    np.fill_diagonal(covariance, 1 - np.square(mean) + _RIDGE)
    coupling = -np.linalg.inv(covariance)
    coupling = (coupling + coupling.T) / 2
    np.fill_diagonal(coupling, 0.0)
    coupling[np.abs(coupling) < _ROUNDING] = 0.0
    return BitPrior(np.arctanh(mean) - coupling @ mean, coupling)


def _sign_mean(centres: Array) -> Array:
    """E[sign] of normal margins, 2 Phi(t) - 1, kept away from certainty.

    ``tanh`` of an odd cubic is within 4e-4 of it.
    """
    cubic = sqrt(2 / np.pi) * (centres + 0.044715 * centres**3)
    return np.asarray(np.clip(np.tanh(cubic), -_MAX_MEAN, _MAX_MEAN))
