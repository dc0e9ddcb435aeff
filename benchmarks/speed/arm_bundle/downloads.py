"""A downloaded file with its name, version and SHA-256."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.errors import SpeedError


@dataclass(frozen=True)
class Download:
    """A Debian package or a wheel in the cache."""

    name: str
    version: str
    sha256: str
    path: Path

    @classmethod
    def in_folder(
        cls, folder: Path, *, name: str, version: str, file: str, sha256: str
    ) -> Download:
        """An entry of a cache's list, its file checked.

        Raises :class:`SpeedError` if the file is missing or altered.
        """
        path = folder / file
        if not path.is_file() or sha256_of(path) != sha256:
            raise SpeedError(f"{path} is missing or altered: remove {folder} and run again")
        return cls(name, version, sha256, path)

    def facts(self) -> dict[str, str]:
        """What folder.json tells of it."""
        return {
            "name": self.name,
            "version": self.version,
            "file": self.path.name,
            "sha256": self.sha256,
        }


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
