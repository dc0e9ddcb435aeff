"""SPEC section 9.2: a lock is stored as it is, one way, and nothing else is read."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import AilockError, LockFormatError, SlotError
from ailock_sdk.store.lock_file import LockFile, Slot, SlotKind
from tests.store.examples import (
    LOCK,
    PEPPERED_RECORD,
    PHOTOS_ONLY,
    PLAIN_RECORD,
    lock_files,
    photo_slot,
    recovery_slot,
)
from tests.store.reference import with_checksum

BODY = bytes(LOCK)[:-8]
PHOTOS, RECOVERY = LOCK.slots


def parsing(body: bytes) -> str:
    """The words by which a body is refused whose checksum fits."""
    with pytest.raises(LockFormatError) as caught:
        LockFile.from_bytes(with_checksum(body))
    return str(caught.value)


@given(lock_files())
@settings(max_examples=30)
def test_any_lock_comes_back(lock: LockFile) -> None:
    again = LockFile.from_bytes(bytes(lock))
    assert again == lock
    assert bytes(again) == bytes(lock)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_any_kind(kind: type) -> None:
    assert LockFile.from_bytes(kind(bytes(LOCK))) == LOCK
    assert hash(LockFile.from_bytes(kind(bytes(LOCK)))) == hash(LOCK)


def test_fields() -> None:
    lock = LockFile.from_bytes(bytes(LOCK))
    assert [slot.record for slot in lock.slots] == [PLAIN_RECORD, None]
    assert [slot.kind for slot in lock.slots] == [SlotKind.PHOTOS, SlotKind.RECOVERY]
    assert [slot.label for slot in lock.slots] == ["mug", ""]
    assert lock.is_recoverable
    assert not PHOTOS_ONLY.is_recoverable
    assert [slot.needs_pepper for slot in (*LOCK.slots, *PHOTOS_ONLY.slots)] == [False, False, True]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "does not begin with AILL"),
        (b"AIL", "does not begin with AILL"),
        (b"AILK" + BODY[4:], "does not begin with AILL"),
        (b"AILL", "it was cut"),
        (BODY, "checksum does not fit"),
        (bytes(LOCK)[:-1], "checksum does not fit"),
        (bytes(LOCK) + b"\0", "checksum does not fit"),
        (with_checksum(b"AILL\x02" + BODY[5:]), "version 2 is unknown: update"),
        (with_checksum(b"AILL\x00" + BODY[5:]), "version 0 is unknown: update"),
        (b"AILL\x02 of the future", "version 2 is unknown: update"),
    ],
)
def test_other_bytes(data: bytes, words: str) -> None:
    with pytest.raises(LockFormatError, match=words):
        LockFile.from_bytes(data)


def test_cut_and_joined() -> None:
    for size in range(5, len(BODY)):
        with pytest.raises(LockFormatError):
            LockFile.from_bytes(with_checksum(BODY[:size]))
    assert "it was cut" in parsing(BODY[:-1])
    assert "1 bytes too many" in parsing(BODY + b"\0")
    assert "it was cut" in parsing(BODY[:37] + b"\x03" + BODY[38:])
    assert "1 to 16 slots, not 0" in parsing(BODY[:37] + b"\x00")
    assert "bytes too many" in parsing(BODY[:37] + b"\x01" + BODY[38:])


def test_every_flipped_bit_is_found() -> None:
    data = bytes(LOCK)
    for bit in range(0, len(data) * 8, 3):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LockFormatError):
            LockFile.from_bytes(changed)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": 0}, "number 0 is outside 1 .. 255"),
        ({"number": 256}, "number 256 is outside"),
        ({"kind": 0}, "unknown kind 0"),
        ({"kind": 3}, "unknown kind 3: update"),
        ({"created": -1}, "outside 1970 .. 9999"),
        ({"created": 253_402_300_800}, "outside 1970 .. 9999"),
        ({"label": "x" * 65}, "label that is none"),
        ({"label": "a\nb"}, "label that is none"),
        ({"label": "e\u0301"}, "label that is none"),
        ({"label": " "}, "label that is none"),
        ({"wrapped": bytes(47)}, "47 wrapped bytes"),
        ({"body": bytes(17)}, "salt of 17 bytes"),
        ({"body": b""}, "salt of 0 bytes"),
    ],
)
def test_slots_against_a_rule(changes: dict[str, object], words: str) -> None:
    with pytest.raises(LockFormatError, match=words):
        replace(RECOVERY, **changes)  # type: ignore[arg-type]


def test_a_damaged_record_is_a_damaged_slot() -> None:
    with pytest.raises(LockFormatError, match=r"slot 1 of the lock cannot be used: .*checksum"):
        replace(PHOTOS, body=PHOTOS.body[:-1] + b"\0")
    newer = with_checksum(b"AILK\x02" + PHOTOS.body[5:-8])
    with pytest.raises(LockFormatError, match="record version 2 is unknown: update"):
        replace(PHOTOS, body=newer)


@pytest.mark.parametrize("created", [1 << 60, 253_402_300_800, (1 << 64) - 1])
def test_row_13_a_date_out_of_range_is_a_documented_error(created: int) -> None:
    start = BODY.index(struct.pack(">BBQ", 2, 2, RECOVERY.created)) + 2
    body = BODY[:start] + created.to_bytes(8, "big") + BODY[start + 8 :]
    assert "slot 2 of the lock was created outside 1970 .. 9999" in parsing(body)


def test_row_13_the_last_date_can_be_shown() -> None:
    from datetime import datetime, timezone

    slot = replace(RECOVERY, created=253_402_300_799)
    assert datetime.fromtimestamp(slot.created, timezone.utc).year == 9999


def test_labels_that_are_no_text() -> None:
    label = b"\x03mug"
    assert BODY.count(label) == 1
    for damage in (b"\x03m\xffg", b"\x03\xed\xa0\x80", b"\x03m\x00g"):
        assert "label that is none" in parsing(BODY.replace(label, damage))


def test_slots_are_in_order_and_differ() -> None:
    head, first, second = BODY[:38], bytes(PHOTOS), bytes(RECOVERY)
    assert "ascending order" in parsing(head + second + first)
    assert "ascending order" in parsing(head + first + bytes(replace(RECOVERY, number=1)))
    assert "same body" in parsing(head + second + bytes(replace(RECOVERY, number=3)))
    with pytest.raises(LockFormatError, match="recipient"):
        replace(LOCK, recipient=bytes(31))


def test_numbers_of_new_slots() -> None:
    assert LOCK.free_number() == 3
    assert PHOTOS_ONLY.free_number() == 1
    lock = LOCK
    for index in range(14):
        lock = lock.with_slot(recovery_slot(lock.free_number(), bytes([index]) * 16))
    assert [slot.number for slot in lock.slots] == list(range(1, 17))
    with pytest.raises(SlotError, match="at most 16 slots"):
        lock.free_number()
    assert lock.without_slot(5).free_number() == 5


def test_adding_replacing_and_removing() -> None:
    added = LOCK.with_slot(photo_slot(PEPPERED_RECORD, 9))
    assert [slot.number for slot in added.slots] == [1, 2, 9]
    assert added.slot(9).record == PEPPERED_RECORD
    assert added.without_slot(9) == LOCK
    replaced = LOCK.with_slot(photo_slot(PEPPERED_RECORD, 1))
    assert [slot.record for slot in replaced.slots] == [PEPPERED_RECORD, None]
    with pytest.raises(SlotError, match="no slot 3: it has 1, 2"):
        LOCK.without_slot(3)
    with pytest.raises(SlotError, match="slot 7 is the lock's last"):
        PHOTOS_ONLY.without_slot(7)


def test_what_is_exported() -> None:
    assert LOCK.exported() == LOCK
    assert LOCK.with_slot(photo_slot(PEPPERED_RECORD, 9)).exported() == LOCK
    with pytest.raises(SlotError, match="no recovery code"):
        PHOTOS_ONLY.exported()


@given(st.binary(max_size=400).map(lambda rest: with_checksum(b"AILL\x01" + rest)))
def test_any_bytes_are_a_lock_or_a_documented_error(data: bytes) -> None:
    try:
        lock = LockFile.from_bytes(data)
    except AilockError:
        return
    assert bytes(lock) == data


def test_repr_is_short() -> None:
    assert "wrapped" not in repr(LOCK)
    assert isinstance(LOCK.slots[0], Slot)
