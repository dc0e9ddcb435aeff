"""Random views of photos, as training draws them, for fitting a discriminant. Needs PyTorch."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from lab.photos.embeddings import InputView, view_pixels
from lab.photos.photo_sets import PhotoSet
from tools.training.augmentation import augment
from tools.training.config import Source, ViewConfig
from tools.training.photos import CARD_SHAPE, as_pixels

_BATCH = 20

Squares = NDArray[np.uint8]
"""Square photos, uint8 RGB (N, S, S, 3)."""


def squares(photos: PhotoSet, size: int) -> Squares:
    """The centre squares of a set."""
    whole = InputView(size, size, 1.0)
    return np.stack([view_pixels(data, whole) for _, _, data in photos])


def random_views(
    photos: Squares,
    backgrounds: Squares,
    source: Source,
    config: ViewConfig,
    count: int,
    size: int,
    seed: int,
) -> Iterator[NDArray[np.uint8]]:
    """``count`` random views of each photo in turn, uint8 RGB (size, size, 3).

    ``backgrounds`` are what cut-outs and flat pictures are put before.
    """
    # A seed of the set's own: adding a set leaves the views of the others as they were.
    seed += zlib.crc32(source.file.encode())
    rng, draw = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    # A picture keeps its proportions from view to view.
    shapes = (
        np.exp(draw.uniform(*CARD_SHAPE, len(photos))) if source.cards else np.zeros(len(photos))
    )
    for start in range(0, len(photos), _BATCH):
        batch = np.repeat(photos[start : start + _BATCH], count, axis=0)
        cards = np.repeat(shapes[start : start + _BATCH], count).astype(np.float32)
        behind = backgrounds[draw.integers(0, len(backgrounds), len(batch))]
        views = augment(
            torch.from_numpy(batch),
            torch.full((len(batch),), source.cut_outs),
            torch.from_numpy(cards),
            torch.from_numpy(behind),
            size,
            config.augmentation,
            rng,
        )
        yield from np.ascontiguousarray(as_pixels(views))
