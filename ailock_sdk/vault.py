"""Vault: locks with names, on disk, with the attempts counted."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from ailock_sdk.paths import data_folder, user_path
from ailock_sdk.secret import Hidden, Pin, Secret, hidden_pin
from ailock_sdk.store import (
    LockFile,
    PepperSource,
    age_identity,
    age_recipient,
    lock_identity,
    lock_recipient,
    lock_secret,
    lock_ssh_seed,
    normalised_label,
    openssh_key,
    read_clock,
)
from ailock_sdk.vault_parts.new_slots import new_lock_key, photo_slot, recovery_slot
from ailock_sdk.vault_parts.opening import hidden_code, recovery_code
from ailock_sdk.vault_parts.peppers import PepperVault
from ailock_sdk.vault_parts.results import Enrolled, SlotInfo
from ailock_sdk.vault_parts.sealed import SealingVault
from ailock_sdk.vault_parts.slots import SlotsVault

if TYPE_CHECKING:
    from ailock_sdk.lock import AiLock
    from ailock_sdk.photo_lists import PhotoSources
    from ailock_sdk.vault_parts.opening import Opener, References, TypedCode

_log = logging.getLogger(__name__)


class Vault(SlotsVault, SealingVault, PepperVault):
    """Named locks in one file. Safe with several processes and threads, not over a fork.

    A lock has a key of its own; photos, combinations of objects and recovery codes are *slots* that
    open it. What is sealed to a lock, and its secret, outlive every slot.

    Open with :meth:`Vault.open` and use it as a context manager, or call :meth:`close`. An async
    program calls its methods by ``asyncio.to_thread``: they compute and wait for the disk.

    After an error nothing was changed but the count of misses. Every method that takes a name
    raises :class:`BadNameError` and :class:`UnknownNameError`, :class:`VaultError` or
    :class:`RecordError` if vault or lock cannot be read or written, and :class:`PepperError` if the
    vault's pepper is not here. Where the pepper is in a TPM, opening by photos and every change
    raise :class:`VaultRolledBackError` for an older copy of the vault.
    """

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        pepper: PepperSource | None = None,
        lock: AiLock | None = None,
        allow_faces: bool = False,
    ) -> Vault:
        """Open a vault file. Nothing is created: the first lock creates vault and pepper.

        Parameters
        ----------
        path : str, path-like or None
            ``~`` is the home folder. By default ``~/.local/share/ailock/vault.db``.
        pepper : PepperSource, optional
            A path, ``"keyring"``, ``"tpm"``, ``"fido2"``, ``"pkcs11:URI"``, 32 bytes, or a
            provider; by default the place that the vault names, and of a new vault the file
            ``~/.config/ailock/pepper``. Photos of this vault open only where it is.
        lock : AiLock, optional
            One that uses the same pepper; by default one with the default profile, loaded when a
            photo first comes. Records of other bundles open if these are installed too.
        allow_faces : bool
            Permit enrolling with ``lock`` even if its bundle is of faces, which nobody can renew.

        Raises
        ------
        VaultError, PepperError
            Not a vault, damaged, or usable by others; the lock has another pepper, or none.
        """
        place = data_folder() / "vault.db" if path is None else user_path(path)
        vault = cls(place.absolute(), pepper, lock, allow_faces)
        if os.path.lexists(place):
            _ = vault._store
        return vault

    def enroll(
        self,
        name: str,
        photos: References,
        *,
        pin: Pin = None,
        recovery: bool = True,
        label: str = "",
    ) -> Enrolled:
        """Create the lock ``name``, and with the first lock the vault and, if missing, its pepper.

        Parameters
        ----------
        name : str
            1 to 64 printable characters.
        photos : iterable of PhotoSource, or list of 2 to 4 lists of PhotoSource
            1 to 16 photos of one object; or such a list for each object of a combination.
        pin : str, optional
            To be typed beside the photos: 4 to 64 characters.
        recovery : bool
            Make a recovery code, which opens the lock when object, photos, model or pepper are
            lost: the only way then.
        label : str
            Of the photos' slot, for the owner to know it by.

        Raises
        ------
        NameTakenError, BadNameError, PinError
            The name is in use or none, or the PIN is none.
        CaptureError, EnrollmentError
            The photos cannot be used.
        """
        pin = hidden_pin(pin)
        name, label = self.check_new_name(name), normalised_label(label)
        new_pepper = self._pepper.place_to_make()
        record, secret = self._models.default.enroll(photos, pin=pin)
        key = new_lock_key()
        slots, code = [photo_slot(key, record, secret, number=1, label=label)], None
        if recovery:
            slot, code = recovery_slot(key, number=2)
            slots.append(slot)
        lock = LockFile(lock_recipient(key), tuple(slots))
        self._store.add(name, lock, self._pepper.create(), self._pepper.place)
        _log.info("lock %r: enrolled", name)
        return Enrolled(lock_secret(key), age_recipient(lock.recipient), code, new_pepper)

    def unlock(self, name: str, photos: PhotoSources, *, pin: Pin = None) -> Secret:
        """The secret of the lock ``name``, if the photos show the object of one of its slots.

        Photos that cannot be used (:class:`CaptureError`) cost no attempt. Photos that are compared
        cost one, whatever their number: it is charged on disk first and refunded on success, so
        ending the process buys nothing.

        Parameters
        ----------
        name : str
        photos : PhotoSource, list or tuple of 1 to 8 of them, or a list of such lists
            Of one object, or of each object of a combination.
        pin : str, optional
            With it, slots that need one are tried as well.

        Raises
        ------
        UnlockError
            No match.
        LockedOutError
            Too many misses came before; nothing was compared.
        OutOfMemoryError, AilockError
            No attempt was charged if nothing could be compared.
        """
        pin = hidden_pin(pin)
        return lock_secret(self._open(name, photos, pin).key)

    def recover(self, name: str, code: TypedCode) -> Secret:
        """The secret of the lock ``name``, by its recovery code: without photo, model or pepper.

        Clears the misses. If the vault has a new pepper, and it is here, the lock is of it from now
        on; add photos anew then.

        Raises
        ------
        RecoveryCodeError
            Mistyped, or the code of another lock.
        """
        code = hidden_code(code)
        return lock_secret(self._open(name, recovery_code(code), None).key)

    def identity(self, name: str, opened_by: Opener, *, pin: Pin = None) -> Hidden:
        """``AGE-SECRET-KEY-1...`` (ASCII): with it ``age -d`` opens what is sealed to the lock.

        Errors are those of :meth:`unlock` and :meth:`recover`.
        """
        pin = hidden_pin(pin)
        return age_identity(lock_identity(self._open(name, opened_by, pin).key))

    def ssh_key(self, name: str, opened_by: Opener, *, pin: Pin = None) -> Hidden:
        """The lock's Ed25519 key as ``ssh-add`` reads it (ASCII): always the same one.

        Errors are those of :meth:`unlock` and :meth:`recover`.
        """
        pin = hidden_pin(pin)
        return openssh_key(lock_ssh_seed(self._open(name, opened_by, pin).key))

    def recipient(self, name: str) -> str:
        """``age1...``: the public key to which ``age -r`` seals to a lock."""
        return age_recipient(self._stored(name).lock.recipient)

    def names(self) -> list[str]:
        """The names of all locks, sorted."""
        names = self._store.names()
        if names:
            self._pepper.pepper()
        return names

    def show(self, name: str) -> dict[str, Any]:
        """What is stored under ``name``: slots, their parameters and the misses, no secret."""
        stored = self._stored(name)
        throttle = self._store.status(stored, read_clock())
        return {
            "name": stored.name,
            "recipient": age_recipient(stored.lock.recipient),
            "misses": throttle.misses,
            "retry_after_seconds": throttle.retry_after_seconds,
            "slots": [SlotInfo.of(slot).describe() for slot in stored.lock.slots],
        }

    def rename(self, old: str, new: str) -> None:
        """Give a lock another name; what was sealed to it stays."""
        stored = self._stored(old)
        self._store.rename(stored, new, self._pepper.pepper())

    def remove(self, name: str) -> None:
        """Delete the lock ``name``. What was sealed to it can never be opened again."""
        store = self._store
        self._pepper.pepper()
        store.remove(name)

    def __enter__(self) -> Vault:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
