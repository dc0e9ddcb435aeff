"""The photos of a conversion, and how its card names them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.errors import CaptureError
from lab.errors import PhotoSetError
from lab.photos.embeddings import InputView, view_pixels
from lab.photos.photo_sets import PhotoSet, photo_set_sha256

NOISE_PHOTOS, NOISE_SEED = 8, 0


@dataclass(frozen=True)
class Photos:
    """The photos drawn from a set for one purpose; ``str()`` is how a card names them."""

    whole: PhotoSet
    drawn: PhotoSet

    @classmethod
    def draw(cls, whole: PhotoSet, count: int | None = None, seed: int = 0) -> Photos:
        """At most ``count`` photos of a set, or all of them."""
        return cls(whole, whole if count is None else whole.sample(count, seed))

    def __len__(self) -> int:
        return len(self.drawn)

    def __str__(self) -> str:
        name, sha256 = self.whole.source.resolve().name, photo_set_sha256(self.whole)
        return f"{name} ({len(self.drawn)} of {len(self.whole)} photos, SHA-256 {sha256})"

    def views(self, view: InputView, purpose: str) -> Iterator[NDArray[np.uint8]]:
        """Each photo's pixels, uint8 RGB (height, width, 3), under a bar that names the purpose.

        Raises
        ------
        PhotoSetError
            A photo cannot be read; the text names it.
        """
        for path, _, encoded in tqdm(self.drawn, desc=purpose, unit="photo", disable=None):
            try:
                yield view_pixels(encoded, view)
            except CaptureError as error:
                raise PhotoSetError(f"{self.whole.source}: {path}: {error}") from None

    def pixels(self, view: InputView, purpose: str) -> NDArray[np.uint8]:
        """All views at once, uint8 RGB (N, height, width, 3)."""
        return np.stack(list(self.views(view, purpose)))


def noise(view: InputView) -> NDArray[np.uint8]:
    """What stands in for photos where none are needed, uint8 RGB (N, height, width, 3)."""
    shape = (NOISE_PHOTOS, view.height, view.width, 3)
    return np.random.default_rng(NOISE_SEED).integers(0, 256, shape, dtype=np.uint8)
