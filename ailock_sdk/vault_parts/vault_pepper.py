"""The pepper of one vault: it is what the vault names, and made with the vault's first lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ailock_sdk.errors import PepperError
from ailock_sdk.secret import Hidden
from ailock_sdk.store import (
    DEFAULT_PEPPER,
    FilePepper,
    KeptPepper,
    PepperProvider,
    PepperSource,
    StateGuard,
    pepper_provider,
    place_of,
    read_pepper,
    remembered_provider,
)


class VaultPepper:
    """A provider for the locks that read a vault's photos.

    A keyring, TPM, security key or token is asked once for as long as the vault is open.

    Parameters
    ----------
    source : PepperSource or None
        Where the vault's user says that the pepper is; ``None`` where the vault says.
    vault_pepper_id, vault_place : callable
        Give the id and the place that the vault names, ``None`` while it holds no lock.
    make_vault : callable
        Called before a pepper is made: where no vault can be, none is.
    """

    def __init__(
        self,
        source: PepperSource | None,
        vault_pepper_id: Callable[[], bytes | None],
        vault_place: Callable[[], str | None],
        make_vault: Callable[[], object],
    ) -> None:
        self._given = None if source is None else pepper_provider(source)
        self._vault_pepper_id = vault_pepper_id
        self._vault_place = vault_place
        self._make_vault = make_vault
        self._read: dict[bytes, Hidden] = {}

    @property
    def provider(self) -> PepperProvider:
        """Where the pepper comes from."""
        return self._given or remembered_provider(self._vault_place())

    def use(self, provider: PepperProvider) -> None:
        """Take the pepper from elsewhere from now on."""
        self._given = provider

    @property
    def place(self) -> str:
        """What the vault calls the provider."""
        return place_of(self.provider)

    def pepper(self) -> Hidden:
        """The vault's 32 bytes, or a ``PepperError``: they are others, or cannot be had."""
        wanted, provider = self._vault_pepper_id(), self.provider
        if wanted is None or not isinstance(provider, KeptPepper):
            return read_pepper(provider, wanted)
        if wanted not in self._read:
            self._read[wanted] = read_pepper(provider, wanted)
        return self._read[wanted]

    def guard(self) -> StateGuard | None:
        """What numbers the vault's states, if the provider can count."""
        counter = getattr(self.provider, "counter", None)
        return None if counter is None else StateGuard(counter, self.pepper())

    def create(self) -> Hidden:
        """As :meth:`pepper`, made if there is none and the vault holds no lock."""
        self._make_vault()
        create = getattr(self.provider, "create", None)
        if create is not None and self._vault_pepper_id() is None:
            create()
        return self.pepper()

    @property
    def file(self) -> Path | None:
        """The pepper's file, if it is one."""
        return _file_of(self.provider)

    def place_to_make(self) -> str | None:
        """Where :meth:`create` would make one."""
        provider = self.provider
        if self._vault_pepper_id() is not None:
            return None
        if isinstance(provider, KeptPepper):
            return provider.where if provider.is_empty() else None
        if isinstance(provider, FilePepper) and not os.path.lexists(provider.file):
            return str(provider.file)
        return None

    def check_same(self, other: PepperProvider | None) -> None:
        """Refuse a lock that has another pepper, or none.

        Raises
        ------
        PepperError
        """
        if other is None:
            raise PepperError("locks of a vault need its pepper: AiLock(pepper=...) with the same")
        if self._given is None and other is DEFAULT_PEPPER:  # neither was told of one
            return
        is_same_file = isinstance(other, FilePepper) and _file_of(other) == self.file
        if other != self.provider and not is_same_file and read_pepper(other) != self.pepper():
            raise PepperError("the lock has another pepper than the vault: give both the same")


def _file_of(provider: PepperProvider) -> Path | None:
    return provider.file.resolve() if isinstance(provider, FilePepper) else None
