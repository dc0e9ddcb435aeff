"""SPEC sections 9 and 9.1: a slot opens with its secret alone, and only to its lock's key."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ailock_sdk.secret import Hidden, Secret
from ailock_sdk.store.lock_file import SlotKind
from ailock_sdk.store.recovery_code import RecoveryCode
from ailock_sdk.store.slots import (
    lock_identity,
    lock_secret,
    lock_ssh_seed,
    open_slot,
    recovery_secret,
)
from tests.reference.extractor import expand
from tests.reference.lock import associated_data
from tests.store.examples import CODE, LOCK, LOCK_KEY, PEPPERED_RECORD, PHOTO_SECRET

PHOTOS, RECOVERY = LOCK.slots


def test_slots_open_with_their_secrets() -> None:
    assert open_slot(PHOTOS, PHOTO_SECRET, LOCK.recipient) == LOCK_KEY
    assert open_slot(RECOVERY, recovery_secret(CODE, RECOVERY.body), LOCK.recipient) == LOCK_KEY
    assert isinstance(open_slot(PHOTOS, PHOTO_SECRET, LOCK.recipient), Hidden)


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 3},
        {"kind": SlotKind.RECOVERY, "body": bytes(16)},
        {"body": bytes(PEPPERED_RECORD)},
        {"wrapped": bytes(48)},
    ],
    ids=["number", "kind", "body", "wrapped"],
)
def test_what_a_slot_says_is_under_its_wrap(changes: dict[str, object]) -> None:
    slot = replace(PHOTOS, **changes)  # type: ignore[arg-type]
    assert open_slot(slot, PHOTO_SECRET, LOCK.recipient) is None


def test_every_bit_of_a_wrapped_key_counts() -> None:
    for bit in range(48 * 8):
        wrapped = bytearray(RECOVERY.wrapped)
        wrapped[bit // 8] ^= 1 << bit % 8
        slot = replace(RECOVERY, wrapped=bytes(wrapped))
        assert open_slot(slot, recovery_secret(CODE, slot.body), LOCK.recipient) is None


def test_another_secret_code_salt_or_recipient() -> None:
    assert open_slot(PHOTOS, Secret(bytes(32)), LOCK.recipient) is None
    assert open_slot(PHOTOS, PHOTO_SECRET, bytes(32)) is None
    for secret in (
        recovery_secret(RecoveryCode(bytes(16)), RECOVERY.body),
        recovery_secret(CODE, bytes(16)),
    ):
        assert open_slot(RECOVERY, secret, LOCK.recipient) is None


def test_a_slot_that_holds_another_key_is_refused() -> None:
    """Whoever made a slot's record knows its secret, and could wrap a key of his own."""
    slot_key = expand(bytes(PHOTO_SECRET), b"ailock/v1/slot-key", 32)
    bound = associated_data(LOCK.recipient, 1, 1, PHOTOS.body)
    for lock_key, opened in ((bytes(LOCK_KEY), LOCK_KEY), (bytes(range(32)), None)):
        slot = replace(PHOTOS, wrapped=AESGCM(slot_key).encrypt(bytes(12), lock_key, bound))
        assert open_slot(slot, PHOTO_SECRET, LOCK.recipient) == opened


def test_keys_differ_by_purpose() -> None:
    keys = {
        bytes(LOCK_KEY),
        bytes(lock_identity(LOCK_KEY)),
        bytes(lock_secret(LOCK_KEY)),
        bytes(lock_ssh_seed(LOCK_KEY)),
        LOCK.recipient,
    }
    assert len(keys) == 5
    assert "<" in repr(lock_identity(LOCK_KEY))
