"""What a frame shows at a glance: a few numbers, in a millisecond or two."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.camera.camera import Frame, Pixels

_CELLS_A_SIDE = 48
"""Across the shorter side: fine enough to see a hand shake, coarse enough for sensor noise."""
_SAMPLES_A_CELL = 4
_SHARPNESS_SIDE_PIXELS = 256
_MIDDLE_FRACTION = 0.5
"""Side of the square where the object is asked to be, over the frame's shorter side."""
_PATCH_CELLS = 4
_PATCH_CONTRAST_LEVELS = 5.0
"""Standard deviation in grey levels from which a patch shows something."""


@dataclass(frozen=True, eq=False)
class Glance:
    """The measures of one frame.

    Attributes
    ----------
    frame : Frame
    cells : ndarray, float32, shape (h, w)
        Mean green of square cells, 48 across the shorter side, 0 to 255.
    """

    frame: Frame
    cells: NDArray[np.float32]

    @classmethod
    def at(cls, frame: Frame) -> Glance:
        """Look at a frame of at least 48 x 48 pixels."""
        green = frame.pixels[:, :, 1]  # near enough to brightness, and not computed
        side = min(green.shape) / _CELLS_A_SIDE
        step = max(1, int(side / _SAMPLES_A_CELL))
        sampled = green[::step, ::step]
        block = max(1, min(sampled.shape) // _CELLS_A_SIDE)
        rows, columns = sampled.shape[0] // block, sampled.shape[1] // block
        whole = sampled[: rows * block, : columns * block]
        cells = whole.reshape(rows, block, columns, block).mean(axis=(1, 3), dtype=np.float32)
        return cls(frame, cells)

    @cached_property
    def sharpness(self) -> float:
        """Mean square step between neighbouring pixels of the middle, in squared grey levels.

        For comparing frames of one scene: it depends on the scene as much as on the focus.
        """
        middle = _middle(self.frame.pixels, _SHARPNESS_SIDE_PIXELS)[:, :, 1].astype(np.float32)
        across, down = np.diff(middle, axis=1), np.diff(middle, axis=0)
        return float(np.square(across).mean() + np.square(down).mean())

    @property
    def fill(self) -> float:
        """Share of the frame's middle, 0 to 1, in which something is to be seen."""
        side = int(min(self.cells.shape) * _MIDDLE_FRACTION) // _PATCH_CELLS * _PATCH_CELLS
        middle = _middle(self.cells, side)
        count = side // _PATCH_CELLS
        patches = middle.reshape(count, _PATCH_CELLS, count, _PATCH_CELLS)
        return float(np.mean(patches.std(axis=(1, 3)) > _PATCH_CONTRAST_LEVELS))

    def change(self, other: Glance) -> float:
        """How unlike another frame this one is: 0 the same, about 1 nothing in common.

        One minus the correlation of their cells: a change of brightness or exposure is none.
        """
        if self.cells.shape != other.cells.shape:
            return 1.0
        a, b = self.cells - self.cells.mean(), other.cells - other.cells.mean()
        norms = float(np.sqrt(np.square(a).sum() * np.square(b).sum()))
        return 1.0 - float((a * b).sum()) / norms if norms > 0 else 0.0


def _middle(pixels: Pixels | NDArray[np.float32], side: int) -> NDArray[np.uint8 | np.float32]:
    top, left = (max(0, (length - side) // 2) for length in pixels.shape[:2])
    return pixels[top : top + side, left : left + side]
