"""Do two frames show one flat thing? A picture, held before a moving camera, moves as one plane.

Patches are followed from one frame to the other. Where they lie on one plane a homography takes
all of them along; where they have depth it leaves a rest (Hartley and Zisserman, "Multiple View
Geometry", 2003, chapter 13). A card on a table is as flat as a picture of it, and a camera that
only turns sees no depth in anything: that the rest is small says little, that it is large says
that no picture was shown. Advisory, and nothing in the SDK calls it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from ailock_sdk.capture.photo import Pixels

Floats: TypeAlias = npt.NDArray[np.float64]

LONG_SIDE_PIXELS = 480
"""Frames are compared at this size."""
PATCH_PIXELS = 11
CELL_PIXELS = 20
"""One patch, the one with most detail in both directions, of each cell."""
REACH_PIXELS = 24
"""Furthest that a patch may move between the frames."""
MIN_DETAIL = 40.0
"""Least eigenvalue of a patch's mean structure tensor, squared grey levels."""
MIN_LIKENESS = 0.9
"""Correlation of a patch and where it went."""
MIN_PATCHES = 24
MIN_MOVEMENT_PIXELS = 2.0
"""Median way of the patches below which nothing can be said."""
INLIER_PIXELS = 1.0
FLAT_SHARE = 0.1
"""Up to this share of patches off the plane nothing has depth: mistaken patches, the lens."""
_DRAWS = 300


@dataclass(frozen=True)
class Parallax:
    """What two frames of one view tell.

    Attributes
    ----------
    patches : int
        Followed from frame to frame.
    movement_pixels : float
        Their median way, at a long side of 480.
    off_plane : float
        Share of them that the best plane leaves more than a pixel away: near 0 for a picture.
    """

    patches: int
    movement_pixels: float
    off_plane: float


def measure_parallax(first: Pixels, second: Pixels) -> Parallax | None:
    """How far two frames are from showing one plane; ``None``: too little detail or movement.

    Parameters
    ----------
    first, second : ndarray, uint8, shape (H, W, 3)
        Frames of one burst, of the same size; some tenths of a second apart.

    Raises
    ------
    ValueError
        They are of different sizes.
    """
    if first.shape != second.shape:
        raise ValueError("both frames must have the same size")
    one, other = _light(first), _light(second)
    found = _follow(one, other, _corners(one))
    if len(found) < MIN_PATCHES:
        return None
    start, end = found[:, :2], found[:, 2:]
    movement = float(np.median(np.hypot(*(end - start).T)))
    if movement < MIN_MOVEMENT_PIXELS:
        return None
    return Parallax(len(found), movement, float(np.mean(_rest(start, end) > INLIER_PIXELS)))


def _light(pixels: Pixels) -> Floats:
    picture = Image.fromarray(pixels).convert("L")
    picture.thumbnail((LONG_SIDE_PIXELS, LONG_SIDE_PIXELS), Image.Resampling.BOX)
    return np.asarray(picture, np.float64)


def _sums(values: Floats, side: int) -> Floats:
    """Means over every square of ``side`` pixels, (H - side + 1, W - side + 1)."""
    total = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    square = total[side:, side:] - total[:-side, side:] - total[side:, :-side]
    return np.asarray((square + total[:-side, :-side]) / side**2)


def _corners(light: Floats) -> npt.NDArray[np.int64]:
    """Upper left corners (N, 2), row and column, of patches (Shi and Tomasi, CVPR 1994)."""
    down, across = np.gradient(light)
    a, b, c = (
        _sums(np.asarray(x), PATCH_PIXELS) for x in (down * down, down * across, across * across)
    )
    least = (a + c) / 2 - np.sqrt(((a - c) / 2) ** 2 + b * b)
    margin = REACH_PIXELS
    found = []
    for top in range(margin, least.shape[0] - margin - CELL_PIXELS + 1, CELL_PIXELS):
        for left in range(margin, least.shape[1] - margin - CELL_PIXELS + 1, CELL_PIXELS):
            cell = least[top : top + CELL_PIXELS, left : left + CELL_PIXELS]
            row, column = np.unravel_index(int(cell.argmax()), cell.shape)
            if cell[row, column] >= MIN_DETAIL:
                found.append((top + int(row), left + int(column)))
    return np.array(found, np.int64).reshape(-1, 2)


def _follow(one: Floats, other: Floats, corners: npt.NDArray[np.int64]) -> Floats:
    """Where patches go, by correlation: float64 (N, 4), column and row before and after."""
    found = []
    size = PATCH_PIXELS + 2 * REACH_PIXELS
    for row, column in corners:
        patch = one[row : row + PATCH_PIXELS, column : column + PATCH_PIXELS]
        top, left = row - REACH_PIXELS, column - REACH_PIXELS
        likeness = _likeness(other[top : top + size, left : left + size], patch)
        at = np.unravel_index(int(likeness.argmax()), likeness.shape)
        y, x = int(at[0]), int(at[1])
        inside = 0 < y < likeness.shape[0] - 1 and 0 < x < likeness.shape[1] - 1
        if not inside or likeness[y, x] < MIN_LIKENESS:
            continue
        fine_y = y + _peak(likeness[y - 1 : y + 2, x])
        fine_x = x + _peak(likeness[y, x - 1 : x + 2])
        found.append((column, row, left + fine_x, top + fine_y))
    return np.array(found, np.float64).reshape(-1, 4)


def _likeness(area: Floats, patch: Floats) -> Floats:
    """Correlation coefficient of a patch with every place in an area."""
    patch = patch - patch.mean()
    windows = np.lib.stride_tricks.sliding_window_view(area, patch.shape)
    products = np.einsum("ijkl,kl->ij", windows, patch) / patch.size
    spread = _sums(area * area, len(patch)) - _sums(area, len(patch)) ** 2
    return np.asarray(products / np.sqrt(spread.clip(1e-6) * (patch * patch).mean()))


def _peak(three: Floats) -> float:
    """Where a parabola through three values has its top, from the middle one."""
    before, middle, after = three
    bend = before - 2 * middle + after
    return float((before - after) / (2 * bend)) if bend < 0 else 0.0


def _rest(start: Floats, end: Floats) -> Floats:
    """How far from its end the plane that suits most patches takes each of them, in pixels."""
    rng = np.random.default_rng(0)
    best = np.full(len(start), np.inf)
    for _ in range(_DRAWS):
        drawn = rng.choice(len(start), 4, replace=False)
        rest = _errors(_homography(start[drawn], end[drawn]), start, end)
        if (rest < INLIER_PIXELS).sum() > (best < INLIER_PIXELS).sum():
            best = rest
    near = best < INLIER_PIXELS
    if near.sum() >= 8:
        refined = _errors(_homography(start[near], end[near]), start, end)
        if (refined < INLIER_PIXELS).sum() >= near.sum():
            return refined
    return best


def _homography(start: Floats, end: Floats) -> Floats:
    """The direct linear transform, (3, 3)."""
    x, y = (start / LONG_SIDE_PIXELS).T
    u, v = (end / LONG_SIDE_PIXELS).T
    one, none = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate(
        [
            np.column_stack([x, y, one, none, none, none, -u * x, -u * y, -u]),
            np.column_stack([none, none, none, x, y, one, -v * x, -v * y, -v]),
        ]
    )
    return np.asarray(np.linalg.svd(rows, full_matrices=True)[2][-1].reshape(3, 3))


def _errors(homography: Floats, start: Floats, end: Floats) -> Floats:
    points = np.column_stack([start / LONG_SIDE_PIXELS, np.ones(len(start))]) @ homography.T
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = points[:, :2] / points[:, 2:] * LONG_SIDE_PIXELS
    rest = np.hypot(*(moved - end).T)
    return np.where(np.isfinite(rest), rest, np.inf)
