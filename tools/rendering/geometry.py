"""Grid meshes: lathes, tubes and rounded boxes, with texture coordinates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """A curved sheet: ``points`` (rows, columns, 3) in cm and ``uv`` (rows, columns, 2) in 0..1."""

    points: Array
    uv: Array

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Grid:
        """Return the sheet shifted by centimetres."""
        return replace(self, points=self.points + np.array([x, y, z]))

    def turned(self, axis: str, angle: float) -> Grid:
        """Return the sheet turned about the origin by ``angle`` degrees, right-handed."""
        return replace(self, points=self.points @ rotation(axis, angle).T)

    def triangles(self) -> NDArray[np.uint32]:
        """Return vertex indices (count, 3) into the flattened points, flat slivers left out."""
        rows, columns = self.points.shape[:2]
        index = np.arange(rows * columns, dtype=np.uint32).reshape(rows, columns)
        a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
        lower, upper = np.stack([a, b, d], -1), np.stack([a, d, c], -1)
        triangles = np.concatenate([lower.reshape(-1, 3), upper.reshape(-1, 3)])
        first, second, third = self.points.reshape(-1, 3)[triangles.T]
        # At the pole of a lathe one of each pair has no area, hence no normal to shade with.
        area = np.linalg.norm(np.cross(second - first, third - first), axis=1)
        return triangles[area > 1e-9]


def rotation(axis: str, angle: float) -> Array:
    """Return the 3x3 matrix of a right-handed turn by ``angle`` degrees about x, y or z."""
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cosine
    matrix[first, second], matrix[second, first] = -sine, sine
    return matrix


def lathe(profile: ArrayLike, segments: int = 120) -> Grid:
    """Turn a profile of (radius, z) pairs about z; u runs around with its middle at the front."""
    outline = np.asarray(profile, np.float64)
    steps = np.linalg.norm(np.diff(outline, axis=0), axis=1)
    v = np.concatenate([[0.0], np.cumsum(steps)]) / steps.sum()
    u = np.linspace(0.0, 1.0, segments + 1)
    angle = 2 * np.pi * (u - 0.5)
    radius, height = outline[:, :1], outline[:, 1:]
    points = np.stack(
        np.broadcast_arrays(radius * np.sin(angle), -radius * np.cos(angle), height), -1
    )
    return Grid(points, np.stack(np.broadcast_arrays(u, v[:, None]), -1))


def arc(radius: float, start: float, end: float, steps: int = 24) -> Array:
    """Return (steps, 2) points on a circle about the origin, from ``start`` to ``end`` degrees."""
    angle = np.radians(np.linspace(start, end, steps))
    return radius * np.stack([np.cos(angle), np.sin(angle)], -1)


def hoop(radius: float, steps: int = 120) -> Array:
    """Return the (x, y, z) path of a circle about the origin in the upright plane y = 0."""
    circle = arc(radius, 0.0, 360.0, steps)
    return np.stack([circle[:, 0], 0 * circle[:, 0], circle[:, 1]], -1)


def ball(radius: float, lowest: float = -90.0) -> Grid:
    """Return a sphere about the origin, cut off below latitude ``lowest`` degrees."""
    return lathe(arc(radius, lowest, 90.0, 40), 64)


def drum(radius: float, bottom: float, top: float, edge: float = 0.1) -> Grid:
    """Return a closed cylinder about z with edges rounded by ``edge`` cm."""
    low = arc(edge, -90.0, 0.0, 8) + np.array([radius - edge, bottom + edge])
    high = arc(edge, 0.0, 90.0, 8) + np.array([radius - edge, top - edge])
    return lathe([(0.0, bottom), *low, *high, (0.0, top)])


def disc(radius: float) -> Grid:
    """Return a flat disc facing the front (-y), printed with an upright square sheet."""
    flat = lathe([(0.0, 0.0), (radius / 2, 0.0), (radius, 0.0)]).turned("x", 90.0)
    return Grid(flat.points, 0.5 + flat.points[..., [0, 2]] / (2 * radius))


def tube(path: ArrayLike, radius: float, segments: int = 20) -> Grid:
    """Sweep a circle along a path of (x, y, z) points; u runs around, v along."""
    centre = np.asarray(path, np.float64)
    tangent = np.gradient(centre, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = _carried_normals(tangent)
    binormal = np.cross(tangent, normal)
    u = np.linspace(0.0, 1.0, segments + 1)
    angle = 2 * np.pi * u[:, None]
    around = np.cos(angle) * normal[:, None] + np.sin(angle) * binormal[:, None]
    v = np.linspace(0.0, 1.0, len(centre))[:, None]
    uv = np.stack(np.broadcast_arrays(u, v), -1)
    return Grid(centre[:, None] + radius * around, uv)


def rounded_box(size: tuple[float, float, float], radius: float) -> dict[str, Grid]:
    """Return the sheets of a box standing on z = 0: front, back, left, right, top, bottom.

    Each is upright as seen from outside; ``size`` is along x, y and z.
    """
    half = np.array(size) / 2
    sides = {
        "front": ([1, 0, 0], [0, 0, 1], [0, -1, 0]),
        "back": ([-1, 0, 0], [0, 0, 1], [0, 1, 0]),
        "left": ([0, -1, 0], [0, 0, 1], [-1, 0, 0]),
        "right": ([0, 1, 0], [0, 0, 1], [1, 0, 0]),
        "top": ([1, 0, 0], [0, 1, 0], [0, 0, 1]),
        "bottom": ([1, 0, 0], [0, -1, 0], [0, 0, -1]),
    }
    return {
        name: _box_side(half, radius, *(np.array(axis, np.float64) for axis in axes))
        for name, axes in sides.items()
    }


def _box_side(half: Array, radius: float, right: Array, up: Array, out: Array) -> Grid:
    across = _edge_spaced(abs(float(right @ half)), radius)
    along = _edge_spaced(abs(float(up @ half)), radius)
    u, v = np.meshgrid(across, along)
    cube = (u[..., None] * right + v[..., None] * up + out) * half
    core = np.clip(cube, -(half - radius), half - radius)
    offset = cube - core
    offset /= np.linalg.norm(offset, axis=-1, keepdims=True)
    uv = np.stack([(u + 1) / 2, (v + 1) / 2], -1)
    return Grid(core + radius * offset, uv).moved(z=float(half[2]))


def _edge_spaced(half: float, radius: float) -> Array:
    """Return -1..1 with points crowded into the rounded ends, where the surface bends."""
    bend = 1 - (radius / half) * (1 - np.tan(np.radians(np.linspace(0.0, 45.0, 9))))
    return np.concatenate([-bend[::-1], np.linspace(-bend[0], bend[0], 8)[1:-1], bend])


def _carried_normals(tangent: Array) -> Array:
    """Return normals along a path that turn no more than the path does."""
    helper = np.eye(3)[np.argmin(np.abs(tangent[0]))]
    normals = [np.cross(tangent[0], helper)]
    for direction in tangent[1:]:
        normals.append(normals[-1] - direction * (direction @ normals[-1]))
    stacked = np.stack(normals)
    return stacked / np.linalg.norm(stacked, axis=1, keepdims=True)
