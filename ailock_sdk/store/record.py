"""The record: what photos are compared with, and none of it secret (SPEC section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import Any

from ailock_sdk.constants import (
    CHECK_TAG_LENGTH_BYTES,
    MAX_LAMBDA_BITS,
    MAX_OBJECTS,
    MAX_REFERENCE_PHOTOS,
    PEPPER_ID_LENGTH_BYTES,
    SALT_LENGTH_BYTES,
    RuntimeId,
)
from ailock_sdk.errors import RecordFormatError
from ailock_sdk.parameters import (
    PROFILE_NAME_RULE,
    code_exists,
    helper_length_bytes,
    is_profile_name,
    kdf_ranges,
    max_radius_bits,
)
from ailock_sdk.store.fields import CHECKSUM_LENGTH_BYTES, Fields, TooShortError, checksum

RECORD_MAGIC = b"AILK"
RECORD_VERSION = 1
FINGERPRINT_LENGTH_BYTES = 32
MIN_LAMBDA_BITS = 8

_FLAG_PEPPER = 0b0000_0001
_FLAG_PIN = 0b0000_0010
_NO_PEPPER_ID = bytes(PEPPER_ID_LENGTH_BYTES)
_COST_WORDS = {
    "lanes": "lanes",
    "time_cost": "time cost",
    "memory_cost_kib": "memory cost in KiB",
}

_HEADER = Struct(f">4sBBIBB{SALT_LENGTH_BYTES}s{PEPPER_ID_LENGTH_BYTES}sB")
"""magic, version, flags, memory_cost, time_cost, lanes, salt, pepper_id, objects"""
_MAKER = Struct(f">BB{FINGERPRINT_LENGTH_BYTES}sB")
"""runtime, photos, fingerprint, length of the profile's name"""
_SKETCH = Struct(f">HHBBB{SALT_LENGTH_BYTES}s")
"""lambda, radius, m, n, k, salt"""


@dataclass(frozen=True)
class RecordHeader:
    """What a record says of its key derivation (SPEC section 7).

    Attributes
    ----------
    pepper_id : bytes or None
        8 bytes, not all zero, or ``None`` when no pepper is needed.
    needs_pin : bool
    memory_cost_kib, time_cost, lanes : int
        As in :class:`~ailock_sdk.sketch.KdfCost`.
    salt : bytes
        16 bytes, of Argon2id.

    Raises
    ------
    RecordFormatError
        A field is out of its range, whether parsed or passed in.
    """

    pepper_id: bytes | None
    needs_pin: bool
    memory_cost_kib: int
    time_cost: int
    lanes: int
    salt: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.pepper_id is not None:
            _require_length("pepper id", self.pepper_id, PEPPER_ID_LENGTH_BYTES)
            if self.pepper_id == _NO_PEPPER_ID:
                raise RecordFormatError("the pepper id is all zero although a pepper is needed")
        for name, allowed in kdf_ranges(self.lanes).items():
            _require_range(_COST_WORDS[name], getattr(self, name), allowed.start, allowed.stop - 1)
        _require_length("salt", self.salt, SALT_LENGTH_BYTES)

    @property
    def cost(self) -> tuple[int, int, int]:
        """(time_cost, memory_cost_kib, lanes), as ``KdfCost`` takes them."""
        return self.time_cost, self.memory_cost_kib, self.lanes


@dataclass(frozen=True)
class RecordObject:
    """What a record holds of one object; ``bytes(object)`` is its part of the record.

    Attributes
    ----------
    runtime, photo_count : int
        Number of the :class:`RuntimeId` that made the reference; of 1 to 16 photos.
    fingerprint : bytes
        32 bytes, of the profile that made it.
    profile : str
        Its name, 1 to 32 of ``[a-z0-9_-]``.
    lambda_bits, radius : int
        Length of the imageprint, 8 to 4096; most bits that may be corrected, below half of it.
    order, blocks, message_symbols : int
        The code (m, n, k) of SPEC section 5.
    salt, helper : bytes
        Of the sketch: 16, and ceil(lambda_bits / 8) bytes, unused bits of the last one zero.

    Raises
    ------
    RecordFormatError
        A field is out of its range, whether parsed or passed in.
    """

    runtime: int
    photo_count: int
    fingerprint: bytes
    profile: str
    lambda_bits: int
    radius: int
    order: int
    blocks: int
    message_symbols: int
    salt: bytes = field(repr=False)
    helper: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.runtime not in set(RuntimeId):
            raise RecordFormatError(
                f"runtime {self.runtime} is unknown: update ailock-sdk, or enroll again"
            )
        _require_range("reference photos", self.photo_count, 1, MAX_REFERENCE_PHOTOS)
        _require_length("fingerprint", self.fingerprint, FINGERPRINT_LENGTH_BYTES)
        if not is_profile_name(self.profile):
            raise RecordFormatError(f"the profile name is not {PROFILE_NAME_RULE}")
        _require_range("lambda", self.lambda_bits, MIN_LAMBDA_BITS, MAX_LAMBDA_BITS)
        _require_range("radius", self.radius, 0, max_radius_bits(self.lambda_bits))
        if not code_exists(self.lambda_bits, *self.code):
            raise RecordFormatError(
                f"no code has {self._code_in_words} for {self.lambda_bits} bits"
            )
        _require_length("salt", self.salt, SALT_LENGTH_BYTES)
        _require_length("helper", self.helper, helper_length_bytes(self.lambda_bits))
        if self.helper[-1] & ((1 << -self.lambda_bits % 8) - 1):
            raise RecordFormatError("the helper's unused bits are not zero")

    @property
    def code(self) -> tuple[int, int, int]:
        """(order, blocks, message_symbols), as a profile has it."""
        return self.order, self.blocks, self.message_symbols

    @property
    def message_bits(self) -> int:
        """Bits of the message that the sketch hides."""
        return self.message_symbols * (self.order + 1)

    def __bytes__(self) -> bytes:
        name = self.profile.encode("ascii")
        maker = _MAKER.pack(self.runtime, self.photo_count, self.fingerprint, len(name))
        sketch = _SKETCH.pack(self.lambda_bits, self.radius, *self.code, self.salt)
        return maker + name + sketch + self.helper

    def describe(self) -> dict[str, Any]:
        """What ``ailock show`` prints of the object, in the record's order."""
        return {
            "runtime": RuntimeId(self.runtime).package,
            "reference_photos": self.photo_count,
            "fingerprint": self.fingerprint.hex(),
            "profile": self.profile,
            "lambda_bits": self.lambda_bits,
            "radius_bits": self.radius,
            "code": self._code_in_words,
            "message_bits": self.message_bits,
            "helper_bytes": len(self.helper),
        }

    @property
    def _code_in_words(self) -> str:
        return f"m = {self.order}, n = {self.blocks}, k = {self.message_symbols}"


def bound_bytes(header: RecordHeader, objects: Sequence[RecordObject]) -> bytes:
    """A record's bytes up to its last helper: what the key derivation binds (SPEC section 7)."""
    flags = _FLAG_PIN * header.needs_pin
    flags |= 0 if header.pepper_id is None else _FLAG_PEPPER
    packed = _HEADER.pack(
        RECORD_MAGIC,
        RECORD_VERSION,
        flags,
        header.memory_cost_kib,
        header.time_cost,
        header.lanes,
        header.salt,
        _NO_PEPPER_ID if header.pepper_id is None else header.pepper_id,
        len(objects),
    )
    return packed + b"".join(bytes(one) for one in objects)


@dataclass(frozen=True)
class Record:
    """A record of one object, or of up to four that open together.

    ``bytes(record)`` is the inverse of :meth:`from_bytes`. A candidate key is checked against the
    ``tag``, 4 bytes.

    Raises
    ------
    RecordFormatError
        A field breaks a rule of SPEC section 8.
    """

    header: RecordHeader
    objects: tuple[RecordObject, ...]
    tag: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _require_range("number of objects", len(self.objects), 1, MAX_OBJECTS)
        salts = {self.header.salt, *(one.salt for one in self.objects)}
        if len(salts) != 1 + len(self.objects):
            raise RecordFormatError("two salts of the record are equal")
        _require_length("tag", self.tag, CHECK_TAG_LENGTH_BYTES)

    def __bytes__(self) -> bytes:
        body = bound_bytes(self.header, self.objects) + self.tag
        return body + checksum(body)

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Record:
        """Parse a record; exactly the bytes that ``bytes(record)`` gives are accepted.

        Raises
        ------
        RecordFormatError
            Another magic or version, cut or extended, damaged, or against a rule.
        """
        data = bytes(memoryview(data))
        if data[: len(RECORD_MAGIC)] != RECORD_MAGIC:
            raise RecordFormatError("not a record: it does not begin with AILK")
        if data[len(RECORD_MAGIC) :][:1] not in (b"", bytes([RECORD_VERSION])):
            raise RecordFormatError(
                f"record version {data[len(RECORD_MAGIC)]} is unknown: update ailock-sdk, or "
                "enroll again"
            )
        try:
            return _parsed(data)
        except TooShortError:
            raise RecordFormatError(_cut_or_joined(data, "more")) from None

    def describe(self) -> dict[str, Any]:
        """What ``ailock show`` prints: sizes and parameters, in the record's order.

        ``message_bits`` is the sum over the objects: whoever guesses messages has to hit those of
        all objects, and the PIN if one is needed, in one try. What photos are worth is told in
        docs/explanation/threat-model.md.
        """
        return {
            "version": RECORD_VERSION,
            "needs_pepper": self.header.pepper_id is not None,
            "needs_pin": self.header.needs_pin,
            "argon2id_memory_kib": self.header.memory_cost_kib,
            "argon2id_time_cost": self.header.time_cost,
            "argon2id_lanes": self.header.lanes,
            "message_bits": sum(one.message_bits for one in self.objects),
            "record_bytes": len(bytes(self)),
            "objects": [one.describe() for one in self.objects],
        }


def _parsed(data: bytes) -> Record:
    """The record of ``data``, whose magic and version are known to be right."""
    rest = Fields(data)
    *_, flags, memory_cost_kib, time_cost, lanes, salt, pepper_id, count = rest.unpack(_HEADER)
    fields = []
    for _ in range(count):
        *maker, name_length = rest.unpack(_MAKER)
        name = rest.take(name_length).decode("ascii", errors="replace")
        sketch = rest.unpack(_SKETCH)
        helper = rest.take(helper_length_bytes(sketch[0]))
        fields.append((*maker, name, *sketch, helper))
    end = CHECK_TAG_LENGTH_BYTES + CHECKSUM_LENGTH_BYTES
    if len(rest.rest) != end:
        raise RecordFormatError(_cut_or_joined(data, str(len(data) - len(rest.rest) + end)))
    if data[-CHECKSUM_LENGTH_BYTES:] != checksum(data[:-CHECKSUM_LENGTH_BYTES]):
        raise RecordFormatError(
            "the record's checksum does not fit, it is damaged: restore it from a backup, or "
            "enroll again"
        )
    if flags & ~(_FLAG_PEPPER | _FLAG_PIN):
        raise RecordFormatError(
            f"record flags {flags:#04x} are unknown: update ailock-sdk, or enroll again"
        )
    if not flags & _FLAG_PEPPER and pepper_id != _NO_PEPPER_ID:
        raise RecordFormatError("a pepper id is given although no pepper is needed")
    header = RecordHeader(
        pepper_id=pepper_id if flags & _FLAG_PEPPER else None,
        needs_pin=bool(flags & _FLAG_PIN),
        memory_cost_kib=memory_cost_kib,
        time_cost=time_cost,
        lanes=lanes,
        salt=salt,
    )
    objects = tuple(RecordObject(*one) for one in fields)
    return Record(header, objects, rest.take(CHECK_TAG_LENGTH_BYTES))


def _cut_or_joined(data: bytes, expected: str) -> str:
    return (
        f"the record has {len(data)} bytes where it needs {expected}, it was cut or joined: "
        "restore it from a backup, or enroll again"
    )


def _require_length(what: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise RecordFormatError(f"the {what} has {len(value)} bytes instead of {length}")


def _require_range(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise RecordFormatError(f"{what} {value} is outside {low} .. {high}")
