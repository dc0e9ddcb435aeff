"""A vault's pepper is shown, backed up, restored and replaced (SPEC section 9.3)."""

from __future__ import annotations

import logging
import os
from contextlib import suppress

from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.errors import PepperError, VaultError
from ailock_sdk.parameters import pepper_id
from ailock_sdk.paths import user_path
from ailock_sdk.secret import Hidden
from ailock_sdk.store import (
    FilePepper,
    LockFile,
    LockStore,
    PepperSource,
    StoredLock,
    pepper_provider,
    read_backup,
    read_pepper,
    write_backup,
)
from ailock_sdk.vault_parts.core import VaultCore
from ailock_sdk.vault_parts.results import PepperReplaced, PepperStatus

_log = logging.getLogger("ailock_sdk.vault")


class PepperVault(VaultCore):
    """The part of a vault that looks after its pepper; see :class:`~ailock_sdk.vault.Vault`."""

    def pepper_status(self) -> PepperStatus:
        """Where the pepper is, and whether it is the vault's."""
        wanted, found, problem = self._pepper_id(), None, None
        try:
            found = pepper_id(read_pepper(self._pepper.provider))
            found = pepper_id(self._pepper.pepper())
        except PepperError as error:
            problem = str(error)
        return PepperStatus(self._pepper.file, _hex(found), _hex(wanted), problem)

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
        if not isinstance(provider, FilePepper):
            raise PepperError("this vault's pepper is not a file: restore it where it is kept")
        if wanted is not None and pepper_id(pepper) != wanted and not force:
            raise PepperError(
                f"{file} holds the pepper {pepper_id(pepper).hex()}, but this vault's is "
                f"{wanted.hex()}: look for that one"
            )
        kept = provider.install(pepper)
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
        in_place = new if is_drawn and isinstance(new, FilePepper) else None
        if in_place is not None:
            pepper = Hidden(os.urandom(PEPPER_LENGTH_BYTES))
        elif is_drawn:
            raise PepperError("this vault's pepper is not a file: name the new one")
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
        if in_place is not None:
            in_place.prepare(pepper)  # until it is installed, found by the id that the vault names
        waiting = store.replace_pepper(old, pepper)
        kept = None if in_place is None else in_place.install(pepper)
        self._pepper.provider = new
        _log.warning("the vault has a new pepper, %s", new_id.hex())
        closed = {name: slots for name, slots in closed.items() if slots}
        return PepperReplaced(new_id.hex(), kept, tuple(waiting), closed)


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
