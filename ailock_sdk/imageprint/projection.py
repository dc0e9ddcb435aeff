"""Embedding to margins: the frozen projection of SPEC section 3."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.errors import BundleError

_LEAST_INDEPENDENCE = 1e-6
"""Smallest eigenvalue of the correlations of independent rows: rounding to float16 makes it some
1e-8 where there is none; half as many orthonormal rows as dimensions keep it above 1e-2."""

_WEIGHTS_DTYPES = (np.dtype(np.float16), np.dtype(np.float32))


@dataclass(frozen=True, eq=False)
class Projection:
    """``margins = weights @ embedding - offsets``.

    Centring, the window of (whitened) principal components and the hyperplanes are folded
    together when the projection is fitted.

    Attributes
    ----------
    weights : ndarray, float64, shape (lambda, D)
        Values are exactly representable in float16, of a given matrix in float32.
    offsets : ndarray, float64, shape (lambda,)

    Raises
    ------
    ValueError
        The two do not fit each other.
    """

    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or self.offsets.shape != self.weights.shape[:1]:
            raise ValueError("weights are (lambda, D) and offsets (lambda,)")

    @property
    def lambda_bits(self) -> int:
        """Bits per embedding."""
        return int(self.weights.shape[0])

    @cached_property
    def independent(self) -> bool:
        """Whether no row of the weights is a combination of the others, up to their rounding.

        A lambda above the number of components that the rows were made of shows here, whatever a
        manifest says of it.
        """
        lengths = np.linalg.norm(self.weights, axis=1, keepdims=True)
        if not lengths.all():
            return False
        rows = self.weights / lengths
        correlations = rows @ rows.T  # (lambda, lambda)
        try:
            np.linalg.cholesky(correlations - _LEAST_INDEPENDENCE * np.eye(len(rows)))
        except np.linalg.LinAlgError:
            return False
        return True

    def margins(self, embedding: NDArray[np.float32]) -> NDArray[np.float64]:
        """Signed distances of an embedding to the hyperplanes.

        Computed in float64: the summation order, which differs between platforms, then moves a
        margin by some 1e-16 of its size, and a bit flips once in about 1e13.

        Parameters
        ----------
        embedding : ndarray, float32, shape (D,)

        Returns
        -------
        ndarray, float64, shape (lambda,)

        Raises
        ------
        ValueError
            The embedding has another shape.
        """
        if embedding.shape != self.weights.shape[1:]:
            raise ValueError(f"the embedding has {self.weights.shape[1]} dimensions")
        # Row by row: on the whole matrix OpenBLAS would share the work among threads, which then
        # wait for more on cores that the key derivation needs, for a thousand times as long.
        products = self.weights[:, np.newaxis] @ embedding.astype(np.float64)  # (lambda, 1)
        return products[:, 0] - self.offsets


def load_projections(path: str | os.PathLike[str], layers: Iterable[str]) -> dict[str, Projection]:
    """Read the projections of ``layers`` from a bundle's ``.npz``.

    Parameters
    ----------
    path : str or path-like
        An archive without pickles: for each layer ``LAYER/weights``, float16 or, of a given
        matrix, float32 (lambda, D), and ``LAYER/offsets``, float64 (lambda,), all finite.
    layers : iterable of str

    Raises
    ------
    BundleError
        The file is unreadable, or an array is missing, misshapen or not finite.
    """
    result = {}
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            for layer in layers:
                weights = arrays[f"{layer}/weights"]
                offsets = arrays[f"{layer}/offsets"]
                if weights.dtype not in _WEIGHTS_DTYPES or offsets.dtype != np.float64:
                    raise BundleError(f"{path}: {layer}: weights are float16, offsets float64")
                if not (np.isfinite(weights).all() and np.isfinite(offsets).all()):
                    raise BundleError(f"{path}: {layer}: a value is not finite")
                result[layer] = Projection(weights.astype(np.float64), offsets)
    except BundleError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy: many kinds for damaged files
        raise BundleError(f"{path} is not a projection file: {error}") from None
    return result
