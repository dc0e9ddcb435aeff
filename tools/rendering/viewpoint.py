"""Where the camera of a shot is, and where in its picture a point in space appears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tools.rendering.geometry import Array, rotation
from tools.rendering.objects import Part
from tools.rendering.shots import Shot

FIELD_OF_VIEW = 34.0
"""Across the short side, degrees: a phone's main camera at twofold zoom."""


Points = NDArray[np.float32]


@dataclass(frozen=True)
class Viewpoint:
    """A camera at ``origin`` that looks at ``target``, in cm; ``up`` is a unit vector."""

    origin: Array
    target: Array
    up: Array
    distance: float

    @classmethod
    def of(cls, shot: Shot, parts: list[Part]) -> Viewpoint:
        """The camera of a shot of an object, so far away that it fills what it should."""
        points = np.concatenate([part.grid.points.reshape(-1, 3) for part in parts])
        turn = rotation("z", shot.azimuth) @ rotation("x", -shot.elevation)
        right, away, up = turn.T
        middle = (points.min(0) + points.max(0)) / 2
        extent = max(float(np.ptp(points @ right)), float(np.ptp(points @ up)))
        distance = extent / (2 * shot.fill * np.tan(np.radians(FIELD_OF_VIEW / 2)))
        tilted = np.cos(np.radians(shot.roll)) * up + np.sin(np.radians(shot.roll)) * right
        aim = shot.aim[0] * right + shot.aim[1] * up
        return cls(middle - distance * away, middle + aim, tilted, float(distance))

    def project(self, points: Points, size: tuple[int, int]) -> tuple[Points, Points]:
        """Rows and columns, (..., 2), and depths, (...), of points (..., 3) in a photo.

        ``size`` is its width and height; whole numbers are the middles of pixels.
        """
        seen = (points - self.origin.astype(np.float32)) @ self._axes()
        middle = np.array([size[1] - 1, size[0] - 1], np.float32) / 2
        depth = np.maximum(seen[..., 2], 1e-3)
        return middle + _focal(size) * seen[..., :2] / depth[..., None], depth

    def points(self, distances: Points, size: tuple[int, int]) -> Points:
        """Points in space, (height, width, 3), of a photo's pixels, so far from the camera.

        ``size`` is of the photo, of which ``distances``, (height, width), may show more.
        """
        rows_columns = np.moveaxis(np.indices(distances.shape, np.float32), 0, -1)
        middle = (np.array(distances.shape, np.float32) - 1) / 2
        across = (rows_columns - middle) / _focal(size)
        rays = np.concatenate([across, np.ones_like(across[..., :1])], -1) @ self._axes().T
        rays *= (distances / np.linalg.norm(rays, axis=-1))[..., None]
        return rays + self.origin.astype(np.float32)

    def _axes(self) -> Points:
        """Unit vectors down, right and away, as columns."""
        away = (self.target - self.origin) / np.linalg.norm(self.target - self.origin)
        right = np.cross(away, self.up)
        right /= np.linalg.norm(right)
        return np.stack([np.cross(away, right), right, away], -1).astype(np.float32)


def _focal(size: tuple[int, int]) -> np.float32:
    """Focal length in pixels of a photo of this width and height."""
    return np.float32(min(size) / (2 * np.tan(np.radians(FIELD_OF_VIEW / 2))))
