"""The pepper: 32 random bytes of this device that no record contains.

A stolen record alone then cannot be searched at all (docs/explanation/threat-model.md). Photo slots
that were made with a lost pepper stay shut: the recovery code is what opens the lock then. A pepper
may be backed up, elsewhere than the vault.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.errors import PepperError
from ailock_sdk.parameters import pepper_id
from ailock_sdk.paths import config_folder, user_path
from ailock_sdk.secret import Hidden
from ailock_sdk.store.private_files import (
    make_private_folder,
    new_private_file,
    read_limited,
)

_log = logging.getLogger(__name__)


@runtime_checkable
class PepperProvider(Protocol):
    """Where a pepper comes from: a file, a keyring, a TPM.

    One that can make a pepper has a method ``create() -> bytes`` as well, which makes one unless
    there is one, and returns what is there.
    """

    def pepper(self) -> bytes:
        """Return the same 32 bytes every time, and make none, or raise a ``PepperError``."""


@dataclass(frozen=True)
class FixedPepper:
    """A pepper that the program has already."""

    value: Hidden

    def pepper(self) -> Hidden:
        """The bytes."""
        return self.value


@dataclass(frozen=True)
class FilePepper:
    """A pepper in a file of mode 0600, which is followed where it is a symbolic link to a stick.

    Beside ``PATH`` there may be ``PATH-ID``: peppers that were replaced, each with its id in
    hexadecimal, which older vaults still find. Every method raises :class:`PepperError` for a file
    that is missing, not plain, usable by others or not of 32 bytes, and if the file system refuses.

    Attributes
    ----------
    path : str, path-like or None
        The file; ``~`` is the home folder. ``None`` is the user's own, :func:`default_pepper_path`.
    """

    kind = "file"

    path: str | os.PathLike[str] | None = None

    @property
    def file(self) -> Path:
        """The file itself.

        Raises
        ------
        PepperError
            The path names a folder.
        """
        file = default_pepper_path() if self.path is None else user_path(self.path)
        if not file.name:  # "", "." or "/", beside which nothing can be kept
            raise PepperError(f"a pepper is kept in a file, not in {os.fspath(file)!r}: name one")
        return file

    def pepper(self) -> Hidden:
        """Return the 32 bytes of the file."""
        return _read(self.file)

    def create(self) -> Hidden:
        """Make the file (mode 0600) and its folder (0700) unless there is one; return its 32 bytes.

        A new pepper is told to the log ``ailock_sdk.store.pepper`` as a warning.
        """
        if not os.path.lexists(self.file) and self._write(Hidden(os.urandom(PEPPER_LENGTH_BYTES))):
            _log.warning(
                "made a new pepper at %s: photos of this vault open only where it is, so back it "
                "up elsewhere, or keep each lock's recovery code",
                self.file,
            )
        return self.pepper()

    def find(self, wanted: bytes) -> Hidden:
        """The pepper of an id: that of the file, or one that was replaced and is kept beside it.

        If neither has this id, it is that of the file.
        """
        kept = self._kept(wanted)
        try:
            found = self.pepper()
        except PepperError:
            if not kept.exists():
                raise
        else:
            if pepper_id(found) == wanted or not kept.exists():
                return found
        return _read(kept)

    def holds(self, wanted: bytes) -> bool:
        """Whether the pepper of an id is here and can be used."""
        try:
            return pepper_id(self.find(wanted)) == wanted
        except PepperError:
            return False

    def prepare(self, pepper: Hidden) -> None:
        """Keep a pepper beside the file, where :meth:`find` sees it; :meth:`install` comes next."""
        FilePepper(self._kept(pepper_id(pepper)))._write(pepper)

    def install(self, pepper: Hidden) -> Path | None:
        """Make a pepper the file's. One that is there already is kept at the path that is returned.

        After an error nothing is lost.
        """
        before = None
        if os.path.lexists(self.file):
            there = self.pepper()
            if there == pepper:
                return None
            self.prepare(there)
            before = self._kept(pepper_id(there))
        self._write(pepper, overwrite=True)
        with _explained(self.file):
            self._kept(pepper_id(pepper)).unlink(missing_ok=True)
        return before

    def forget(self, pepper: Hidden) -> None:
        """Delete every copy of a pepper here; the medium may keep old bytes all the same."""
        for file in (self._kept(pepper_id(pepper)), self.file.resolve()):
            with suppress(PepperError), _explained(file):
                if _read(file) == pepper:
                    file.unlink()

    def _kept(self, wanted: bytes) -> Path:
        return self.file.with_name(f"{self.file.name}-{wanted.hex()}")

    def _write(self, pepper: Hidden, *, overwrite: bool = False) -> bool:
        """Write the file; false if another process was first, whose pepper then is the pepper."""
        file = self.file.resolve() if overwrite else self.file
        with _explained(file):
            make_private_folder(file.parent)
            try:
                with new_private_file(file, overwrite=overwrite, private=True) as new:
                    new.write(pepper)
            except FileExistsError:
                return False
        return True


DEFAULT_PEPPER = FilePepper()
"""The user's own pepper, a file at :func:`default_pepper_path`."""


def default_pepper_path() -> Path:
    """``$XDG_CONFIG_HOME/ailock/pepper``, or ``~/.config/ailock/pepper``."""
    return config_folder() / "pepper"


def read_backup(file: str | os.PathLike[str]) -> Hidden:
    """A pepper from a backup, which may lie on a stick that keeps no permissions."""
    return _read(user_path(file), private=False)


def write_backup(pepper: Hidden, file: str | os.PathLike[str]) -> None:
    """Write a pepper to a new file, of mode 0600 where the file system has modes.

    One that is there already must hold the same.
    """
    path = user_path(file)
    with suppress(PepperError):
        if path.exists() and read_backup(path) == pepper:
            return
    with _explained(path), new_private_file(path, overwrite=False) as backup:
        backup.write(pepper)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise PepperError(f"pepper {path} cannot be used: {reason}") from error


def _read(path: Path, *, private: bool = True) -> Hidden:
    with _explained(path):
        try:
            pepper = Hidden(read_limited(path, PEPPER_LENGTH_BYTES, private=private))
        except FileNotFoundError as error:
            raise PepperError(
                f"no pepper at {path}: restore it, or point to the file the locks were made with"
            ) from error
    if len(pepper) != PEPPER_LENGTH_BYTES:
        raise PepperError(
            f"pepper {path} does not have exactly {PEPPER_LENGTH_BYTES} bytes: restore it from a "
            "backup"
        )
    return pepper
