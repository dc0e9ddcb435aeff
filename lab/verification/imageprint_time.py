"""How long an imageprint takes, without decoding: what a profile's networks and looks cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from ailock_sdk import AiLock
from ailock_sdk.capture import Pixels, decode_photo
from lab.photos.labelled_photos import LabelledPhotos

TIMED_PHOTOS = 15
SHORT_SIDE_PIXELS = 640
"""Photos are decoded to at least this size, when they have it, whatever a model's input."""


@dataclass(frozen=True)
class ImageprintTime:
    """Median seconds from decoded pixels to one photo's imageprint."""

    probe_seconds: float
    reference_seconds: float


def imageprint_times(
    locks: Sequence[AiLock], photos: LabelledPhotos, usable: NDArray[np.int64]
) -> tuple[ImageprintTime, ...]:
    """Time all locks on the same photos, in turn, so that a busy machine is unfair to none.

    Parameters
    ----------
    usable : indices of photos that every lock can read
    """
    chosen = np.unique(usable[np.linspace(0, len(usable) - 1, TIMED_PHOTOS).astype(int)])
    pixels = [decode_photo(photos.read(int(i)), SHORT_SIDE_PIXELS).pixels for i in chosen]
    for lock in locks:
        _seconds(lock, pixels[0], reference=True)  # the first run allocates
    rows = [
        [_seconds(lock, one, reference) for lock in locks for reference in (False, True)]
        for one in pixels
    ]
    medians = [median(column) for column in zip(*rows, strict=True)]
    return tuple(ImageprintTime(*pair) for pair in zip(medians[::2], medians[1::2], strict=True))


def _seconds(lock: AiLock, pixels: Pixels, reference: bool) -> float:
    gate = lock.check_quality
    lock.check_quality = False
    try:
        start = perf_counter()
        lock.imageprint(pixels, reference=reference)
        return perf_counter() - start
    finally:
        lock.check_quality = gate
