"""Smooth random fields, the raw material of wood, plaster, cloth and wear."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]


def smooth(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> Field:
    """Return noise in 0..1 of ``shape`` (rows, columns) with about ``cells`` bumps per axis."""
    coarse = rng.random((cells[0] + 1, cells[1] + 1)).astype(np.float32)
    image = Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(image, np.float32), 0.0, 1.0)


def fractal(
    rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int], octaves: int = 5
) -> Field:
    """Return a sum of ever finer and weaker :func:`smooth` fields, scaled to 0..1."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        rows = min(cells[0] << octave, shape[0])
        columns = min(cells[1] << octave, shape[1])
        total += smooth(rng, shape, (rows, columns)) * 0.55**octave
    total -= total.min()
    return total / total.max()
