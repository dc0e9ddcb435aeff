"""Training and dev photos as square pixels, and random views of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ailock_sdk.capture import Box, crop_and_resize
from lab.photos.embeddings import InputView, view_pixels
from lab.photos.photo_sets import open_photo_set
from tools.training.augmentation import augment
from tools.training.config import Config, Source, ViewConfig

CARD_SHAPE = -0.5, 0.5
"""Logarithm of width over height of the photos that are shown as flat pictures."""


@dataclass(frozen=True)
class Photos:
    """``pixels`` (N, S, S, 3) uint8 RGB; ``objects`` (N,) names, alike for the same object."""

    pixels: np.ndarray
    objects: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)


def read_photos(source: Source, directory: Path, size: int, training: bool) -> Photos:
    """The whole view of every photo of a set, or of the asked side of a split set."""
    photo_set = open_photo_set(directory / source.file)
    if source.split:
        photo_set = photo_set.half(training)
    view = InputView(size, size, crop=1.0)
    pixels = np.stack([view_pixels(data, view) for _, _, data in photo_set])
    return Photos(pixels, photo_set.objects)


def read_dev(config: Config, directory: Path) -> dict[str, Photos]:
    """The photos that are only watched, by file name without its suffix, at the input size."""
    return {
        Path(source.file).stem: read_photos(source, directory, config.input_size, False)
        for source in config.dev
    }


def as_input(pixels: np.ndarray) -> Tensor:
    """(N, S, S, 3) uint8 -> (N, 3, S, S) float32 in [-1, 1], channels last in memory."""
    return torch.from_numpy(pixels).float().div_(127.5).sub_(1).permute(0, 3, 1, 2)


def as_pixels(views: Tensor) -> np.ndarray:
    """The inverse of ``as_input``, rounded."""
    return views.add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).numpy()


@dataclass(frozen=True)
class Drawn:
    """``objects`` (N,) numbers, alike for the same object; ``photos`` (views, N) indices."""

    objects: np.ndarray
    photos: np.ndarray


class TrainingPhotos:
    """All training photos, with what sampling and augmentation need to know of each."""

    def __init__(self, config: ViewConfig, directory: Path) -> None:
        size = config.source_size
        parts = {s: read_photos(s, directory, size, training=True) for s in config.training}
        self._config = config
        self._pixels = np.concatenate([photos.pixels for photos in parts.values()])
        objects = np.concatenate([photos.objects for photos in parts.values()])
        self._cut_out = np.concatenate([np.full(len(p), s.cut_outs) for s, p in parts.items()])
        cards = np.concatenate([np.full(len(p), s.cards) for s, p in parts.items()])
        # A picture keeps its proportions from view to view.
        shape = np.random.default_rng([config.seed, 2]).uniform(*CARD_SHAPE, len(cards))
        self._cards = np.where(cards, np.exp(shape), 0).astype(np.float32)
        general = np.concatenate([np.full(len(p), s.general) for s, p in parts.items()])
        self._general = np.flatnonzero(general)
        names, of_photo = np.unique(objects, return_inverse=True)
        self._photos_of = [np.flatnonzero(of_photo == index) for index in range(len(names))]
        # Objects are alike likely within a file, whatever their number of photos.
        self._chance = np.zeros(len(names))
        for source, photos in parts.items():
            mine = np.isin(names, photos.objects)
            self._chance[mine] = source.weight / mine.sum()
        self._chance /= self._chance.sum()
        self.counts = {s.file: (len(p), len(set(p.objects))) for s, p in parts.items()}

    def __len__(self) -> int:
        return len(self._pixels)

    def draw(self, objects: int, views: int, rng: np.random.Generator) -> Drawn:
        """Distinct objects, and different photos of each where there are."""
        drawn = rng.choice(len(self._chance), objects, replace=False, p=self._chance)
        return self._photos_for(drawn, views, rng)

    def draw_often(self, objects: int, views: int, rng: np.random.Generator) -> Drawn:
        """As :meth:`draw`, but an object may come again, with other photos."""
        drawn = rng.choice(len(self._chance), objects, replace=True, p=self._chance)
        return self._photos_for(drawn, views, rng)

    def _photos_for(self, drawn: np.ndarray, views: int, rng: np.random.Generator) -> Drawn:
        rows = [np.resize(rng.permutation(self._photos_of[index]), views) for index in drawn]
        return Drawn(drawn, np.stack(rows, axis=1))

    def clean(self, chosen: np.ndarray) -> np.ndarray:
        """The photos (N,) as they are, at the input size: (N, S, S, 3) uint8."""
        size = self._config.input_size
        box = Box(0, 0, self._config.source_size, self._config.source_size)
        return np.stack([crop_and_resize(self._pixels[i], box, size, size) for i in chosen])

    def views(self, chosen: np.ndarray, rng: np.random.Generator) -> Tensor:
        """One random view of each chosen photo (N,): (N, 3, S, S) float32 in [-1, 1]."""
        backgrounds = rng.choice(self._general, len(chosen))
        return augment(
            torch.from_numpy(self._pixels[chosen]),
            torch.from_numpy(self._cut_out[chosen]),
            torch.from_numpy(self._cards[chosen]),
            torch.from_numpy(self._pixels[backgrounds]),
            self._config.input_size,
            self._config.augmentation,
            torch.Generator().manual_seed(int(rng.integers(2**62))),
        )

    def general(self, count: int, rng: np.random.Generator) -> Tensor:
        """At most ``count`` photos of many things, the centre of each: (N, 3, S, S) in [-1, 1]."""
        margin = (self._config.source_size - self._config.input_size) // 2
        inner = slice(margin, margin + self._config.input_size)
        chosen = rng.choice(self._general, min(count, len(self._general)), replace=False)
        return as_input(self._pixels[chosen][:, inner, inner])
