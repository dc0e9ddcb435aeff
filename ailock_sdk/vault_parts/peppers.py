"""A vault's pepper is shown, backed up, restored and replaced (SPEC section 9.3)."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.errors import PepperError, VaultError
from ailock_sdk.parameters import pepper_id
from ailock_sdk.paths import user_path
from ailock_sdk.secret import Hidden
from ailock_sdk.store import (
    DEFAULT_PEPPER,
    FilePepper,
    KeptPepper,
    LockFile,
    LockStore,
    PepperProvider,
    PepperSource,
    StateGuard,
    StoredLock,
    described,
    is_elsewhere,
    pepper_provider,
    place_of,
    read_backup,
    read_pepper,
    write_backup,
)
from ailock_sdk.vault_parts.core import VaultCore
from ailock_sdk.vault_parts.results import PepperReplaced, PepperStatus

_log = logging.getLogger("ailock_sdk.vault")
_ADVICE = "this vault's pepper is in none of the places that we can write"


class PepperVault(VaultCore):
    """The part of a vault that looks after its pepper; see :class:`~ailock_sdk.vault.Vault`."""

    def pepper_status(self) -> PepperStatus:
        """Where the pepper is, and whether it is the vault's."""
        provider, wanted, found, problem = self._pepper.provider, self._pepper_id(), None, None
        try:
            found = pepper_id(self._pepper.pepper())
        except PepperError as error:
            problem = str(error)
            if isinstance(provider, FilePepper):
                with suppress(PepperError):
                    found = pepper_id(provider.pepper())
        file = self._pepper.file
        if file is None and wanted is not None and DEFAULT_PEPPER.holds(wanted):
            file = DEFAULT_PEPPER.file
        where = described(provider)
        return PepperStatus(place_of(provider), where, file, _hex(found), _hex(wanted), problem)

    def backup_pepper(self, target: str | os.PathLike[str]) -> None:
        """Write the pepper to a new file, which must lie elsewhere than the vault.

        Raises
        ------
        PepperError
            It cannot be had, or not be written there.
        """
        file = user_path(target)
        if file.resolve().parent == self._path.resolve().parent:
            raise PepperError(
                f"{file} is beside the vault: who takes both needs nothing but photos; choose a "
                "place elsewhere"
            )
        write_backup(self._pepper.pepper(), file)

    def restore_pepper(
        self, source: str | os.PathLike[str], *, force: bool = False
    ) -> PepperReplaced:
        """Put the vault's pepper from a backup in its place; another one there is kept beside it.

        With ``force`` one that is not the vault's, too.

        Raises
        ------
        PepperError
            It is not the vault's; or it cannot be read, or written; or the vault's is not a file.
        """
        file, wanted, provider = user_path(source), self._pepper_id(), self._pepper.provider
        pepper = read_backup(file)
        if not isinstance(provider, FilePepper | KeptPepper):
            raise PepperError(f"{_ADVICE}: restore it where it is kept")
        if wanted is not None and pepper_id(pepper) != wanted and not force:
            raise PepperError(
                f"{file} holds the pepper {pepper_id(pepper).hex()}, but this vault's is "
                f"{wanted.hex()}: look for that one"
            )
        kept = None
        if isinstance(provider, FilePepper):
            kept = provider.install(pepper)
        else:
            provider.prepare(pepper)
        return PepperReplaced(pepper_id(pepper).hex(), kept)

    def replace_pepper(
        self, new: PepperSource | None = None, *, force: bool = False
    ) -> PepperReplaced:
        """Make another pepper the vault's: after the old one was lost, or seen by others.

        Photo slots open by the pepper they were made with only: add photos anew, by the recovery
        code. A pepper that the file held is kept beside it.

        Parameters
        ----------
        new : PepperSource, optional
            A file is made if there is none. By default one is drawn, in the place of the old one.
        force : bool
            Even if nothing opens some lock afterwards.

        Raises
        ------
        PepperError
            A lock without recovery code would be lost; or a pepper cannot be had, or written.
            Nothing was changed.
        """
        is_drawn, store = new is None, self._store
        new = self._pepper.provider if new is None else pepper_provider(new)
        if is_drawn:
            if not isinstance(new, FilePepper | KeptPepper):
                raise PepperError(f"{_ADVICE}: name the new one")
            pepper = Hidden(os.urandom(PEPPER_LENGTH_BYTES))
        else:
            getattr(new, "create", new.pepper)()
            pepper = read_pepper(new)
        new_id, old = pepper_id(pepper), None
        with suppress(PepperError):
            old = self._pepper.pepper()
        locks = _readable_locks(store)
        closed = {stored.name: _closed_slots(stored.lock, new_id) for stored in locks}
        lost = [s.name for s in locks if len(closed[s.name]) == len(s.lock.slots)]
        if lost and not force:
            raise PepperError(
                f"nothing would open {', '.join(map(repr, lost))} any more: "
                + ("add a recovery code first" if old else "look for the lost pepper")
            )
        kept, waiting = self._put_pepper(old, pepper, new, prepare=is_drawn)
        _log.warning("the vault has a new pepper, %s", new_id.hex())
        closed = {name: slots for name, slots in closed.items() if slots}
        return PepperReplaced(new_id.hex(), kept, waiting, closed)

    def move_pepper(self, to: PepperSource, *, delete: bool = False) -> PepperReplaced:
        """Keep the vault's pepper elsewhere: the same one, so that every photo opens as before.

        Parameters
        ----------
        to : PepperSource
            A file, ``"keyring"``, ``"tpm"``, ``"fido2"``, ``"pkcs11:URI"``, or a provider of these
            kinds. Its own pepper, if it has another, stays there.
        delete : bool
            Delete the pepper where it was: other vaults and records that use it there open no
            more. Backups elsewhere, and old bytes in flash memory, stay.

        Raises
        ------
        PepperError
            The pepper cannot be had, or not be kept there. Nothing was changed.
        """
        new, before, pepper = pepper_provider(to), self._pepper.provider, self._pepper.pepper()
        if not isinstance(new, FilePepper | KeptPepper):
            raise PepperError(
                "a pepper moves to a file, keyring, TPM, security key or token: name one"
            )
        kept, waiting = self._put_pepper(pepper, pepper, new, prepare=True)
        _log.warning("the vault's pepper is in another place: %s", described(new))
        if delete and isinstance(before, FilePepper | KeptPepper) and is_elsewhere(before, new):
            before.forget(pepper)
        return PepperReplaced(pepper_id(pepper).hex(), kept, waiting)

    def _put_pepper(
        self, old: Hidden | None, pepper: Hidden, new: PepperProvider, *, prepare: bool
    ) -> tuple[Path | None, tuple[str, ...]]:
        """Name a pepper in the vault, and where it is; what a file held, and who waits."""
        store, counter = self._store, self._store.counter()
        before = None
        with suppress(PepperError):
            before = self._pepper.guard()
        counts = getattr(new, "counter", None)
        guard = None if counts is None else StateGuard(counts, pepper)
        if prepare and isinstance(new, FilePepper | KeptPepper):
            new.prepare(pepper)  # found by its id from the moment that the vault names it
        waiting = store.replace_pepper(old, pepper, place_of(new), guard)
        kept = None
        if prepare and isinstance(new, FilePepper):
            try:
                kept = new.install(pepper)
            except PepperError as error:  # the vault names it by now, and finds it beside the file
                _log.warning("the vault has its pepper beside another one: %s", error)
        self._pepper.use(new)
        if before is not None and counter[:4] != store.counter()[:4]:
            with suppress(PepperError):  # else an index stays taken
                before.forget(counter)
        return kept, tuple(waiting)


def _readable_locks(store: LockStore) -> list[StoredLock]:
    locks = []
    for name in store.names():
        with suppress(VaultError):  # a damaged row opens by nothing now, and will not then
            locks.append(store.get_unverified(name))
    return locks


def _closed_slots(lock: LockFile, new_id: bytes) -> tuple[int, ...]:
    """Numbers of the photo slots that need another pepper."""
    return tuple(
        slot.number
        for slot in lock.slots
        if slot.record is not None and slot.record.header.pepper_id not in (None, new_id)
    )


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
