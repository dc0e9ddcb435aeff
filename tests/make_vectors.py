"""Regenerate tests/vectors/photo.json: ``python -m tests.make_vectors``.

Pins imageprints, record and secret of one committed photo, for fixed salts and messages, without
and with a pepper and a PIN, of another view in combination with it, and the imageprint of two
photos shown together. A change here means that locks enrolled before no longer open.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from ailock_sdk.constants import PEPPER_LENGTH_BYTES, SALT_LENGTH_BYTES
from ailock_sdk.imageprint import combine
from ailock_sdk.record_keys import NewObject, make_record
from ailock_sdk.secret import Hidden, hidden_pin
from ailock_sdk.sketch import RFC9106_LOW_MEMORY, message_length_bytes

HERE = Path(__file__).resolve().parent
PIN = "caf\u0065\u0301 42"  # not in form NFC
VECTOR_PATH = HERE / "vectors" / "photo.json"


class FixedPepper:
    """A pepper from a label."""

    def pepper(self) -> bytes:
        """32 fixed bytes."""
        return _fixed("pepper", PEPPER_LENGTH_BYTES)


def photo_vector(photo: Path, other_view: Path) -> dict[str, Any]:
    """The vector of one photo, and of a second shown with it, by the default profile."""
    plain = AiLock(pepper=None, cost=RFC9106_LOW_MEMORY)
    probe = plain.imageprint(photo)
    reference = plain.imageprint(photo, reference=True)
    other_reference = plain.imageprint(other_view, reference=True)
    cases = []
    peppered = AiLock(pepper=FixedPepper(), cost=RFC9106_LOW_MEMORY)
    for name, lock, taken_of, pin in (
        ("no pepper", plain, [reference], None),
        ("with pepper", peppered, [reference], None),
        ("with pepper and PIN", peppered, [reference], PIN),
        ("combination of two views", plain, [reference, other_reference], None),
        ("combination with pepper and PIN", peppered, [reference, other_reference], PIN),
    ):
        new = [
            NewObject(
                combine([taken]),
                1,
                _fixed(f"salt of object {number}", SALT_LENGTH_BYTES),
                Hidden(_fixed(f"message {number}", message_length_bytes(lock.code))),
            )
            for number, taken in enumerate(taken_of, start=1)
        ]
        salt = _fixed("salt", SALT_LENGTH_BYTES)
        pepper = lock._pepper_bytes()
        record, secret = make_record(lock._maker, new, salt, pepper, hidden_pin(pin), lock.cost)
        cases.append(
            {
                "comment": name,
                "objects": len(new),
                "pin": pin,
                "record": bytes(record).hex(),
                "secret": bytes(secret).hex(),
            }
        )
    return {
        "comment": "made by tests/make_vectors.py; bytes of 'salt', 'salt of object N', "
        "'message N' and 'pepper' are SHA-256 of 'ailock test vector: NAME', cut or repeated to "
        "length",
        "photo": photo.relative_to(HERE).as_posix(),
        "photo_sha256": hashlib.sha256(photo.read_bytes()).hexdigest(),
        "bundle": plain.bundle.name,
        "fingerprint": plain.fingerprint.hex(),
        "imageprint": bytes(probe).hex(),
        "reference_imageprint": bytes(reference).hex(),
        "other_view": other_view.relative_to(HERE).as_posix(),
        "two_probes_imageprint": bytes(plain.probes([photo, other_view])[0]).hex(),
        "cases": cases,
    }


def _fixed(label: str, length: int) -> bytes:
    digest = hashlib.sha256(f"ailock test vector: {label}".encode()).digest()
    return (digest * (length // len(digest) + 1))[:length]


def main() -> None:
    """Write the vector file."""
    photo, other_view, *_ = sorted((HERE / "photos").glob("*.jpg"))
    VECTOR_PATH.parent.mkdir(exist_ok=True)
    VECTOR_PATH.write_text(
        json.dumps(photo_vector(photo, other_view), indent=2) + "\n", encoding="utf-8"
    )
    print(f"wrote {VECTOR_PATH.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
