"""Out-of-focus things behind the object, so that a room is not just a table and a wall."""

from __future__ import annotations

import numpy as np

from tools.rendering.geometry import Grid, ball, drum, rounded_box
from tools.rendering.objects import Part

_COLOURS = (
    (0.22, 0.05, 0.03),
    (0.04, 0.10, 0.18),
    (0.36, 0.24, 0.08),
    (0.06, 0.13, 0.07),
    (0.42, 0.38, 0.32),
    (0.05, 0.05, 0.06),
)


def clutter(rng: np.random.Generator) -> list[Part]:
    """Return two plain things (box, tin or ball), left and right behind the object."""
    parts = []
    for side in (-1, 1):
        x, y = side * rng.uniform(11.0, 22.0), rng.uniform(18.0, 27.0)
        colour = _COLOURS[rng.integers(len(_COLOURS))]
        turn = rng.uniform(-40.0, 40.0)
        for grid in _thing(rng):
            parts.append(Part(grid.turned("z", turn).moved(x, y), colour, 0.4))
    return parts


def _thing(rng: np.random.Generator) -> list[Grid]:
    kind, size = rng.integers(3), rng.uniform(2.5, 4.0)
    if kind == 0:
        return [ball(size).moved(z=size)]
    if kind == 1:
        return [drum(size, 0.0, size * rng.uniform(2.0, 3.5), 0.3)]
    return list(rounded_box((2 * size, 1.2 * size, size * rng.uniform(1.5, 3.5)), 0.2).values())
