"""Write tests/vectors/record.json and sealed.json: ``python -m tests.store.make_vectors``.

Everything comes from fixed inputs and the reference of this folder, which shares no code with the
package, so running it again gives the same files. A negative vector differs from the first, valid
one in the single defect that its comment names; where that defect is not the checksum, the
checksum fits.

record.json: a list of
    comment   what the vector is, or its one defect
    expect    "record", or words of the error's message
    hex       the bytes to parse
    fields    for "record": what they mean

sealed.json: ``secret_hex`` opens the vectors, ``ephemeral_private_hex`` made them, and ``vectors``
is a list of
    comment, expect ("opens", or words of the error's message), hex as above
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
    record_body,
    seal,
    seal_chunks,
    seal_cipher,
    seal_header,
    sealing_private,
    with_checksum,
    x25519,
)

VECTORS = Path(__file__).resolve().parents[1] / "vectors"

FIELDS: dict[str, Any] = {
    "pepper_id": None,
    "runtime": 1,
    "photo_count": 3,
    "fingerprint": hashlib.sha256(b"vector bundle").digest(),
    "profile": "default",
    "lambda_bits": 20,  # four unused bits in the helper
    "radius": 6,
    "order": 4,
    "blocks": 2,
    "message_symbols": 1,
    "memory_cost_kib": 65536,
    "time_cost": 3,
    "lanes": 4,
    "salt": bytes(range(16)),
    "helper": b"\xab\xcd\xe0",
    "tag": b"\x01\x02\x03\x04",
}
NO_CODE = "no code has"

VALID: list[tuple[str, dict[str, Any]]] = [
    ("plain record", {}),
    ("a pepper is needed", {"pepper_id": b"pepperid"}),
    ("runtime tflite-runtime, most photos", {"runtime": 2, "photo_count": 16}),
    ("runtime tensorflow, fewest photos", {"runtime": 3, "photo_count": 1}),
    ("shortest profile name", {"profile": "_"}),
    ("longest profile name", {"profile": "abcdefghijklmnopqrstuvwxyz-01239"}),
    ("radius 0", {"radius": 0}),
    ("largest radius", {"radius": 9}),
    ("no parity symbols", {"message_symbols": 2}),
    ("one block", {"order": 5, "blocks": 1}),
    ("lowest cost", {"memory_cost_kib": 8, "time_cost": 1, "lanes": 1}),
    ("highest cost", {"memory_cost_kib": 1 << 20, "time_cost": 16, "lanes": 16}),
    (
        "shortest imageprint",
        {"lambda_bits": 8, "radius": 3, "order": 3, "blocks": 1, "helper": b"\x5a"},
    ),
    (
        "longest imageprint",
        {"lambda_bits": 4096, "radius": 2047, "order": 7, "blocks": 32, "helper": bytes(512)},
    ),
]

BROKEN_FIELDS: list[tuple[str, str, dict[str, Any]]] = [
    ("runtime 0", "runtime 0 is unknown", {"runtime": 0}),
    ("runtime 4", "runtime 4 is unknown", {"runtime": 4}),
    ("no photo", "reference photos 0", {"photo_count": 0}),
    ("17 photos", "reference photos 17", {"photo_count": 17}),
    ("empty profile name", "profile name", {"profile": ""}),
    ("profile name of 33 characters", "profile name", {"profile": "a" * 33}),
    ("capital letter in the profile name", "profile name", {"profile": "Default"}),
    ("line break in the profile name", "profile name", {"profile": "default\n"}),
    (
        "lambda 7",
        "lambda 7",
        {"lambda_bits": 7, "radius": 3, "order": 3, "blocks": 1, "helper": b"\x5a"},
    ),
    (
        "lambda 4097",
        "lambda 4097",
        {"lambda_bits": 4097, "order": 8, "blocks": 17, "helper": bytes(513)},
    ),
    ("radius of half of lambda", "radius 10", {"radius": 10}),
    ("m = 0", NO_CODE, {"order": 0}),
    ("blocks above 2^m columns", NO_CODE, {"order": 3}),
    ("blocks below 2^(m-1) + 1 columns", NO_CODE, {"order": 5}),
    ("no block", NO_CODE, {"blocks": 0}),
    (
        "more blocks than the field has non-zero elements",
        NO_CODE,
        {"lambda_bits": 24, "order": 2, "blocks": 8},
    ),
    ("no message symbol", NO_CODE, {"message_symbols": 0}),
    ("more message symbols than blocks", NO_CODE, {"message_symbols": 3}),
    ("memory below 8 KiB a lane", "memory cost in KiB 31", {"memory_cost_kib": 31}),
    ("memory above 1 GiB", "memory cost in KiB 1048577", {"memory_cost_kib": (1 << 20) + 1}),
    ("no pass", "time cost 0", {"time_cost": 0}),
    ("17 passes", "time cost 17", {"time_cost": 17}),
    ("no lane", "lanes 0", {"lanes": 0}),
    ("17 lanes", "lanes 17", {"lanes": 17}),
    ("lowest unused bit set", "unused bits", {"helper": b"\xab\xcd\xe1"}),
    ("highest unused bit set", "unused bits", {"helper": b"\xab\xcd\xe8"}),
]


def record_vectors() -> list[dict[str, Any]]:
    valid = [
        {
            "comment": comment,
            "expect": "record",
            "hex": with_checksum(record_body(FIELDS | changes)).hex(),
            "fields": {
                name: value.hex() if isinstance(value, bytes) else value
                for name, value in (FIELDS | changes).items()
            },
        }
        for comment, changes in VALID
    ]
    body = record_body(FIELDS)
    whole = with_checksum(body)
    pepper_id = 77
    broken = [
        (comment, expect, with_checksum(record_body(FIELDS | changes)))
        for comment, expect, changes in BROKEN_FIELDS
    ]
    broken += [
        ("no bytes", "not a record", b""),
        ("another magic", "not a record", with_checksum(b"AILS" + body[4:])),
        ("version 0", "version 0 is unknown", with_checksum(b"AILK\x00" + body[5:])),
        ("version 2", "version 2 is unknown", with_checksum(b"AILK\x02" + body[5:])),
        ("flag bit 1", "flags 0x02", with_checksum(body[:5] + b"\x02" + body[6:])),
        ("flag bit 7", "flags 0x80", with_checksum(body[:5] + b"\x80" + body[6:])),
        (
            "a pepper is needed but its id is zero",
            "all zero",
            with_checksum(body[:5] + b"\x01" + body[6:]),
        ),
        (
            "no pepper is needed but an id is given",
            "pepper id is given",
            with_checksum(body[:pepper_id] + b"\x01" + body[pepper_id + 1 :]),
        ),
        ("only the magic", "it was cut or joined", whole[:4]),
        ("cut within the parameters", "it was cut or joined", whole[:60]),
        ("last byte missing", "it was cut or joined", whole[:-1]),
        ("one byte too many", "it was cut or joined", whole + b"\0"),
        ("two records joined", "it was cut or joined", whole + whole),
        ("helper one byte short", "it was cut or joined", with_checksum(body[:87] + body[88:])),
        ("wrong checksum", "checksum does not fit", whole[:-1] + bytes([whole[-1] ^ 1])),
        ("damaged salt", "checksum does not fit", whole[:61] + b"\xff" + whole[62:]),
    ]
    return valid + [
        {"comment": comment, "expect": expect, "hex": data.hex()}
        for comment, expect, data in broken
    ]


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
    VECTORS.joinpath("record.json").write_text(as_text(record_vectors()), encoding="ascii")
    VECTORS.joinpath("sealed.json").write_text(as_text(sealed_vectors()), encoding="ascii")
