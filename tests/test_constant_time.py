"""Secrets are compared in constant time: by ``hmac.compare_digest``, and by nothing else."""

from __future__ import annotations

import hmac
from pathlib import Path

import numpy as np
import pytest

from ailock_sdk import Secret, UnlockError, VaultError
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import (
    CHEAPEST,
    Code,
    KeyInputs,
    ObjectSketch,
    conceal,
    find_messages,
    new_secret,
    secret_behind,
)
from ailock_sdk.store import LockStore, RecoveryCode, open_slot, recovery_secret
from tests.store.examples import CODE, LOCK, PEPPER

Pairs = list[tuple[bytes, bytes]]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Pairs:
    """Every pair that is compared; all of them are found unequal, so nothing may be accepted."""
    found: Pairs = []

    def unequal(a: bytes, b: bytes) -> bool:
        found.append((a, b))
        return False

    monkeypatch.setattr(hmac, "compare_digest", unequal)
    return found


def test_a_secret(refused: Pairs) -> None:
    assert Secret(bytes(32)) != Secret(bytes(32))
    assert refused == [(bytes(32), bytes(32))]


def test_the_tag_of_a_record(refused: Pairs) -> None:
    code, radius, salt = Code(512, 7, 4, 3), 140, bytes(16)
    bits = np.random.default_rng(1).random(512) < 0.5
    helper, message = conceal(code, radius, bits, Hidden(3), salt, None)
    inputs = KeyInputs(Hidden(), salt, None, CHEAPEST, bytes(90))
    tag, _ = new_secret([message], inputs)
    one = ObjectSketch(code, radius, salt, helper)
    found = find_messages([one], [np.where(bits, 1.0, -1.0)], None)
    assert found.complete
    with pytest.raises(UnlockError):
        secret_behind(found, tag, inputs)
    assert refused == [(tag, tag)]


def test_the_mac_of_a_row(refused: Pairs, tmp_path: Path) -> None:
    with LockStore.create(tmp_path / "vault.db") as store:
        store.add("mug", LOCK, PEPPER)
        with pytest.raises(VaultError, match="damaged"):
            store.get("mug", PEPPER)
    ((stored, computed),) = refused
    assert stored == computed
    assert len(stored) == 32


def test_a_recovery_code(refused: Pairs) -> None:
    assert RecoveryCode(bytes(16)) != RecoveryCode(bytes(16))
    assert refused == [(bytes(16), bytes(16))]


def test_the_key_of_a_slot(refused: Pairs) -> None:
    secret = recovery_secret(CODE, LOCK.slot(2).body)
    assert open_slot(LOCK.slot(2), secret, LOCK.recipient) is None
    assert refused == [(LOCK.recipient, LOCK.recipient)]
