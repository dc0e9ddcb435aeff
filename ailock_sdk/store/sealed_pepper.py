"""Peppers in files that a device sealed, and it alone unseals (SPEC section 9.5)."""

from __future__ import annotations

import os
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from ailock_sdk.errors import PepperError
from ailock_sdk.parameters import checked_pepper
from ailock_sdk.paths import config_folder, user_path
from ailock_sdk.secret import Hidden
from ailock_sdk.store.kept_pepper import OWN, KeptPepper, read_private
from ailock_sdk.store.private_files import make_private_folder, new_private_file

_LIMIT_BYTES = 4096


class SealedPepper(KeptPepper):
    """A pepper that a device sealed: a file of it, which is of no use without the device."""

    device: ClassVar[str]
    """The device, for people."""
    magic: ClassVar[bytes]
    """How its files begin."""

    @abstractmethod
    def _given_folder(self) -> str | os.PathLike[str] | None:
        """Where the files are; ``None`` for ``~/.config/ailock``."""

    @abstractmethod
    def _seal(self, pepper: Hidden) -> bytes:
        """What follows ``magic`` in a file."""

    @abstractmethod
    def _unseal(self, blob: bytes) -> Hidden:
        """What was sealed; a ``ValueError`` if this device did not seal it, or it is damaged."""

    def is_empty(self) -> bool:
        """Whether :meth:`create` would make a pepper; the device is not asked."""
        return not os.path.lexists(self._file(OWN))

    @property
    def where(self) -> str:
        """The device, and the folder of what it sealed."""
        return f"{self.device} (sealed in {self._folder.resolve()})"

    @property
    def _folder(self) -> Path:
        given = self._given_folder()
        return config_folder() if given is None else user_path(given)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.{self.kind}"

    def _get(self, name: str) -> Hidden | None:
        file = self._file(name)
        if not os.path.lexists(file):
            return None
        blob = read_private(file, _LIMIT_BYTES, "the sealed pepper")
        if not blob.startswith(self.magic):
            raise PepperError(f"{file} is no sealed pepper: restore it from a backup")
        try:
            return checked_pepper(self._unseal(blob.removeprefix(self.magic)))
        except ValueError as error:
            raise PepperError(
                f"{self.device} cannot unseal {file} ({error}): if {self.device} was cleared or "
                "exchanged, restore the pepper from its backup, or open the locks by their "
                "recovery codes"
            ) from error

    def _put(self, name: str, pepper: Hidden) -> None:
        sealed, file = self._seal(pepper), self._file(name)
        try:
            make_private_folder(file.parent)
            with new_private_file(file, overwrite=True, private=True) as new:
                new.write(self.magic + sealed)
        except OSError as error:
            raise PepperError(f"{file} cannot be written: {error.strerror or error}") from error

    def _drop(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)
