"""SPEC section 9.3, rows: what is stored stays, what is not its own is refused."""

from __future__ import annotations

import os
import sqlite3
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ailock_sdk.errors import (
    BadNameError,
    LockChangedError,
    LockFormatError,
    NameTakenError,
    PepperError,
    UnknownNameError,
    VaultError,
)
from ailock_sdk.parameters import pepper_id
from ailock_sdk.secret import Hidden
from ailock_sdk.store import LockStore, StoredLock, ThrottleStatus
from ailock_sdk.store.rows import row_mac
from tests.store.conftest import edit
from tests.store.examples import (
    LOCK,
    NOW,
    OTHER_LOCK,
    PEPPER,
    PEPPERED_RECORD,
    PHOTOS_ONLY,
    photo_slot,
)
from tests.store.reference import with_checksum

FOREIGN_PEPPER = Hidden(bytes(32))
MORE_SLOTS = LOCK.with_slot(photo_slot(PEPPERED_RECORD, 3, "other mug"))


# -- what is stored ----------------------------------------------------------------------------


def test_locks_come_back_as_stored(path: Path) -> None:
    with LockStore.create(path) as store:
        added = store.add("mug", LOCK, PEPPER)
        store.add("Blåhaj 🦈", PHOTOS_ONLY, PEPPER)
    with LockStore.open(str(path)) as store:
        assert store.names() == ["Blåhaj 🦈", "mug"]
        found = store.get("mug", PEPPER)
        assert found == added == store.get_unverified("mug")
        assert (found.name, found.lock, found.pepper_id) == ("mug", LOCK, pepper_id(PEPPER))
        assert store.get("Blåhaj 🦈", PEPPER).lock == PHOTOS_ONLY
        assert store.is_writable
        assert store.path == path


def test_a_taken_name_changes_nothing(store: LockStore) -> None:
    store.charge(store.get("mug", PEPPER), NOW)
    other = store.add("cup", PHOTOS_ONLY, PEPPER)
    for refuse in (
        lambda: store.check_new_name("mug"),
        lambda: store.add("mug", PHOTOS_ONLY, PEPPER),
        lambda: store.rename(other, "mug", PEPPER),
    ):
        with pytest.raises(NameTakenError, match="choose another name"):
            refuse()
    assert store.get("mug", PEPPER).lock == LOCK
    assert store.status(store.get("mug", PEPPER), NOW).misses == 1
    assert store.get("cup", PEPPER).lock == PHOTOS_ONLY


def test_removed_locks_are_gone(store: LockStore, path: Path) -> None:
    store.remove("mug")
    assert store.names() == []
    assert store.check_new_name("mug") == "mug"
    store.close()
    assert LOCK.recipient not in path.read_bytes()


def test_slots_are_replaced(store: LockStore, path: Path) -> None:
    mug = store.get("mug", PEPPER)
    store.charge(mug, NOW)
    changed = store.replace(mug, MORE_SLOTS, PEPPER)
    assert changed == store.get("mug", PEPPER)
    assert changed.lock == MORE_SLOTS
    assert store.status(changed, NOW).misses == 1
    with pytest.raises(ValueError, match="keeps its recipient"):
        store.replace(changed, OTHER_LOCK, PEPPER)
    assert store.get("mug", PEPPER) == changed


def test_locks_are_renamed(store: LockStore) -> None:
    mug = store.get("mug", PEPPER)
    store.charge(mug, NOW)
    renamed = store.rename(mug, unicodedata.normalize("NFD", "café"), PEPPER)
    assert store.names() == ["café"]
    assert store.get("café", PEPPER) == renamed
    assert store.status(renamed, NOW).misses == 1
    assert store.rename(renamed, "café", PEPPER) == renamed


def test_unknown_names(store: LockStore) -> None:
    calls: list[Callable[[str], object]] = [
        lambda name: store.get(name, PEPPER),
        store.get_unverified,
        store.remove,
    ]
    for call in calls:
        with pytest.raises(UnknownNameError, match="'cup'"):
            call("cup")
        with pytest.raises(BadNameError, match="is not a name"):
            call("a\nb")
    for name in ("\u202e", " "):
        with pytest.raises(BadNameError):
            store.add(name, LOCK, PEPPER)
        with pytest.raises(BadNameError):
            store.rename(store.get("mug", PEPPER), name, PEPPER)
        with pytest.raises(BadNameError):
            store.check_new_name(name)
    assert store.names() == ["mug"]


def test_row_23_one_name_in_two_unicode_forms_is_one_lock(store: LockStore) -> None:
    composed, decomposed = "Blåhaj", unicodedata.normalize("NFD", "Blåhaj")
    assert composed != decomposed
    store.add(decomposed, PHOTOS_ONLY, PEPPER)
    assert store.names() == [composed, "mug"]
    for name in (composed, decomposed):
        assert store.get(name, PEPPER).name == composed
        with pytest.raises(NameTakenError):
            store.add(name, LOCK, PEPPER)
    store.remove(decomposed)
    assert store.names() == ["mug"]


def test_repr_shows_no_key(store: LockStore) -> None:
    shown = repr(store) + repr(store.get("mug", PEPPER))
    assert repr(bytes(PEPPER)) not in shown
    assert "wrapped" not in shown


# -- whose pepper ------------------------------------------------------------------------------


def test_row_1_the_vault_knows_its_pepper(store: LockStore, path: Path) -> None:
    assert store.pepper_id() == pepper_id(PEPPER)
    before = path.read_bytes()
    mug = store.get_unverified("mug")
    calls: list[Callable[[], object]] = [
        lambda: store.get("mug", FOREIGN_PEPPER),
        lambda: store.add("cup", PHOTOS_ONLY, FOREIGN_PEPPER),
        lambda: store.replace(mug, MORE_SLOTS, FOREIGN_PEPPER),
        lambda: store.rename(mug, "cup", FOREIGN_PEPPER),
        lambda: store.recovered(mug, FOREIGN_PEPPER),
        lambda: store.replace_pepper(FOREIGN_PEPPER, Hidden(b"n" * 32)),
    ]
    for call in calls:
        with pytest.raises(PepperError, match=f"is not the vault's.*{pepper_id(PEPPER).hex()}"):
            call()
    store.close()
    assert path.read_bytes() == before
    with LockStore.open(path) as again:
        assert again.names() == ["mug"]
        assert again.get("mug", PEPPER) == mug


def test_row_1_a_vault_without_locks_takes_the_pepper_of_the_first(path: Path) -> None:
    with LockStore.create(path) as store:
        assert store.pepper_id() is None
        store.add("mug", LOCK, PEPPER)
        store.remove("mug")
        assert store.pepper_id() is None
        store.add("mug", LOCK, FOREIGN_PEPPER)
        assert store.pepper_id() == pepper_id(FOREIGN_PEPPER)
        with pytest.raises(PepperError, match="is not the vault's"):
            store.add("cup", PHOTOS_ONLY, PEPPER)
        assert store.get("mug", FOREIGN_PEPPER).lock == LOCK


def test_peppers_of_another_length_are_refused(store: LockStore) -> None:
    for call in (
        lambda pepper: store.get("mug", pepper),
        lambda pepper: store.add("cup", LOCK, pepper),
        lambda pepper: store.replace_pepper(None, pepper),
    ):
        with pytest.raises(PepperError, match="exactly 32"):
            call(Hidden(bytes(31)))
    assert store.get("mug", PEPPER).lock == LOCK


def test_a_replaced_pepper_keeps_what_its_predecessor_vouches_for(
    store: LockStore, path: Path
) -> None:
    store.add("cup", PHOTOS_ONLY, PEPPER)
    store.add("pot", OTHER_LOCK, PEPPER)
    edit(path, "UPDATE locks SET mac = x'00' WHERE name = 'pot'")
    assert store.replace_pepper(PEPPER, FOREIGN_PEPPER) == ["pot"]
    assert store.pepper_id() == pepper_id(FOREIGN_PEPPER)
    assert store.get("mug", FOREIGN_PEPPER).lock == LOCK
    assert store.get("cup", FOREIGN_PEPPER).lock == PHOTOS_ONLY
    with pytest.raises(PepperError):
        store.get("mug", PEPPER)
    with pytest.raises(PepperError, match="open it by its recovery code once"):
        store.get("pot", FOREIGN_PEPPER)


def test_after_a_lost_pepper_each_lock_waits_for_its_code(store: LockStore) -> None:
    mug = store.get("mug", PEPPER)
    store.charge(mug, NOW)
    assert store.replace_pepper(None, FOREIGN_PEPPER) == ["mug"]
    with pytest.raises(PepperError, match="open it by its recovery code once"):
        store.get("mug", FOREIGN_PEPPER)
    waiting = store.get_unverified("mug")
    assert waiting.pepper_id == pepper_id(PEPPER)
    recovered = store.recovered(waiting, FOREIGN_PEPPER)
    assert store.get("mug", FOREIGN_PEPPER) == recovered
    assert store.status(recovered, NOW) == ThrottleStatus(0, 0.0)


def test_recovering_without_any_pepper_clears_the_misses(store: LockStore) -> None:
    mug = store.get("mug", PEPPER)
    store.charge(mug, NOW)
    assert store.recovered(store.get_unverified("mug"), None) == mug
    assert store.status(store.get("mug", PEPPER), NOW).misses == 0


def test_recovering_mends_a_row_whose_mac_or_misses_are_damaged(
    store: LockStore, path: Path
) -> None:
    edit(path, "UPDATE locks SET mac = 'text', misses = -1")
    with pytest.raises(VaultError, match="open it by its recovery code"):
        store.get("mug", PEPPER)
    store.recovered(store.get_unverified("mug"), PEPPER)
    assert store.get("mug", PEPPER).lock == LOCK
    assert store.status(store.get("mug", PEPPER), NOW).misses == 0


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM vault",
        "INSERT INTO vault VALUES (x'0102030405060708', 'file', x'', x'')",
        "UPDATE vault SET pepper_id = 'text'",
    ],
)
def test_a_vault_that_lost_its_peppers_id(store: LockStore, path: Path, statement: str) -> None:
    edit(path, statement)
    for call in (
        lambda: store.get("mug", PEPPER),
        lambda: store.add("cup", PHOTOS_ONLY, FOREIGN_PEPPER),
    ):
        with pytest.raises(VaultError, match="does not say which pepper"):
            call()
    assert store.names() == ["mug"]
    assert store.get_unverified("mug").lock == LOCK


# -- locks that are no longer what was read -----------------------------------------------------


def changes_of_others(store: LockStore) -> dict[str, Callable[[], object]]:
    mug = store.get("mug", PEPPER)

    def anew() -> None:
        store.remove("mug")
        store.add("mug", OTHER_LOCK, PEPPER)

    return {
        "removed": lambda: store.remove("mug"),
        "enrolled anew": anew,
        "slots changed": lambda: store.replace(mug, MORE_SLOTS, PEPPER),
    }


@pytest.mark.parametrize("change", ["removed", "enrolled anew", "slots changed"])
def test_row_11_a_lock_that_changed_meanwhile_is_left_alone(store: LockStore, change: str) -> None:
    mug = store.get("mug", PEPPER)
    changes_of_others(store)[change]()
    present = store.get("mug", PEPPER) if "mug" in store.names() else None
    if present is not None:
        store.charge(present, NOW)
    calls: list[Callable[[], object]] = [
        lambda: store.charge(mug, NOW),
        lambda: store.replace(mug, MORE_SLOTS, PEPPER),
        lambda: store.rename(mug, "cup", PEPPER),
        lambda: store.recovered(mug, PEPPER),
    ]
    for call in calls:
        with pytest.raises(LockChangedError, match="'mug' was changed or removed meanwhile"):
            call()
    if present is not None:
        assert store.get("mug", PEPPER) == present
        assert store.status(present, NOW).misses == 1


@pytest.mark.parametrize("change", ["removed", "enrolled anew"])
def test_row_11_misses_of_a_new_lock_are_not_cleared_by_the_old_one(
    store: LockStore, path: Path, change: str
) -> None:
    """An unlock is under way when another process removes the lock."""
    mug = store.get("mug", PEPPER)
    charge = store.charge(mug, NOW)
    with LockStore.open(path) as other:
        changes_of_others(other)[change]()
        present = other.get("mug", PEPPER) if "mug" in other.names() else None
        if present is not None:
            other.charge(present, NOW)
        calls: list[Callable[[], object]] = [
            lambda: store.refund(mug),
            lambda: store.take_back(mug, charge),
            lambda: store.status(mug, NOW),
        ]
        for call in calls:
            with pytest.raises(LockChangedError):
                call()
        if present is not None:
            assert other.status(present, NOW).misses == 1


def test_a_success_clears_the_misses_of_a_lock_that_gained_a_slot(store: LockStore) -> None:
    mug = store.get("mug", PEPPER)
    store.charge(mug, NOW)
    changed = store.replace(mug, MORE_SLOTS, PEPPER)
    store.refund(mug)
    assert store.status(changed, NOW).misses == 0
    assert store.get("mug", PEPPER) == changed


# -- rows that are not intact ------------------------------------------------------------------


def assert_only_mug_is_refused(path: Path) -> None:
    with LockStore.open(path) as store:
        assert {"cup", "mug"} <= set(store.names())
        with pytest.raises(VaultError, match="'mug' is damaged: open it by its recovery code"):
            store.get("mug", PEPPER)
        assert store.get("cup", PEPPER).lock == PHOTOS_ONLY
        store.remove("mug")
        assert store.names() == ["cup"]


@pytest.mark.parametrize(
    "change",
    [
        "lock = (SELECT lock FROM locks WHERE name = 'cup')",
        "mac = (SELECT mac FROM locks WHERE name = 'cup')",
        "(lock, mac) = (SELECT lock, mac FROM locks WHERE name = 'cup')",
        "lock = x''",
        "lock = zeroblob(65536)",
        "lock = 'text'",
        "lock = 7",
        "mac = x''",
        "mac = 1.5",
        "pepper_id = 'text'",
        "pepper_id = x'00'",
    ],
)
def test_damaged_and_swapped_rows_are_refused(store: LockStore, path: Path, change: str) -> None:
    store.add("cup", PHOTOS_ONLY, PEPPER)
    store.close()
    edit(path, f"UPDATE locks SET {change} WHERE name = 'mug'")
    assert_only_mug_is_refused(path)


def test_a_renamed_row_is_refused(store: LockStore, path: Path) -> None:
    store.add("cup", PHOTOS_ONLY, PEPPER)
    store.add("pot", OTHER_LOCK, PEPPER)
    store.close()
    edit(
        path,
        "DELETE FROM locks WHERE name = 'mug'",
        "UPDATE locks SET name = 'mug' WHERE name = 'pot'",
    )
    assert_only_mug_is_refused(path)


def test_every_bit_of_a_row_is_under_the_mac(store: LockStore, path: Path) -> None:
    data = bytes(LOCK)
    mac = row_mac(PEPPER, "mug", data)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    for column, value in (("lock", data), ("mac", mac)):
        for offset in range(len(value)):
            changed = value[:offset] + bytes([value[offset] ^ 1]) + value[offset + 1 :]
            connection.execute(f"UPDATE locks SET {column} = ?", (changed,))
            with pytest.raises(VaultError, match="is damaged"):
                store.get("mug", PEPPER)
        connection.execute(f"UPDATE locks SET {column} = ?", (value,))
    connection.close()
    assert store.get("mug", PEPPER).lock == LOCK


@pytest.mark.parametrize("column", ["lock = x'00'", "lock = 5", "pepper_id = 'text'"])
def test_what_no_code_can_open_is_damaged_for_recovery_too(
    store: LockStore, path: Path, column: str
) -> None:
    edit(path, f"UPDATE locks SET {column}")
    with pytest.raises(VaultError, match="'mug' is damaged"):
        store.get_unverified("mug")


def test_an_intact_row_of_another_version(store: LockStore, path: Path) -> None:
    newer = with_checksum(b"AILL\x02" + bytes(LOCK)[5:-8])
    store.close()
    edit(
        path,
        "UPDATE locks SET lock = ?, mac = ?",
        values=(newer, row_mac(PEPPER, "mug", newer)),
    )
    with (
        LockStore.open(path) as again,
        pytest.raises(LockFormatError, match="version 2 is unknown: update"),
    ):
        again.get("mug", PEPPER)


def test_row_23_damaged_names_are_listed_escaped(store: LockStore, path: Path) -> None:
    store.close()
    names = (
        "CAST(x'ff41' AS TEXT)",
        "7",
        "char(27) || '[2J'",
        "x'00'",
        "char(8238) || 'gpj'",
        "' '",
    )
    for name in names:
        edit(
            path,
            f"INSERT INTO locks SELECT {name}, lock, pepper_id, mac, misses, "
            "missed_uptime, boot_id FROM locks WHERE name = 'mug'",
        )
    with LockStore.open(path) as again:
        shown = {"mug", "7", r"b'\xffA'", r"b'\x1b[2J'", r"b'\x00'", r"b'\xe2\x80\xaegpj'", "b' '"}
        assert set(again.names()) == shown
        assert len(again.names()) == 7
        assert again.get("mug", PEPPER).lock == LOCK
        assert set(again.replace_pepper(PEPPER, FOREIGN_PEPPER)) == shown - {"mug"}


def test_the_mac_is_that_of_the_specification() -> None:
    import hashlib
    import hmac

    name, data = "Blåhaj".encode(), bytes(LOCK)
    message = b"ailock/v1/vault-row" + b"\x00\x07" + name + len(data).to_bytes(4, "big") + data
    expected = hmac.new(PEPPER, message, hashlib.sha256).digest()
    assert row_mac(PEPPER, "Blåhaj", data) == expected


# -- the handle --------------------------------------------------------------------------------


def test_a_handle_is_not_carried_over_a_fork(
    store: LockStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.getpid()
    mug = store.get("mug", PEPPER)
    monkeypatch.setattr(os, "getpid", lambda: real + 1)
    with pytest.raises(VaultError, match="opened before a fork"):
        store.charge(mug, NOW)


def test_a_closed_handle_says_so(store: LockStore) -> None:
    store.close()
    store.close()
    with pytest.raises(VaultError, match="is closed"):
        store.names()


def test_cost_does_not_grow_with_the_vault(store: LockStore) -> None:
    """Counted in instructions of SQLite's virtual machine, so no clock is involved."""
    connection = store._connection
    assert connection is not None
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 1
        return 0

    def instructions(call: Callable[[StoredLock], object]) -> int:
        nonlocal counted
        mug = store.get("mug", PEPPER)
        counted = 0
        connection.set_progress_handler(count, 1)
        call(mug)
        connection.set_progress_handler(None, 1)
        return counted

    def costs() -> list[int]:
        return [
            instructions(lambda mug: store.get("mug", PEPPER)),
            instructions(lambda mug: store.charge(mug, NOW)),
            instructions(store.refund),
            instructions(lambda mug: store.replace(mug, mug.lock, PEPPER)),
        ]

    few = costs()
    assert min(few) > 0
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    for index in range(2000):
        row = (f"lock {index}", *store.get("mug", PEPPER).row, 0, 0.0, "")
        connection.execute("INSERT INTO locks VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.execute("COMMIT")
    assert costs() == few


def test_values_are_compared_without_what_was_read(store: LockStore) -> None:
    mug = store.get("mug", PEPPER)
    assert mug == replace(mug, row=(b"", b"", b""))
