"""Records of SPEC section 8, written as sections 6 to 8 say and read; slow and obvious.

Opened they are by ``second_reader.py``, which shares nothing with this.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Any

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tests.reference import concatenated
from tests.reference.extractor import expand, masked_sketch, serialised


class NotARecordError(Exception):
    """Bytes that section 8 does not allow."""


def bound_part(header: dict[str, Any], objects: list[dict[str, Any]]) -> bytes:
    """Every byte before the tag; no rule is enforced."""
    flags = (header["pepper_id"] is not None) + 2 * header["needs_pin"]
    parts = [
        b"AILK",
        b"\x01",
        flags.to_bytes(1, "big"),
        header["memory_cost_kib"].to_bytes(4, "big"),
        header["time_cost"].to_bytes(1, "big"),
        header["lanes"].to_bytes(1, "big"),
        header["salt"],
        header["pepper_id"] or bytes(8),
        len(objects).to_bytes(1, "big"),
    ]
    for one in objects:
        name = one["profile"].encode("ascii")
        parts += [
            one["runtime"].to_bytes(1, "big"),
            one["photo_count"].to_bytes(1, "big"),
            one["fingerprint"],
            len(name).to_bytes(1, "big") + name,
            one["lambda_bits"].to_bytes(2, "big"),
            one["radius"].to_bytes(2, "big"),
            one["order"].to_bytes(1, "big"),
            one["blocks"].to_bytes(1, "big"),
            one["message_symbols"].to_bytes(1, "big"),
            one["salt"],
            one["helper"],
        ]
    return b"".join(parts)


def with_checksum(body: bytes) -> bytes:
    """Append the checksum, so that a test reaches the rule it breaks."""
    return body + hashlib.sha256(body).digest()[:8]


def keys(
    header: dict[str, Any], bound: bytes, messages: list[bytes], pin: str | None, pepper: bytes
) -> tuple[bytes, bytes]:
    """(tag, secret) of section 7; an empty pepper is none."""
    typed = unicodedata.normalize("NFC", pin).encode() if header["needs_pin"] and pin else b""
    root = Argon2id(
        salt=header["salt"],
        length=32,
        iterations=header["time_cost"],
        lanes=header["lanes"],
        memory_cost=header["memory_cost_kib"],
        ad=hashlib.sha256(bound).digest(),
        secret=pepper,
    ).derive(b"ailock/v1/message" + b"".join(messages) + typed)
    return expand(root, b"ailock/v1/check", 4), expand(root, b"ailock/v1/secret", 32)


def make(
    header: dict[str, Any],
    objects: list[dict[str, Any]],
    references: list[list[int]],
    messages: list[list[int]],
    pin: str | None,
    pepper: bytes,
) -> tuple[bytes, bytes]:
    """(record, secret) of reference bits and messages of symbols, one of each for an object."""
    complete = []
    for one, bits, message in zip(objects, references, messages, strict=True):
        code = (one["lambda_bits"], one["order"], one["blocks"], one["message_symbols"])
        complete.append({**one, "helper": masked_sketch(code, bits, message, one["salt"], pepper)})
    bound = bound_part(header, complete)
    octets = [
        serialised(one["order"], message) for one, message in zip(objects, messages, strict=True)
    ]
    tag, secret = keys(header, bound, octets, pin, pepper)
    return with_checksum(bound + tag), secret


def read(data: bytes) -> tuple[dict[str, Any], list[dict[str, Any]], bytes]:
    """(header, objects, tag) of a record, or :class:`NotARecordError`: one rule after another."""
    rest = data

    def take(count: int) -> bytes:
        nonlocal rest
        if len(rest) < count:
            raise NotARecordError("cut")
        taken, rest = rest[:count], rest[count:]
        return taken

    def number(count: int, low: int, high: int) -> int:
        value = int.from_bytes(take(count), "big")
        if not low <= value <= high:
            raise NotARecordError(f"{value} is not in {low} .. {high}")
        return value

    def require(holds: bool, what: str) -> None:
        if not holds:
            raise NotARecordError(what)

    require(take(4) == b"AILK", "magic")
    number(1, 1, 1)
    flags = number(1, 0, 3)
    memory = int.from_bytes(take(4), "big")
    header: dict[str, Any] = {
        "needs_pin": flags >= 2,
        "memory_cost_kib": memory,
        "time_cost": number(1, 1, 16),
        "lanes": number(1, 1, 16),
    }
    require(8 * header["lanes"] <= memory <= 1048576, "memory cost")
    header["salt"] = take(16)
    pepper_id = take(8)
    require((flags % 2 == 1) == any(pepper_id), "pepper id")
    header["pepper_id"] = pepper_id if flags % 2 else None
    objects = []
    for _ in range(number(1, 1, 4)):
        one: dict[str, Any] = {"runtime": number(1, 1, 4), "photo_count": number(1, 1, 16)}
        one["fingerprint"] = take(32)
        name = take(number(1, 1, 32))
        require(all(c in b"abcdefghijklmnopqrstuvwxyz0123456789_-" for c in name), "profile")
        one["profile"] = name.decode("ascii")
        one["lambda_bits"] = number(2, 8, 4096)
        one["radius"] = number(2, 0, 4096)
        require(2 * one["radius"] < one["lambda_bits"], "radius")
        one["order"] = m = number(1, 2, 12)
        one["blocks"] = n = number(1, 1, min(255, 2 ** (m + 1) - 1))
        one["message_symbols"] = number(1, 1, n)
        lengths = concatenated.block_lengths(one["lambda_bits"], n)
        require(all(2 ** (m - 1) + 1 <= length <= 2**m for length in lengths), "code")
        one["salt"] = take(16)
        one["helper"] = take((one["lambda_bits"] + 7) // 8)
        unused = -one["lambda_bits"] % 8
        require(one["helper"][-1] % 2**unused == 0, "unused bits")
        objects.append(one)
    salts = [header["salt"], *(one["salt"] for one in objects)]
    require(len(set(salts)) == len(salts), "equal salts")
    tag = take(4)
    checksum = take(8)
    require(rest == b"", "joined")
    require(hashlib.sha256(data[:-8]).digest()[:8] == checksum, "checksum")
    return header, objects, tag


def flipped(bits: list[int], positions: list[int]) -> list[int]:
    """The bits with some of them inverted."""
    return [bit ^ (i in set(positions)) for i, bit in enumerate(bits)]
