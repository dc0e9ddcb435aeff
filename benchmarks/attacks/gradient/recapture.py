"""What happens to a picture on its way: saved as JPEG, or printed and photographed again.

In PyTorch, so that an attacker can make a picture that survives it (expectation over
transformation: Athalye, Engstrom, Ilyas and Kwok, ICML 2018).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from benchmarks.attacks.gradient.likeness import Picture, blurred

JPEG_QUALITY = 85
TABLE = 0.5
"""Grey of what a print lies on."""


@dataclass(frozen=True)
class Camera:
    """Ranges that each recapture is drawn from.

    Attributes
    ----------
    corners : a corner of the print lies within so much of its place in the photo, over the side
    blur_pixels, gamma, noise : deviation of a Gaussian, exponent, deviation over full scale
    """

    corners: float = 0.05
    blur_pixels: tuple[float, float] = (0.4, 1.2)
    gamma: tuple[float, float] = (0.8, 1.25)
    noise: tuple[float, float] = (0.005, 0.02)


def as_tensor(picture: Picture) -> Tensor:
    """Bytes (H, W, 3) to float32 (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None]


def as_picture(pictures: Tensor) -> Picture:
    """The first of (N, 3, H, W) in [0, 1] as bytes."""
    scaled = pictures[0].detach().clamp(0, 1).permute(1, 2, 0).numpy() * 255
    return np.ascontiguousarray(np.rint(scaled).astype(np.uint8))


def encoded(picture: Picture, kind: str, quality: int = JPEG_QUALITY) -> bytes:
    """A file, ``kind`` "PNG" or "JPEG"."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, kind, quality=quality)
    return stream.getvalue()


def through_jpeg(pictures: Tensor) -> Tensor:
    """One picture (1, 3, H, W) as JPEG gives it back; gradients pass as if it were the same."""
    with Image.open(io.BytesIO(encoded(as_picture(pictures), "JPEG"))) as opened:
        decoded = as_tensor(np.asarray(opened.convert("RGB")))
    return pictures + (decoded - pictures).detach()


def recaptured(pictures: Tensor, rng: np.random.Generator, camera: Camera | None = None) -> Tensor:
    """Pictures (N, 3, H, W) in [0, 1] printed and photographed: seen askew, blurred, with another
    gamma and with noise; without the camera's JPEG."""
    camera = camera or Camera()
    height, width = pictures.shape[2:]
    grid = _grid(rng.uniform(-camera.corners, camera.corners, (4, 2)), height, width)
    grid = grid.expand(len(pictures), -1, -1, -1)
    seen = functional.grid_sample(pictures - TABLE, grid, align_corners=False) + TABLE
    reach = 4
    around = functional.pad(seen, (reach,) * 4, mode="replicate")
    seen = blurred(around, rng.uniform(*camera.blur_pixels), reach)
    seen = seen.clamp(1e-3, 1) ** rng.uniform(*camera.gamma)
    noise = rng.normal(0, rng.uniform(*camera.noise), tuple(seen.shape)).astype(np.float32)
    return (seen + torch.from_numpy(noise)).clamp(0, 1)


def _grid(moved: NDArray[np.float64], height: int, width: int) -> Tensor:
    """Where each pixel of the photo lies on the print, (1, H, W, 2) in [-1, 1].

    ``moved`` (4, 2): by how much of the side each corner of the print is out of place.
    """
    corners = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
    rows, wanted = [], []
    for (x, y), (u, v) in zip(corners + 2 * moved, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    homography = np.append(np.linalg.solve(np.array(rows), np.array(wanted)), 1.0).reshape(3, 3)
    across = (np.arange(width) + 0.5) * 2 / width - 1
    down = (np.arange(height) + 0.5) * 2 / height - 1
    x, y = np.meshgrid(across, down)
    seen = np.stack([x, y, np.ones_like(x)], axis=-1) @ homography.T
    return torch.from_numpy((seen[..., :2] / seen[..., 2:]).astype(np.float32))[None]
