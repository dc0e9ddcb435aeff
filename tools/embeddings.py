"""Photos to pixels to embeddings for many photos, through the SDK's own stages."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.capture import PhotoSource, crop_and_resize, decode_photo, segment_boxes
from ailock_sdk.embedding import Embedder


@dataclass(frozen=True)
class InputView:
    """What of a photo a model looks at: ``crop`` of the short side, at ``height`` x ``width``."""

    height: int
    width: int
    crop: float


def view_pixels(photo: PhotoSource, view: InputView) -> NDArray[np.uint8]:
    """The whole view of a photo, uint8 RGB (height, width, 3) (SPEC section 1)."""
    decoded = decode_photo(photo, math.ceil(max(view.height, view.width) / view.crop))
    height, width = decoded.pixels.shape[:2]
    (box,) = segment_boxes(width, height, view.crop, ["whole"])
    return crop_and_resize(decoded.pixels, box, view.height, view.width)


def embed_all(
    embedder: Embedder, views: Iterable[NDArray[np.uint8]], layers: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """Embeddings of many views: for each layer float32 (N, D)."""
    rows = [embedder.embed(pixels, layers) for pixels in views]
    columns = zip(layers, zip(*rows, strict=True), strict=True)
    return {layer: np.stack(column) for layer, column in columns}
