"""Locks, slots, recovery codes and rows of SPEC section 9, slow and obvious, from its text alone.

A lock file is read into ``(recipient, slots)``, a slot being a dict of the table's fields.
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import unicodedata
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.reference import record
from tests.reference.extractor import expand
from tests.store.reference import x25519

SYMBOLS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"  # BIP 173
NOTHING_TO_SEE = [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0]
NOTHING_TO_SEE += [*range(0x180B, 0x1810), *range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0)]


class NotALockError(Exception):
    """Bytes or text that section 9 does not allow."""


def require(holds: object, what: str) -> None:
    """One rule."""
    if not holds:
        raise NotALockError(what)


# -- 9: the key -----------------------------------------------------------------------------------


def ssh_seed(lock_key: bytes) -> bytes:
    """The Ed25519 private key of a lock."""
    return expand(lock_key, b"ailock/v1/ssh-key", 32)


def identity(lock_key: bytes) -> bytes:
    """The age identity of a lock."""
    return expand(lock_key, b"ailock/v1/identity", 32)


def recipient(lock_key: bytes) -> bytes:
    """Its public key."""
    return x25519(identity(lock_key))


def lock_secret(lock_key: bytes) -> bytes:
    """What unlocking gives."""
    return expand(lock_key, b"ailock/v1/lock-secret", 32)


# -- 9.1: slots and codes -------------------------------------------------------------------------


def code_secret(code: bytes, salt: bytes) -> bytes:
    """HKDF-SHA256, RFC 5869."""
    return expand(hmac.digest(salt, code, "sha256"), b"ailock/v1/recovery", 32)


def associated_data(lock_recipient: bytes, number: int, kind: int, body: bytes) -> bytes:
    """What a wrap binds."""
    return b"".join(
        [
            b"ailock/v1/slot",
            lock_recipient,
            number.to_bytes(1, "big"),
            kind.to_bytes(1, "big"),
            hashlib.sha256(body).digest(),
        ]
    )


def wrap(
    lock_key: bytes,
    slot_secret: bytes,
    number: int,
    kind: int,
    body: bytes,
    lock_recipient: bytes | None = None,
) -> bytes:
    """The 48 bytes of a slot; another recipient than the key's makes one to be refused."""
    slot_key = expand(slot_secret, b"ailock/v1/slot-key", 32)
    bound = associated_data(lock_recipient or recipient(lock_key), number, kind, body)
    return AESGCM(slot_key).encrypt(bytes(12), lock_key, bound)


def unwrap(slot: dict[str, Any], slot_secret: bytes, lock_recipient: bytes) -> bytes | None:
    """The lock's key, or ``None``."""
    slot_key = expand(slot_secret, b"ailock/v1/slot-key", 32)
    bound = associated_data(lock_recipient, slot["number"], slot["kind"], slot["body"])
    try:
        lock_key = AESGCM(slot_key).decrypt(bytes(12), slot["wrapped"], bound)
    except InvalidTag:
        return None
    return lock_key if recipient(lock_key) == lock_recipient else None


def checksum_of(values: list[int]) -> int:
    """The polynomial of BIP 173 over the human-readable part and these values."""
    part = "ailock"
    spread = [ord(c) >> 5 for c in part] + [0] + [ord(c) & 31 for c in part]
    check = 1
    for value in spread + values:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(
            (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
        ):
            check ^= generator if top >> bit & 1 else 0
    return check


def shown(code: bytes) -> str:
    """The text of a recovery code."""
    bits = int.from_bytes(code, "big") << 2
    values = [bits >> 5 * place & 31 for place in reversed(range(26))]
    rest = checksum_of(values + 6 * [0]) ^ 1
    values += [rest >> 5 * place & 31 for place in reversed(range(6))]
    text = "".join(SYMBOLS[value] for value in values)
    return "-".join(["ailock1", *(text[start : start + 4] for start in range(0, 32, 4))])


def parse(text: str) -> bytes:
    """The 16 bytes of a code as somebody typed it, or :class:`NotALockError`."""
    kept = [c for c in text if not c.isspace() and unicodedata.category(c) != "Pd"]
    typed = "".join(kept).lower()
    require(typed[:7] == "ailock1", "prefix")
    require(all(symbol in SYMBOLS for symbol in typed[7:]), "symbols")
    values = [SYMBOLS.index(symbol) for symbol in typed[7:]]
    require(len(values) == 32, "length")
    require(checksum_of(values) == 1, "checksum")
    bits = sum(value << 5 * place for place, value in enumerate(reversed(values[:26])))
    require(bits % 4 == 0, "unused bits")
    return (bits >> 2).to_bytes(16, "big")


# -- 9.2: lock files ------------------------------------------------------------------------------


def write(lock_recipient: bytes, slots: list[dict[str, Any]], version: int = 1) -> bytes:
    """Every byte of a lock; no rule is enforced."""
    body = b"AILL" + version.to_bytes(1, "big") + lock_recipient + len(slots).to_bytes(1, "big")
    for slot in slots:
        label = slot["label"] if isinstance(slot["label"], bytes) else slot["label"].encode()
        body += slot["number"].to_bytes(1, "big") + slot["kind"].to_bytes(1, "big")
        body += slot["created"].to_bytes(8, "big")
        body += len(label).to_bytes(1, "big") + label
        body += len(slot["body"]).to_bytes(2, "big") + slot["body"]
        body += slot["wrapped"]
    return record.with_checksum(body)


def read(data: bytes) -> tuple[bytes, list[dict[str, Any]]]:
    """(recipient, slots) of a lock, or :class:`NotALockError`: one rule after another."""
    rest = data

    def take(count: int) -> bytes:
        nonlocal rest
        require(len(rest) >= count, "cut")
        taken, rest = rest[:count], rest[count:]
        return taken

    def number(count: int, low: int, high: int) -> int:
        value = int.from_bytes(take(count), "big")
        require(low <= value <= high, f"{value} is not in {low} .. {high}")
        return value

    require(take(4) == b"AILL", "magic")
    number(1, 1, 1)
    lock_recipient = take(32)
    slots: list[dict[str, Any]] = []
    for _ in range(number(1, 1, 16)):
        slot: dict[str, Any] = {"number": number(1, 1, 255), "kind": number(1, 1, 2)}
        slot["created"] = number(8, 0, 253_402_300_799)
        try:
            slot["label"] = take(number(1, 0, 64)).decode()
        except UnicodeDecodeError as error:
            raise NotALockError("label") from error
        require(slot["label"] == "" or is_name(slot["label"]), "label")
        slot["body"] = take(number(2, 0, 65535))
        if slot["kind"] == 1:
            try:
                record.read(slot["body"])
            except record.NotARecordError as error:
                raise NotALockError("record") from error
        else:
            require(len(slot["body"]) == 16, "salt")
        slot["wrapped"] = take(48)
        require(all(other["number"] < slot["number"] for other in slots), "order")
        require(all(other["body"] != slot["body"] for other in slots), "bodies alike")
        slots.append(slot)
    checksum = take(8)
    require(rest == b"", "joined")
    require(hashlib.sha256(data[:-8]).digest()[:8] == checksum, "checksum")
    return lock_recipient, slots


# -- 9.3: names and rows --------------------------------------------------------------------------


def is_name(text: str) -> bool:
    """Whether a lock may have this name."""
    categories = [unicodedata.category(c) for c in text]
    return (
        1 <= len(text) <= 64
        and unicodedata.normalize("NFC", text) == text
        and all(c == " " or k[0] in "LMNPS" for c, k in zip(text, categories, strict=True))
        and not any(ord(c) in NOTHING_TO_SEE for c in text)
        and text[0] != " "
        and text[-1] != " "
        and categories[0][0] != "M"
    )


def pepper_id(pepper: bytes) -> bytes:
    """Section 7."""
    return hmac.digest(pepper, b"ailock/v1/pepper-id", "sha256")[:8]


def row_mac(pepper: bytes, name: str, lock: bytes) -> bytes:
    """What binds a row."""
    encoded = name.encode()
    message = b"ailock/v1/vault-row" + len(encoded).to_bytes(2, "big") + encoded
    return hmac.digest(pepper, message + len(lock).to_bytes(4, "big") + lock, "sha256")


def vault_locks(path: Path, pepper: bytes) -> dict[str, bytes]:
    """The lock files of a vault by name, or :class:`NotALockError`."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        require((application, version) == (0x41494C4B, 1), "identity")
        own = connection.execute("SELECT pepper_id FROM vault").fetchall()
        require(own == [(pepper_id(pepper),)], "the vault's pepper")
        found = {}
        for name, lock, of, mac in connection.execute(
            "SELECT name, lock, pepper_id, mac FROM locks"
        ):
            require(is_name(name), "name")
            require(of == own[0][0], "the row's pepper")
            require(mac == row_mac(pepper, name, lock), "mac")
            found[name] = lock
        return found
    finally:
        connection.close()


def wait_seconds(misses: int, recoverable: bool) -> int | None:
    """How long the throttle lets the next attempt wait; ``None``: until the code is used."""
    if misses < 5:
        return 0
    if misses < 50:
        return 30 * 2 ** ((misses - 5) // 5)
    return None if recoverable else 24 * 60 * 60
