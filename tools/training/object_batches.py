"""Batches of grids and pairs, drawn ahead of the step that needs them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lab.photos.embeddings import InputView, view_pixels
from lab.photos.photo_sets import open_photo_set
from tools.training.cutouts import read_cut_outs
from tools.training.object_config import ObjectConfig
from tools.training.photos import TrainingPhotos
from tools.training.scenes import Scenes

_AHEAD = 2
"""Batches drawn before they are asked for."""


@dataclass(frozen=True)
class ObjectBatch:
    """G views of grids, then P first and P second views of pairs.

    ``views`` are pixels, or what a network's frozen part made of them. ``objects`` and
    ``backgrounds`` (G,) number what the grids show, ``paired`` (P,) the pairs' objects; grids and
    pairs count on their own.
    """

    views: Tensor
    objects: Tensor
    backgrounds: Tensor
    paired: Tensor

    def to(self, device: torch.device) -> ObjectBatch:
        """The same batch on a device."""
        views = self.views.to(device, memory_format=torch.channels_last, non_blocking=True)
        rest = (self.objects, self.backgrounds, self.paired)
        return ObjectBatch(views, *(numbers.to(device) for numbers in rest))

    def with_pairs_of(self, other: ObjectBatch) -> ObjectBatch:
        """These grids, with another batch's pairs."""
        views = torch.cat([self.views[: len(self.objects)], other.views[len(other.objects) :]])
        return ObjectBatch(views, self.objects, self.backgrounds, other.paired)


class ObjectBatches:
    """Every batch of a run by its number, alike whenever and in whatever order they are drawn."""

    def __init__(self, config: ObjectConfig, directory: Path) -> None:
        self._config = config
        self._pairs = TrainingPhotos(config, directory)
        size, seed = config.source_size, config.seed
        cut_outs = [(read_cut_outs(s, directory, size, seed), s.weight) for s in config.objects]
        self._scenes = Scenes(cut_outs, read_backgrounds(config, directory))
        self.counts = {
            "pairs": self._pairs.counts,
            "scenes": {
                source.file: (len(read), int(read.objects.max()) + 1)
                for source, (read, _) in zip(config.objects, cut_outs, strict=True)
            },
        }

    def __call__(self, step: int) -> ObjectBatch:
        """The batch of a step."""
        config, rng = self._config, np.random.default_rng([self._config.seed, 1, step])
        size, recipe = config.input_size, config.augmentation
        grids = [
            self._scenes.grid(size, config.scenes, recipe, rng)
            for _ in range(config.optimisation.grids)
        ]
        drawn = self._pairs.draw(config.optimisation.pairs, 2, rng)
        views = [*(grid.views for grid in grids), self._pairs.views(drawn.photos.ravel(), rng)]
        return ObjectBatch(
            torch.cat(views),
            torch.cat([grid.objects for grid in grids]),
            torch.cat([grid.backgrounds for grid in grids]),
            torch.from_numpy(drawn.objects),
        )

    def general(self, count: int) -> Tensor:
        """Whole photos of many things, (count, 3, S, S) in [-1, 1]."""
        return self._pairs.general(count, np.random.default_rng([self._config.seed, 0]))


def read_backgrounds(config: ObjectConfig, directory: Path) -> np.ndarray:
    """All photos that objects are put before, uint8 (M, S, S, 3)."""
    view = InputView(config.source_size, config.source_size, crop=1.0)
    pixels = []
    for source in config.backgrounds:
        photos = open_photo_set(directory / source.file)
        photos = photos.sample(source.limit or len(photos), config.seed)
        pixels += [view_pixels(data, view) for _, _, data in photos]
    return np.stack(pixels)


class Ahead:
    """Batches in order from a step on, the next ones drawn by a thread while one is used."""

    def __init__(self, draw: Callable[[int], ObjectBatch], first: int) -> None:
        self._draw, self._next = draw, first
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._drawn: list[Future[ObjectBatch]] = []

    def __call__(self) -> ObjectBatch:
        """The next batch."""
        while len(self._drawn) <= _AHEAD:
            self._drawn.append(self._worker.submit(self._draw, self._next))
            self._next += 1
        return self._drawn.pop(0).result()

    def close(self) -> None:
        """Stop drawing."""
        self._worker.shutdown(wait=True, cancel_futures=True)
