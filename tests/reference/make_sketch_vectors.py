"""Write tests/vectors/sketch.json, from the reference alone.

    python -m tests.reference.make_sketch_vectors

Every case holds one lock and its probes. A probe flips some bits of the reference (each bit of the
probe has margin +1 or -1) and may replace one other field; ``expect`` is the secret, or "" where
the lock must refuse. All random bytes come from one SHAKE-256 stream, so that the same file comes
out every time.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.reference.extractor import generate

PATH = Path(__file__).parent.parent / "vectors" / "sketch.json"

CASES = [
    # name, (lambda, m, n, k), radius, pepper?, (time, memory KiB, lanes)
    ("one block", (50, 6, 1, 1), 11, False, (1, 8, 1)),
    ("one punctured block of 9-bit symbols", (200, 8, 1, 1), 50, False, (1, 8, 1)),
    ("four full blocks", (512, 7, 4, 2), 128, False, (1, 8, 1)),
    ("uneven blocks", (350, 6, 8, 4), 60, False, (2, 32, 2)),
    ("no parity", (64, 5, 2, 2), 3, False, (1, 8, 1)),
    ("pepper", (512, 7, 4, 3), 128, True, (1, 8, 1)),
    ("symbols of two bytes", (1000, 9, 3, 2), 250, True, (1, 64, 4)),
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


def flip_first_bit(data: bytes) -> str:
    return bytes([data[0] ^ 0x80, *data[1:]]).hex()


def make_case(
    name: str,
    code: tuple[int, int, int, int],
    radius: int,
    with_pepper: bool,
    cost: tuple[int, int, int],
) -> dict[str, Any]:
    lambda_bits, m, _, k = code
    stream = Stream(name)
    reference = stream.bits(lambda_bits)
    message = [int.from_bytes(stream.read(2), "big") % 2 ** (m + 1) for _ in range(k)]
    salt, header = stream.read(16), stream.read(90)
    pepper = stream.read(32) if with_pepper else None
    helper, tag, secret = generate(code, reference, message, salt, pepper, cost, header)

    at_radius = stream.positions(radius, lambda_bits)
    spare = next(i for i in range(lambda_bits) if i not in at_radius)
    probes: list[dict[str, Any]] = [
        {"comment": "the reference itself", "flips": [], "expect": secret.hex()},
        {"comment": "exactly c errors", "flips": at_radius, "expect": secret.hex()},
        {"comment": "c + 1 errors", "flips": sorted([*at_radius, spare]), "expect": ""},
        {"comment": "every bit wrong", "flips": list(range(lambda_bits)), "expect": ""},
    ]
    tampered = {
        "helper": flip_first_bit(helper),
        "tag": flip_first_bit(tag),
        "salt": flip_first_bit(salt),
        "header": flip_first_bit(header),
        "pepper": flip_first_bit(pepper) if pepper else stream.read(32).hex(),
    }
    if pepper:
        probes.append({"comment": "no pepper", "flips": [], "pepper": None, "expect": ""})
    for field, value in tampered.items():
        probes.append({"comment": f"another {field}", "flips": [], field: value, "expect": ""})
    return {
        "name": name,
        "code": list(code),
        "radius": radius,
        "cost": list(cost),
        "reference_bits": "".join(map(str, reference)),
        "message": b"".join(s.to_bytes((m + 8) // 8, "big") for s in message).hex(),
        "salt": salt.hex(),
        "header": header.hex(),
        "pepper": pepper.hex() if pepper else None,
        "helper": helper.hex(),
        "tag": tag.hex(),
        "secret": secret.hex(),
        "probes": probes,
    }


def vectors_text() -> str:
    return json.dumps([make_case(*case) for case in CASES], indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(vectors_text())
