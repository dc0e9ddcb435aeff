"""Write tests/vectors/sealed.json: ``python -m tests.store.make_vectors``.

Everything comes from fixed inputs and the reference of this folder, which shares no code with the
package, so running it again gives the same files. A negative vector differs from the first, valid
one in the single defect that its comment names; where that defect is not the checksum, the
checksum fits.

sealed.json: ``secret_hex`` opens the vectors, ``ephemeral_private_hex`` made them, and ``vectors``
is a list of
    comment                  what the vector is, or its one defect
    expect                   "opens", or words of the error's message
    hex                      the bytes to open
    plaintext_hex            for "opens"
    size, sealed_sha256      in place of both hex fields where they are long; byte i of the
                             plaintext is i mod 251
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.store.reference import (
    seal,
    seal_chunks,
    seal_cipher,
    seal_header,
    sealing_private,
    x25519,
)

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


def sealed_vectors() -> dict[str, Any]:
    secret = hashlib.sha256(b"vector secret").digest()
    ephemeral_private = hashlib.sha256(b"vector ephemeral").digest()
    private = sealing_private(secret)
    key = x25519(private)
    other_key = x25519(sealing_private(bytes(32)))
    text = b"the key is under the mug"
    whole = seal(text, key, ephemeral_private)
    vectors: list[dict[str, Any]] = [
        {
            "comment": comment,
            "expect": "opens",
            "hex": seal(data, key, ephemeral_private).hex(),
            "plaintext_hex": data.hex(),
        }
        for comment, data in [("short text", text), ("nothing", b""), ("one byte", b"\0")]
    ]
    for size in (65535, 65536, 65537, 131072, 131073):
        data = bytes(i % 251 for i in range(size))
        sealed = seal(data, key, ephemeral_private)
        vectors.append(
            {
                "comment": f"{size} bytes",
                "expect": "opens",
                "size": size,
                "sealed_sha256": hashlib.sha256(sealed).hexdigest(),
            }
        )
    zero = bytes(32)
    zero_header = seal_header(key, zero)
    known_to_all = seal_cipher(zero, zero, key).encrypt(bytes(11) + b"\x01", text, zero_header)
    broken = [
        ("no bytes", "not sealed data", b""),
        ("another magic", "not sealed data", b"AILK" + whole[4:]),
        ("version 0", "version 0", b"AILS\x00" + whole[5:]),
        ("version 2", "version 2", b"AILS\x02" + whole[5:]),
        ("header one byte short", "damaged or cut short", whole[:44]),
        ("header only", "damaged or cut short", whole[:45]),
        ("sealed to another lock", "another lock", seal(text, other_key, ephemeral_private)),
        ("another recipient", "another lock", whole[:5] + b"\x00" + whole[6:]),
        ("another ephemeral key", "damaged or cut short", whole[:13] + b"\x00" + whole[14:]),
        ("all-zero X25519 result", "damaged or cut short", zero_header + known_to_all),
        ("damaged chunk", "damaged or cut short", whole[:50] + b"\x00" + whole[51:]),
        ("damaged tag", "damaged or cut short", whole[:-1] + bytes([whole[-1] ^ 1])),
        ("last byte missing", "damaged or cut short", whole[:-1]),
        ("one byte after the last chunk", "damaged or cut short", whole + b"\0"),
        (
            "missing last chunk",
            "damaged or cut short",
            seal_chunks([text], [0], key, ephemeral_private),
        ),
    ]
    vectors += [
        {"comment": comment, "expect": expect, "hex": data.hex()}
        for comment, expect, data in broken
    ]
    return {
        "secret_hex": secret.hex(),
        "sealing_key_hex": key.hex(),
        "ephemeral_private_hex": ephemeral_private.hex(),
        "vectors": vectors,
    }


def refusals(broken: list[tuple[str, str, bytes]]) -> list[dict[str, Any]]:
    return [{"comment": name, "expect": words, "hex": data.hex()} for name, words, data in broken]


def as_text(vectors: object) -> str:
    return json.dumps(vectors, indent=1) + "\n"


if __name__ == "__main__":
    VECTORS.joinpath("sealed.json").write_text(as_text(sealed_vectors()), encoding="ascii")
