"""The photos of a conversion: any folder or zip, labels or not."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.errors import CaptureError
from lab.errors import PhotoSetError
from lab.photos.embeddings import InputView, view_pixels
from lab.photos.imageprints import photo_set_sha256
from lab.photos.photo_sets import LABELS, PHOTO_SUFFIXES, PhotoEntry, PhotoSet, open_photo_set


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


def open_photos(source: Path) -> PhotoSet:
    """A zip or folder with or without labels: without, every photo in it, however deep.

    Raises
    ------
    PhotoSetError
        The source is missing or unreadable, or holds no photo.
    """
    if source.is_dir():
        names = sorted(p.relative_to(source).as_posix() for p in source.rglob("*"))
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
    else:
        return open_photo_set(source)
    if not source.is_dir() and LABELS in names:
        return open_photo_set(source)
    photos = [name for name in names if PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES]
    if not photos:
        raise PhotoSetError(f"{source} holds no photo")
    return PhotoSet(source, tuple(PhotoEntry(name, name) for name in photos))
