"""tests/vectors/lock.json: what it says, to the package and to a reader written from SPEC alone."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ailock_sdk.errors import AilockError, LockFormatError, RecoveryCodeError
from ailock_sdk.parameters import pepper_id
from ailock_sdk.secret import Hidden, Secret
from ailock_sdk.store import (
    LockFile,
    LockStore,
    RecoveryCode,
    Slot,
    SlotKind,
    lock_identity,
    lock_recipient,
    lock_secret,
    lock_ssh_seed,
    new_slot,
    open_slot,
    recovery_secret,
)
from ailock_sdk.store.rows import row_mac
from ailock_sdk.store.throttle import wait_seconds
from tests.reference import lock as reference
from tests.reference.make_lock_vectors import PATH, vectors_text
from tests.reference.second_reader import open_record
from tests.store.conftest import edit
from tests.store.examples import CODE, LOCK, LOCK_KEY, PEPPER, PHOTOS_ONLY

VECTORS: dict[str, Any] = json.loads(PATH.read_text("ascii"))
KEY = Hidden(bytes.fromhex(VECTORS["lock_key"]))
RECIPIENT = bytes.fromhex(VECTORS["recipient"])


def comment(vector: dict[str, Any]) -> str:
    return str(vector["comment"])


def test_the_file_is_what_the_generator_makes() -> None:
    assert PATH.read_text("ascii") == vectors_text()


def test_both_outcomes_are_covered() -> None:
    outcomes = [vector["expect"] == "lock" for vector in VECTORS["locks"]]
    assert outcomes.count(True) >= 7
    assert outcomes.count(False) >= 30
    assert len({comment(vector) for vector in VECTORS["locks"]}) == len(outcomes)


def test_keys_of_a_lock() -> None:
    assert lock_recipient(KEY) == RECIPIENT
    assert lock_identity(KEY).hex() == VECTORS["identity"]
    assert bytes(lock_secret(KEY)).hex() == VECTORS["secret"]
    assert lock_ssh_seed(KEY).hex() == VECTORS["ssh_seed"]


@pytest.mark.parametrize("vector", VECTORS["codes"], ids=lambda vector: vector["code"])
def test_recovery_codes(vector: dict[str, Any]) -> None:
    code = RecoveryCode(bytes.fromhex(vector["code"]))
    assert code.shown() == vector["shown"]
    for text in (vector["shown"], *vector["typed"]):
        assert RecoveryCode.parse(text) == code
        assert reference.parse(text) == bytes(code)


@pytest.mark.parametrize("vector", VECTORS["mistyped"], ids=lambda vector: vector["expect"])
def test_mistyped_codes(vector: dict[str, str]) -> None:
    with pytest.raises(RecoveryCodeError) as caught:
        RecoveryCode.parse(vector["text"])
    assert vector["expect"] in str(caught.value)
    with pytest.raises(reference.NotALockError):
        reference.parse(vector["text"])


@pytest.mark.parametrize("vector", VECTORS["slots"], ids=comment)
def test_slots(vector: dict[str, Any]) -> None:
    body, secret = bytes.fromhex(vector["body"]), Secret(bytes.fromhex(vector["slot_secret"]))
    slot = Slot(
        vector["number"],
        SlotKind(vector["kind"]),
        vector["created"],
        vector["label"],
        body,
        bytes.fromhex(vector["wrapped"]),
    )
    assert open_slot(slot, secret, RECIPIENT) == KEY
    assert slot == new_slot(
        KEY,
        secret,
        number=slot.number,
        kind=slot.kind,
        created=slot.created,
        label=slot.label,
        body=body,
    )
    if "code" in vector:
        code = RecoveryCode(bytes.fromhex(vector["code"]))
        assert recovery_secret(code, body) == secret


@pytest.mark.parametrize("vector", VECTORS["refused_slots"], ids=comment)
def test_slots_that_open_nothing(vector: dict[str, Any]) -> None:
    """By the secret of the slot they were made of: one defect each."""
    fields = {name: bytes.fromhex(vector[name]) for name in ("recipient", "body", "wrapped")}
    secret = bytes.fromhex(vector["slot_secret"])
    slot = Slot(
        vector["number"],
        SlotKind(vector["kind"]),
        vector["created"],
        vector["label"],
        fields["body"],
        fields["wrapped"],
    )
    assert open_slot(slot, Secret(secret), fields["recipient"]) is None
    assert reference.unwrap({**vector, **fields}, secret, fields["recipient"]) is None


@pytest.mark.parametrize("vector", VECTORS["slots"], ids=comment)
def test_a_reader_from_the_specification_alone_opens_slots(vector: dict[str, Any]) -> None:
    slot = {**vector, **{name: bytes.fromhex(vector[name]) for name in ("body", "wrapped")}}
    if "code" in vector:
        secret = reference.code_secret(bytes.fromhex(vector["code"]), slot["body"])
    else:
        bits = [np.array(one) for one in vector["bits"]]
        pepper = bytes.fromhex(vector["pepper"]) or None
        secret = open_record(slot["body"], bits, vector["pin"], pepper)
    assert secret.hex() == vector["slot_secret"]
    assert reference.unwrap(slot, secret, RECIPIENT) == KEY
    assert reference.unwrap(slot, bytes(32), RECIPIENT) is None


@pytest.mark.parametrize("vector", VECTORS["locks"], ids=comment)
def test_lock_files(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    if vector["expect"] != "lock":
        with pytest.raises(LockFormatError) as caught:
            LockFile.from_bytes(data)
        assert vector["expect"] in str(caught.value)
        with pytest.raises(reference.NotALockError):
            reference.read(data)
        return
    lock = LockFile.from_bytes(data)
    assert bytes(lock) == data
    assert lock.recipient == RECIPIENT
    assert [[slot.number, slot.label] for slot in lock.slots] == vector["slots"]
    recipient, slots = reference.read(data)
    assert recipient == RECIPIENT
    assert [
        (slot.number, slot.kind, slot.created, slot.label, slot.body, slot.wrapped)
        for slot in lock.slots
    ] == [tuple(slot.values()) for slot in slots]


@pytest.mark.parametrize("vector", VECTORS["rows"], ids=lambda vector: vector["name"][:10])
def test_rows(vector: dict[str, Any]) -> None:
    lock, pepper = (bytes.fromhex(vector[name]) for name in ("lock", "pepper"))
    assert row_mac(Hidden(pepper), vector["name"], lock).hex() == vector["mac"]
    assert pepper_id(pepper).hex() == vector["pepper_id"]


@pytest.mark.parametrize("vector", VECTORS["refused_rows"], ids=comment)
def test_rows_that_are_refused(vector: dict[str, Any], store: LockStore, path: Any) -> None:
    """As a whole vault, whose pepper is that of the good rows."""
    pepper = bytes.fromhex(VECTORS["rows"][0]["pepper"])
    put_row(store, path, vector, pepper_id(pepper))
    with pytest.raises(reference.NotALockError):
        reference.vault_locks(path, pepper)
    with LockStore.open(path) as again, pytest.raises(AilockError):
        again.get(vector["name"], Hidden(pepper))


def test_a_reader_from_the_specification_alone_opens_a_vault(store: LockStore, path: Any) -> None:
    store.add("Blåhaj", PHOTOS_ONLY, PEPPER)
    store.close()
    locks = reference.vault_locks(path, PEPPER)
    assert locks == {"mug": bytes(LOCK), "Blåhaj": bytes(PHOTOS_ONLY)}
    recipient, (_, recovery) = reference.read(locks["mug"])
    secret = reference.code_secret(reference.parse(CODE.shown()), recovery["body"])
    lock_key = reference.unwrap(recovery, secret, recipient)
    assert lock_key == LOCK_KEY
    assert reference.lock_secret(lock_key) == bytes(lock_secret(LOCK_KEY))
    with pytest.raises(reference.NotALockError):
        reference.vault_locks(path, bytes(32))


def put_row(store: LockStore, path: Any, row: dict[str, Any], vault_pepper_id: bytes) -> None:
    """Make a vault's only row of a vector's."""
    store.close()
    edit(path, "DELETE FROM locks")
    edit(path, "UPDATE vault SET pepper_id = ?", values=(vault_pepper_id,))
    values = (row["name"], *(bytes.fromhex(row[name]) for name in ("lock", "pepper_id", "mac")))
    edit(path, "INSERT INTO locks VALUES (?, ?, ?, ?, 0, 0.0, '')", values=values)


def test_the_package_reads_a_row_that_the_specification_alone_wrote(
    store: LockStore, path: Any
) -> None:
    vector = VECTORS["rows"][1]
    lock, pepper = (bytes.fromhex(vector[name]) for name in ("lock", "pepper"))
    put_row(store, path, vector, bytes.fromhex(vector["pepper_id"]))
    with LockStore.open(path) as again:
        assert bytes(again.get(vector["name"], Hidden(pepper)).lock) == lock


def test_the_throttle_is_that_of_the_specification() -> None:
    for recoverable in (True, False):
        for misses in range(60):
            expected = reference.wait_seconds(misses, recoverable)
            assert wait_seconds(misses, recoverable) == expected
