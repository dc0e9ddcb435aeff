"""The HDF5 file of one role's embeddings: whole or resumable, whenever the writer is killed.

The file is made in full under another name and then renamed; its datasets are contiguous and have
their place on disk from the start. From then on only rows change, never the file's structure: a
killed writer leaves a readable file. A row counts once its state says so, and the state is written
after the row has reached the disk.

Layout, N photos: attribute ``key`` (text: all that the embeddings depend on); ``objects``,
``paths``, ``photo_sha256`` texts (N,); ``state`` uint8 (N,); ``digests`` uint8 (N, 16), BLAKE2b of
a photo's rows; ``embeddings/LAYER/SEGMENT`` float32 (N, D).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lab.errors import EmbeddingsError
from lab.files import replacing

PENDING, EMBEDDED, UNREADABLE = range(3)
"""States of a photo."""

DIGEST_BYTES = 16

Column = tuple[str, str]
"""A layer and a segment."""

Rows = Mapping[Column, NDArray[np.float32]]
"""float32 (n, D) for each column, alike in n."""


def create(
    file: Path,
    key: str,
    dimensions: Mapping[Column, int],
    texts: Mapping[str, Sequence[str]],
) -> None:
    """Make a file in which every photo is pending, in place of one of this name.

    Parameters
    ----------
    key : all that the embeddings depend on, as text
    dimensions : D of each column
    texts : ``objects``, ``paths`` and ``photo_sha256``, N each
    """
    count = len(texts["paths"])
    in_place = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    in_place.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    in_place.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    with replacing(file) as stream, h5py.File(stream.name, "w") as made:
        made.attrs["key"] = key
        for name, values in texts.items():
            made.create_dataset(name, data=list(values), dtype=h5py.string_dtype())
        made.create_dataset("state", data=np.full(count, PENDING, dtype=np.uint8))
        made.create_dataset("digests", data=np.zeros((count, DIGEST_BYTES), dtype=np.uint8))
        for column, width in dimensions.items():
            made.create_dataset(
                _place(column), shape=(count, width), dtype=np.float32, dcpl=in_place
            )


def is_for(file: Path, key: str) -> bool:
    """Whether the file is there, sound, and of this key.

    Raises
    ------
    EmbeddingsError
        Another process writes the file.
    """
    try:
        with _opened(file, "r") as stored:
            found = stored.attrs["key"]
            return isinstance(found, str) and found == key
    except EmbeddingsError:
        raise
    except Exception:  # not there, cut short or foreign: HDF5 raises many kinds
        return False


def states(file: Path) -> NDArray[np.uint8]:
    """The state of each photo, uint8 (N,)."""
    return np.asarray(_read(file, "state"), dtype=np.uint8)


def digests(file: Path) -> NDArray[np.uint8]:
    """Of each photo's rows of all columns, uint8 (N, 16); zeros unless the photo is embedded."""
    return np.asarray(_read(file, "digests"), dtype=np.uint8)


def read(file: Path, column: Column, start: int, stop: int) -> NDArray[np.float32]:
    """Rows ``start`` to ``stop`` of a column, float32 (stop - start, D).

    Raises
    ------
    EmbeddingsError
        The file lacks the column, is gone or damaged, or is being written.
    """
    return np.asarray(_read(file, _place(column), slice(start, stop)), dtype=np.float32)


class Writer:
    """Appends the rows of photos to a file, from the first pending one on."""

    def __init__(self, opened: h5py.File) -> None:
        self._file = opened
        pending = np.flatnonzero(opened["state"][...] == PENDING)
        self.next = int(pending[0]) if len(pending) else len(opened["state"])
        """Number of the photo whose rows come next."""

    def append(self, rows: Rows, readable: NDArray[np.bool_]) -> None:
        """Store the rows of the next n photos: on return they are on the disk.

        Parameters
        ----------
        readable : bool (n,); rows of other photos are kept out of all reading
        """
        start, stop = self.next, self.next + len(readable)
        for column, values in rows.items():
            self._file[_place(column)][start:stop] = values
        self._file["digests"][start:stop] = _digests(rows) * readable[:, None]
        self._to_disk()
        self._file["state"][start:stop] = np.where(readable, EMBEDDED, UNREADABLE)
        self._to_disk()
        self.next = stop

    def _to_disk(self) -> None:
        self._file.flush()
        os.fsync(self._file.id.get_vfd_handle())


@contextmanager
def writing(file: Path) -> Iterator[Writer]:
    """Open a file to go on with it; one process at a time.

    Raises
    ------
    EmbeddingsError
        Another process writes or reads the file.
    """
    with _opened(file, "r+") as opened:
        yield Writer(opened)


def _digests(rows: Rows) -> NDArray[np.uint8]:
    """BLAKE2b of each photo's rows, the columns in the order of their names, uint8 (n, 16)."""
    columns = [np.ascontiguousarray(rows[column]) for column in sorted(rows)]
    found = np.zeros((len(columns[0]), DIGEST_BYTES), dtype=np.uint8)
    for index in range(len(found)):
        digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
        for values in columns:
            digest.update(values[index].data)
        found[index] = np.frombuffer(digest.digest(), dtype=np.uint8)
    return found


def _read(file: Path, place: str, rows: slice = slice(None)) -> Any:
    try:
        with _opened(file, "r") as stored:
            return stored[place][rows]
    except EmbeddingsError:
        raise
    except Exception as error:  # gone, damaged or foreign: HDF5 raises many kinds
        raise EmbeddingsError(f"{file} cannot be read ({error}): delete it and run again") from None


@contextmanager
def _opened(file: Path, mode: str) -> Iterator[h5py.File]:
    try:
        opened = h5py.File(file, mode)
    except BlockingIOError:
        raise EmbeddingsError(
            f"{file} is in use by another run: wait for it, or keep embeddings in another folder"
        ) from None
    with opened:
        yield opened


def _place(column: Column) -> str:
    return "/".join(("embeddings", *column))
