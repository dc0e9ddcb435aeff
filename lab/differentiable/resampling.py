"""Pillow's resize as a matrix, so that gradients pass through it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def _triangle(x: Floats) -> Floats:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _cubic(x: Floats) -> Floats:
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1  # a = -0.5
    far = -0.5 * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


KERNELS: dict[str, Callable[[Floats], Any]] = {
    "bilinear": _triangle,
    "bicubic": _cubic,
}


def resampling_matrix(
    pixels: int, start: float, stop: float, size: int, kernel: str = "bilinear"
) -> Floats:
    """Weights (size, pixels): a row of ``pixels`` between two edges, resampled to ``size``.

    As ``Image.resize(box=...)`` with that filter, but for its rounding to bytes: where the row
    shrinks, the kernel is as much wider, and what lies beyond the row's ends counts for nothing.
    """
    scale = (stop - start) / size
    reach = max(scale, 1.0)
    centres = start + (np.arange(size)[:, None] + 0.5) * scale
    weights = np.asarray(KERNELS[kernel]((np.arange(pixels) + 0.5 - centres) / reach))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
