"""From linear light to a JPEG as a phone would save it."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from tools.rendering.denoise import smoothed, without_specks
from tools.rendering.noise import fractal
from tools.rendering.studio import Radiance

_MIDDLE_GREY = 0.29  # linear mean that auto-exposure aims at
_NOISE = 0.006  # standard deviation of sensor noise, in 0..1 of the display range


def develop(light: Radiance, name: str, exposure: float) -> Image.Image:
    """Return the photo: auto-exposed (plus ``exposure`` stops), toned, with sensor noise."""
    light = without_specks(light)
    mean = float(np.minimum(light.mean(-1), 4 * np.median(light)).mean())
    toned = _film(light * (_MIDDLE_GREY / mean) * 2.0**exposure * _vignette(light.shape[:2]))
    display = smoothed(np.clip(toned, 0.0, 1.0) ** (1 / 2.2))
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    noisy = display + rng.normal(0.0, _NOISE, display.shape)
    image = Image.fromarray((np.clip(noisy, 0.0, 1.0) * 255).round().astype(np.uint8))
    return image.filter(ImageFilter.UnsharpMask(radius=1.0, percent=40, threshold=3))


def enlarge(image: Image.Image, size: tuple[int, int], name: str) -> Image.Image:
    """Return ``image`` at ``size`` pixels with grain added, so that it is as rich as a photo."""
    rng = np.random.default_rng(zlib.crc32(f"{name}/grain".encode()))
    pixels = np.asarray(image.resize(size, Image.Resampling.LANCZOS), np.float32)
    shape = (size[1], size[0])
    relief = fractal(rng, shape, (size[1] // 16, size[0] // 16), 4) - 0.5
    grain = rng.normal(0.0, 5.0, shape).astype(np.float32)
    rich = pixels * (1 + 0.16 * relief[..., None]) + grain[..., None]
    return Image.fromarray(np.clip(rich, 0.0, 255.0).round().astype(np.uint8))


def save(image: Image.Image, path: Path, quality: int = 88) -> None:
    """Write a JPEG."""
    image.save(path, "JPEG", quality=quality, optimize=True)


def _film(light: Radiance) -> NDArray[np.float32]:
    """Compress highlights with Narkowicz's fit of the ACES curve."""
    x = 0.8 * light
    return np.divide(x * (2.51 * x + 0.03), x * (2.43 * x + 0.59) + 0.14, dtype=light.dtype)


def _vignette(shape: tuple[int, int]) -> NDArray[np.float32]:
    y, x = (np.linspace(-1, 1, count, dtype=np.float32) for count in shape)
    return (1 - 0.12 * (x[None, :] ** 2 + y[:, None] ** 2))[..., None]
