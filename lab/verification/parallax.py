"""What two frames of a clip tell of depth, against the same frame shown as a picture.

A picture that fills the view is simulated: a frame of the clip, taken along by a homography as a
hand moves, with a camera's noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ailock_sdk.camera import open_camera
from ailock_sdk.capture import Pixels
from ailock_sdk.capture.parallax import measure_parallax
from lab.statistics.intervals import Estimate, share_by_object

HAND = 0.012
"""Standard deviation of the way of a corner, and of all together, over the frame's width."""
NOISE_LEVELS = 2.5
_STARTS = 6


@dataclass(frozen=True)
class DepthRates:
    """Of pairs of frames so many seconds apart.

    Attributes
    ----------
    clips, pairs, pictures : how many
    silent : share of the clips' pairs of which nothing can be said
    bpcer : share of the others that show no depth
    apcer : share of simulated pictures of which something can be said, and that is depth
    """

    clips: int
    pairs: int
    pictures: int
    silent: Estimate
    bpcer: Estimate | None
    apcer: Estimate | None


def measure_depth(
    clips: Sequence[Path], seconds: float, threshold: float, bootstrap: int, seed: int
) -> DepthRates:
    """Depth is seen where more than ``threshold`` of the patches leave the plane."""
    rng = np.random.default_rng(seed)
    real, flat = [], []
    for clip in clips:
        with open_camera(str(clip)) as camera:
            frames = list(camera)
        pairs = [
            (
                one.pixels,
                next((f.pixels for f in frames if f.seconds >= one.seconds + seconds), None),
            )
            for one in frames
        ]
        usable = [(one, other) for one, other in pairs if other is not None]
        chosen = usable[:: max(1, len(usable) // _STARTS)]
        real.append([_off_plane(one, other) for one, other in chosen])
        flat.append([_off_plane(one, held_picture(one, rng)) for one, _ in chosen])
    said = [[each for each in one if each is not None] for one in real]
    pictures = [[each for each in one if each is not None] for one in flat]
    silent = [[each is None for each in one] for one in real]
    return DepthRates(
        len(clips),
        sum(map(len, real)),
        sum(map(len, pictures)),
        _share(silent, bootstrap, seed) or Estimate(1.0),
        _share([[each <= threshold for each in one] for one in said], bootstrap, seed),
        _share([[each > threshold for each in one] for one in pictures], bootstrap, seed),
    )


def held_picture(frame: Pixels, rng: np.random.Generator) -> Pixels:
    """The frame, as a picture of it looks a moment later before a camera held by hand."""
    height, width = frame.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    moved = corners + HAND * width * (rng.normal(size=(4, 2)) + rng.normal(size=2))
    rows, none = [], [0.0, 0.0, 0.0]
    for (x, y), (u, v) in zip(corners, moved, strict=True):
        rows.append([x, y, 1.0, *none, -u * x, -u * y])
        rows.append([*none, x, y, 1.0, -v * x, -v * y])
    found = np.linalg.solve(np.array(rows), moved.ravel())
    picture = Image.fromarray(frame).transform(
        (width, height), Image.Transform.PERSPECTIVE, found.tolist(), Image.Resampling.BICUBIC
    )
    noisy = np.asarray(picture) + rng.normal(0, NOISE_LEVELS, frame.shape)
    return noisy.clip(0, 255).astype(np.uint8)


def _off_plane(one: Pixels, other: Pixels) -> float | None:
    found = measure_parallax(one, other)
    return None if found is None else found.off_plane


def _share(by_clip: Iterable[Sequence[bool]], bootstrap: int, seed: int) -> Estimate | None:
    some: list[Sequence[bool]] = [one for one in by_clip if one]
    if not some:
        return None
    matches: NDArray[np.int64] = np.array([sum(one) for one in some], np.int64)
    trials = np.array([len(one) for one in some], np.int64)
    return share_by_object(matches, trials, bootstrap, seed, min(1.0, 3 / len(some)))
