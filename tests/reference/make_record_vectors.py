"""Write tests/vectors/record.json: ``python -m tests.reference.make_record_vectors``.

Everything comes from fixed inputs and the reference of this folder, which shares no code with the
package, so running it again gives the same file. A negative vector differs from the first, valid
one in the single defect that its comment names; where that defect is not the checksum, the
checksum fits. A list of
    comment   what the vector is, or its one defect
    expect    "record", or words of the error's message
    hex       the bytes to parse
    fields    for "record": what the header and the tag mean
    objects   for "record": what each object means
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.reference.record import bound_part, with_checksum

PATH = Path(__file__).parent.parent / "vectors" / "record.json"

SALTS = [bytes(range(start, start + 16)) for start in range(0, 96, 16)]
"""Of Argon2id, and of each object."""
HEADER: dict[str, Any] = {
    "pepper_id": None,
    "needs_pin": False,
    "memory_cost_kib": 65536,
    "time_cost": 3,
    "lanes": 4,
    "salt": SALTS[0],
}
OBJECT: dict[str, Any] = {
    "runtime": 1,
    "photo_count": 3,
    "fingerprint": hashlib.sha256(b"vector bundle").digest(),
    "profile": "default",
    "lambda_bits": 20,  # four unused bits in the helper
    "radius": 6,
    "order": 4,
    "blocks": 2,
    "message_symbols": 1,
    "helper": b"\xab\xcd\xe0",
}
TAG = b"\x01\x02\x03\x04"

# What a vector changes: fields of the header, of the first object, of the "second", and the number
# of "objects".
NO_CODE = "no code has"

VALID: list[tuple[str, dict[str, Any]]] = [
    ("plain record", {}),
    ("a pepper is needed", {"pepper_id": b"pepperid"}),
    ("a PIN is needed", {"needs_pin": True}),
    ("a pepper and a PIN are needed", {"pepper_id": b"pepperid", "needs_pin": True}),
    ("two objects", {"objects": 2}),
    (
        "two objects of different makes",
        {
            "objects": 2,
            "second": {"runtime": 3, "profile": "paper", "lambda_bits": 8, "radius": 3, "order": 3}
            | {"blocks": 1, "helper": b"\x5a"},
        },
    ),
    (
        "four objects, a pepper and a PIN",
        {"objects": 4, "pepper_id": b"pepperid", "needs_pin": True},
    ),
    ("runtime tflite-runtime, most photos", {"runtime": 2, "photo_count": 16}),
    ("runtime tensorflow, fewest photos", {"runtime": 3, "photo_count": 1}),
    ("runtime onnxruntime", {"runtime": 4}),
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
    ("runtime 5", "runtime 5 is unknown", {"runtime": 5}),
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
    ("no object", "number of objects 0", {"objects": 0}),
    ("five objects", "number of objects 5", {"objects": 5}),
    ("an object's salt is Argon2id's", "salts of the record are equal", {"salt": SALTS[1]}),
    (
        "two objects of one salt",
        "salts of the record are equal",
        {"objects": 2, "second": {"salt": SALTS[1]}},
    ),
    ("runtime 0 in the second object", "runtime 0", {"objects": 2, "second": {"runtime": 0}}),
    (
        "unused bit set in the second object",
        "unused bits",
        {"objects": 2, "second": {"helper": b"\xab\xcd\xe1"}},
    ),
    ("lowest unused bit set", "unused bits", {"helper": b"\xab\xcd\xe1"}),
    ("highest unused bit set", "unused bits", {"helper": b"\xab\xcd\xe8"}),
]


def header_of(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: changes.get(name, value) for name, value in HEADER.items()}


def objects_of(changes: dict[str, Any]) -> list[dict[str, Any]]:
    objects = [{**OBJECT, "salt": salt} for salt in SALTS[1:]][: changes.get("objects", 1)]
    for one in objects[:1]:
        one.update({name: value for name, value in changes.items() if name in OBJECT})
    for one in objects[1:2]:
        one.update(changes.get("second", {}))
    return objects


def record_body(changes: dict[str, Any]) -> bytes:
    """Every byte before the checksum."""
    return bound_part(header_of(changes), objects_of(changes)) + TAG


def as_json(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: v.hex() if isinstance(v, bytes) else v for k, v in fields.items()}


def record_vectors() -> list[dict[str, Any]]:
    valid = [
        {
            "comment": comment,
            "expect": "record",
            "hex": with_checksum(record_body(changes)).hex(),
            "fields": as_json(header_of(changes)),
            "objects": [as_json(one) for one in objects_of(changes)],
        }
        for comment, changes in VALID
    ]
    body = record_body({})
    whole = with_checksum(body)
    pepper_id = 28
    broken = [
        (comment, expect, with_checksum(record_body(changes)))
        for comment, expect, changes in BROKEN_FIELDS
    ]
    broken += [
        ("no bytes", "not a record", b""),
        ("another magic", "not a record", with_checksum(b"AILS" + body[4:])),
        ("version 0", "version 0 is unknown", with_checksum(b"AILK\x00" + body[5:])),
        ("version 2", "version 2 is unknown", with_checksum(b"AILK\x02" + body[5:])),
        ("flag bit 2", "flags 0x04", with_checksum(body[:5] + b"\x04" + body[6:])),
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
        ("cut within the header", "it was cut or joined", whole[:30]),
        ("cut within an object", "it was cut or joined", whole[:60]),
        ("last byte missing", "it was cut or joined", whole[:-1]),
        ("one byte too many", "it was cut or joined", whole + b"\0"),
        (
            "an object more than the record says",
            "it was cut or joined",
            with_checksum(record_body({"objects": 2}).replace(b"\x02\x01\x03", b"\x01\x01\x03", 1)),
        ),
        ("two records joined", "it was cut or joined", whole + whole),
        ("helper one byte short", "it was cut or joined", with_checksum(body[:-5] + body[-4:])),
        ("wrong checksum", "checksum does not fit", whole[:-1] + bytes([whole[-1] ^ 1])),
        ("damaged salt", "checksum does not fit", whole[:12] + b"\xff" + whole[13:]),
    ]
    return valid + [
        {"comment": comment, "expect": expect, "hex": data.hex()}
        for comment, expect, data in broken
    ]


def vectors_text() -> str:
    return json.dumps(record_vectors(), indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(vectors_text(), "ascii")
