"""Embeddings in memory with objects planted in them, for tests of the paper's experiments."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.paper.recipe import PARTS, WHOLE
from benchmarks.accuracy.paper.split import Split


@dataclass(eq=False)
class PlantedEmbeddings:
    """Stands in for RoleEmbeddings: what the experiments read of it, without a file.

    A photo is its object's random vector plus noise; each layer and segment has its own.
    """

    role: str
    objects: NDArray[np.str_]
    dimensions: int = 40
    noise: float = 0.5
    seed: int = 0
    left_out: int = 0
    kept: dict[tuple[str, str], NDArray[np.float32]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.objects)

    @property
    def rows(self) -> NDArray[np.int64]:
        return np.arange(len(self))

    def read(
        self, layer: str, segment: str, start: int = 0, stop: int | None = None
    ) -> NDArray[np.float32]:
        if (layer, segment) not in self.kept:
            place = ["a", "b"].index(layer), [WHOLE, *PARTS].index(segment), len(self.role)
            rng = np.random.default_rng([self.seed, *place])
            numbers = np.unique(self.objects, return_inverse=True)[1]
            scales = np.linspace(2, 0.5, self.dimensions)
            of_object = rng.standard_normal((numbers.max() + 1, self.dimensions))
            noise = self.noise * rng.standard_normal((len(self), self.dimensions))
            values = (of_object[numbers] + noise) * scales
            self.kept[layer, segment] = values.astype(np.float32)
        return self.kept[layer, segment][start:stop]


def planted(
    role: str, objects: int, photos: int, held_out: int, folds: int = 5, seed: int = 0
) -> tuple[PlantedEmbeddings, Split]:
    """``objects`` with ``photos`` each, shuffled; the first ``held_out`` objects are held out."""
    numbers = np.random.default_rng(seed).permutation(np.repeat(np.arange(objects), photos))
    names = np.array([f"{role} {number:04d}" for number in numbers])
    fold = np.where(numbers < held_out, -1, (numbers - held_out) % folds).astype(np.int64)
    return PlantedEmbeddings(role, names, seed=seed), Split(fold == -1, fold)
