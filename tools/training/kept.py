"""What a run draws once and keeps in a file, where steps through the whole network are dear.

Batches, watched photos and the teacher's deviations, all as the frozen blocks' maps: a run that is
started again needs neither the photos nor the frozen blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tools.training.object_batches import ObjectBatch


@dataclass(frozen=True)
class Kept:
    """``batches``, ``watched`` (a set each) and ``general`` photos as maps; the teacher's
    ``deviation`` (C,) of ``mixed_8``."""

    batches: list[ObjectBatch]
    watched: list[Tensor]
    general: Tensor
    deviation: Tensor

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        unfinished = path.with_suffix(".new")
        torch.save(asdict(self), unfinished)
        unfinished.replace(path)

    @classmethod
    def load(cls, path: Path) -> Kept:
        """Read what :meth:`save` wrote."""
        state = torch.load(path, weights_only=True)
        batches = [ObjectBatch(**batch) for batch in state.pop("batches")]
        return cls(batches, **state)


class Again:
    """A few batches over and over, each epoch's grids with other pairs.

    Parameters
    ----------
    batches : already through the part of the network that does not train
    seed : of the epochs' orders
    """

    def __init__(self, batches: Sequence[ObjectBatch], seed: int) -> None:
        self._batches, self._seed = batches, seed

    def __call__(self, step: int) -> ObjectBatch:
        """The batch of a step."""
        epoch, index = divmod(step, len(self._batches))
        rng = np.random.default_rng([self._seed, 2, epoch])
        grids, pairs = (rng.permutation(len(self._batches))[index] for _ in range(2))
        return self._batches[grids].with_pairs_of(self._batches[pairs])
