"""Downloaded files with their names, versions and SHA-256, and the lists that a cache keeps."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ailock_sdk.strict_json import Strict, StrictJsonError, read_json
from benchmarks.speed.errors import SpeedError
from lab.files import sha256_of, write_whole


class Facts(Strict, frozen=True):
    """A download as lists and folder.json tell of it."""

    name: str
    version: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Download:
    """A Debian package or a wheel in the cache."""

    name: str
    version: str
    sha256: str
    path: Path

    @classmethod
    def of(cls, path: Path, name: str, version: str) -> Download:
        """The file at ``path``, as it was downloaded."""
        return cls(name, version, sha256_of(path), path)

    def facts(self) -> dict[str, str]:
        """Its :class:`Facts`, of plain values."""
        return Facts(self.name, self.version, self.path.name, self.sha256).as_dict()


def save_list(file: Path, downloads: Iterable[Download]) -> list[Download]:
    """Write the list of what lies beside it, in the order of the files' names; the list."""
    ordered = sorted(downloads, key=lambda one: one.path.name)
    write_whole(file, json.dumps([one.facts() for one in ordered], indent=1) + "\n")
    return ordered


def load_list(file: Path) -> list[Download] | None:
    """A list and its files, checked; None where nothing was fetched yet.

    Raises
    ------
    SpeedError
        The list is damaged, or a file of it is missing or altered.
    """
    if not file.is_file():
        return None
    again = f"remove {file.parent} and run again"
    try:
        entries = read_json(file.read_bytes(), list[Facts])
    except StrictJsonError as error:
        raise SpeedError(f"{file}: {error}: {again}") from None
    for entry in entries:
        path = file.parent / entry.file
        if not path.is_file() or sha256_of(path) != entry.sha256:
            raise SpeedError(f"{path} is missing or altered: {again}")
    return [Download(e.name, e.version, e.sha256, file.parent / e.file) for e in entries]
