"""Real records and locks from imageprints: what enrolling makes, with the randomness given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ailock_sdk import AiLock, ImagePrint
from ailock_sdk.constants import SALT_LENGTH_BYTES, RuntimeId
from ailock_sdk.record_keys import Maker, NewObject, make_record
from ailock_sdk.secret import SECRET_LENGTH_BYTES, Hidden, Secret
from ailock_sdk.sketch import CHEAPEST, KdfCost, message_length_bytes
from ailock_sdk.store import (
    LockFile,
    Record,
    RecoveryCode,
    SlotKind,
    lock_recipient,
    new_slot,
    recovery_secret,
)

CODE_LENGTH_BYTES = 16


def peppered(lock: AiLock, pepper: bytes) -> AiLock:
    """A lock as this one, but with a pepper, as a device has it."""
    return AiLock(
        lock.bundle,
        lock.profile.name,
        pepper=pepper,
        cost=lock.cost,
        threads=lock.threads,
        check_quality=lock.check_quality,
    )


def enrol(
    lock: AiLock,
    references: Sequence[ImagePrint],
    rng: np.random.Generator,
    *,
    pepper: Hidden | None = None,
    pin: Hidden | None = None,
    cost: KdfCost = CHEAPEST,
) -> tuple[Record, Secret]:
    """A record of one object or of several, as ``lock`` makes it of their references."""
    new = [
        NewObject(
            reference,
            1,
            rng.bytes(SALT_LENGTH_BYTES),
            Hidden(rng.bytes(message_length_bytes(lock.code))),
        )
        for reference in references
    ]
    maker = Maker(
        RuntimeId.AI_EDGE_LITERT, lock.fingerprint, lock.profile.name, lock.code, lock.radius
    )
    return make_record(maker, new, rng.bytes(SALT_LENGTH_BYTES), pepper, pin, cost)


def lock_of(
    slots: Sequence[tuple[Record, Secret]], rng: np.random.Generator, *, has_code: bool = True
) -> tuple[LockFile, RecoveryCode]:
    """A lock that these records open, in this order, and a recovery code if it ``has_code``."""
    key = Hidden(rng.bytes(SECRET_LENGTH_BYTES))
    code, salt = RecoveryCode(Hidden(rng.bytes(CODE_LENGTH_BYTES))), rng.bytes(SALT_LENGTH_BYTES)
    parts = [(secret, SlotKind.PHOTOS, bytes(record)) for record, secret in slots]
    if has_code:
        parts.append((recovery_secret(code, salt), SlotKind.RECOVERY, salt))
    made = [
        new_slot(key, secret, number=number, kind=kind, created=0, label="", body=body)
        for number, (secret, kind, body) in enumerate(parts, start=1)
    ]
    return LockFile(lock_recipient(key), tuple(made)), code


def near(
    print_: ImagePrint, bits: int, rng: np.random.Generator, strength: float = 1.0
) -> ImagePrint:
    """The same imageprint with so many bits turned over, the least sure ones likelier.

    ``strength``: of the preference; 0: any bits alike.
    """
    margins = print_.margins.copy()
    weights = np.exp(-strength * np.abs(margins) / np.sqrt(np.mean(np.square(margins))))
    turned = rng.choice(len(margins), bits, replace=False, p=weights / weights.sum())
    margins[turned] *= -1
    return ImagePrint(np.where(margins == 0, -1e-9, margins))
