"""What a vault's methods return."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ailock_sdk.secret import Secret
from ailock_sdk.store import RecoveryCode, Slot


@dataclass(frozen=True)
class Enrolled:
    """A new lock.

    Attributes
    ----------
    secret : Secret
        What unlocking gives, always.
    recipient : str
        ``age1...``: what any age program seals to the lock with.
    recovery_code : RecoveryCode or None
        To be shown to the owner once; it is not stored. ``None`` if none was asked for.
    new_pepper : str or None
        The file of a pepper that was made for this lock, the vault's first, or its place in words.
    """

    secret: Secret
    recipient: str
    recovery_code: RecoveryCode | None
    new_pepper: str | None


@dataclass(frozen=True)
class SlotInfo:
    """What a slot shows of itself.

    Attributes
    ----------
    number : int
    kind : str
        ``photos`` or ``recovery``, which has 0 objects and an empty ``record``.
    created : datetime.datetime
        In UTC; for display only.
    label : str
    objects : int
        That open it together.
    needs_pin : bool
    record : dict
        Its parameters.
    """

    number: int
    kind: str
    created: datetime.datetime
    label: str
    objects: int
    needs_pin: bool
    record: dict[str, Any] = field(repr=False)

    @classmethod
    def of(cls, slot: Slot) -> SlotInfo:
        """That of a stored slot."""
        record = slot.record
        return cls(
            slot.number,
            slot.kind.name.lower(),
            datetime.datetime.fromtimestamp(slot.created, datetime.timezone.utc),
            slot.label,
            0 if record is None else len(record.objects),
            record is not None and record.header.needs_pin,
            {} if record is None else record.describe(),
        )

    def describe(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return {**vars(self), "created": self.created.isoformat()}


@dataclass(frozen=True)
class Exported:
    """A lock for another device: its file (SPEC section 9.2), of no use without a recovery code.

    One was made for the export if the lock had none.
    """

    data: bytes = field(repr=False)
    recovery_code: RecoveryCode | None


@dataclass(frozen=True)
class PepperStatus:
    """How a vault and its pepper stand.

    Attributes
    ----------
    place : str
        ``file``, ``keyring``, ``tpm``, ``fido2``, ``pkcs11`` or ``other``: where the pepper
        is looked for.
    where : str
        The same in words: a path, a token's label.
    path : Path or None
        The pepper's file, if it is one; else the user's file, if that has a copy of it.
    pepper_id, vault_pepper_id : str or None
        Of the pepper that is there, if it can be had, and of the vault's, if it holds a lock: 16
        hexadecimal digits.
    problem : str or None
        Why the pepper cannot be used for this vault.
    """

    place: str
    where: str
    path: Path | None
    pepper_id: str | None
    vault_pepper_id: str | None
    problem: str | None


@dataclass(frozen=True)
class PepperReplaced:
    """What became of the locks when their pepper was replaced or restored.

    Attributes
    ----------
    pepper_id : str
        Of the new one, 16 hexadecimal digits.
    kept : Path or None
        Where the pepper is that the file held before.
    waiting : tuple of str
        Locks that work again after their recovery code was used once.
    closed : dict of str to tuple of int
        By lock, the photo slots that open no more: add them anew by the recovery code.
    """

    pepper_id: str
    kept: Path | None
    waiting: tuple[str, ...] = ()
    closed: dict[str, tuple[int, ...]] = field(default_factory=dict)
