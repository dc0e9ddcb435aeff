"""Files written whole: whoever opens one finds all of it, old or new, whenever the writer stops.

And files of arrays read, as far as they can be, and files known by their hash.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lab.errors import OutputError


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file, and its folder where it is missing; text becomes UTF-8.

    Raises
    ------
    OutputError
        The folder cannot be written, or its disk is full; the file is as it was.
    """
    with replacing(path) as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A stream to write a file's content to, which replaces it when the block ends without error.

    Raises
    ------
    OutputError
        The folder cannot be written, or its disk is full; the file is as it was.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with unfinished.open("wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None


def stored_arrays(file: Path) -> dict[str, NDArray[Any]] | None:
    """The arrays of an ``.npz`` file by name; None: it is not there, damaged or of another kind."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            return dict(stored)
    except Exception:  # zipfile, zlib and NumPy: many kinds for damaged files
        return None


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal: how records of what was done name it."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1024 * 1024), b""):
            digest.update(block)
    return digest.hexdigest()
