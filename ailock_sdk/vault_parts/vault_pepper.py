"""The pepper of one vault: it is what the vault names, and made with the vault's first lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ailock_sdk.errors import PepperError
from ailock_sdk.secret import Hidden
from ailock_sdk.store import FilePepper, PepperProvider, PepperSource, pepper_provider, read_pepper


class VaultPepper:
    """A provider for the locks that read a vault's photos.

    Parameters
    ----------
    source : PepperSource
        Where the vault's user says that the pepper is.
    vault_pepper_id : callable
        Gives the id that the vault names, ``None`` while it holds no lock.
    make_vault : callable
        Called before a pepper is made: where no vault can be, none is.
    """

    def __init__(
        self,
        source: PepperSource,
        vault_pepper_id: Callable[[], bytes | None],
        make_vault: Callable[[], object],
    ) -> None:
        self.provider: PepperProvider = pepper_provider(source)
        self._vault_pepper_id = vault_pepper_id
        self._make_vault = make_vault

    def pepper(self) -> Hidden:
        """The vault's 32 bytes, or a ``PepperError``: they are others, or cannot be had."""
        return read_pepper(self.provider, self._vault_pepper_id())

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

    def file_to_make(self) -> str | None:
        """Where :meth:`create` would make one."""
        if not isinstance(self.provider, FilePepper) or self._vault_pepper_id() is not None:
            return None
        return None if os.path.lexists(self.provider.file) else str(self.provider.file)

    def check_same(self, other: PepperProvider | None) -> None:
        """Refuse a lock that has another pepper, or none.

        Raises
        ------
        PepperError
        """
        if other is None:
            raise PepperError("locks of a vault need its pepper: AiLock(pepper=...) with the same")
        is_same_file = isinstance(other, FilePepper) and _file_of(other) == self.file
        if other is not self.provider and not is_same_file and read_pepper(other) != self.pepper():
            raise PepperError("the lock has another pepper than the vault: give both the same")


def _file_of(provider: PepperProvider) -> Path | None:
    return provider.file.resolve() if isinstance(provider, FilePepper) else None
