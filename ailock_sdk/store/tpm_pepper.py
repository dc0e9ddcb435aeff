"""A pepper that one TPM alone unseals: a file beside where a plain one would be."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ailock_sdk.errors import PepperError
from ailock_sdk.parameters import checked_pepper
from ailock_sdk.paths import config_folder, user_path
from ailock_sdk.secret import Hidden
from ailock_sdk.store.kept_pepper import KeptPepper, read_private
from ailock_sdk.store.private_files import make_private_folder, new_private_file
from ailock_sdk.store.state_guard import StateCounter
from ailock_sdk.store.tpm import Tpm

SCHEME = "tpm:"
_MAGIC = b"AILT\x01"
_LIMIT_BYTES = 4096


@dataclass(frozen=True)
class TpmPepper(KeptPepper):
    """A pepper that is sealed by a TPM 2.0, which also numbers the states of a vault.

    A disk without its TPM gives no pepper away, and an older copy of the vault is noticed. Whoever
    may use the TPM as this user can unseal it: no password and no measured boot are asked for.

    Attributes
    ----------
    tcti : str or None
        As :class:`~ailock_sdk.store.tpm.Tpm` takes it.
    folder : str, path-like or None
        Where the sealed files ``pepper.tpm`` are; by default ``~/.config/ailock``.
    """

    kind = "tpm"

    tcti: str | None = None
    folder: str | os.PathLike[str] | None = None

    @property
    def counter(self) -> StateCounter:
        """What counts the states of a vault."""
        return self._tpm

    @property
    def _tpm(self) -> Tpm:
        return Tpm(self.tcti)

    @property
    def where(self) -> str:
        """The TPM, and the folder of what it sealed."""
        return f"the TPM (sealed in {self._folder.resolve()})"

    @property
    def _folder(self) -> Path:
        return config_folder() if self.folder is None else user_path(self.folder)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.tpm"

    def _get(self, name: str) -> Hidden | None:
        file = self._file(name)
        if not os.path.lexists(file):
            return None
        blob = read_private(file, _LIMIT_BYTES, "the sealed pepper")
        if not blob.startswith(_MAGIC):
            raise PepperError(f"{file} is no sealed pepper: restore it from a backup")
        try:
            return checked_pepper(self._tpm.unseal(blob.removeprefix(_MAGIC)))
        except ValueError as error:
            raise PepperError(
                f"the TPM cannot unseal {file} ({error}): if the TPM was cleared or exchanged, "
                "restore the pepper from its backup, or open the locks by their recovery codes"
            ) from error

    def _put(self, name: str, pepper: Hidden) -> None:
        sealed, file = self._tpm.seal(pepper), self._file(name)
        try:
            make_private_folder(file.parent)
            with new_private_file(file, overwrite=True, private=True) as new:
                new.write(_MAGIC + sealed)
        except OSError as error:
            raise PepperError(f"{file} cannot be written: {error.strerror or error}") from error

    def _drop(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)
