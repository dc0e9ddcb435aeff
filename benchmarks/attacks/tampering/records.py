"""Changed records: each kind of change that a thief or forger of a record may make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from ailock_sdk import AiLock, ImagePrint, Record
from ailock_sdk.parameters import max_radius_bits
from ailock_sdk.secret import Hidden, Secret
from benchmarks.attacks.tampering.outcomes import Outcomes

_CHECKSUM_BYTES = 8
_VERSION_AT = 4


def changes(record: Record, other: Record, forged: Record) -> Iterator[tuple[str, list[bytes]]]:
    """Ways to change a record, each with the bytes that come of it.

    Parameters
    ----------
    record : peppered, with a PIN
    other : of the same owner's other object
    forged : of the attacker's own photos, without a pepper
    """
    data = bytes(record)
    header, (one, *_) = record.header, record.objects
    yield "cut at every length", [data[:end] for end in range(len(data))]
    yield "extended", [data + bytes(n) for n in (1, 8, 64)]
    yield "one byte changed, every one", [_xored(data, at) for at in range(len(data))]
    body = data[:-_CHECKSUM_BYTES]
    yield (
        "one byte changed, checksum made to fit",
        [_checked(_xored(body, at)) for at in range(len(body))],
    )
    versions = (bytes([v]) for v in (0, 2, 255))
    yield (
        "another version",
        [_checked(body[:_VERSION_AT] + v + body[_VERSION_AT + 1 :]) for v in versions],
    )
    lighter = replace(header, time_cost=1, memory_cost_kib=8 * header.lanes)
    yield "downgraded: cheaper Argon2id", [bytes(replace(record, header=lighter))]
    wide = max_radius_bits(one.lambda_bits)
    radii = sorted({one.radius + 1, (one.radius + wide) // 2, wide})
    yield (
        "downgraded: wider radius",
        [bytes(replace(record, objects=(replace(one, radius=r),))) for r in radii],
    )
    bare = replace(header, pepper_id=None)
    yield "downgraded: needs no pepper", [bytes(replace(record, header=bare))]
    easy = replace(header, needs_pin=False)
    yield "downgraded: needs no PIN", [bytes(replace(record, header=easy))]
    shorter = replace(one, message_symbols=1)
    yield "downgraded: shorter message", [bytes(replace(record, objects=(shorter,)))]
    yield (
        "swapped: parts of another record",
        [
            bytes(replace(record, tag=other.tag)),
            bytes(replace(record, objects=other.objects)),
            bytes(replace(other, objects=record.objects)),
            bytes(replace(record, objects=(replace(one, helper=other.objects[0].helper),))),
        ],
    )
    yield "forged: the attacker's own, without a pepper", [bytes(forged)]


def try_records(
    lock: AiLock,
    record: Record,
    secret: Secret,
    other: Record,
    forged: Record,
    owner: ImagePrint,
    stranger: ImagePrint,
    pin: Hidden,
) -> list[Outcomes]:
    """Show the owner's probe and the forger's to every changed record, with the right PIN."""
    found = []
    for way, changed in changes(record, other, forged):
        outcomes = Outcomes(way)
        for data in changed:
            for probe, is_owner in ((owner, True), (stranger, False)):
                outcomes.attempt(
                    lambda d=data, p=probe: lock.reproduce([p], d, pin=pin),  # type: ignore[misc]
                    secret,
                    is_owner=is_owner,
                )
        found.append(outcomes)
    return found


def _xored(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :]


def _checked(body: bytes) -> bytes:
    return body + sha256(body).digest()[:_CHECKSUM_BYTES]
