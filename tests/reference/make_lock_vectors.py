"""Write tests/vectors/lock.json: ``python -m tests.reference.make_lock_vectors``.

Everything comes from fixed inputs and the reference of this folder, which shares no code with the
package, so running it again gives the same file. A negative vector differs from a valid one in the
single defect that its comment names; where that defect is not the checksum, the checksum fits.

lock_key, identity, recipient, secret, ssh_seed    hex: one lock's
codes       recovery codes: ``code`` (hex), ``shown``, and ``typed``, other spellings of it
mistyped    ``text`` and words of the error's message, ``expect``
slots       of that lock: ``comment``, the slot's fields (hex), ``slot_secret`` (hex); what it comes
            from: ``code`` (hex), or ``bits`` of each object, ``pin`` and ``pepper`` (hex)
locks       ``comment``; ``expect``: "lock", or words of the error's message; ``hex``; for "lock"
            ``slots``, the numbers and labels
refused_slots
            ``comment``, the one defect; a slot's fields, ``recipient``, and a ``slot_secret`` that
            must open nothing: but for one, that of the slot it was made of
rows        ``name``, ``lock`` and ``pepper`` (hex), ``pepper_id`` and ``mac`` (hex)
refused_rows
            ``comment``, the one defect; a row in a vault of the pepper of ``rows``
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.reference import lock, record

PATH = Path(__file__).parent.parent / "vectors" / "lock.json"

LOCK_KEY = hashlib.sha256(b"vector lock key").digest()
PEPPER = hashlib.sha256(b"vector pepper").digest()
CODE = hashlib.sha256(b"vector code").digest()[:16]
SALT = hashlib.sha256(b"vector code's salt").digest()[:16]
RECIPIENT = lock.recipient(LOCK_KEY)


def bits_of(label: str) -> list[int]:
    octets = hashlib.sha256(label.encode()).digest()
    return [octets[i // 8] >> i % 8 & 1 for i in range(20)]


def photo_slot(
    number: int, label: str, objects: int, pin: str | None, pepper: bytes
) -> dict[str, Any]:
    """A photo slot, by a record of 20 bits and a message of five for each object."""
    salts = [hashlib.sha256(f"salt {number} {i}".encode()).digest()[:16] for i in range(5)]
    header = {
        "pepper_id": lock.pepper_id(pepper) if pepper else None,
        "needs_pin": pin is not None,
        "memory_cost_kib": 8,
        "time_cost": 1,
        "lanes": 1,
        "salt": salts[4],
    }
    parts = [
        {
            "runtime": 1,
            "photo_count": 3,
            "fingerprint": hashlib.sha256(b"vector bundle").digest(),
            "profile": "default",
            "lambda_bits": 20,
            "radius": 1,
            "order": 4,
            "blocks": 2,
            "message_symbols": 1,
            "salt": salts[i],
        }
        for i in range(objects)
    ]
    bits = [bits_of(f"object {number} {i}") for i in range(objects)]
    messages = [[7 + i] for i in range(objects)]
    body, slot_secret = record.make(header, parts, bits, messages, pin, pepper)
    return {
        "comment": label,
        "number": number,
        "kind": 1,
        "created": 1_800_000_000 + number,
        "label": label,
        "body": body,
        "wrapped": lock.wrap(LOCK_KEY, slot_secret, number, 1, body),
        "slot_secret": slot_secret,
        "bits": bits,
        "pin": pin,
        "pepper": pepper,
    }


def recovery_slot(number: int) -> dict[str, Any]:
    slot_secret = lock.code_secret(CODE, SALT)
    return {
        "comment": "recovery code",
        "number": number,
        "kind": 2,
        "created": 253_402_300_799,
        "label": "",
        "body": SALT,
        "wrapped": lock.wrap(LOCK_KEY, slot_secret, number, 2, SALT),
        "slot_secret": slot_secret,
        "code": CODE,
    }


SLOTS = [
    photo_slot(1, "mug", 1, None, b""),
    recovery_slot(2),
    photo_slot(3, "mug with PIN", 1, "caf\u00e9 42", PEPPER),
    photo_slot(200, "Blåhaj and mug 🦈", 2, None, PEPPER),
    photo_slot(255, "x" * 64, 4, "0000", PEPPER),
]
MUG, RECOVERY = SLOTS[0], SLOTS[1]


def lock_vectors() -> list[dict[str, Any]]:
    more = [
        {**RECOVERY, "number": number, "body": bytes(15) + bytes([number])}
        for number in range(1, 17)
    ]
    valid = [
        ("one photo slot", SLOTS[:1]),
        ("one recovery slot", SLOTS[1:2]),
        ("photos and code", SLOTS[:2]),
        ("every kind of slot", SLOTS),
        ("16 slots", more),
        ("created at 0", [{**MUG, "created": 0}]),
        ("a label of 64 bytes", [{**MUG, "label": "🦈" * 16}]),
    ]
    found = [
        {
            "comment": comment,
            "expect": "lock",
            "hex": lock.write(RECIPIENT, slots).hex(),
            "slots": [[slot["number"], slot["label"]] for slot in slots],
        }
        for comment, slots in valid
    ]
    changed: list[tuple[str, str, dict[str, Any]]] = [
        ("slot number 0", "slot number 0", {"number": 0}),
        ("slot kind 0", "unknown kind 0", {"kind": 0}),
        ("slot kind 3", "unknown kind 3", {"kind": 3}),
        ("created a second after 9999", "outside 1970 .. 9999", {"created": 253_402_300_800}),
        ("created at the last number", "outside 1970 .. 9999", {"created": 2**64 - 1}),
        ("a label of 65 bytes", "label that is none", {"label": "x" * 65}),
        ("a label not in form NFC", "label that is none", {"label": "cafe\u0301"}),
        ("a label with a line break", "label that is none", {"label": "a\nb"}),
        ("a label that turns the writing", "label that is none", {"label": "a\u202eb"}),
        ("a label of a space", "label that is none", {"label": " "}),
        ("a label that begins with a mark", "label that is none", {"label": "\u0301a"}),
        ("a label of nothing to see", "label that is none", {"label": "\u3164"}),
        ("a label that is not UTF-8", "label that is none", {"label": b"\xff"}),
        ("a damaged record", "cannot be used", {"body": MUG["body"][:-1] + b"\0"}),
        ("no record", "cannot be used", {"body": b""}),
        ("a salt of 17 bytes", "salt of 17 bytes", {"kind": 2, "body": bytes(17)}),
        ("a record for a salt", "salt of", {"kind": 2}),
    ]
    whole = lock.write(RECIPIENT, SLOTS[:2])
    body = whole[:-8]

    def written(*slots: dict[str, Any]) -> bytes:
        return lock.write(RECIPIENT, list(slots))

    def counting(slots: int) -> bytes:
        return record.with_checksum(body[:37] + bytes([slots]) + body[38:])

    broken = [
        (comment, expect, lock.write(RECIPIENT, [{**MUG, **changes}]))
        for comment, expect, changes in changed
    ] + [
        ("no bytes", "not a lock", b""),
        ("another magic", "not a lock", record.with_checksum(b"AILK" + body[4:])),
        ("version 0", "version 0 is unknown", lock.write(RECIPIENT, SLOTS[:2], version=0)),
        ("version 2", "version 2 is unknown", lock.write(RECIPIENT, SLOTS[:2], version=2)),
        ("no slot", "1 to 16 slots", lock.write(RECIPIENT, [])),
        ("17 slots", "1 to 16 slots", lock.write(RECIPIENT, [*more, {**MUG, "number": 17}])),
        ("slots in another order", "ascending order", lock.write(RECIPIENT, SLOTS[1::-1])),
        (
            "a number twice",
            "ascending order",
            lock.write(RECIPIENT, [MUG, {**RECOVERY, "number": 1}]),
        ),
        ("a body twice", "same body", lock.write(RECIPIENT, [RECOVERY, {**RECOVERY, "number": 3}])),
        ("recipient one byte short", "", lock.write(RECIPIENT[:-1], SLOTS[:2])),
        (
            "wrapped key one byte short",
            "cut",
            lock.write(RECIPIENT, [{**MUG, "wrapped": bytes(47)}]),
        ),
        ("last byte of the slots missing", "cut", record.with_checksum(body[:-1])),
        ("one byte too many", "bytes too many", record.with_checksum(body + b"\0")),
        (
            "a slot more than it says",
            "bytes too many",
            record.with_checksum(body[:37] + b"\1" + body[38:]),
        ),
        ("a slot less than it says", "cut", record.with_checksum(body[:37] + b"\3" + body[38:])),
        ("wrong checksum", "checksum does not fit", whole[:-1] + bytes([whole[-1] ^ 1])),
        ("no checksum", "checksum does not fit", body),
        ("two locks joined", "checksum does not fit", whole + whole),
    ]
    return found + [
        {"comment": comment, "expect": expect, "hex": data.hex()}
        for comment, expect, data in broken
    ]


def code_vectors() -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    good = []
    for code in (CODE, bytes(16), b"\xff" * 16):
        text = lock.shown(code)
        typed = [text.upper(), text.replace("-", ""), text.replace("-", " "), f" {text}\n"]
        typed.append(text.replace("-", "\u2013"))
        good.append({"code": code.hex(), "shown": text, "typed": typed})
    text = lock.shown(CODE)
    symbols = text.replace("-", "")[7:]
    wrong = {
        "": "no recovery code was given",
        "hello": "begins with ailock1",
        symbols: "begins with ailock1",
        text[:-1]: "31 symbols after ailock1 instead of 32: look at group 8",
        text + "q": "33 symbols after ailock1 instead of 32: look at group 8",
        "ailock1" + symbols[:-1]: "31 symbols after ailock1 instead of 32",
        "ailock1" + symbols[:4] + "b" + symbols[5:]: "mistyped in group 2: it has digits",
        "ailock1" + symbols[:9] + other(symbols[9]) + symbols[10:]: "mistyped in group 3: ",
        "ailock1" + symbols[:31] + other(symbols[31]): "mistyped in group 8: ",
        "ailock1" + swapped(symbols, 11): "mistyped in groups 3 and 4: ",
        "ailock1" + swapped(symbols, 1): "mistyped in group 1: ",
        "ailock1" + other(symbols[0]) + symbols[1:9] + other(symbols[9]) + symbols[10:]: (
            "mistyped in more than one place"
        ),
    }
    return good, [{"text": text, "expect": expect} for text, expect in wrong.items()]


def other(symbol: str) -> str:
    """Another symbol than this one."""
    return "q" if symbol != "q" else "p"


def swapped(symbols: str, at: int) -> str:
    """The symbols with two neighbours swapped, which must differ."""
    assert symbols[at] != symbols[at + 1]
    return symbols[:at] + symbols[at + 1] + symbols[at] + symbols[at + 2 :]


def refused_slots() -> list[dict[str, Any]]:
    """A slot of photos and the recovery slot, each with one thing that its wrap binds changed."""
    wrapped = MUG["wrapped"]
    other_key = hashlib.sha256(b"another lock key").digest()
    secret = MUG["slot_secret"]
    changed: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("another number", MUG, {"number": 9}),
        ("another record", MUG, {"body": SLOTS[2]["body"]}),
        ("another salt", RECOVERY, {"body": bytes(16)}),
        ("another lock's recipient", MUG, {"recipient": lock.recipient(other_key)}),
        ("another slot's secret", MUG, {"slot_secret": SLOTS[2]["slot_secret"]}),
        ("first byte of the wrapped key flipped", MUG, {"wrapped": flip(wrapped, 0)}),
        ("last byte of the tag flipped", MUG, {"wrapped": flip(wrapped, 47)}),
        (
            "another lock's key wrapped for this recipient",
            MUG,
            {"wrapped": lock.wrap(other_key, secret, 1, 1, MUG["body"], RECIPIENT)},
        ),
    ]
    kept = ("number", "kind", "created", "label", "body", "wrapped", "slot_secret")
    return [
        {"comment": comment, "recipient": RECIPIENT} | {name: slot[name] for name in kept} | changes
        for comment, slot, changes in changed
    ]


def flip(data: bytes, at: int) -> bytes:
    """The bytes with the lowest bit of one inverted."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def refused_rows() -> list[dict[str, Any]]:
    """The row of the mug, with one thing that its mac binds changed."""
    data, other = lock.write(RECIPIENT, SLOTS[:2]), lock.write(RECIPIENT, SLOTS[:1])
    row = {"name": "mug", "lock": data, "pepper_id": lock.pepper_id(PEPPER)}
    mac = lock.row_mac(PEPPER, "mug", data)
    another = hashlib.sha256(b"another pepper").digest()
    changed: list[tuple[str, dict[str, Any]]] = [
        ("another name", {"name": "mag"}),
        ("another lock", {"lock": other}),
        ("mac flipped in its last byte", {"mac": flip(mac, 31)}),
        ("mac cut", {"mac": mac[:-1]}),
        ("mac by another pepper", {"mac": lock.row_mac(another, "mug", data)}),
        ("pepper_id of another pepper", {"pepper_id": lock.pepper_id(another)}),
    ]
    return [{"comment": comment, **row, "mac": mac, **changes} for comment, changes in changed]


def vectors() -> dict[str, Any]:
    codes, mistyped = code_vectors()
    rows = [("mug", SLOTS[:2]), ("Blåhaj 🦈", SLOTS), ("x" * 64, SLOTS[:1])]
    return {
        "lock_key": LOCK_KEY,
        "identity": lock.identity(LOCK_KEY),
        "ssh_seed": lock.ssh_seed(LOCK_KEY),
        "recipient": RECIPIENT,
        "secret": lock.lock_secret(LOCK_KEY),
        "codes": codes,
        "mistyped": mistyped,
        "slots": SLOTS,
        "refused_slots": refused_slots(),
        "locks": lock_vectors(),
        "rows": [
            {
                "name": name,
                "lock": (data := lock.write(RECIPIENT, slots)),
                "pepper": PEPPER,
                "pepper_id": lock.pepper_id(PEPPER),
                "mac": lock.row_mac(PEPPER, name, data),
            }
            for name, slots in rows
        ],
        "refused_rows": refused_rows(),
    }


def vectors_text() -> str:
    return json.dumps(vectors(), indent=1, default=bytes.hex) + "\n"


if __name__ == "__main__":
    PATH.write_text(vectors_text(), "ascii")
