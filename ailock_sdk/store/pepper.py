"""The pepper: 32 random bytes of this device that no record contains.

A stolen record alone then cannot be searched at all (docs/threat-model.md). The pepper is not
backed up with the records on purpose; losing it loses every lock that was made with it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.errors import PepperError
from ailock_sdk.paths import config_folder
from ailock_sdk.store.private_files import make_private_folder, new_private_file, why_not_private


class PepperProvider(Protocol):
    """Where a pepper comes from: a file, a keyring, a TPM."""

    def pepper(self) -> bytes:
        """Return the same 32 bytes every time.

        Raises
        ------
        PepperError
            They cannot be had.
        """
        ...


@dataclass(frozen=True)
class FilePepper:
    """A pepper in a file of mode 0600.

    Attributes
    ----------
    path : str or path-like
        The file. A symbolic link is followed, so that the pepper may live on a removable stick:
        what is checked is the file that is read, not the link.
    create : bool
        Make the file, and its folder (mode 0700), on first use when it is missing. Pass ``False``
        to unlock existing locks only: a new pepper opens none of them.
    """

    path: str | os.PathLike[str]
    create: bool = True

    def pepper(self) -> bytes:
        """Return the 32 bytes of the file, creating it if asked to.

        Raises
        ------
        PepperError
            Missing (and not ``create``), not a plain file, usable by others, not exactly 32 bytes,
            or the file system refuses.
        """
        path = Path(self.path)
        try:
            if self.create and not os.path.lexists(path):
                _write_new(path)
            return _read(path)
        except FileNotFoundError as error:
            raise PepperError(
                f"no pepper at {path}: restore it, or point to the file the locks were made with"
            ) from error
        except OSError as error:
            raise PepperError(f"pepper {path} cannot be used: {error}") from error


@dataclass(frozen=True)
class DefaultPepper:
    """The user's own pepper: the file at :func:`default_pepper_path`, made on first use."""

    def pepper(self) -> bytes:
        """Return the 32 bytes; see :meth:`FilePepper.pepper`."""
        return FilePepper(default_pepper_path()).pepper()


DEFAULT_PEPPER = DefaultPepper()


def default_pepper_path() -> Path:
    """``$XDG_CONFIG_HOME/ailock/pepper``, or ``~/.config/ailock/pepper``."""
    return config_folder() / "pepper"


def _write_new(path: Path) -> None:
    make_private_folder(path.parent)
    try:
        with new_private_file(path, overwrite=False) as file:
            file.write(os.urandom(PEPPER_LENGTH_BYTES))
    except FileExistsError:
        pass  # Another process was first: its pepper, whole, is the pepper.


def _read(path: Path) -> bytes:
    # O_NONBLOCK: opening a named pipe must fail below instead of waiting for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        # The open file is asked, not the path: it cannot be exchanged after the check.
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise PepperError(f"pepper {path} is not a plain file: point to another path")
        reason = why_not_private(path, status)
        if reason is not None:
            raise PepperError(f"pepper {path} is refused, {reason}")
        pepper = file.read(PEPPER_LENGTH_BYTES + 1)
    if len(pepper) != PEPPER_LENGTH_BYTES:
        raise PepperError(
            f"pepper {path} does not have exactly {PEPPER_LENGTH_BYTES} bytes: restore it from a "
            "backup"
        )
    return pepper
