"""A pepper that one TPM alone unseals: a file beside where a plain one would be."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ailock_sdk.secret import Hidden
from ailock_sdk.store.sealed_pepper import SealedPepper
from ailock_sdk.store.state_guard import StateCounter
from ailock_sdk.store.tpm import Tpm

SCHEME = "tpm:"


@dataclass(frozen=True)
class TpmPepper(SealedPepper):
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
    device = "the TPM"
    magic = b"AILT\x01"

    tcti: str | None = None
    folder: str | os.PathLike[str] | None = None

    @property
    def counter(self) -> StateCounter:
        """What counts the states of a vault."""
        return self._tpm

    @property
    def _tpm(self) -> Tpm:
        return Tpm(self.tcti)

    def _given_folder(self) -> str | os.PathLike[str] | None:
        return self.folder

    def _seal(self, pepper: Hidden) -> bytes:
        return self._tpm.seal(pepper)

    def _unseal(self, blob: bytes) -> Hidden:
        return self._tpm.unseal(blob)
