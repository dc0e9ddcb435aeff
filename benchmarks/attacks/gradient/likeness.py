"""How much a changed photo looks like the one before: for the descent, and for the report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.metrics import structural_similarity
from torch import Tensor

Picture = NDArray[np.uint8]
"""RGB (H, W, 3)."""

WINDOW_PIXELS, WINDOW_DEVIATION = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2


@dataclass(frozen=True)
class Distortion:
    """``l2`` and ``l_infinity`` of the change, pixels in [0, 1]; ``ssim`` 1 is no change."""

    l2: float
    l_infinity: float
    ssim: float


def distortion(before: Picture, after: Picture) -> Distortion:
    """What was changed, measured on the bytes that are saved."""
    change = (after.astype(np.float64) - before) / 255
    similarity = structural_similarity(
        before,
        after,
        channel_axis=2,
        gaussian_weights=True,
        sigma=WINDOW_DEVIATION,
        use_sample_covariance=False,
    )
    return Distortion(
        float(np.sqrt(np.square(change).sum())), float(np.abs(change).max()), float(similarity)
    )


class Ssim:
    """Mean structural similarity with one picture (1, 3, H, W) in [0, 1], with gradients.

    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment", IEEE TIP 13 (2004); Gaussian
    windows that lie inside the picture.
    """

    def __init__(self, picture: Tensor) -> None:
        self._picture = picture
        self._mean, self._square = (self._windows(one) for one in (picture, picture.square()))

    def __call__(self, other: Tensor) -> Tensor:
        seen = torch.cat([other, other.square(), other * self._picture])
        mean, square, product = self._windows(seen).chunk(3)
        both = mean * self._mean
        squares = mean.square() + self._mean.square()
        structure = (2 * (product - both) + _C2) / (square + self._square - squares + _C2)
        return (structure * (2 * both + _C1) / (squares + _C1)).mean()

    def _windows(self, pictures: Tensor) -> Tensor:
        return blurred(pictures, WINDOW_DEVIATION, WINDOW_PIXELS // 2)


def blurred(pictures: Tensor, deviation: float, reach: int) -> Tensor:
    """Pictures (N, C, H, W) after a Gaussian of so many pixels; ``reach`` is cut off each side.

    As products with matrices, which on few channels are ten times as fast as convolutions.
    """
    down, along = (_gaussian(side, deviation, reach) for side in pictures.shape[2:])
    return down @ pictures @ along.T


@lru_cache(maxsize=4)
def _gaussian(side: int, deviation: float, reach: int) -> Tensor:
    """Weights (side - 2 * reach, side)."""
    apart = np.arange(side) - np.arange(reach, side - reach)[:, None]
    weights = np.where(np.abs(apart) <= reach, np.exp(-np.square(apart / deviation) / 2), 0.0)
    return torch.from_numpy((weights / weights.sum(axis=1, keepdims=True)).astype(np.float32))
