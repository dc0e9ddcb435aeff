"""Several photo sets seen as one list of photos."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab.errors import PhotoSetError
from lab.photos.photo_sets import (
    LABELS,
    PhotoSet,
    open_photo_set,
    open_photos,
    photo_set_sha256,
)

ALL, TRAINING, HELD_OUT = SPLITS = ("all", "training", "held-out")


@dataclass(frozen=True)
class LabelledPhotos:
    """The photos of one or more sets, one set after the other.

    Attributes
    ----------
    sets : the sets, less the objects that the split leaves out
    sha256 : of each whole set, hexadecimal
    split : which objects take part, one of ``SPLITS``
    objects : the object of each photo; with several sets, after the set's name and a slash
    paths : the path of each photo inside its set
    complete : whether nothing is left out but what the split leaves out
    """

    sets: tuple[PhotoSet, ...]
    sha256: tuple[str, ...]
    split: str
    objects: tuple[str, ...]
    paths: tuple[str, ...]
    complete: bool = field(default=True, kw_only=True)

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int) -> bytes:
        """The encoded photo."""
        for photos in self.sets:
            if index < len(photos):
                single = PhotoSet(photos.source, (photos.entries[index],))
                return next(iter(single))[2]
            index -= len(photos)
        raise IndexError("no such photo")

    def keep(self, numbers: Iterable[int]) -> LabelledPhotos:
        """The photos of these numbers, in order; a set of which none is left stays, empty."""
        kept = set(numbers)
        sets, start = [], 0
        for part in self.sets:
            entries = tuple(e for number, e in enumerate(part.entries, start) if number in kept)
            sets.append(PhotoSet(part.source, entries))
            start += len(part)
        in_order = sorted(kept)
        return LabelledPhotos(
            tuple(sets),
            self.sha256,
            self.split,
            tuple(self.objects[number] for number in in_order),
            tuple(self.paths[number] for number in in_order),
            complete=False,
        )


def name_of(photos: PhotoSet) -> str:
    """A set's file or folder without the way there; a bare ``labels.csv`` keeps its folder."""
    source = photos.source.absolute()
    return f"{source.parent.name}/{LABELS}" if source.name == LABELS else source.name


def encoded_photos(photos: LabelledPhotos, start: int = 0) -> Iterator[bytes]:
    """The encoded photos from number ``start`` on, in order, one in memory at a time.

    Each set is opened once, where ``photos.read`` would open it for every photo.

    Raises
    ------
    PhotoSetError
        A photo cannot be read from its set.
    """
    for part in photos.sets:
        wanted = PhotoSet(part.source, part.entries[start:])
        start = max(0, start - len(part))
        number = 0
        try:
            for _, _, encoded in wanted:
                yield encoded
                number += 1
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            path = wanted.entries[number].path
            raise PhotoSetError(f"{part.source}: {path} cannot be read: {error}") from None


def open_labelled_photos(
    sources: Sequence[Path], split: str = ALL, labelled: bool = True
) -> LabelledPhotos:
    """Open photo sets together. Objects of different sets are taken for different objects.

    ``split`` keeps the half of the objects that bundles are fitted on (``training``), the other
    half (``held-out``), or ``all``; the rule is ``lab.photos.photo_sets.is_training_object``.
    Not ``labelled``: any photos, see :func:`lab.photos.photo_sets.open_photos`.

    Raises
    ------
    PhotoSetError
        A set cannot be read, or is given twice (its photos would be their own impostors).
    """
    sets = tuple(open_photo_set(one) if labelled else open_photos(one) for one in sources)
    sha256 = tuple(photo_set_sha256(photos) for photos in sets)
    if len(set(sha256)) != len(sets):
        raise PhotoSetError("the same photo set is given twice")
    if split != ALL:
        sets = tuple(photos.half(training=split == TRAINING) for photos in sets)
    objects, paths = [], []
    for number, photos in enumerate(sets):
        prefix = "" if len(sets) == 1 else f"{number + 1}-{name_of(photos)}/"
        objects += [prefix + entry.object for entry in photos.entries]
        paths += [entry.path for entry in photos.entries]
    return LabelledPhotos(sets, sha256, split, tuple(objects), tuple(paths))
