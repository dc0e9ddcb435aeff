"""The record: everything that is stored about one lock, and none of it secret (SPEC section 8)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from hashlib import sha256

from ailock_sdk.constants import (
    CHECK_TAG_LENGTH_BYTES,
    MAX_LAMBDA_BITS,
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

RECORD_MAGIC = b"AILK"
RECORD_VERSION = 1
FINGERPRINT_LENGTH_BYTES = 32
CHECKSUM_LENGTH_BYTES = 8
MIN_LAMBDA_BITS = 8

_FLAG_PEPPER = 0b0000_0001
_NO_PEPPER_ID = bytes(PEPPER_ID_LENGTH_BYTES)
_COST_WORDS = {
    "lanes": "lanes",
    "time_cost": "time cost",
    "memory_cost_kib": "memory cost in KiB",
}

_IDENTITY = struct.Struct(f">4sBBBB{FINGERPRINT_LENGTH_BYTES}sB")
"""magic, version, flags, runtime, photos, fingerprint, length of the profile's name"""
_PARAMETERS = struct.Struct(f">HHBBBIBB{SALT_LENGTH_BYTES}s{PEPPER_ID_LENGTH_BYTES}s")
"""lambda, radius, m, n, k, memory_cost, time_cost, lanes, salt, pepper_id"""


@dataclass(frozen=True)
class RecordHeader:
    """The fields before the helper; ``bytes(header)`` is what the KDF binds (SPEC section 7).

    Attributes
    ----------
    pepper_id : bytes or None
        8 bytes, not all zero, or ``None`` when no pepper is needed.
    runtime : int
        Number of :class:`RuntimeId`: the interpreter that made the reference.
    photo_count : int
        Reference photos, 1 to 16.
    fingerprint : bytes
        32 bytes, of the model bundle.
    profile : str
        Name, 1 to 32 of ``[a-z0-9_-]``.
    lambda_bits : int
        Length of the imageprint, 8 to 4096.
    radius : int
        Most bits that may be corrected, 0 <= radius < lambda_bits / 2.
    order, blocks, message_symbols : int
        The code (m, n, k) of SPEC section 5.
    memory_cost_kib : int
        8 * lanes to 1,048,576.
    time_cost, lanes : int
        1 to 16 each.
    salt : bytes
        16 bytes.

    Raises
    ------
    RecordFormatError
        A field is out of its range, whether parsed or passed in.
    """

    pepper_id: bytes | None
    runtime: int
    photo_count: int
    fingerprint: bytes
    profile: str
    lambda_bits: int
    radius: int
    order: int
    blocks: int
    message_symbols: int
    memory_cost_kib: int
    time_cost: int
    lanes: int
    salt: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.pepper_id is not None:
            _require_length("pepper id", self.pepper_id, PEPPER_ID_LENGTH_BYTES)
            if self.pepper_id == _NO_PEPPER_ID:
                raise RecordFormatError("the pepper id is all zero although a pepper is needed")
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
        if not code_exists(self.lambda_bits, self.order, self.blocks, self.message_symbols):
            raise RecordFormatError(
                f"no code has m = {self.order}, n = {self.blocks}, k = {self.message_symbols} "
                f"for {self.lambda_bits} bits"
            )
        for name, allowed in kdf_ranges(self.lanes).items():
            _require_range(_COST_WORDS[name], getattr(self, name), allowed.start, allowed.stop - 1)
        _require_length("salt", self.salt, SALT_LENGTH_BYTES)

    def __bytes__(self) -> bytes:
        profile = self.profile.encode("ascii")
        identity = _IDENTITY.pack(
            RECORD_MAGIC,
            RECORD_VERSION,
            0 if self.pepper_id is None else _FLAG_PEPPER,
            self.runtime,
            self.photo_count,
            self.fingerprint,
            len(profile),
        )
        parameters = _PARAMETERS.pack(
            self.lambda_bits,
            self.radius,
            self.order,
            self.blocks,
            self.message_symbols,
            self.memory_cost_kib,
            self.time_cost,
            self.lanes,
            self.salt,
            _NO_PEPPER_ID if self.pepper_id is None else self.pepper_id,
        )
        return identity + profile + parameters


@dataclass(frozen=True)
class Record:
    """One lock as stored. ``bytes(record)`` is the inverse of :meth:`from_bytes`.

    Attributes
    ----------
    header : RecordHeader
        Parameters and salt.
    helper : bytes
        ceil(lambda_bits / 8) bytes, unused bits of the last byte zero.
    tag : bytes
        4 bytes that a candidate key is checked against.

    Raises
    ------
    RecordFormatError
        A field breaks a rule of SPEC section 8.
    """

    header: RecordHeader
    helper: bytes = field(repr=False)
    tag: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _require_length("helper", self.helper, helper_length_bytes(self.header.lambda_bits))
        unused_bits = -self.header.lambda_bits % 8
        if self.helper[-1] & ((1 << unused_bits) - 1):
            raise RecordFormatError("the helper's unused bits are not zero")
        _require_length("tag", self.tag, CHECK_TAG_LENGTH_BYTES)

    def __bytes__(self) -> bytes:
        body = bytes(self.header) + self.helper + self.tag
        return body + _checksum(body)

    @classmethod
    def from_bytes(cls, data: bytes) -> Record:
        """Parse a record; exactly the bytes that ``bytes(record)`` gives are accepted.

        Raises
        ------
        RecordFormatError
            Another magic or version, cut or extended, damaged, or against a rule. The check needs
            no secret, so its text may say which rule failed.
        """
        if data[: len(RECORD_MAGIC)] != RECORD_MAGIC:
            raise RecordFormatError("not a record: it does not begin with AILK")
        if len(data) < _IDENTITY.size:
            raise RecordFormatError(_cut_or_joined(len(data), "more"))
        _, version, flags, runtime, photo_count, fingerprint, name_length = _IDENTITY.unpack_from(
            data
        )
        if version != RECORD_VERSION:
            raise RecordFormatError(
                f"record version {version} is unknown: update ailock-sdk, or enroll again"
            )
        helper_start = _IDENTITY.size + name_length + _PARAMETERS.size
        if len(data) < helper_start:
            raise RecordFormatError(_cut_or_joined(len(data), "more"))
        profile = data[_IDENTITY.size : _IDENTITY.size + name_length]
        (
            lambda_bits,
            radius,
            order,
            blocks,
            message_symbols,
            memory_cost_kib,
            time_cost,
            lanes,
            salt,
            pepper_id,
        ) = _PARAMETERS.unpack_from(data, _IDENTITY.size + name_length)
        tag_start = helper_start + helper_length_bytes(lambda_bits)
        body_length = tag_start + CHECK_TAG_LENGTH_BYTES
        if len(data) != body_length + CHECKSUM_LENGTH_BYTES:
            raise RecordFormatError(
                _cut_or_joined(len(data), str(body_length + CHECKSUM_LENGTH_BYTES))
            )
        if data[body_length:] != _checksum(data[:body_length]):
            raise RecordFormatError(
                "the record's checksum does not fit, it is damaged: restore it from a backup, or "
                "enroll again"
            )
        if flags & ~_FLAG_PEPPER:
            raise RecordFormatError(
                f"record flags {flags:#04x} are unknown: update ailock-sdk, or enroll again"
            )
        if not flags & _FLAG_PEPPER and pepper_id != _NO_PEPPER_ID:
            raise RecordFormatError("a pepper id is given although no pepper is needed")
        header = RecordHeader(
            pepper_id=pepper_id if flags & _FLAG_PEPPER else None,
            runtime=runtime,
            photo_count=photo_count,
            fingerprint=fingerprint,
            profile=profile.decode("ascii", errors="replace"),
            lambda_bits=lambda_bits,
            radius=radius,
            order=order,
            blocks=blocks,
            message_symbols=message_symbols,
            memory_cost_kib=memory_cost_kib,
            time_cost=time_cost,
            lanes=lanes,
            salt=salt,
        )
        return cls(header, data[helper_start:tag_start], data[tag_start:body_length])

    def describe(self) -> dict[str, str | int | bool]:
        """Return what ``ailock show`` prints: sizes and parameters, in the record's order."""
        header = self.header
        return {
            "version": RECORD_VERSION,
            "needs_pepper": header.pepper_id is not None,
            "runtime": RuntimeId(header.runtime).package,
            "reference_photos": header.photo_count,
            "fingerprint": header.fingerprint.hex(),
            "profile": header.profile,
            "lambda_bits": header.lambda_bits,
            "radius_bits": header.radius,
            "code": f"m = {header.order}, n = {header.blocks}, k = {header.message_symbols}",
            "message_bits": header.message_symbols * (header.order + 1),
            "argon2id_memory_kib": header.memory_cost_kib,
            "argon2id_time_cost": header.time_cost,
            "argon2id_lanes": header.lanes,
            "header_bytes": len(bytes(header)),
            "helper_bytes": len(self.helper),
            "record_bytes": len(bytes(self)),
        }


def _checksum(body: bytes) -> bytes:
    return sha256(body).digest()[:CHECKSUM_LENGTH_BYTES]


def _cut_or_joined(length: int, expected: str) -> str:
    return (
        f"the record has {length} bytes where it needs {expected}, it was cut or joined: restore "
        "it from a backup, or enroll again"
    )


def _require_length(what: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise RecordFormatError(f"the {what} has {len(value)} bytes instead of {length}")


def _require_range(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise RecordFormatError(f"{what} {value} is outside {low} .. {high}")
