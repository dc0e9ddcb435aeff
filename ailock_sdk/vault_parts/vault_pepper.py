"""The pepper of one vault, which follows what the vault names and is made with its first lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ailock_sdk.errors import PepperError
from ailock_sdk.secret import Hidden
from ailock_sdk.store import (
    FilePepper,
    PepperProvider,
    PepperSource,
    pepper_provider,
    read_pepper,
)


class VaultPepper:
    """A provider for the locks that read a vault's photos.

    It takes where the vault's user says that the pepper is, and what gives the id that the vault
    names, ``None`` while it holds no lock.
    """

    def __init__(self, source: PepperSource, vault_pepper_id: Callable[[], bytes | None]) -> None:
        self.provider: PepperProvider = pepper_provider(source)
        self._vault_pepper_id = vault_pepper_id

    def pepper(self) -> Hidden:
        """The vault's 32 bytes, or a ``PepperError``: they are others, or cannot be had."""
        return read_pepper(self.provider, self._vault_pepper_id())

    def make(self) -> str | None:
        """Make a pepper if there is none and the vault holds no lock; tells where."""
        create = getattr(self.provider, "create", None)
        if create is None or self._vault_pepper_id() is not None:
            return None
        file = self.provider.file if isinstance(self.provider, FilePepper) else None
        is_new = file is not None and not os.path.lexists(file)
        create()
        return str(file) if is_new else None

    @property
    def file(self) -> Path | None:
        """The pepper's file, if it is one."""
        return _file_of(self.provider)

    def check_same(self, other: PepperProvider | None) -> None:
        """Refuse a lock that has another pepper, or none.

        Raises
        ------
        PepperError
        """
        if other is None:
            raise PepperError("locks of a vault need its pepper: AiLock(pepper=...) with the same")
        if other is self.provider or (
            isinstance(other, FilePepper) and _file_of(other) == self.file
        ):
            return
        if read_pepper(other) != self.pepper():
            raise PepperError("the lock has another pepper than the vault: give both the same")


class PepperToEnroll:
    """The pepper of new records; ``made`` says where one was made for them.

    The vault is made first: where none can be, no pepper is made.
    """

    def __init__(self, of: VaultPepper, make_vault: Callable[[], object]) -> None:
        self._of = of
        self._make_vault = make_vault
        self.made: str | None = None

    def pepper(self) -> Hidden:
        """The vault's 32 bytes."""
        self._make_vault()
        self.made = self._of.make() or self.made
        return self._of.pepper()


def _file_of(provider: PepperProvider) -> Path | None:
    return provider.file.resolve() if isinstance(provider, FilePepper) else None
