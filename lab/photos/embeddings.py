"""Photos to pixels to embeddings for many photos, through the SDK's own stages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.capture import (
    WHOLE_SIZE_PIXELS,
    Box,
    Look,
    PhotoSource,
    Pixels,
    decode_photo,
    look_views,
    segment_boxes,
)
from ailock_sdk.embedding import Embedder, InputContract

CHUNK_BYTES = 64 * 2**20
"""About how much embeddings come at a time."""


@dataclass(frozen=True)
class InputView:
    """What of a photo a model looks at, and how: the fields of a bundle's input contract."""

    height: int
    width: int
    crop: float
    fit: str = "crop"
    filter: str = "bilinear"
    decode: str = "reduced"

    @classmethod
    def of(cls, contract: InputContract) -> InputView:
        """What a bundle's model looks at."""
        return cls(**{field.name: getattr(contract, field.name) for field in fields(cls)})

    def boxes(self, width: int, height: int, segments: Sequence[str]) -> list[Box]:
        """Where the segments lie on a picture of this size, in pixels."""
        return segment_boxes(width, height, self.crop, segments, self.fit == "stretch")


@dataclass(frozen=True)
class Sight:
    """All that a profile looks at in a photo: each of ``looks`` at each of ``segments``."""

    view: InputView
    segments: tuple[str, ...] = ("whole",)
    looks: tuple[Look, ...] = (Look(1.0, 0),)

    @property
    def short_side(self) -> int:
        """Pixels of a photo's short side at which no look is enlarged (SPEC section 1)."""
        if self.view.decode == "full":
            return WHOLE_SIZE_PIXELS
        boxes = self.view.boxes(1, 1, self.segments)
        smallest = min(box.right - box.left for box in boxes)
        smallest *= min(look.fraction for look in self.looks)
        return math.ceil(max(self.view.height, self.view.width) / smallest)


def view_pixels(photo: PhotoSource, view: InputView) -> NDArray[np.uint8]:
    """The whole view of a photo, uint8 RGB (height, width, 3) (SPEC section 1)."""
    decoded = decode_photo(photo, Sight(view).short_side)
    size = decoded.decoded_width, decoded.decoded_height
    (box,) = view.boxes(*size, ["whole"])
    return np.asarray(decoded.resample(box, view.height, view.width, view.filter))


def segment_views(photo: PhotoSource, sight: Sight) -> list[list[Pixels]]:
    """What each look sees of each segment: [segment][look] uint8 RGB (height, width, 3)."""
    decoded = decode_photo(photo, sight.short_side)
    view = sight.view
    return [
        look_views(decoded, box, sight.looks, view.height, view.width, view.filter)
        for box in view.boxes(decoded.decoded_width, decoded.decoded_height, sight.segments)
    ]


def embed_in_chunks(
    embedder: Embedder, photos: Iterable[PhotoSource], sight: Sight, layers: Sequence[str]
) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Embeddings of many photos, a bounded number at a time.

    Each row is the mean over the looks at one segment (SPEC section 2); a photo's segments come one
    after another, in order. Yields float32 (n, D) for each layer, alike in n, which varies.
    """
    dimensions = sum(embedder.bundle.layers[layer].dimensions for layer in layers)
    most = max(1, CHUNK_BYTES // (4 * dimensions))
    rows: list[list[NDArray[np.float32]]] = []
    for photo in photos:
        rows += [embedder.embed_mean(views, layers) for views in segment_views(photo, sight)]
        if len(rows) >= most:
            yield _columns(rows, layers)
            rows = []
    if rows:
        yield _columns(rows, layers)


def _columns(
    rows: Sequence[Sequence[NDArray[np.float32]]], layers: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    columns = zip(layers, zip(*rows, strict=True), strict=True)
    return {layer: np.stack(column) for layer, column in columns}
