"""Synthetic objects whose photos share bits, for the accuracy benchmarks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.accuracy.samples import Samples, arrange

MakeSamples = Callable[..., Samples]


@pytest.fixture
def make_samples() -> MakeSamples:
    """A maker of samples: objects are random words, photos flip their bits.

    ``flips`` is the share of flipped bits, one number or one for each object; ``counts`` the photos
    of each object.
    """

    def make(
        counts: list[int], flips: float | np.ndarray, lambda_bits: int = 70, seed: int = 0
    ) -> Samples:
        rng = np.random.default_rng(seed)
        objects = np.repeat(np.arange(len(counts)), counts)
        words = rng.integers(0, 2, (len(counts), lambda_bits))[objects]
        share = np.broadcast_to(flips, len(counts))[objects, None]
        bits = words ^ (rng.random(words.shape) < share)
        margins = np.where(bits, 1, -1) * rng.uniform(0.1, 1, words.shape)
        names = [f"object {index}" for index in objects]
        return arrange(margins, names, np.ones(len(objects), dtype=np.bool_))

    return make
