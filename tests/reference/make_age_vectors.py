"""Write tests/vectors/age.json: ``python -m tests.reference.make_age_vectors``.

Data sealed to the lock of lock.json (SPEC section 9.4), by the text of C2SP's age v1 and fixed
keys, so that the same file comes out every time. A list of
    comment   what the file is, or its one defect
    expect    "letter", what was sealed, or words of the error's message
    without_key   whether a reader refuses it before any photo is looked at
    hex       the age file
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from tests.reference import lock
from tests.reference.extractor import expand
from tests.reference.make_lock_vectors import RECIPIENT, flip
from tests.store.reference import x25519

PATH = Path(__file__).parent.parent / "vectors" / "age.json"
LETTER = b"letter"
FILE_KEY = hashlib.sha256(b"vector file key").digest()[:16]
NONCE = hashlib.sha256(b"vector payload nonce").digest()[:16]
INTRO = b"age-encryption.org/v1\n"
OTHER = lock.recipient(hashlib.sha256(b"another lock key").digest())


def encoded(data: bytes) -> bytes:
    """Base64 without padding."""
    return base64.b64encode(data).rstrip(b"=")


def hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 to 32 bytes."""
    return expand(hmac.digest(salt or bytes(32), secret, "sha256"), info, 32)


def stanza(recipient: bytes = RECIPIENT) -> bytes:
    """The X25519 stanza of the file's key."""
    ephemeral = hashlib.sha256(b"vector ephemeral" + recipient).digest()
    share = x25519(ephemeral)
    key = hkdf(x25519(ephemeral, recipient), share + recipient, b"age-encryption.org/v1/X25519")
    body = ChaCha20Poly1305(key).encrypt(bytes(12), FILE_KEY, None)
    return b"-> X25519 " + encoded(share) + b"\n" + encoded(body) + b"\n"


def header(*stanzas: bytes, intro: bytes = INTRO) -> bytes:
    """Version, stanzas and MAC."""
    text = intro + b"".join(stanzas) + b"---"
    mac = hmac.digest(hkdf(FILE_KEY, b"", b"header"), text, "sha256")
    return text + b" " + encoded(mac) + b"\n"


def payload() -> bytes:
    """One chunk, the last."""
    key = hkdf(FILE_KEY, NONCE, b"payload")
    return NONCE + ChaCha20Poly1305(key).encrypt(bytes(11) + b"\1", LETTER, None)


def armoured(data: bytes) -> bytes:
    """As PEM has it, lines of 64."""
    text = base64.b64encode(data)
    lines = [text[i : i + 64] for i in range(0, len(text), 64)]
    start, end = (b"-----%s AGE ENCRYPTED FILE-----" % word for word in (b"BEGIN", b"END"))
    return b"\n".join([start, *lines, end, b""])


def vectors() -> list[dict[str, Any]]:
    ours, scrypt = stanza(), b"-> scrypt bBjlhJVYZeE4aqUdmtRHfw 15\n" + encoded(bytes(32)) + b"\n"
    foreign = b"-> foreign-type argument\n" + encoded(bytes(9)) + b"\n"
    good, sealed = header(ours), payload()
    whole = good + sealed
    mac_at = whole.index(b"--- ") + 4
    files: list[tuple[str, str, bool, bytes]] = [
        ("sealed to the lock", "letter", False, whole),
        ("armoured", "letter", False, armoured(whole)),
        ("sealed to another first", "letter", False, header(stanza(OTHER), ours) + sealed),
        ("a stanza of an unknown type", "letter", False, header(foreign, ours) + sealed),
        ("no bytes", "damaged or cut short", True, b""),
        ("a text", "not an age file", True, b"Dear Alice,\n"),
        (
            "a later version",
            "another version",
            True,
            header(ours, intro=INTRO.replace(b"v1", b"v2")) + sealed,
        ),
        ("a passphrase, and no X25519 stanza", "with a passphrase", True, header(scrypt) + sealed),
        ("cut in the stanza", "damaged or cut short", True, whole[:60]),
        ("no mac", "damaged or cut short", True, whole[: mac_at - 4]),
        ("padding in the base64 of a stanza", "damaged", True, whole.replace(b"\n---", b"=\n---")),
        ("armour that does not end", "damaged", False, armoured(whole)[:-40]),
        ("sealed to another lock", "sealed to another lock", False, header(stanza(OTHER)) + sealed),
        (
            "a stanza more than the mac was made of",
            "damaged",
            False,
            INTRO + foreign + whole[len(INTRO) :],
        ),
        ("payload without its nonce", "damaged", False, good + sealed[:15]),
        ("payload cut by a byte", "damaged", False, whole[:-1]),
        ("payload goes on", "damaged", False, whole + b"\0"),
        ("last byte of the payload flipped", "damaged", False, flip(whole, len(whole) - 1)),
    ]
    return [
        {"comment": comment, "expect": expect, "without_key": without_key, "hex": data.hex()}
        for comment, expect, without_key, data in files
    ]


def vectors_text() -> str:
    return json.dumps(vectors(), indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(vectors_text(), "ascii")
