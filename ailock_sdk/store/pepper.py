"""The pepper: 32 random bytes of this device that no record contains.

A stolen record alone then cannot be searched at all (docs/explanation/threat-model.md). Photo slots
that were made with a lost pepper stay shut: the recovery code is what opens the lock then. A pepper
may be backed up, elsewhere than the vault.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.errors import PepperError
from ailock_sdk.parameters import checked_pepper, pepper_id
from ailock_sdk.paths import config_folder, user_path
from ailock_sdk.secret import Hidden
from ailock_sdk.store.private_files import make_private_folder, new_private_file, why_not_private

_log = logging.getLogger(__name__)


@runtime_checkable
class PepperProvider(Protocol):
    """Where a pepper comes from: a file, a keyring, a TPM.

    One that can make a pepper has a method ``create() -> bytes`` as well, which makes one unless
    there is one, and returns what is there.
    """

    def pepper(self) -> bytes:
        """Return the same 32 bytes every time, and make none, or raise a ``PepperError``."""


PepperSource: TypeAlias = "PepperProvider | bytes | str | os.PathLike[str]"
"""What may be given wherever a pepper is taken: a provider, 32 bytes, or the path of a file."""


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

    path: str | os.PathLike[str] | None = None

    @property
    def file(self) -> Path:
        """The file itself."""
        return default_pepper_path() if self.path is None else user_path(self.path)

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


def pepper_provider(source: PepperSource) -> PepperProvider:
    """The provider that is meant by what a caller gave as pepper; other bytes are none."""
    if isinstance(source, bytes | bytearray | memoryview):
        return FixedPepper(checked_pepper(bytes(source)))
    if isinstance(source, str | os.PathLike):
        return FilePepper(source)
    if isinstance(source, PepperProvider) and not isinstance(source, type):
        return source
    raise TypeError(
        f"a pepper is 32 bytes, a path or an object with a method pepper(), not a "
        f"{type(source).__name__}"
    )


def read_pepper(provider: PepperProvider, wanted: bytes | None = None) -> Hidden:
    """The 32 bytes of a provider, if they are those of the id that is wanted.

    Raises
    ------
    PepperError
        They cannot be had, are not 32, or are another pepper's.
    """
    if wanted is not None and isinstance(provider, FilePepper):
        pepper = provider.find(wanted)
    else:
        pepper = checked_pepper(provider.pepper())
    if wanted is not None and pepper_id(pepper) != wanted:
        where = f" at {provider.file}" if isinstance(provider, FilePepper) else ""
        raise PepperError(
            f"the pepper{where} ({pepper_id(pepper).hex()}) is not this vault's ({wanted.hex()}): "
            "restore that one from its backup, or replace it"
        )
    return pepper


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
            # O_NONBLOCK: opening a named pipe must fail below instead of waiting for a writer.
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError as error:
            raise PepperError(
                f"no pepper at {path}: restore it, or point to the file the locks were made with"
            ) from error
        with open(descriptor, "rb") as file:
            # The open file is asked, not the path: it cannot be exchanged after the check.
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "it is not a plain file: point to another path")
            if private and (reason := why_not_private(path, status)) is not None:
                raise PepperError(f"pepper {path} is refused, {reason}")
            pepper = Hidden(file.read(PEPPER_LENGTH_BYTES + 1))
    if len(pepper) != PEPPER_LENGTH_BYTES:
        raise PepperError(
            f"pepper {path} does not have exactly {PEPPER_LENGTH_BYTES} bytes: restore it from a "
            "backup"
        )
    return pepper
