"""Removes the grain that few light paths per pixel leave, as a phone removes its sensor's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]

_RADIUS = 2  # pixels
_REACH = 1.3  # standard deviation across pixels
_TOLERANCE = 0.06  # standard deviation across brightness, 0..1: edges are larger steps


def without_specks(light: Image) -> Image:
    """Return linear RGB with each pixel no brighter than its brightest neighbour."""
    padded = np.pad(light, ((1, 1), (1, 1), (0, 0)), mode="edge")
    offsets = [(y, x) for y in range(3) for x in range(3) if (y, x) != (1, 1)]
    return np.minimum(light, np.max([_window(padded, light, at) for at in offsets], axis=0))


def smoothed(display: Image) -> Image:
    """Return an RGB picture (0..1) averaged with like-coloured neighbours (bilateral filter)."""
    padded = np.pad(display, ((_RADIUS, _RADIUS), (_RADIUS, _RADIUS), (0, 0)), mode="reflect")
    total, weights = np.zeros_like(display), np.zeros((*display.shape[:2], 1), display.dtype)
    for y in range(2 * _RADIUS + 1):
        for x in range(2 * _RADIUS + 1):
            near = _window(padded, display, (y, x))
            step = ((near - display) ** 2).mean(-1, keepdims=True) / _TOLERANCE**2
            away = ((y - _RADIUS) ** 2 + (x - _RADIUS) ** 2) / _REACH**2
            weight = np.exp(-0.5 * (step + away))
            total += weight * near
            weights += weight
    return np.divide(total, weights, dtype=display.dtype)


def _window(padded: Image, like: Image, offset: tuple[int, int]) -> Image:
    height, width = like.shape[:2]
    return padded[offset[0] : offset[0] + height, offset[1] : offset[1] + width]
