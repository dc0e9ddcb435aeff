"""The lock file: a lock's public key and the slots that open it (SPEC section 9.2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, unique
from functools import cached_property
from struct import Struct

from ailock_sdk.constants import SALT_LENGTH_BYTES
from ailock_sdk.errors import LockFormatError, RecordError, SlotError
from ailock_sdk.store.fields import CHECKSUM_LENGTH_BYTES, Fields, TooShortError, checksum
from ailock_sdk.store.names import is_label
from ailock_sdk.store.record import Record

LOCK_MAGIC = b"AILL"
LOCK_VERSION = 1
RECIPIENT_LENGTH_BYTES = 32
WRAPPED_LENGTH_BYTES = 48
MAX_SLOTS = 16
MAX_SLOT_NUMBER = 255
MAX_CREATED = 253_402_300_799
"""The last second of the year 9999, the last that a calendar shows."""

_HEAD = Struct(f">B{RECIPIENT_LENGTH_BYTES}sB")
"""version, recipient, slots"""
_SLOT = Struct(">BBQB")
"""number, kind, created, length of the label"""
_BODY = Struct(">H")
"""length of the body"""


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
    body, wrapped : bytes
        A record for photos, 16 bytes of salt for a recovery code; 48 bytes.

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
        head = _SLOT.pack(self.number, self.kind, self.created, len(label)) + label
        return head + _BODY.pack(len(self.body)) + self.body + self.wrapped

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

    Data is sealed to its ``recipient``, an X25519 public key of 32 bytes. It has 1 to 16 slots, in
    ascending order of number; no two have the same body.

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
        head = _HEAD.pack(LOCK_VERSION, self.recipient, len(self.slots))
        body = LOCK_MAGIC + head + b"".join(map(bytes, self.slots))
        return body + checksum(body)

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> LockFile:
        """Parse a lock; exactly the bytes that ``bytes(lock)`` gives are accepted.

        Raises
        ------
        LockFormatError
            Another magic or version, cut or extended, damaged, or against a rule.
        """
        data = bytes(data)
        body = data[:-CHECKSUM_LENGTH_BYTES]
        if data[: len(LOCK_MAGIC)] != LOCK_MAGIC:
            raise LockFormatError("not a lock: it does not begin with AILL")
        version = data[len(LOCK_MAGIC) :][:1]
        if version not in (b"", bytes([LOCK_VERSION])):
            raise LockFormatError(f"lock version {version[0]} is unknown: update ailock-sdk")
        if version and data[-CHECKSUM_LENGTH_BYTES:] != checksum(body):
            raise LockFormatError("the lock's checksum does not fit: it is damaged")
        fields = Fields(body[len(LOCK_MAGIC) :])
        try:
            _, recipient, count = fields.unpack(_HEAD)
            slots = tuple(_read_slot(fields) for _ in range(count))
        except TooShortError:
            raise LockFormatError("the lock ends too early: it was cut") from None
        if fields.rest:
            raise LockFormatError(f"the lock has {len(fields.rest)} bytes too many: it was joined")
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
        """
        for slot in self.slots:
            if slot.number == number:
                return slot
        known = ", ".join(str(slot.number) for slot in self.slots)
        raise SlotError(f"the lock has no slot {number}: it has {known}")

    def free_number(self) -> int:
        """The least number that no slot has, if there is room for another.

        Raises
        ------
        SlotError
        """
        if len(self.slots) == MAX_SLOTS:
            raise SlotError(f"a lock has at most {MAX_SLOTS} slots: remove one first")
        taken = {slot.number for slot in self.slots}
        return next(number for number in range(1, MAX_SLOTS + 1) if number not in taken)

    def with_slot(self, slot: Slot) -> LockFile:
        """The lock with one slot more, or with another one of the same number."""
        others = [other for other in self.slots if other.number != slot.number]
        return LockFile(self.recipient, tuple(sorted([*others, slot], key=lambda s: s.number)))

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
        return LockFile(self.recipient, tuple(slot for slot in self.slots if slot is not gone))

    def exported(self) -> LockFile:
        """The lock as another device can use it: without the slots that need this one's pepper.

        Raises
        ------
        SlotError
            It has no recovery code, which the other device asks for.
        """
        if not self.is_recoverable:
            raise SlotError("the lock has no recovery code: add one first")
        return LockFile(self.recipient, tuple(s for s in self.slots if not s.needs_pepper))


def _read_slot(fields: Fields) -> Slot:
    number, kind, created, label_length = fields.unpack(_SLOT)
    # What is not UTF-8 becomes a surrogate, which no label has.
    label = fields.take(label_length).decode("utf-8", "surrogateescape")
    body = fields.take(*fields.unpack(_BODY))
    return Slot(number, kind, created, label, body, fields.take(WRAPPED_LENGTH_BYTES))
