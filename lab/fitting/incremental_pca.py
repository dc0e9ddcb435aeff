"""Principal components of embeddings too long for a D x D covariance, fitted chunk by chunk.

As the ai.lock authors fitted theirs (casprlab/ai.lock, ``Transform_PCA.py``): scikit-learn's
IncrementalPCA (Ross et al., IJCV 77, 2008) with 500 components, 3,000 embeddings at a time. Needs
the ``fit`` extra.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import IncrementalPCA

from lab.fitting.projections import Components, scaled

PAPER_COMPONENTS = 500
PAPER_CHUNK = 3000
_RANK_TOLERANCE = 1e-6
"""Deviation, as a share of the largest, below which a component is float32 noise."""


class IncrementalComponents:
    """Takes embeddings in any portions; memory is a few chunks, however many come.

    What a chunk adds beyond ``count`` components is forgotten, so the result is exact only where
    the embeddings' rank is no higher; leading components suffer least.

    Parameters
    ----------
    dimensions : D
    count : components that are kept from chunk to chunk
    chunk : embeddings taken in at a time, at least ``count``

    Raises
    ------
    ValueError
        ``chunk`` is below ``count``.
    """

    def __init__(
        self, dimensions: int, count: int = PAPER_COMPONENTS, chunk: int = PAPER_CHUNK
    ) -> None:
        if chunk < count:
            raise ValueError(f"chunks of {chunk} photos cannot give {count} components")
        self._count = count
        self._buffer: NDArray[np.float32] = np.empty((chunk, dimensions), np.float32)
        self._filled = 0
        self._pca = IncrementalPCA(n_components=count, copy=False)

    def add(self, embeddings: NDArray[np.float32]) -> None:
        """Take in (N, D)."""
        while len(embeddings):
            room = len(self._buffer) - self._filled
            portion, embeddings = embeddings[:room], embeddings[room:]
            self._buffer[self._filled : self._filled + len(portion)] = portion
            self._filled += len(portion)
            if self._filled == len(self._buffer):
                self._fit()

    def components(self, whiten: bool) -> Components:
        """The components of all that was added; call once, at the end.

        Raises
        ------
        ValueError
            Fewer embeddings than components were added.
        """
        if self._filled:
            self._fit()
        pca = self._pca
        deviations = pca.singular_values_
        kept = deviations > deviations[0] * _RANK_TOLERANCE
        directions = pca.components_[kept].T.astype(np.float64)
        variances = pca.explained_variance_[kept].astype(np.float64)
        return scaled(pca.mean_.astype(np.float64), directions, variances, whiten)

    def _fit(self) -> None:
        if not hasattr(self._pca, "components_") and self._filled < self._count:
            raise ValueError(f"{self._filled} photos cannot give {self._count} components")
        self._pca.partial_fit(self._buffer[: self._filled])
        self._filled = 0
