"""The lock file: a lock's public key and the slots that open it (SPEC section 9.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, unique
from functools import cached_property
from hashlib import sha256

from ailock_sdk.constants import SALT_LENGTH_BYTES
from ailock_sdk.errors import LockFormatError, RecordError, SlotError
from ailock_sdk.store.names import is_label
from ailock_sdk.store.record import CHECKSUM_LENGTH_BYTES, Record

LOCK_MAGIC = b"AILL"
LOCK_VERSION = 1
RECIPIENT_LENGTH_BYTES = 32
WRAPPED_LENGTH_BYTES = 48
MAX_SLOTS = 16
MAX_SLOT_NUMBER = 255
MAX_CREATED = 253_402_300_799
"""The last second of the year 9999, the last that a calendar shows."""


@unique
class SlotKind(IntEnum):
    """What opens a slot, by its number in a lock file."""

    PHOTOS = 1
    RECOVERY = 2


@dataclass(frozen=True)
class Slot:
    """One wrapped copy of a lock's key.

    Attributes
    ----------
    number : int
        1 to 255, the slot's own for as long as it exists.
    kind : SlotKind
    created : int
        Seconds since 1970, at most :data:`MAX_CREATED`; for display only.
    label : str
        Empty, or by the rules of a lock's name with at most 64 bytes as UTF-8.
    body : bytes
        A record's bytes for photos; the 16 bytes of salt for a recovery code.
    wrapped : bytes
        48 bytes.

    Raises
    ------
    LockFormatError
        A field breaks a rule of SPEC section 9.2.
    """

    number: int
    kind: SlotKind
    created: int
    label: str
    body: bytes = field(repr=False)
    wrapped: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.number <= MAX_SLOT_NUMBER:
            raise LockFormatError(f"slot number {self.number} is outside 1 .. {MAX_SLOT_NUMBER}")
        if self.kind not in set(SlotKind):
            raise self._broken(f"is of the unknown kind {self.kind}: update ailock-sdk")
        object.__setattr__(self, "kind", SlotKind(self.kind))
        if not 0 <= self.created <= MAX_CREATED:
            raise self._broken("was created outside 1970 .. 9999")
        if not is_label(self.label):
            raise self._broken("has a label that is none")
        if len(self.wrapped) != WRAPPED_LENGTH_BYTES:
            raise self._broken(f"has {len(self.wrapped)} wrapped bytes: {WRAPPED_LENGTH_BYTES} fit")
        if self.kind == SlotKind.PHOTOS:
            try:
                _ = self.record
            except RecordError as error:
                raise self._broken(f"cannot be used: {error}") from error
        elif len(self.body) != SALT_LENGTH_BYTES:
            raise self._broken(f"has a salt of {len(self.body)} bytes: {SALT_LENGTH_BYTES} fit")

    def __bytes__(self) -> bytes:
        label = self.label.encode()
        return b"".join(
            [
                self.number.to_bytes(1, "big"),
                self.kind.to_bytes(1, "big"),
                self.created.to_bytes(8, "big"),
                len(label).to_bytes(1, "big") + label,
                len(self.body).to_bytes(2, "big") + self.body,
                self.wrapped,
            ]
        )

    @cached_property
    def record(self) -> Record | None:
        """The record of a photo slot; ``None`` for a recovery code."""
        return Record.from_bytes(self.body) if self.kind == SlotKind.PHOTOS else None

    @property
    def needs_pepper(self) -> bool:
        """Whether the slot opens only where its pepper is."""
        return self.record is not None and self.record.header.pepper_id is not None

    def _broken(self, what: str) -> LockFormatError:
        return LockFormatError(f"slot {self.number} of the lock {what}")


@dataclass(frozen=True)
class LockFile:
    """A lock as stored and exported. ``bytes(lock)`` is the inverse of :meth:`from_bytes`.

    Attributes
    ----------
    recipient : bytes
        32 bytes, the X25519 public key that data is sealed to.
    slots : tuple of Slot
        1 to 16, in ascending order of number; no two have the same body.

    Raises
    ------
    LockFormatError
        A field breaks a rule of SPEC section 9.2.
    """

    recipient: bytes
    slots: tuple[Slot, ...]

    def __post_init__(self) -> None:
        if len(self.recipient) != RECIPIENT_LENGTH_BYTES:
            raise LockFormatError(f"the recipient has not {RECIPIENT_LENGTH_BYTES} bytes")
        if not 1 <= len(self.slots) <= MAX_SLOTS:
            raise LockFormatError(f"a lock has 1 to {MAX_SLOTS} slots, not {len(self.slots)}")
        numbers = [slot.number for slot in self.slots]
        if numbers != sorted(set(numbers)):
            raise LockFormatError("the lock's slots are not in ascending order")
        # Two of one salt would have one key, which may wrap only once.
        if len({slot.body for slot in self.slots}) != len(self.slots):
            raise LockFormatError("two slots of the lock have the same body")

    def __bytes__(self) -> bytes:
        head = LOCK_MAGIC + bytes([LOCK_VERSION]) + self.recipient + bytes([len(self.slots)])
        body = head + b"".join(map(bytes, self.slots))
        return body + _checksum(body)

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> LockFile:
        """Parse a lock; exactly the bytes that ``bytes(lock)`` gives are accepted.

        Raises
        ------
        LockFormatError
            Another magic or version, cut or extended, damaged, or against a rule.
        """
        data = bytes(data)
        if data[: len(LOCK_MAGIC)] != LOCK_MAGIC:
            raise LockFormatError("not a lock: it does not begin with AILL")
        reader = _Reader(data[len(LOCK_MAGIC) : -CHECKSUM_LENGTH_BYTES])
        version = reader.number(1)
        if version != LOCK_VERSION:
            raise LockFormatError(f"lock version {version} is unknown: update ailock-sdk")
        if data[-CHECKSUM_LENGTH_BYTES:] != _checksum(data[:-CHECKSUM_LENGTH_BYTES]):
            raise LockFormatError("the lock's checksum does not fit: it is damaged")
        recipient = reader.take(RECIPIENT_LENGTH_BYTES)
        slots = tuple(_read_slot(reader) for _ in range(reader.number(1)))
        if reader.rest:
            raise LockFormatError(f"the lock has {len(reader.rest)} bytes too many: it was joined")
        return cls(recipient, slots)

    @property
    def is_recoverable(self) -> bool:
        """Whether a recovery code opens it."""
        return any(slot.kind == SlotKind.RECOVERY for slot in self.slots)

    def slot(self, number: int) -> Slot:
        """The slot of this number.

        Raises
        ------
        SlotError
            There is none.
        """
        for slot in self.slots:
            if slot.number == number:
                return slot
        known = ", ".join(str(slot.number) for slot in self.slots)
        raise SlotError(f"the lock has no slot {number}: it has {known}")

    def free_number(self) -> int:
        """The least number that no slot has: that of the next one.

        Raises
        ------
        SlotError
            There is no room for another.
        """
        if len(self.slots) == MAX_SLOTS:
            raise SlotError(f"a lock has at most {MAX_SLOTS} slots: remove one first")
        taken = {slot.number for slot in self.slots}
        return next(number for number in range(1, MAX_SLOTS + 1) if number not in taken)

    def with_slot(self, slot: Slot) -> LockFile:
        """The lock with one slot more, or with another one of the same number."""
        return self._with_slots(
            [other for other in self.slots if other.number != slot.number], slot
        )

    def without_slot(self, number: int) -> LockFile:
        """The lock with one slot less.

        Raises
        ------
        SlotError
            There is none of this number, or it is the last: nothing would open the lock any more.
        """
        gone = self.slot(number)
        if len(self.slots) == 1:
            raise SlotError(f"slot {number} is the lock's last: add another one first")
        return self._with_slots(slot for slot in self.slots if slot is not gone)

    def exported(self) -> LockFile:
        """The lock as another device can use it: without the slots that need this one's pepper.

        Raises
        ------
        SlotError
            It has no recovery code, which the other device asks for.
        """
        if not self.is_recoverable:
            raise SlotError("the lock has no recovery code: add one first")
        return self._with_slots(slot for slot in self.slots if not slot.needs_pepper)

    def _with_slots(self, slots: Iterable[Slot], *more: Slot) -> LockFile:
        return LockFile(self.recipient, tuple(sorted([*slots, *more], key=lambda s: s.number)))


class _Reader:
    """Takes fields off the front of bytes."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def take(self, size: int) -> bytes:
        if size > len(self.rest):
            raise LockFormatError("the lock ends too early: it was cut")
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")


def _read_slot(reader: _Reader) -> Slot:
    number, kind, created = reader.number(1), reader.number(1), reader.number(8)
    # What is not UTF-8 becomes a surrogate, which no label has.
    label = reader.take(reader.number(1)).decode("utf-8", "surrogateescape")
    body = reader.take(reader.number(2))
    wrapped = reader.take(WRAPPED_LENGTH_BYTES)
    return Slot(number, kind, created, label, body, wrapped)  # type: ignore[arg-type]


def _checksum(body: bytes) -> bytes:
    return sha256(body).digest()[:CHECKSUM_LENGTH_BYTES]
