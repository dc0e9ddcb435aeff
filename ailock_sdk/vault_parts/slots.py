"""A vault's locks change: slots are added and removed, locks exported and imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ailock_sdk.errors import LockFormatError, RecoveryCodeError
from ailock_sdk.secret import Pin, hidden_pin
from ailock_sdk.store import (
    LockFile,
    RecoveryCode,
    age_recipient,
    lock_secret,
    normalised_label,
)
from ailock_sdk.vault_parts.core import VaultCore
from ailock_sdk.vault_parts.new_slots import photo_slot, recovery_slot, slot_number
from ailock_sdk.vault_parts.opening import Opened, hidden_code, key_of_code, recovery_code
from ailock_sdk.vault_parts.results import Enrolled, Exported, SlotInfo

if TYPE_CHECKING:
    from ailock_sdk.vault_parts.opening import Opener, References, TypedCode


class SlotsVault(VaultCore):
    """The part of a vault that changes locks; see :class:`~ailock_sdk.vault.Vault`.

    Every change needs the lock opened: by photos as for ``unlock``, with ``opened_with_pin`` if
    their slot needs one, or by a :class:`RecoveryCode`. It is one transaction, which is refused
    with :class:`LockChangedError` if the lock was changed meanwhile.
    """

    def slots(self, name: str) -> tuple[SlotInfo, ...]:
        """What opens the lock ``name``."""
        return tuple(map(SlotInfo.of, self._stored(name).lock.slots))

    def add_photos(
        self,
        name: str,
        photos: References,
        *,
        opened_by: Opener,
        opened_with_pin: Pin = None,
        pin: Pin = None,
        label: str = "",
        replaces: int | None = None,
    ) -> SlotInfo:
        """Let other photos open the lock too: of another object, by another model or with a PIN.

        What was sealed to the lock stays readable, and its secret is the same.

        Parameters
        ----------
        name : str
        photos : References
            As for :meth:`~ailock_sdk.vault.Vault.enroll`.
        opened_by : PhotoSources or RecoveryCode
            Photos as for :meth:`~ailock_sdk.vault.Vault.unlock`.
        opened_with_pin, pin : str, optional
            Of the slot that is opened, and of the new one.
        label : str
            At most 64 bytes, for the owner to know the slot by.
        replaces : int, optional
            The slot whose place it takes.

        Raises
        ------
        SlotError
            No such slot, or no room.
        AilockError
            As :meth:`~ailock_sdk.vault.Vault.unlock` and :meth:`~ailock_sdk.vault.Vault.enroll`.
        """
        pin, opened_with_pin = hidden_pin(pin), hidden_pin(opened_with_pin)
        label = normalised_label(label)
        slot_number(self._store.get_unverified(name).lock, replaces)  # told before it is opened
        opened = self._open_to_change(name, opened_by, opened_with_pin)
        number = slot_number(opened.stored.lock, replaces)
        record, secret = self._models.default.enroll(photos, pin=pin)
        slot = photo_slot(opened.key, record, secret, number=number, label=label)
        self._replace(opened, opened.stored.lock.with_slot(slot))
        return SlotInfo.of(slot)

    def add_recovery_code(
        self,
        name: str,
        *,
        opened_by: Opener,
        opened_with_pin: Pin = None,
        label: str = "",
        replaces: int | None = None,
        show: Callable[[RecoveryCode], object] | None = None,
    ) -> RecoveryCode:
        """Let a new recovery code open the lock too; it is returned once and not stored.

        Parameters
        ----------
        name : str
        opened_by : PhotoSources or RecoveryCode
        opened_with_pin, label : str, optional
        replaces : int, optional
            These, and errors, are as for :meth:`add_photos`.
        show : callable, optional
            Called with the code before it is stored: nothing is changed if this raises.
        """
        opened_with_pin = hidden_pin(opened_with_pin)
        label = normalised_label(label)
        opened = self._open_to_change(name, opened_by, opened_with_pin)
        number = slot_number(opened.stored.lock, replaces)
        slot, code = recovery_slot(opened.key, number=number, label=label)
        if show is not None:
            show(code)
        self._replace(opened, opened.stored.lock.with_slot(slot))
        return code

    def remove_slot(
        self, name: str, number: int, *, opened_by: Opener, opened_with_pin: Pin = None
    ) -> None:
        """Let the slot of a number open the lock no longer. The last one stays.

        Parameters
        ----------
        name : str
        number : int
        opened_by : PhotoSources or RecoveryCode
        opened_with_pin : str, optional

        Raises
        ------
        SlotError
            No such slot, or the last one.
        """
        opened_with_pin = hidden_pin(opened_with_pin)
        self._store.get_unverified(name).lock.without_slot(number)  # told before it is opened
        opened = self._open_to_change(name, opened_by, opened_with_pin)
        self._replace(opened, opened.stored.lock.without_slot(number))

    def export_lock(self, name: str, *, opened_by: Opener, opened_with_pin: Pin = None) -> Exported:
        """The lock for another device, where its recovery code opens it: :meth:`import_lock`.

        Slots that need this device's pepper stay here.

        Raises
        ------
        SlotError
            The lock needs a recovery code for it, and has no room.
        """
        opened_with_pin = hidden_pin(opened_with_pin)
        opened = self._open(name, opened_by, opened_with_pin)
        lock, code = opened.stored.lock, None
        if not lock.is_recoverable:
            slot, code = recovery_slot(opened.key, number=lock.free_number())
            lock = lock.with_slot(slot)
        return Exported(bytes(lock.exported()), code)

    def import_lock(self, name: str, data: bytes, code: TypedCode) -> Enrolled:
        """Store a lock that :meth:`export_lock` gave elsewhere; then add photos to it.

        Raises
        ------
        LockFormatError
            Not an exported lock, or damaged.
        RecoveryCodeError
            The code of another lock, or mistyped.
        NameTakenError, BadNameError
            As :meth:`~ailock_sdk.vault.Vault.enroll`.
        """
        code = hidden_code(code)
        name = self.check_new_name(name)
        lock = LockFile.from_bytes(data)
        if any(slot.needs_pepper for slot in lock.slots):
            raise LockFormatError("the lock is one of its own device's: export it there first")
        key = key_of_code(lock, recovery_code(code))
        if key is None:
            raise RecoveryCodeError("this is a recovery code, but not that of the exported lock")
        new_pepper = self._pepper.place_to_make()
        pepper = self._pepper.create()
        self._store.add(name, lock, pepper, self._pepper.place)
        return Enrolled(lock_secret(key), age_recipient(lock.recipient), None, new_pepper)

    def _replace(self, opened: Opened, lock: LockFile) -> None:
        self._store.replace(opened.stored, lock, self._pepper.pepper())
