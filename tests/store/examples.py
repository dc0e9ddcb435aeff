"""Records, keys and generators that the vault's tests share."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from hypothesis import assume
from hypothesis import strategies as st

from ailock_sdk.constants import RuntimeId
from ailock_sdk.errors import BadNameError
from ailock_sdk.secret import Hidden, Secret
from ailock_sdk.store import ClockReading, Record, RecordHeader, RecordObject
from ailock_sdk.store.lock_file import LockFile, Slot, SlotKind
from ailock_sdk.store.names import normalised_label
from ailock_sdk.store.recovery_code import RecoveryCode
from ailock_sdk.store.slots import lock_recipient, new_slot, recovery_secret

PEPPER = Hidden(range(32))
NOW = ClockReading(uptime=5_000.0, boot_id="boot-1")

PLAIN_OBJECT = RecordObject(
    runtime=RuntimeId.AI_EDGE_LITERT,
    photo_count=3,
    fingerprint=sha256(b"tests/vault bundle").digest(),
    profile="default",
    lambda_bits=509,  # three unused bits in the helper
    radius=162,
    order=7,
    blocks=4,
    message_symbols=2,
    salt=bytes(range(16, 32)),
    helper=sha256(b"tests/vault helper").digest() + sha256(b"more").digest()[:31] + b"\x28",
)
OTHER_OBJECT = replace(PLAIN_OBJECT, runtime=RuntimeId.TENSORFLOW, salt=bytes(range(32, 48)))
PLAIN_RECORD = Record(
    header=RecordHeader(
        pepper_id=None,
        needs_pin=False,
        memory_cost_kib=64 * 1024,
        time_cost=3,
        lanes=4,
        salt=bytes(range(16)),
    ),
    objects=(PLAIN_OBJECT,),
    tag=b"\xaa\xbb\xcc\xdd",
)
PEPPERED_RECORD = replace(PLAIN_RECORD, header=replace(PLAIN_RECORD.header, pepper_id=b"pepperid"))
COMBINED_RECORD = replace(
    PEPPERED_RECORD,
    header=replace(PEPPERED_RECORD.header, needs_pin=True),
    objects=(PLAIN_OBJECT, OTHER_OBJECT),
)


LOCK_KEY = Hidden(sha256(b"tests/vault lock key").digest())
PHOTO_SECRET = Secret(sha256(b"tests/vault record secret").digest())
CODE = RecoveryCode(sha256(b"tests/vault code").digest()[:16])


def photo_slot(record: Record, number: int = 1, label: str = "mug") -> Slot:
    """A slot of this record, which opens LOCK by PHOTO_SECRET."""
    return new_slot(
        LOCK_KEY,
        PHOTO_SECRET,
        number=number,
        kind=SlotKind.PHOTOS,
        created=1_800_000_000,
        label=label,
        body=bytes(record),
    )


def recovery_slot(number: int = 2, salt: bytes = bytes(range(50, 66))) -> Slot:
    """A slot that opens LOCK by CODE."""
    return new_slot(
        LOCK_KEY,
        recovery_secret(CODE, salt),
        number=number,
        kind=SlotKind.RECOVERY,
        created=1_800_000_001,
        label="",
        body=salt,
    )


LOCK = LockFile(lock_recipient(LOCK_KEY), (photo_slot(PLAIN_RECORD), recovery_slot()))
OTHER_LOCK = LockFile(lock_recipient(Hidden(range(32))), LOCK.slots)
PHOTOS_ONLY = LockFile(LOCK.recipient, (photo_slot(PEPPERED_RECORD, 7, "Blåhaj"),))


@st.composite
def record_objects(draw: st.DrawFn) -> RecordObject:
    """Any object of a record that SPEC section 8 allows."""
    order = draw(st.integers(2, 12))
    shortest, longest = (1 << (order - 1)) + 1, 1 << order
    most_blocks = min((1 << (order + 1)) - 1, 4096 // shortest)
    fewest_blocks = -(-8 // longest)
    blocks = draw(st.integers(fewest_blocks, most_blocks))
    lambda_bits = draw(st.integers(max(8, blocks * shortest), min(4096, blocks * longest)))
    length = -(-lambda_bits // 8)
    helper = bytearray(draw(st.binary(min_size=length, max_size=length)))
    helper[-1] &= 0xFF << (-lambda_bits % 8) & 0xFF
    return RecordObject(
        runtime=draw(st.sampled_from(RuntimeId)),
        photo_count=draw(st.integers(1, 16)),
        fingerprint=draw(st.binary(min_size=32, max_size=32)),
        profile=draw(st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=32)),
        lambda_bits=lambda_bits,
        radius=draw(st.integers(0, (lambda_bits - 1) // 2)),
        order=order,
        blocks=blocks,
        message_symbols=draw(st.integers(1, blocks)),
        salt=draw(st.binary(min_size=16, max_size=16)),
        helper=bytes(helper),
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Any record that SPEC section 8 allows."""
    lanes = draw(st.integers(1, 16))
    salt = draw(st.binary(min_size=16, max_size=16))
    objects = draw(st.lists(record_objects(), min_size=1, max_size=4))
    assume(len({salt, *(one.salt for one in objects)}) == 1 + len(objects))
    return Record(
        header=RecordHeader(
            pepper_id=draw(st.none() | st.binary(min_size=8, max_size=8).filter(any)),
            needs_pin=draw(st.booleans()),
            memory_cost_kib=draw(st.integers(8 * lanes, 1024 * 1024)),
            time_cost=draw(st.integers(1, 16)),
            lanes=lanes,
            salt=salt,
        ),
        objects=tuple(objects),
        tag=draw(st.binary(min_size=4, max_size=4)),
    )


@st.composite
def labels(draw: st.DrawFn) -> str:
    """Any label of a slot."""
    return draw(st.text(max_size=20).filter(_is_label).map(normalised_label))


def _is_label(text: str) -> bool:
    try:
        normalised_label(text)
    except BadNameError:
        return False
    return True


@st.composite
def lock_files(draw: st.DrawFn) -> LockFile:
    """Any lock that SPEC section 9.2 allows; nothing in it opens."""
    numbers = draw(st.sets(st.integers(1, 255), min_size=1, max_size=16))
    slots = []
    for number in sorted(numbers):
        kind = draw(st.sampled_from(SlotKind))
        body = draw(
            records().map(bytes) if kind == SlotKind.PHOTOS else st.binary(min_size=16, max_size=16)
        )
        assume(body not in [slot.body for slot in slots])
        created = draw(st.integers(0, 253_402_300_799))
        wrapped = draw(st.binary(min_size=48, max_size=48))
        slots.append(Slot(number, kind, created, draw(labels()), body, wrapped))
    return LockFile(draw(st.binary(min_size=32, max_size=32)), tuple(slots))
