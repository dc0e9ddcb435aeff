"""Labelled photos of real things and of screens and prints, by source, as features."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.capture.presentation import presentation_features, presentation_photo
from lab.errors import PhotoSetError
from lab.photos.photo_sets import PhotoSet, open_photo_set, photo_set_sha256

REAL = "real"
COLUMNS = ("set", "view", "kind")


@dataclass(frozen=True, eq=False)
class Presentations:
    """Photos of one set in its order.

    Attributes
    ----------
    photos : the set
    sha256 : of the set
    features : float64 (N, F)
    presented : bool (N,): a screen or a print
    sources, species, objects : of each photo, (N,) each: who took it, what shows it, what it shows
    """

    photos: PhotoSet
    sha256: str
    features: NDArray[np.float64]
    presented: NDArray[np.bool_]
    sources: NDArray[np.str_]
    species: NDArray[np.str_]
    objects: NDArray[np.str_]

    def of(self, sources: Collection[str]) -> NDArray[np.bool_]:
        """Which photos these sources took, (N,)."""
        return np.isin(self.sources, list(sources))

    @property
    def all_sources(self) -> list[str]:
        """In alphabetical order."""
        return sorted(set(self.sources.tolist()))


def read_presentations(source: Path) -> Presentations:
    """Read a set whose labels have ``set``, ``view`` and ``kind`` (``real`` or another).

    Raises
    ------
    PhotoSetError
        It has no such columns.
    """
    photos = open_photo_set(source)
    labels = [entry.labels for entry in photos.entries]
    if any(not one.get(column) for one in labels for column in COLUMNS):
        raise PhotoSetError(f"{source}: every row needs {', '.join(COLUMNS)}")
    features = [
        presentation_features(presentation_photo(encoded))
        for _, _, encoded in tqdm(photos, desc="photos", unit="photo", disable=None)
    ]
    return Presentations(
        photos,
        photo_set_sha256(photos),
        np.array(features),
        np.array([one["kind"] != REAL for one in labels]),
        np.array([one["set"] for one in labels]),
        np.array([one["view"] for one in labels]),
        np.array([entry.object or entry.path for entry in photos.entries]),
    )
