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
from ailock_sdk.store.slots import LOCK_KEY_LENGTH_BYTES


def new_lock_key() -> Hidden:
    """A new lock's key, 32 random bytes."""
    return Hidden(os.urandom(LOCK_KEY_LENGTH_BYTES))


def photo_slot(key: Hidden, record: Record, secret: Secret, *, number: int, label: str) -> Slot:
    """A slot of a lock's key that a record's photos open; the label is normalised.

    Parameters
    ----------
    key : Hidden
    record : Record
    secret : Secret
    number : int
    label : str
    """
    return _slot(key, secret, SlotKind.PHOTOS, bytes(record), number, label)


def recovery_slot(key: Hidden, *, number: int, label: str = "") -> tuple[Slot, RecoveryCode]:
    """A slot that a new recovery code opens, and the code."""
    code = RecoveryCode(Hidden(os.urandom(CODE_LENGTH_BYTES)))
    salt = os.urandom(SALT_LENGTH_BYTES)
    secret = recovery_secret(code, salt)
    return _slot(key, secret, SlotKind.RECOVERY, salt, number, label), code


def slot_number(lock: LockFile, replaces: int | None) -> int:
    """The number of a lock's next slot: a free one, or that of the slot it takes the place of."""
    return lock.free_number() if replaces is None else lock.slot(replaces).number


def _slot(
    key: Hidden, secret: Secret, kind: SlotKind, body: bytes, number: int, label: str
) -> Slot:
    created = min(max(int(time.time()), 0), MAX_CREATED)
    return new_slot(key, secret, number=number, kind=kind, created=created, label=label, body=body)
