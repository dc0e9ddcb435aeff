"""Films a clip: few path-traced pictures, and between them what a moving camera would see."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates, uniform_filter1d

from tools.rendering.canvas import Pixels
from tools.rendering.clips import FRAMES_A_SECOND, Clip
from tools.rendering.development import develop
from tools.rendering.objects import Part
from tools.rendering.shots import Shot
from tools.rendering.studio import render_with_depth
from tools.rendering.viewpoint import Viewpoint

_MARGIN = 1.25
"""How much wider a traced picture is than a frame, so that the hand has room."""
_KEY_DEGREES = 2.0
"""Between traced pictures; so near to each other hardly anything is hidden in one only."""
_SHUTTER = 0.4
"""Share of the time between frames in which the shutter is open."""
_SENSOR_LEVELS = 2.5
"""Standard deviation of a frame's own noise, beside that of the traced pictures."""

Image = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Traced:
    """A traced picture that can be looked at from beside its camera.

    Attributes
    ----------
    pixels, space : float32 (H, W, 3)
        RGB, 0 to 255, and where each pixel is, in cm.
    size : (int, int)
        Width and height of a frame, which is the picture's middle.
    """

    pixels: Image
    space: Image
    size: tuple[int, int]

    @classmethod
    def of(cls, shot: Shot, parts: list[Part], size: tuple[int, int], samples: int) -> Traced:
        """Trace a shot of an object."""
        wide = (round(size[0] * _MARGIN), round(size[1] * _MARGIN))
        light, depth = render_with_depth(shot, parts, wide, samples, _MARGIN)
        depth = np.where(depth > 0, depth, depth.max())
        pixels = np.asarray(develop(light, shot.name, shot.exposure), np.float32)
        return cls(pixels, Viewpoint.of(shot, parts).points(depth, size), size)

    def seen_from(self, viewpoint: Viewpoint) -> tuple[Image, Image]:
        """What a camera near by sees, (height, width, 3), 0 to 255, and where that is known.

        The latter, (height, width), is 1, or next to 0 where something hid it from this picture.
        """
        height, width = self.size[1], self.size[0]
        moved, depth = viewpoint.project(self.space, self.size)
        wanted = np.indices((height, width), np.float32)
        source = np.indices(depth.shape, np.float32)
        # Whence each pixel comes: of all that move there, the nearest hides the rest ...
        border = (np.array(depth.shape, np.float32) - (height, width)) / 2
        whence: Image = (wanted + border[:, None, None]).astype(np.float32)
        rows, columns = np.moveaxis(np.rint(moved).astype(int), -1, 0)
        inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        order = np.flatnonzero(inside)[np.argsort(-depth[inside])]
        rows, columns = rows.ravel()[order], columns.ravel()[order]
        whence[:, rows, columns] = source.reshape(2, -1)[:, order]
        for _ in range(2):  # ... and then by parts of pixels
            missed = wanted - np.stack([_sampled(moved[..., axis], whence) for axis in (0, 1)])
            whence += missed
        known = np.where(np.abs(missed).max(axis=0) < 1.0, 1.0, 1e-3).astype(np.float32)
        return np.stack([_sampled(self.pixels[..., c], whence) for c in range(3)], -1), known


def film(clip: Clip, parts: list[Part], size: tuple[int, int], samples: int) -> Iterator[Pixels]:
    """The frames of a clip of an object, uint8 (height, width, 3).

    A frame is what its camera sees of the two traced pictures nearest to it in time. Then come
    blur by movement and by a focus that is still sought, a drifting exposure, and noise.
    """
    rng = np.random.default_rng(zlib.crc32(f"{clip.name}/sensor".encode()))
    turns = (clip.end.azimuth - clip.start.azimuth, clip.end.elevation - clip.start.elevation)
    steps = round(max(np.abs(turns)) / _KEY_DEGREES)
    moments = [number / steps for number in range(steps + 1)] if steps else [0.5]
    traced = [
        Traced.of(replace(clip.path(moment), view=number), parts, size, samples)
        for number, moment in enumerate(moments)
    ]
    held = [Viewpoint.of(shot, parts) for shot in clip.held()]
    middle = held[0].target.astype(np.float32)
    places = np.array([seen.project(middle, size)[0] for seen in held])
    speeds = np.gradient(places, axis=0)
    phase = rng.uniform(0, 2 * np.pi)
    for number, seen in enumerate(held):
        first, later = divmod(number / len(held) * steps, 1)
        picture, known = traced[int(first)].seen_from(seen)
        if later > 0:
            other, other_known = traced[int(first) + 1].seen_from(seen)
            weight = later * other_known / (later * other_known + (1 - later) * known)
            picture = picture + weight[..., None] * (other - picture)
        second = number / FRAMES_A_SECOND
        unsettled = clip.settling * np.exp(-second / 0.2)
        for axis, speed in enumerate(speeds[number]):
            picture = uniform_filter1d(picture, max(1, round(_SHUTTER * abs(speed))), axis)
        picture = gaussian_filter(picture, (6 * unsettled, 6 * unsettled, 0))
        gain = (1 + 0.03 * np.sin(2.1 * second + phase)) * (1 - 0.5 * unsettled)
        noisy = gain * picture + rng.normal(0, _SENSOR_LEVELS, picture.shape)
        yield np.clip(noisy, 0, 255).round().astype(np.uint8)


def write(frames: Iterable[Pixels], size: tuple[int, int], path: Path, quality: int) -> None:
    """Write H.264 as phones do; ``quality`` is x264's constant rate factor, less is better."""
    with av.open(str(path), "w") as container:
        options = {"crf": str(quality), "preset": "slow"}
        stream = container.add_stream("libx264", rate=FRAMES_A_SECOND, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))


def _sampled(field: Image, at: Image) -> Image:
    return map_coordinates(field, at, order=1, mode="nearest", output=np.float32)
