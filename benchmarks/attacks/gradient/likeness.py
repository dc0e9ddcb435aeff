"""How much a changed photo looks like the one before: for the descent, and for the report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.metrics import structural_similarity
from torch import Tensor
from torch.nn import functional

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


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Mean structural similarity of pictures (N, 3, H, W) in [0, 1], with gradients.

    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment", IEEE TIP 13 (2004).
    """
    # E[x], E[y], E[x^2], E[y^2], E[xy] in Gaussian windows that lie inside the picture
    moments = torch.cat([a, b, a * a, b * b, a * b])
    x, y, xx, yy, xy = blurred(moments, WINDOW_DEVIATION, WINDOW_PIXELS // 2).chunk(5)
    structure = (2 * (xy - x * y) + _C2) / (xx - x * x + yy - y * y + _C2)
    return (structure * (2 * x * y + _C1) / (x * x + y * y + _C1)).mean()


def blurred(pictures: Tensor, deviation: float, reach: int) -> Tensor:
    """Pictures (N, C, H, W) after a Gaussian of so many pixels; ``reach`` is cut off each side."""
    places = torch.arange(-reach, reach + 1, dtype=pictures.dtype)
    kernel = torch.exp(-places.square() / (2 * deviation**2))
    kernel = (kernel / kernel.sum()).expand(pictures.shape[1], 1, 1, -1)
    groups = pictures.shape[1]
    down = functional.conv2d(pictures, kernel.transpose(2, 3), groups=groups)
    return functional.conv2d(down, kernel, groups=groups)
