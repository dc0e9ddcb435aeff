"""Peppers that something else than a plain file keeps by name (SPEC section 9.5)."""

from __future__ import annotations

import fcntl
import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.errors import PepperError
from ailock_sdk.parameters import pepper_id
from ailock_sdk.paths import config_folder
from ailock_sdk.secret import Hidden
from ailock_sdk.store.private_files import make_private_folder, read_limited

APPLICATION = "ailock"
"""What our entries are filed under, where others have theirs too."""
OWN = "pepper"
"""The name of the user's own."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeptPepper(ABC):
    """A pepper in a keyring, TPM, security key or token, which keep ``pepper`` and ``pepper-ID``.

    Every method raises :class:`PepperError` if the place cannot be used, and changes nothing then.
    """

    kind: ClassVar[str]
    """What a vault calls this kind of place."""

    @property
    @abstractmethod
    def where(self) -> str:
        """The place, for people; the same however the place was named."""

    @abstractmethod
    def _get(self, name: str) -> Hidden | None:
        """The pepper of a name, ``None`` if there is none."""

    @abstractmethod
    def _put(self, name: str, pepper: Hidden) -> None:
        """Keep a pepper under a name; one that cannot be read any more may make way."""

    @abstractmethod
    def _drop(self, name: str) -> None:
        """Forget what has the name."""

    def is_empty(self) -> bool:
        """Whether :meth:`create` would make a pepper."""
        return self._get(OWN) is None

    def pepper(self) -> Hidden:
        """Return the user's own pepper, 32 bytes.

        Raises
        ------
        PepperError
        """
        found = self._get(OWN)
        if found is None:
            raise PepperError(f"no pepper in {self.where}: restore it, or name the right place")
        return found

    def create(self) -> Hidden:
        """Make the user's own pepper unless there is one; return its 32 bytes."""
        with _in_turn():
            if self.is_empty():
                self._put(OWN, Hidden(os.urandom(PEPPER_LENGTH_BYTES)))
                _log.warning(
                    "made a new pepper in %s: photos of this vault open only where it is, so back "
                    "it up elsewhere, or keep each lock's recovery code",
                    self.where,
                )
            return self.pepper()

    def find(self, wanted: bytes) -> Hidden:
        """The pepper of an id of 8 bytes.

        Raises
        ------
        PepperError
        """
        for name in (_kept(wanted), OWN):
            found = self._get(name)
            if found is not None and pepper_id(found) == wanted:
                return found
        raise PepperError(
            f"no pepper {wanted.hex()} in {self.where}: restore it, or name the right place; "
            "recovery codes open without it"
        )

    def prepare(self, pepper: Hidden) -> None:
        """Keep a pepper where :meth:`find` finds it, and make sure that it does.

        Raises
        ------
        PepperError
        """
        wanted = pepper_id(pepper)
        with suppress(PepperError):
            self.find(wanted)
            return
        self._put(_kept(wanted), pepper)
        if self.find(wanted) != pepper:
            raise PepperError(f"{self.where} does not keep what is put there: choose another place")

    def forget(self, pepper: Hidden) -> None:
        """Delete every copy of a pepper."""
        for name in (_kept(pepper_id(pepper)), OWN):
            if self._get(name) == pepper:
                self._drop(name)


def read_private(path: Path, limit: int, what: str) -> Hidden:
    """What a file holds that only its user may use, at most ``limit`` bytes.

    Raises
    ------
    PepperError
    """
    try:
        data = Hidden(read_limited(path, limit))
    except OSError as error:
        raise PepperError(f"{what} in {path} cannot be read: {error.strerror or error}") from error
    if len(data) > limit:
        raise PepperError(f"{what} in {path} is longer than {limit} bytes")
    return data


def _kept(wanted: bytes) -> str:
    return f"{OWN}-{wanted.hex()}"


@contextmanager
def _in_turn() -> Iterator[None]:
    """Let one process at a time make a pepper: places of which none refuses a second one."""
    folder = config_folder()
    try:
        make_private_folder(folder)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise PepperError(f"{folder} cannot be used: {error.strerror or error}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
