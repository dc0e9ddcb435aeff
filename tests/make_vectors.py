"""Regenerate tests/vectors/photo.json: ``python -m tests.make_vectors``.

Pins imageprints, record and secret of one committed photo, for a fixed salt and message, without
and with a pepper, and the imageprint of two photos shown together. A change here means
that locks enrolled before no longer open.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from ailock_sdk.constants import PEPPER_LENGTH_BYTES, SALT_LENGTH_BYTES
from ailock_sdk.imageprint import combine
from ailock_sdk.sketch import message_length_bytes

HERE = Path(__file__).resolve().parent
VECTOR_PATH = HERE / "vectors" / "photo.json"


class FixedPepper:
    """A pepper from a label."""

    def pepper(self) -> bytes:
        """32 fixed bytes."""
        return _fixed("pepper", PEPPER_LENGTH_BYTES)


def photo_vector(photo: Path, other_view: Path) -> dict[str, Any]:
    """The vector of one photo, and of a second shown with it, by the default profile."""
    plain = AiLock(pepper=None)
    probe = plain.imageprint(photo)
    reference = plain.imageprint(photo, reference=True)
    cases = []
    for name, lock in (("no pepper", plain), ("with pepper", AiLock(pepper=FixedPepper()))):
        record, secret = lock._enroll_from_parts(
            combine([reference]),
            1,
            _fixed("salt", SALT_LENGTH_BYTES),
            _fixed("message", message_length_bytes(lock.code)),
        )
        cases.append(
            {"comment": name, "record": bytes(record).hex(), "secret": bytes(secret).hex()}
        )
    return {
        "comment": "made by tests/make_vectors.py; bytes of 'salt', 'message' and 'pepper' are "
        "SHA-256 of 'ailock test vector: NAME', cut or repeated to length",
        "photo": photo.relative_to(HERE).as_posix(),
        "photo_sha256": hashlib.sha256(photo.read_bytes()).hexdigest(),
        "bundle": plain.bundle.name,
        "fingerprint": plain.fingerprint.hex(),
        "imageprint": bytes(probe).hex(),
        "reference_imageprint": bytes(reference).hex(),
        "other_view": other_view.relative_to(HERE).as_posix(),
        "two_probes_imageprint": bytes(plain.probe([photo, other_view])).hex(),
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
