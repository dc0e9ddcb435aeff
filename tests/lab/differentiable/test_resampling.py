"""Pillow's resize as a matrix: against Pillow."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lab.differentiable.resampling import resampling_matrix

BOXES = ((0.0, 97.0), (12.25, 80.5), (40.0, 60.0))


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
@pytest.mark.parametrize("box", BOXES, ids=str)
@pytest.mark.parametrize("size", [17, 97, 150])
def test_a_row_is_resampled_as_pillow_does(
    kernel: str, box: tuple[float, float], size: int
) -> None:
    # Floats, which Pillow does not round; one row, so that one matrix does it.
    row = np.random.default_rng(3).uniform(0, 255, (1, 97)).astype(np.float32)
    edges = (box[0], 0, box[1], 1)
    resized = Image.fromarray(row).resize((size, 1), Image.Resampling[kernel.upper()], edges)
    found = row @ resampling_matrix(97, *box, size, kernel).T
    assert np.abs(found - np.asarray(resized)).max() < 1e-2


def test_weights_add_up_to_one() -> None:
    weights = resampling_matrix(50, 3.5, 44.1, 20)
    assert weights.shape == (20, 50)
    assert np.allclose(weights.sum(axis=1), 1)
