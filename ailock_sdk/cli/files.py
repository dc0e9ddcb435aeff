"""What command lines name: photos and files, ``-`` for standard input and output, pipes.

Whatever cannot be read or written is an ``OSError`` that names what the user named.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from ailock_sdk.cli.output import standard_output

if TYPE_CHECKING:
    from ailock_sdk.capture import PhotoSource

STANDARD = "-"
"""The name of standard input, or standard output."""
STANDARD_OUTPUTS = (STANDARD, "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
OBJECTS_SEPARATOR = "+"
MAX_OBJECTS = 4
_HEADER_BYTES = 2**20
"""More than is read of a sealed file before photos are compared."""


def one_reader(*words: str | None) -> None:
    """Refuse a command line that reads standard input, ``-``, twice."""
    if words.count(STANDARD) > 1:
        raise click.UsageError("standard input, -, can be read only once")


def photo_sources(words: Sequence[str], most: int) -> list[Any]:
    """The photos of a command line: a list, or for a combination a list of lists.

    Pipes and standard input are read now, as far as a photo may be large. What are no photos, or
    more than ``most`` of one object, is wrong usage.
    """
    objects: list[list[PhotoSource]] = [[]]
    for word in words:
        if word == OBJECTS_SEPARATOR:
            objects.append([])
        else:
            objects[-1].append(_photo(word))
    if not all(1 <= len(photos) <= most for photos in objects):
        raise click.UsageError(f"give 1 to {most} photos of each object")
    if len(objects) > MAX_OBJECTS:
        raise click.UsageError(f"a combination has 2 to {MAX_OBJECTS} objects, not {len(objects)}")
    return objects if len(objects) > 1 else list(objects[0])


def _photo(word: str) -> PhotoSource:
    if word != STANDARD and not _is_special(word):
        return word  # what is no photo is refused where it is decoded
    from ailock_sdk.limits import DEFAULT_LIMITS

    with open_input(word) as file:
        content: bytes = file.read(DEFAULT_LIMITS.photo_bytes + 1)  # one too many is refused
        return content


@dataclass
class _Named:
    """A binary stream whose errors name what the user named; ``progress`` gets what was read."""

    stream: IO[bytes]
    name: str
    progress: Callable[[int], object] = int

    def read(self, size: int = -1, /) -> bytes:
        with _naming(self.name):
            data = self.stream.read(size)
        self.progress(len(data))
        return data

    def write(self, data: bytes, /) -> int:
        with _naming(self.name):
            return self.stream.write(data)

    def flush(self) -> None:
        with _naming(self.name):
            self.stream.flush()


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Let an OSError of the block that names nothing, or a temporary file, name ``name``."""
    try:
        yield
    except BrokenPipeError:
        raise  # ends in silence
    except OSError as error:
        file = error.filename
        if file is None or os.path.basename(os.fsdecode(file)).startswith(".ailock-"):
            raise OSError(error.errno, error.strerror, name) from None
        raise
    except ValueError:  # a name with a zero byte
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), name) from None


@contextmanager
def open_input(word: str, *, shows_progress: bool = False) -> Iterator[Any]:
    """A binary stream of a file, a pipe, or standard input."""
    with _bar(word) if shows_progress else nullcontext() as bar:
        progress = bar.update if bar is not None else int
        if word == STANDARD:
            yield _Named(sys.stdin.buffer, "standard input", progress)
            return
        with _naming(word):
            file = open(word, "rb")  # noqa: SIM115
        with file:
            yield _Named(file, word, progress)


def _bar(word: str) -> Any:
    """A bar over a file's bytes on standard error, if that is a terminal."""
    from tqdm import tqdm

    size = 0  # of what has none, such as a pipe
    with suppress(OSError, ValueError):  # as whoever opens it will say
        size = os.stat(word).st_size
    return tqdm(
        total=size or None,
        desc=os.path.basename(word),
        unit="B",
        unit_scale=True,
        leave=False,
        delay=1,
        disable=None,
    )


class Again:
    """A stream whose beginning can be read again, by each attempt at opening what it holds.

    Parameters
    ----------
    stream : Reader
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._head = b""

    def reader(self) -> Any:
        """A reader from the beginning, as long as the one before read a header only."""
        return self._Reader(self)

    class _Reader:
        def __init__(self, again: Again) -> None:
            self._again = again
            self._position = 0

        def read(self, size: int = -1, /) -> bytes:
            again = self._again
            data: bytes = again._head[self._position :][: size if size >= 0 else None]
            if not data:
                data = again._stream.read(size)
                if len(again._head) < _HEADER_BYTES:
                    again._head += data
            self._position += len(data)
            return data


def check_output(word: str, *, force: bool) -> None:
    """Refuse a target that is there or cannot be written, before any photo is read."""
    path = Path(word)
    if word == STANDARD:
        standard_output()
    elif _is_special(word):
        pass
    elif path.is_dir() or word.endswith(os.sep):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), word)
    elif os.path.lexists(path) and not force:
        raise OSError(errno.EEXIST, "exists already: choose another name, or --force", word)
    elif not path.parent.is_dir():
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))


def _is_special(word: str) -> bool:
    """Whether there is a pipe or a device of this name, which is no file to be replaced."""
    try:
        mode = os.stat(word).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


@contextmanager
def open_output(word: str, *, force: bool) -> Iterator[Any]:
    """A binary stream into a new file (mode 0600), which appears when whole.

    A pipe or a device is written to as it is, and so is standard output.
    """
    from ailock_sdk.store.private_files import new_private_file

    if word == STANDARD:
        stream = _Named(standard_output(), "standard output")
        yield stream
        stream.flush()
        return
    if _is_special(word):
        with _naming(word), open(word, "wb") as file:
            yield _Named(file, word)
        return
    with _naming(word), new_private_file(Path(word), overwrite=force) as file:
        yield _Named(file, word)
