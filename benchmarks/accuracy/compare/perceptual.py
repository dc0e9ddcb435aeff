"""Perceptual hashes, each by its own package, as its documentation computes it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from PIL import Image

from ailock_sdk.capture import WHOLE_SIZE_PIXELS, Pixels, decode_photo
from benchmarks.accuracy.compare.systems import Bits, PhotoHash
from lab.report.results import Absent

EXTRA = "pip install 'ailock-sdk[compare]'"


def perceptual_hashes() -> tuple[list[PhotoHash], list[Absent]]:
    """The hashes whose packages are installed, and what the others need."""
    found: list[PhotoHash] = []
    absent: list[Absent] = []
    for package, make in (("imagehash", _imagehash), ("pdqhash", _pdq)):
        try:
            found += make()
        except ModuleNotFoundError as error:
            reason = f"the package {error.name} is not installed: {EXTRA}"
            absent.append(Absent("", f"Perceptual hashes of {package}", reason, name=package))
    return found, absent


def _imagehash() -> list[PhotoHash]:
    import imagehash

    def hash_by(function: Callable[[Image.Image], Any]) -> Callable[[bytes], Bits]:
        return lambda photo: _flat(function(Image.fromarray(_pixels(photo))).hash)

    made_of = f"imagehash {version('imagehash')}"
    wavelets = f"{made_of}, PyWavelets {version('PyWavelets')}"
    return [
        PhotoHash("pHash", 64, made_of, hash_by(imagehash.phash)),
        PhotoHash("dHash", 64, made_of, hash_by(imagehash.dhash)),
        PhotoHash("wHash", 64, wavelets, hash_by(imagehash.whash)),
        PhotoHash("colour hash", 42, made_of, hash_by(imagehash.colorhash)),
    ]


def _pdq() -> list[PhotoHash]:
    import pdqhash

    def bits(photo: bytes) -> Bits:
        found, _quality = pdqhash.compute(_pixels(photo))
        return _flat(found)

    return [PhotoHash("PDQ", 256, f"pdqhash {version('pdqhash')}", bits)]


def _pixels(encoded: bytes) -> Pixels:
    """All of a photo, upright: these hashes reduce it by their own filters."""
    return decode_photo(encoded, WHOLE_SIZE_PIXELS).pixels


def _flat(bits: object) -> Bits:
    return np.asarray(bits, dtype=np.uint8).ravel()
