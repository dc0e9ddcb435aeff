"""Hyperplanes for locality-sensitive hashing.

Random Gaussian ones are the paper's (Charikar 2002). Orthonormal ones, lambda <= d, are super-bit
LSH: the angle estimate varies less, and helper data does not over-determine the embedding's
direction (docs/explanation/threat-model.md).

References
----------
Charikar, "Similarity estimation techniques from rounding algorithms", STOC 2002.
Ji, Li, Yan, Zhang and Tian, "Super-bit locality-sensitive hashing", NIPS 2012.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.errors import ProfileError


def gaussian_hyperplanes(seed: int, lambda_bits: int, dimensions: int) -> NDArray[np.float64]:
    """Independent standard normal directions.

    Parameters
    ----------
    seed : int
        Fixes the directions, not negative.
    lambda_bits : int
        How many.
    dimensions : int
        Dimensions d of the space.

    Returns
    -------
    ndarray, float64, shape (lambda, d)
    """
    return np.random.default_rng(seed).standard_normal((lambda_bits, dimensions))


def orthonormal_hyperplanes(seed: int, lambda_bits: int, dimensions: int) -> NDArray[np.float64]:
    """Uniformly random orthonormal directions.

    Parameters
    ----------
    seed : int
        Fixes the directions, not negative.
    lambda_bits : int
        How many, at most ``dimensions``.
    dimensions : int
        Dimensions d of the space.

    Returns
    -------
    ndarray, float64, shape (lambda, d)
        Rows are of length 1 and orthogonal to each other.

    Raises
    ------
    ProfileError
        More bits than dimensions: no such set exists.
    """
    if lambda_bits > dimensions:
        raise ProfileError(
            f"{lambda_bits} orthonormal hyperplanes do not exist in {dimensions} dimensions: "
            "use at most as many bits as dimensions"
        )
    gaussian = gaussian_hyperplanes(seed, dimensions, lambda_bits)
    q, r = np.linalg.qr(gaussian)  # q (d, lambda)
    # Fixing the signs of r's diagonal makes q uniform, and the same whatever LAPACK returns.
    return np.ascontiguousarray((q * np.sign(np.diagonal(r))).T)
