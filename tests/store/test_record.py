"""SPEC section 8: exactly the canonical bytes are a record."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import RecordFormatError
from ailock_sdk.store import Record, RecordObject, bound_bytes
from tests.reference.record import with_checksum
from tests.store.examples import (
    COMBINED_RECORD,
    OTHER_OBJECT,
    PEPPERED_RECORD,
    PLAIN_OBJECT,
    PLAIN_RECORD,
    records,
)

RECORDS = {"plain": PLAIN_RECORD, "pep": PEPPERED_RECORD, "combined": COMBINED_RECORD}
EXAMPLES = pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)

# Offsets of SPEC section 8 for two objects of the profile name "default" and 509 bits.
HEADER = [
    *(("magic", 4), ("version", 1), ("flags", 1), ("memory", 4), ("time", 1), ("lanes", 1)),
    *(("salt", 16), ("pepper id", 8), ("objects", 1)),
]
OBJECT = [
    *(("runtime", 1), ("photos", 1), ("fingerprint", 32), ("name length", 1), ("name", 7)),
    *(("lambda", 2), ("radius", 2), ("code", 3), ("object salt", 16), ("helper", 64)),
]
FIELDS = [
    *HEADER,
    *OBJECT,
    *((f"second {name}", size) for name, size in OBJECT),
    *(("tag", 4), ("checksum", 8)),
]
STARTS = [sum(size for _, size in FIELDS[:index]) for index in range(len(FIELDS))]
OFFSETS = {name: (start, start + size) for (name, size), start in zip(FIELDS, STARTS, strict=True)}


def parses(data: bytes) -> bool:
    """Whether ``data`` is a record; if so it is the canonical form of that record."""
    try:
        record = Record.from_bytes(data)
    except RecordFormatError:
        return False
    assert bytes(record) == data
    return True


def test_layout_is_that_of_the_specification() -> None:
    data = bytes(COMBINED_RECORD)
    parts = {name: data[start:stop] for name, (start, stop) in OFFSETS.items()}
    assert len(data) == OFFSETS["checksum"][1] == 307
    first, second = COMBINED_RECORD.objects
    objects = {
        "runtime": b"\x01",
        "photos": b"\x03",
        "fingerprint": first.fingerprint,
        "name length": b"\x07",
        "name": b"default",
        "lambda": (509).to_bytes(2, "big"),
        "radius": (162).to_bytes(2, "big"),
        "code": bytes([7, 4, 2]),
        "object salt": first.salt,
        "helper": first.helper,
    }
    assert parts == {
        "magic": b"AILK",
        "version": b"\x01",
        "flags": b"\x03",
        "memory": (65536).to_bytes(4, "big"),
        "time": b"\x03",
        "lanes": b"\x04",
        "salt": COMBINED_RECORD.header.salt,
        "pepper id": b"pepperid",
        "objects": b"\x02",
        **objects,
        **{f"second {name}": value for name, value in objects.items()},
        "second runtime": b"\x03",
        "second object salt": second.salt,
        "tag": COMBINED_RECORD.tag,
        "checksum": sha256(data[:-8]).digest()[:8],
    }
    assert bytes(PLAIN_RECORD)[28:36] == bytes(8)
    assert [bytes(record)[5] for record in RECORDS.values()] == [0, 1, 3]


@EXAMPLES
def test_what_the_key_derivation_binds_is_all_before_the_tag(record: Record) -> None:
    assert bound_bytes(record.header, record.objects) == bytes(record)[: -4 - 8]


def test_any_bytes_like_object_is_parsed_and_the_record_is_hashable() -> None:
    data = bytes(COMBINED_RECORD)
    for given_data in (bytearray(data), memoryview(data), memoryview(bytearray(data))):
        record = Record.from_bytes(given_data)
        assert record == COMBINED_RECORD
        assert hash(record) == hash(COMBINED_RECORD)
    for wrong in ("AILK", 200, None):
        with pytest.raises(TypeError):
            Record.from_bytes(wrong)  # type: ignore[arg-type]


@given(records())
@settings(max_examples=200, deadline=None)
def test_round_trip(record: Record) -> None:
    assert Record.from_bytes(bytes(record)) == record


@EXAMPLES
def test_every_single_byte_change_is_rejected(record: Record) -> None:
    data = bytes(record)
    for offset in range(len(data)):
        for value in range(256):
            if value != data[offset]:
                changed = data[:offset] + bytes([value]) + data[offset + 1 :]
                assert not parses(changed), (offset, value)


def test_every_single_byte_change_with_a_fitting_checksum() -> None:
    """Counts, per field, the values that pass: nothing but the SPEC's ranges decides."""
    body = bytes(COMBINED_RECORD)[:-8]
    passed = dict.fromkeys(OFFSETS, 0)
    for name, (start, stop) in OFFSETS.items():
        for offset in range(start, min(stop, len(body))):
            for value in range(256):
                changed = body[:offset] + bytes([value]) + body[offset + 1 :]
                passed[name] += parses(with_checksum(changed))
    objects = {
        "runtime": 4,
        "photos": 16,
        "fingerprint": 32 * 256,
        "name length": 1,
        "name": 7 * 38,
        # High byte as it is; low byte 509 .. 511, of whose helpers no more bits are unused.
        "lambda": 1 + 3,
        "radius": 1 + 255,  # high byte 0; low byte 0 .. 254
        "code": 1 + 4 + 4,  # m = 7 only; n = 4 .. 7; k = 1 .. 4
        "object salt": 16 * 256,
        "helper": 63 * 256 + 32,
    }
    assert passed == {
        "magic": 4,
        "version": 1,
        "flags": 2,  # without the pepper's flag, its id must be zero
        # 65536 with one byte changed, in 32 .. 1,048,576
        "memory": 1 + 16 + 256 + 256,
        "time": 16,
        "lanes": 16,
        "salt": 16 * 256,
        "pepper id": 8 * 256,
        "objects": 1,
        **objects,
        **{f"second {name}": count for name, count in objects.items()},
        "tag": 4 * 256,
        "checksum": 0,
    }


@EXAMPLES
def test_every_truncation_is_rejected(record: Record) -> None:
    data = bytes(record)
    for length in range(len(data)):
        assert not parses(data[:length])
    for length in range(len(data) - 8):
        assert not parses(with_checksum(data[:length]))


@EXAMPLES
def test_extensions_are_rejected(record: Record) -> None:
    data = bytes(record)
    for extra in (b"\0", b"\xff", b"AILK", bytes(8), data):
        assert not parses(data + extra)
        assert not parses(extra + data)
        assert not parses(with_checksum(data[:-8] + extra))


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"AILK\x01" + tail))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_are_rejected(data: bytes) -> None:
    assert not parses(data)


CODE = "no code has"
OBJECT_RULES = [
    # name of the field, value, what the message says (None: allowed)
    ("photo_count", 0, "reference photos 0"),
    ("photo_count", 1, None),
    ("photo_count", 16, None),
    ("photo_count", 17, "reference photos 17"),
    ("fingerprint", bytes(31), "31 bytes instead of 32"),
    ("profile", "", "profile name"),
    ("profile", "a" * 32, None),
    ("profile", "a" * 33, "profile name"),
    ("profile", "Default", "profile name"),
    ("profile", "default\n", "profile name"),
    ("profile", "défaut", "profile name"),
    ("radius", 0, None),
    ("radius", -1, "radius -1"),
    ("radius", 254, None),
    ("radius", 255, "radius 255"),
    ("lambda_bits", 7, "lambda 7"),
    ("lambda_bits", 4097, "lambda 4097"),
    ("lambda_bits", 512 + 1, CODE),  # a block of 129 columns
    ("order", 0, CODE),
    ("order", 6, CODE),
    ("order", 8, CODE),
    ("order", 255, CODE),
    ("blocks", 0, CODE),
    ("blocks", 3, CODE),
    ("blocks", 7, None),  # 72 or 73 columns
    ("blocks", 8, CODE),  # 63 or 64 columns: RM(1, 6) would do
    ("message_symbols", 0, CODE),
    ("message_symbols", 1, None),
    ("message_symbols", 4, None),
    ("message_symbols", 5, CODE),
    ("salt", bytes(17), "17 bytes instead of 16"),
    ("runtime", 0, "runtime 0"),
    ("helper", PLAIN_OBJECT.helper[:-1], "63 bytes instead of 64"),
    ("helper", PLAIN_OBJECT.helper + b"\0", "65 bytes instead of 64"),
    *(
        ("helper", PLAIN_OBJECT.helper[:-1] + bytes([0x28 | bit]), "unused bits")
        for bit in (1, 2, 4)
    ),
]
HEADER_RULES = [
    ("memory_cost_kib", 31, "memory cost"),
    ("memory_cost_kib", 32, None),
    ("memory_cost_kib", 1024 * 1024, None),
    ("memory_cost_kib", 1024 * 1024 + 1, "memory cost"),
    ("time_cost", 0, "time cost 0"),
    ("time_cost", 16, None),
    ("time_cost", 17, "time cost 17"),
    ("lanes", 0, "lanes 0"),
    ("lanes", 16, None),
    ("lanes", 17, "lanes 17"),
    ("pepper_id", bytes(8), "all zero"),
    ("pepper_id", b"pepper", "6 bytes instead of 8"),
    ("salt", bytes(15), "15 bytes instead of 16"),
]


@pytest.mark.parametrize(("field", "value", "message"), OBJECT_RULES)
def test_rules_of_an_object(field: str, value: object, message: str | None) -> None:
    if message is None:
        objects = (OTHER_OBJECT, replace(PLAIN_OBJECT, **{field: value}))
        record = replace(PLAIN_RECORD, objects=objects)
        assert Record.from_bytes(bytes(record)) == record
    else:
        with pytest.raises(RecordFormatError, match=message):
            replace(PLAIN_OBJECT, **{field: value})


@pytest.mark.parametrize(("field", "value", "message"), HEADER_RULES)
def test_rules_of_the_header(field: str, value: object, message: str | None) -> None:
    if message is None:
        record = replace(PLAIN_RECORD, header=replace(PLAIN_RECORD.header, **{field: value}))
        assert Record.from_bytes(bytes(record)) == record
    else:
        with pytest.raises(RecordFormatError, match=message):
            replace(PLAIN_RECORD.header, **{field: value})


def test_no_two_salts_are_equal_and_objects_are_one_to_four() -> None:
    other, third = OTHER_OBJECT, replace(PLAIN_OBJECT, salt=bytes(16))
    fourth = replace(PLAIN_OBJECT, salt=b"\xff" * 16)
    record = replace(PLAIN_RECORD, objects=(PLAIN_OBJECT, other, third, fourth))
    assert Record.from_bytes(bytes(record)) == record
    for objects in ((), (*record.objects, replace(PLAIN_OBJECT, salt=b"\xfe" * 16))):
        with pytest.raises(RecordFormatError, match="number of objects"):
            replace(record, objects=objects)
    for salts in (
        (PLAIN_RECORD.header.salt,),
        (other.salt, PLAIN_RECORD.header.salt),
        (other.salt, other.salt),
        (third.salt, other.salt, fourth.salt, third.salt),
    ):
        objects = tuple(replace(PLAIN_OBJECT, salt=salt) for salt in salts)
        with pytest.raises(RecordFormatError, match="two salts"):
            replace(record, objects=objects)
    with pytest.raises(RecordFormatError, match="instead of 4"):
        replace(PLAIN_RECORD, tag=b"abc")


def code_object(lambda_bits: int, order: int, blocks: int, symbols: int) -> RecordObject:
    return replace(
        PLAIN_OBJECT,
        helper=bytes(-(-lambda_bits // 8)),
        lambda_bits=lambda_bits,
        radius=0,
        order=order,
        blocks=blocks,
        message_symbols=symbols,
    )


@pytest.mark.parametrize(
    ("code", "exists"),
    [
        ((8, 3, 1, 1), True),  # one block: no outer code
        ((8, 3, 1, 2), False),
        ((8, 2, 2, 1), True),
        ((8, 4, 1, 1), False),  # needs 9 columns
        ((4096, 12, 1, 1), True),
        ((27, 2, 7, 3), True),  # GF(8) has 7 non-zero elements
        ((32, 2, 8, 3), False),
        ((4096, 5, 128, 16), False),  # GF(64) has 63
        ((2016, 5, 63, 16), True),
    ],
)
def test_codes_of_section_5(code: tuple[int, int, int, int], exists: bool) -> None:
    if exists:
        code_object(*code)
    else:
        with pytest.raises(RecordFormatError, match=CODE):
            code_object(*code)


def test_code_rule_agrees_with_counting_columns() -> None:
    """Every code for a few lengths, against the blocks written out one by one."""
    for lambda_bits in (8, 9, 50, 100, 509, 512):
        for order in range(10):
            for blocks in range(70):
                columns = [
                    lambda_bits // blocks + (1 if block < lambda_bits % blocks else 0)
                    for block in range(blocks)
                ]
                exists = (
                    blocks > 0
                    and order > 0
                    and blocks <= 2 ** (order + 1) - 1
                    and all(2 ** (order - 1) + 1 <= count <= 2**order for count in columns)
                )
                try:
                    code_object(lambda_bits, order, blocks, 1)
                except RecordFormatError:
                    assert not exists
                else:
                    assert exists


def test_messages_name_the_rule_and_the_remedy() -> None:
    data = bytes(PLAIN_RECORD)
    cases = {
        b"": "not a record",
        b"AILS" + data[4:]: "not a record",
        data[:4] + b"\x02" + data[5:]: "version 2 is unknown: update",
        data[:-1]: "177 bytes where it needs 178",
        data[:-1] + bytes([data[-1] ^ 1]): "checksum does not fit, it is damaged: restore",
        with_checksum(data[:5] + b"\x04" + data[6:-8]): "flags 0x04 are unknown: update",
        with_checksum(data[:37] + b"\x05" + data[38:-8]): "runtime 5 is unknown: update",
        with_checksum(data[:30] + b"\x01" + data[31:-8]): "pepper id is given although",
        with_checksum(data[:5] + b"\x01" + data[6:-8]): "all zero although",
    }
    for damaged, message in cases.items():
        with pytest.raises(RecordFormatError, match=message):
            Record.from_bytes(damaged)


def test_repr_and_description_hold_no_helper_salt_or_tag() -> None:
    record = COMBINED_RECORD
    description = record.describe()
    shown = repr(record) + repr(description)
    for one in record.objects:
        for hidden in (one.helper, one.salt, record.header.salt, record.tag):
            assert repr(hidden) not in shown
            assert hidden.hex() not in shown
    assert description["record_bytes"] == len(bytes(record)) == 307
    assert description["needs_pepper"] is description["needs_pin"] is True
    assert [one["runtime"] for one in description["objects"]] == ["ai-edge-litert", "tensorflow"]


def test_the_strength_of_a_combination_is_the_sum() -> None:
    assert PLAIN_RECORD.describe()["message_bits"] == 16
    assert COMBINED_RECORD.describe()["message_bits"] == 32
    assert [one["message_bits"] for one in COMBINED_RECORD.describe()["objects"]] == [16, 16]


def test_records_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        PLAIN_RECORD.tag = b"1234"  # type: ignore[misc]
