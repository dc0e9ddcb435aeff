"""Views of grids for fitting a discriminant: one object before several backgrounds.

Random views of one photo never change what is behind the object, so a discriminant fitted on them
alone takes the background for a part of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tools.training.cutouts import read_cut_outs
from tools.training.object_batches import read_backgrounds
from tools.training.object_config import ObjectConfig
from tools.training.photos import as_pixels
from tools.training.scenes import Scenes


class SceneViews:
    """Views of ``grids`` grids, drawn as they are iterated over, once.

    ``names`` holds the object of each view that was drawn so far.
    """

    def __init__(
        self, config: ObjectConfig, photos: Path, grids: int, size: int, seed: int
    ) -> None:
        sources = [
            (read_cut_outs(source, photos, config.source_size, config.seed), source.weight)
            for source in config.objects
        ]
        self._scenes = Scenes(sources, read_backgrounds(config, photos))
        self._config, self._grids, self._size, self._seed = config, grids, size, seed
        self.names: list[str] = []

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        """Uint8 RGB (size, size, 3)."""
        recipe = self._config.augmentation
        for index in tqdm(range(self._grids), "scenes", unit="grid", disable=None):
            rng = np.random.default_rng([self._seed, index])
            grid = self._scenes.grid(self._size, self._config.scenes, recipe, rng)
            for number, view in zip(grid.objects.tolist(), as_pixels(grid.views), strict=True):
                self.names.append(f"scene:{number}")
                yield np.ascontiguousarray(view)
