"""A vault's pepper: which one it is, made, backed up, restored and replaced (SPEC section 9.3)."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.errors import PepperError, VaultError
from ailock_sdk.parameters import pepper_id
from ailock_sdk.secret import Hidden
from ailock_sdk.store import (
    FilePepper,
    LockStore,
    PepperProvider,
    PepperSource,
    SlotKind,
    StoredLock,
    pepper_provider,
    read_backup,
    read_pepper,
    write_backup,
)
from ailock_sdk.vault_parts.results import PepperReplaced, PepperStatus

_log = logging.getLogger("ailock_sdk.vault")


class VaultPepper:
    """The pepper of one vault: a provider for the locks that read its photos, which follows it.

    Parameters
    ----------
    source : PepperSource
        Where the vault's user says that it is.
    vault_pepper_id : callable
        Gives the id that the vault names, ``None`` while it holds no lock.
    """

    def __init__(self, source: PepperSource, vault_pepper_id: Callable[[], bytes | None]) -> None:
        self.provider: PepperProvider = pepper_provider(source)
        self._vault_pepper_id = vault_pepper_id

    def pepper(self) -> Hidden:
        """The vault's 32 bytes.

        Raises
        ------
        PepperError
            They cannot be had, or are not the vault's.
        """
        return read_pepper(self.provider, self._vault_pepper_id())

    def make(self) -> str | None:
        """Make a pepper if there is none and the vault holds no lock; tells where.

        Raises
        ------
        PepperError
            It cannot be made.
        """
        create = getattr(self.provider, "create", None)
        if create is None or self._vault_pepper_id() is not None:
            return None
        file = self.provider.file if isinstance(self.provider, FilePepper) else None
        is_new = file is not None and not os.path.lexists(file)
        create()
        return str(file) if is_new else None

    def check_same(self, other: PepperProvider | None) -> None:
        """Refuse a lock that has another pepper, or none.

        Raises
        ------
        PepperError
        """
        if other is None:
            raise PepperError("locks of a vault need its pepper: AiLock(pepper=...) with the same")
        if other is self.provider or (
            isinstance(other, FilePepper) and _file_of(other) == _file_of(self.provider)
        ):
            return
        if read_pepper(other) != self.pepper():
            raise PepperError("the lock has another pepper than the vault: give both the same")

    def status(self) -> PepperStatus:
        """How the vault and its pepper stand."""
        wanted, found, problem = self._vault_pepper_id(), None, None
        try:
            found = pepper_id(read_pepper(self.provider))
            found = pepper_id(self.pepper())
        except PepperError as error:
            problem = str(error)
        return PepperStatus(_file_of(self.provider), _hex(found), _hex(wanted), problem)

    def backup(self, target: Path, vault: Path) -> None:
        """Write the vault's pepper to a new file in another folder than the vault's.

        Raises
        ------
        PepperError
        """
        if target.resolve().parent == vault.resolve().parent:
            raise PepperError(
                f"{target} is beside the vault: who takes both needs nothing but photos; choose a "
                "place elsewhere"
            )
        write_backup(self.pepper(), target)

    def restore(self, source: Path, force: bool) -> PepperReplaced:
        """Put a pepper from its backup in its place; another one that is there is kept beside it.

        Raises
        ------
        PepperError
            It is not the vault's, and ``force`` is false; or the vault's pepper is not a file.
        """
        pepper, wanted = read_backup(source), self._vault_pepper_id()
        if not isinstance(self.provider, FilePepper):
            raise PepperError("this vault's pepper is not a file: restore it where it is kept")
        if wanted is not None and pepper_id(pepper) != wanted and not force:
            raise PepperError(
                f"{source} holds the pepper {pepper_id(pepper).hex()}, but this vault's is "
                f"{wanted.hex()}: look for that one"
            )
        kept = self.provider.install(pepper)
        return PepperReplaced(pepper_id(pepper).hex(), kept)

    def replace(self, store: LockStore, source: PepperSource | None, force: bool) -> PepperReplaced:
        """Make another pepper the vault's.

        Parameters
        ----------
        store : LockStore
        source : PepperSource or None
            Where the new one is, a file being made if there is none; ``None`` draws one and puts it
            where the old one is.
        force : bool
            Even if nothing will open some lock any more.

        Raises
        ------
        PepperError
            Some lock would be lost; or the new pepper cannot be had or kept. Nothing was changed.
        """
        provider = self.provider if source is None else pepper_provider(source)
        if source is None:
            if not isinstance(provider, FilePepper):
                raise PepperError("this vault's pepper is not a file: name the new one")
            new = Hidden(os.urandom(PEPPER_LENGTH_BYTES))
        else:
            create = getattr(provider, "create", provider.pepper)
            create()
            new = read_pepper(provider)
        old = None
        with suppress(PepperError):
            old = self.pepper()
        locks = _readable_locks(store)
        lost = [stored.name for stored in locks if _opens_nothing(stored, pepper_id(new))]
        if lost and not force:
            raise PepperError(
                f"nothing would open {', '.join(map(repr, lost))} any more: "
                + ("add a recovery code first" if old else "look for the lost pepper")
            )
        if source is None and isinstance(provider, FilePepper):
            provider.prepare(new)  # until it is installed, found by the id that the vault names
        waiting = store.replace_pepper(old, new)
        kept = None
        if source is None and isinstance(provider, FilePepper):
            kept = provider.install(new)
        self.provider = provider
        closed = {s.name: found for s in locks if (found := _closed_slots(s, pepper_id(new)))}
        _log.warning("the vault has a new pepper, %s", pepper_id(new).hex())
        return PepperReplaced(pepper_id(new).hex(), kept, tuple(waiting), closed)


class PepperToEnroll:
    """The pepper of new records: made with the first lock of a vault.

    Parameters
    ----------
    of : VaultPepper
    make_vault : callable
        Called first: where no vault can be, no pepper is made.

    Attributes
    ----------
    made : str or None
        Where one was made.
    """

    def __init__(self, of: VaultPepper, make_vault: Callable[[], object]) -> None:
        self._of = of
        self._make_vault = make_vault
        self.made: str | None = None

    def pepper(self) -> Hidden:
        """The vault's 32 bytes.

        Raises
        ------
        PepperError
            They cannot be had, made, or are not the vault's.
        """
        self._make_vault()
        self.made = self._of.make() or self.made
        return self._of.pepper()


def _readable_locks(store: LockStore) -> list[StoredLock]:
    locks = []
    for name in store.names():
        with suppress(VaultError):  # a damaged row opens by nothing now, and will not then
            locks.append(store.get_unverified(name))
    return locks


def _closed_slots(stored: StoredLock, new_id: bytes) -> tuple[int, ...]:
    return tuple(
        slot.number
        for slot in stored.lock.slots
        if slot.record is not None and slot.record.header.pepper_id not in (None, new_id)
    )


def _opens_nothing(stored: StoredLock, new_id: bytes) -> bool:
    photo_slots = [slot for slot in stored.lock.slots if slot.kind == SlotKind.PHOTOS]
    return not stored.lock.is_recoverable and len(_closed_slots(stored, new_id)) == len(photo_slots)


def _file_of(provider: PepperProvider) -> Path | None:
    return provider.file.resolve() if isinstance(provider, FilePepper) else None


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
