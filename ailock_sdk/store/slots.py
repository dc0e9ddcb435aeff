"""Slots: a lock's key wrapped under what photos or a recovery code give (SPEC sections 9, 9.1).

Pure: keys, salts and dates come from the caller.
"""

from __future__ import annotations

import hmac
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from ailock_sdk.constants import (
    LABEL_IDENTITY,
    LABEL_LOCK_SECRET,
    LABEL_RECOVERY,
    LABEL_SLOT,
    LABEL_SLOT_KEY,
    LABEL_SSH_KEY,
)
from ailock_sdk.secret import Hidden, Secret
from ailock_sdk.store.lock_file import Slot, SlotKind
from ailock_sdk.store.recovery_code import RecoveryCode

LOCK_KEY_LENGTH_BYTES = 32
_KEY_LENGTH_BYTES = 32
_NONCE = bytes(12)
"""Constant: a slot's key wraps once, as its salts are fresh."""


def lock_identity(lock_key: Hidden) -> Hidden:
    """The X25519 private key of a lock, 32 bytes: an age identity."""
    return _expand(lock_key, LABEL_IDENTITY)


def lock_recipient(lock_key: Hidden) -> bytes:
    """The X25519 public key of a lock, 32 bytes: what data is sealed to."""
    private = X25519PrivateKey.from_private_bytes(lock_identity(lock_key))
    return private.public_key().public_bytes_raw()


def lock_secret(lock_key: Hidden) -> Secret:
    """What unlocking gives: the same for every slot, for as long as the lock exists."""
    return Secret(_expand(lock_key, LABEL_LOCK_SECRET))


def lock_ssh_seed(lock_key: Hidden) -> Hidden:
    """The Ed25519 private key of a lock, 32 bytes (RFC 8032): an SSH key."""
    return _expand(lock_key, LABEL_SSH_KEY)


def openssh_key(seed: Hidden) -> Hidden:
    """A :func:`lock_ssh_seed` as OpenSSH keeps private keys: ASCII, no passphrase."""
    # Only one command needs these; loading them would cost every other.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = Ed25519PrivateKey.from_private_bytes(seed)
    form = (Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return Hidden(private.private_bytes(*form))


def recovery_secret(code: RecoveryCode, salt: bytes) -> Secret:
    """The secret of a recovery slot, whose body is the salt of 16 bytes."""
    return Secret(HKDF(SHA256(), _KEY_LENGTH_BYTES, salt, LABEL_RECOVERY).derive(bytes(code)))


def new_slot(
    lock_key: Hidden,
    slot_secret: Secret,
    *,
    number: int,
    kind: SlotKind,
    created: int,
    label: str,
    body: bytes,
) -> Slot:
    """Wrap a lock's key for one slot.

    Parameters
    ----------
    lock_key : Hidden
        32 bytes.
    slot_secret : Secret
        That of the record in ``body``, or of :func:`recovery_secret`; it wraps only once.
    number : int
    kind : SlotKind
    created : int
    label : str
    body : bytes
        As in :class:`~ailock_sdk.store.lock_file.Slot`.
    """
    associated = _associated_data(lock_recipient(lock_key), number, kind, body)
    wrapped = AESGCM(_slot_key(slot_secret)).encrypt(_NONCE, lock_key, associated)
    return Slot(number, kind, created, label, body, wrapped)


def open_slot(slot: Slot, slot_secret: Secret, recipient: bytes) -> Hidden | None:
    """The key of the lock that has this slot and this recipient, 32 bytes.

    ``None`` when this is not the slot's secret, or the slot holds the key of another lock.
    """
    associated = _associated_data(recipient, slot.number, slot.kind, slot.body)
    try:
        lock_key = Hidden(AESGCM(_slot_key(slot_secret)).decrypt(_NONCE, slot.wrapped, associated))
    except InvalidTag:
        return None
    # Whoever knows a slot's secret, such as its record's maker, could have wrapped another key.
    return lock_key if hmac.compare_digest(lock_recipient(lock_key), recipient) else None


def _associated_data(recipient: bytes, number: int, kind: int, body: bytes) -> bytes:
    return LABEL_SLOT + recipient + bytes([number, kind]) + sha256(body).digest()


def _slot_key(slot_secret: Secret) -> Hidden:
    return _expand(Hidden(bytes(slot_secret)), LABEL_SLOT_KEY)


def _expand(key: Hidden, label: bytes) -> Hidden:
    return Hidden(HKDFExpand(SHA256(), _KEY_LENGTH_BYTES, label).derive(key))
