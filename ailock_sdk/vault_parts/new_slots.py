"""New slots for an opened lock. Randomness and dates enter a vault here."""

from __future__ import annotations

import os
import time

from ailock_sdk.constants import SALT_LENGTH_BYTES
from ailock_sdk.secret import Hidden, Secret
from ailock_sdk.store import (
    LockFile,
    Record,
    RecoveryCode,
    Slot,
    SlotKind,
    new_slot,
    recovery_secret,
)
from ailock_sdk.store.lock_file import MAX_CREATED
from ailock_sdk.store.recovery_code import CODE_LENGTH_BYTES

LOCK_KEY_LENGTH_BYTES = 32


def new_lock_key() -> Hidden:
    """A new lock's key, 32 random bytes."""
    return Hidden(os.urandom(LOCK_KEY_LENGTH_BYTES))


def photo_slot(key: Hidden, record: Record, secret: Secret, *, number: int, label: str) -> Slot:
    """A slot that a record's photos open.

    Parameters
    ----------
    key : Hidden
        32 bytes, the lock's.
    record : Record
    secret : Secret
        The record's.
    number : int
    label : str
        Normalised.
    """
    return new_slot(
        key,
        secret,
        number=number,
        kind=SlotKind.PHOTOS,
        created=_now(),
        label=label,
        body=bytes(record),
    )


def recovery_slot(key: Hidden, *, number: int, label: str = "") -> tuple[Slot, RecoveryCode]:
    """A slot that a new recovery code opens, and the code."""
    code = RecoveryCode(Hidden(os.urandom(CODE_LENGTH_BYTES)))
    salt = os.urandom(SALT_LENGTH_BYTES)
    slot = new_slot(
        key,
        recovery_secret(code, salt),
        number=number,
        kind=SlotKind.RECOVERY,
        created=_now(),
        label=label,
        body=salt,
    )
    return slot, code


def slot_number(lock: LockFile, replaces: int | None) -> int:
    """The number of a lock's next slot: a free one, or that of the slot it takes the place of.

    Raises
    ------
    SlotError
        There is no room, or no such slot.
    """
    return lock.free_number() if replaces is None else lock.slot(replaces).number


def _now() -> int:
    return min(max(int(time.time()), 0), MAX_CREATED)
