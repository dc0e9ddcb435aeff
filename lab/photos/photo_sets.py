"""The one reader of photo sets, the hashes that name them, and the rule that splits them by object.

A photo set is one of

- a zip file with a ``labels.csv`` (columns ``path``, ``object``; others are allowed) naming photos
  inside the same zip;
- such a ``labels.csv`` on its own, its paths relative to its folder;
- a folder with one sub-folder for each object.

Photos of one object share its name; a photo without one (``object`` empty) is an object of its own.
Where objects do not matter, any folder or zip of photos will do: :func:`open_photos`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from lab.errors import PhotoSetError
from lab.files import sha256_of

LABELS = "labels.csv"
PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True)
class PhotoEntry:
    """Where a photo lies in its set, what it shows, and the set's name for its kind (or empty).

    ``labels`` has all columns of its row, those among them.
    """

    path: str
    object: str
    kind: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class PhotoSet:
    """The photos of one source, in its order; iterating reads ``(path, object, bytes)`` lazily."""

    source: Path
    entries: tuple[PhotoEntry, ...]

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[tuple[str, str, bytes]]:
        if zipfile.is_zipfile(self.source):
            with zipfile.ZipFile(self.source) as archive:
                for entry in self.entries:
                    yield entry.path, entry.object, archive.read(entry.path)
        else:
            folder = self.source if self.source.is_dir() else self.source.parent
            for entry in self.entries:
                yield entry.path, entry.object, (folder / entry.path).read_bytes()

    @property
    def objects(self) -> NDArray[np.str_]:
        """The object of each photo, (N,)."""
        return np.array([entry.object for entry in self.entries])

    def half(self, training: bool) -> PhotoSet:
        """The photos on one side of the split by object."""
        return self._keep([e for e in self.entries if is_training_object(e.object) == training])

    def sample(self, count: int, seed: int) -> PhotoSet:
        """At most ``count`` photos drawn without replacement, in the set's order."""
        if count >= len(self):
            return self
        drawn = np.random.default_rng(seed).choice(len(self), count, replace=False)
        return self._keep([self.entries[i] for i in sorted(drawn)])

    def _keep(self, entries: Sequence[PhotoEntry]) -> PhotoSet:
        if not entries:
            raise PhotoSetError(f"{self.source}: no photo is left of {len(self)}")
        return PhotoSet(self.source, tuple(entries))


def is_training_object(name: str) -> bool:
    """Whether an object of a shared set is for training: the SHA-256 of its name is even.

    A rule on the name alone keeps every photo of an object, and later photos too, on one side.
    """
    return hashlib.sha256(name.encode()).digest()[-1] % 2 == 0


def open_photo_set(source: Path) -> PhotoSet:
    """Read a photo set's table of contents.

    Raises
    ------
    PhotoSetError
        The source is missing, unreadable, names photos that are not there, or has no photo.
    """
    return _open(source, _labelled_entries)


def open_photos(source: Path) -> PhotoSet:
    """A photo set; without ``labels.csv``, every photo of a zip or folder, however deep.

    A folder's labels do not count here; each of its photos is an object of its own.

    Raises
    ------
    PhotoSetError
        As :func:`open_photo_set`.
    """
    return _open(source, _all_entries)


def photo_set_sha256(photos: PhotoSet) -> str:
    """A zip file's SHA-256; otherwise the SHA-256 of all paths, objects and photos, in order."""
    if zipfile.is_zipfile(photos.source):
        return sha256_of(photos.source)
    digest = hashlib.sha256()
    for path, name, encoded in photos:
        line = [path, name, hashlib.sha256(encoded).hexdigest()]
        digest.update(json.dumps(line).encode("ascii") + b"\n")
    return digest.hexdigest()


def kept_sha256(whole: str, photos: PhotoSet) -> str:
    """SHA-256 of a part of a set: of the hash of the whole set, and the paths that are kept."""
    paths = json.dumps([entry.path for entry in photos.entries])
    return hashlib.sha256(f"{whole}\n{paths}".encode()).hexdigest()


def _open(source: Path, read: Callable[[Path], list[PhotoEntry]]) -> PhotoSet:
    try:
        entries = read(source)
    except (OSError, KeyError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        raise PhotoSetError(f"{source} is not a photo set: {error}") from None
    if not entries:
        raise PhotoSetError(f"{source} holds no photo")
    return PhotoSet(source, tuple(entries))


def _labelled_entries(source: Path) -> list[PhotoEntry]:
    if source.is_dir():
        photos = sorted(p for p in source.glob("*/*") if _is_photo(p))
        if not photos:
            raise PhotoSetError(f"{source} holds no photo in a folder for each object")
        return [PhotoEntry(p.relative_to(source).as_posix(), p.parent.name) for p in photos]
    if not zipfile.is_zipfile(source):
        return _labels(source.read_text("utf-8"))
    with zipfile.ZipFile(source) as archive:
        entries = _labels(archive.read(LABELS).decode("utf-8"))
        if missing := {entry.path for entry in entries} - set(archive.namelist()):
            raise PhotoSetError(f"{source}: {LABELS} names {min(missing)!r}, which is not inside")
    return entries


def _all_entries(source: Path) -> list[PhotoEntry]:
    if source.is_dir():
        names = sorted(p.relative_to(source).as_posix() for p in source.rglob("*"))
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
        if LABELS in names:
            return _labelled_entries(source)
    else:
        return _labelled_entries(source)
    return [PhotoEntry(name, name) for name in names if _is_photo(PurePosixPath(name))]


def _labels(text: str) -> list[PhotoEntry]:
    rows = csv.DictReader(io.StringIO(text))
    if not {"path", "object"} <= set(rows.fieldnames or ()):
        raise KeyError("the labels need the columns path and object")
    return [
        PhotoEntry(row["path"], row["object"] or row["path"], row.get("kind") or "", row)
        for row in rows
    ]


def _is_photo(path: PurePath) -> bool:
    return path.suffix.lower() in PHOTO_SUFFIXES
