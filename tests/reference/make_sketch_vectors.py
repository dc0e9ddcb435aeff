"""Write tests/vectors/sketch.json, from the reference alone.

    python -m tests.reference.make_sketch_vectors

Every case holds one record, of one object or several, and its probes. A probe flips some bits of
each reference (each bit of the probe has margin +1 or -1) and may replace the record, the PIN or
the pepper; ``expect`` is the secret, or "" where the record must not open. All random bytes come
from one SHAKE-256 stream, so that the same file comes out every time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from tests.reference.extractor import serialised
from tests.reference.record import make, with_checksum

PATH = Path(__file__).parent.parent / "vectors" / "sketch.json"

ONE = ((50, 6, 1, 1), 11)
PAIR = (ONE, ((64, 5, 2, 1), 12))
PIN = "caf\u0065\u0301"  # NFC gives it four characters
OTHER_PIN = "cafe"

CASES: list[tuple[str, tuple[tuple[tuple[int, int, int, int], int], ...], bool, bool, Any]] = [
    # name, (lambda, m, n, k) and radius of each object, pepper?, PIN?, (time, memory KiB, lanes)
    ("one block", (ONE,), False, False, (1, 8, 1)),
    ("one punctured block of 9-bit symbols", (((200, 8, 1, 1), 50),), False, False, (1, 8, 1)),
    ("four full blocks", (((512, 7, 4, 2), 128),), False, False, (1, 8, 1)),
    ("uneven blocks", (((350, 6, 8, 4), 60),), False, False, (2, 32, 2)),
    ("no parity", (((64, 5, 2, 2), 3),), False, False, (1, 8, 1)),
    ("pepper", (((512, 7, 4, 3), 128),), True, False, (1, 8, 1)),
    ("symbols of two bytes", (((1000, 9, 3, 2), 250),), True, False, (1, 64, 4)),
    ("PIN", (ONE,), False, True, (1, 8, 1)),
    ("pepper and PIN", (ONE,), True, True, (1, 8, 1)),
    ("two objects", PAIR, False, False, (1, 8, 1)),
    ("two objects, pepper and PIN", PAIR, True, True, (1, 8, 1)),
    ("four objects, one of them long", (*PAIR, ((512, 7, 4, 2), 128), ONE), True, False, (1, 8, 1)),
]


class Stream:
    """Deterministic bytes: SHAKE-256 of a name, read from the start."""

    def __init__(self, name: str) -> None:
        self._bytes = hashlib.shake_256(b"sketch vectors " + name.encode()).digest(1 << 16)
        self._position = 0

    def read(self, length: int) -> bytes:
        self._position += length
        return self._bytes[self._position - length : self._position]

    def bits(self, count: int) -> list[int]:
        return [byte & 1 for byte in self.read(count)]

    def positions(self, count: int, below: int) -> list[int]:
        """``count`` different positions, ascending."""
        found: set[int] = set()
        while len(found) < count:
            found.add(int.from_bytes(self.read(4), "big") % below)
        return sorted(found)


def flip_bit(data: bytes, position: int) -> bytes:
    changed = bytearray(data)
    changed[position // 8] ^= 0x80 >> position % 8
    return bytes(changed)


def make_case(
    name: str,
    shapes: tuple[tuple[tuple[int, int, int, int], int], ...],
    with_pepper: bool,
    with_pin: bool,
    cost: tuple[int, int, int],
) -> dict[str, Any]:
    stream = Stream(name)
    pepper = stream.read(32) if with_pepper else b""
    pepper_id = hmac.digest(pepper, b"ailock/v1/pepper-id", "sha256")[:8] if pepper else None
    header = {
        "pepper_id": pepper_id,
        "needs_pin": with_pin,
        "time_cost": cost[0],
        "memory_cost_kib": cost[1],
        "lanes": cost[2],
        "salt": stream.read(16),
    }
    objects, references, messages = [], [], []
    for (lambda_bits, m, n, k), radius in shapes:
        references.append(stream.bits(lambda_bits))
        messages.append([int.from_bytes(stream.read(2), "big") % 2 ** (m + 1) for _ in range(k)])
        objects.append(
            {
                "runtime": 1,
                "photo_count": 3,
                "fingerprint": stream.read(32),
                "profile": "default",
                "lambda_bits": lambda_bits,
                "radius": radius,
                "order": m,
                "blocks": n,
                "message_symbols": k,
                "salt": stream.read(16),
            }
        )
    pin = PIN if with_pin else None
    record, secret = make(header, objects, references, messages, pin, pepper)

    none: list[list[int]] = [[] for _ in objects]
    at_radius = [stream.positions(one["radius"], one["lambda_bits"]) for one in objects]
    every_bit = [list(range(one["lambda_bits"])) for one in objects]
    probes: list[dict[str, Any]] = [
        {"comment": "the references themselves", "flips": none, "expect": secret.hex()},
        {"comment": "exactly c errors in each", "flips": at_radius, "expect": secret.hex()},
        {"comment": "every bit wrong", "flips": every_bit, "expect": ""},
    ]
    for number, positions in enumerate(at_radius):
        spare = next(i for i in every_bit[number] if i not in positions)
        over = [*none[:number], sorted([*positions, spare]), *none[number + 1 :]]
        wrong = [*none[:number], every_bit[number], *none[number + 1 :]]
        probes.append({"comment": f"c + 1 errors in object {number}", "flips": over, "expect": ""})
        probes.append({"comment": f"object {number} wrong", "flips": wrong, "expect": ""})
    body = record[:-8]
    start_of_objects = 36
    tampered = {
        "tag": len(body) * 8 - 1,
        "salt": 12 * 8,
        "fingerprint": (start_of_objects + 3) * 8,
        "salt of the last object": (body.rindex(objects[-1]["salt"])) * 8,
        "helper of the last object": (body.rindex(objects[-1]["salt"]) + 16) * 8,
    }
    for field, position in tampered.items():
        altered = with_checksum(flip_bit(body, position)).hex()
        probes.append(
            {"comment": f"another {field}", "flips": none, "record": altered, "expect": ""}
        )
    if with_pepper:
        probes.append(
            {
                "comment": "another pepper",
                "flips": none,
                "pepper": flip_bit(pepper, 0).hex(),
                "expect": "",
            }
        )
    if with_pin:
        probes.append(
            {"comment": "another PIN", "flips": none, "pin": OTHER_PIN, "expect": ""},
        )
    else:
        probes.append(
            {"comment": "a needless PIN", "flips": none, "pin": PIN, "expect": secret.hex()}
        )
    return {
        "name": name,
        "reference_bits": ["".join(map(str, bits)) for bits in references],
        "messages": [
            serialised(one["order"], message).hex()
            for one, message in zip(objects, messages, strict=True)
        ],
        "pepper": pepper.hex() or None,
        "pin": pin,
        "record": record.hex(),
        "secret": secret.hex(),
        "probes": probes,
    }


def vectors_text() -> str:
    return json.dumps([make_case(*case) for case in CASES], indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(vectors_text())
