"""SPEC section 8: exactly the canonical bytes are a record."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import RecordFormatError
from ailock_sdk.store import Record, RecordHeader
from tests.store.examples import PEPPERED_RECORD, PLAIN_RECORD, records
from tests.store.reference import with_checksum

EXAMPLES = pytest.mark.parametrize("record", [PLAIN_RECORD, PEPPERED_RECORD], ids=["plain", "pep"])

# Offsets of SPEC section 8 for the profile name "default" and 509 bits.
OFFSETS = {
    "magic": (0, 4),
    "version": (4, 5),
    "flags": (5, 6),
    "runtime": (6, 7),
    "photos": (7, 8),
    "fingerprint": (8, 40),
    "name length": (40, 41),
    "name": (41, 48),
    "lambda": (48, 50),
    "radius": (50, 52),
    "code": (52, 55),
    "memory": (55, 59),
    "time": (59, 60),
    "lanes": (60, 61),
    "salt": (61, 77),
    "pepper id": (77, 85),
    "helper": (85, 149),
    "tag": (149, 153),
    "checksum": (153, 161),
}


def parses(data: bytes) -> bool:
    """Whether ``data`` is a record; if so it is the canonical form of that record."""
    try:
        record = Record.from_bytes(data)
    except RecordFormatError:
        return False
    assert bytes(record) == data
    return True


def test_layout_is_that_of_the_specification() -> None:
    data = bytes(PEPPERED_RECORD)
    header = PEPPERED_RECORD.header
    parts = {name: data[start:stop] for name, (start, stop) in OFFSETS.items()}
    assert len(data) == OFFSETS["checksum"][1]
    assert parts == {
        "magic": b"AILK",
        "version": b"\x01",
        "flags": b"\x01",
        "runtime": b"\x01",
        "photos": b"\x03",
        "fingerprint": header.fingerprint,
        "name length": b"\x07",
        "name": b"default",
        "lambda": (509).to_bytes(2, "big"),
        "radius": (162).to_bytes(2, "big"),
        "code": bytes([7, 4, 2]),
        "memory": (65536).to_bytes(4, "big"),
        "time": b"\x03",
        "lanes": b"\x04",
        "salt": header.salt,
        "pepper id": b"pepperid",
        "helper": PEPPERED_RECORD.helper,
        "tag": PEPPERED_RECORD.tag,
        "checksum": sha256(data[:-8]).digest()[:8],
    }
    assert bytes(PLAIN_RECORD)[77:85] == bytes(8)
    assert bytes(PLAIN_RECORD)[5] == 0


@EXAMPLES
def test_header_is_the_prefix_before_the_helper(record: Record) -> None:
    assert bytes(record) == bytes(record.header) + record.helper + bytes(record)[149:]


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
    body = bytes(PEPPERED_RECORD)[:-8]
    passed = dict.fromkeys(OFFSETS, 0)
    for name, (start, stop) in OFFSETS.items():
        for offset in range(start, min(stop, len(body))):
            for value in range(256):
                changed = body[:offset] + bytes([value]) + body[offset + 1 :]
                passed[name] += parses(with_checksum(changed))
    assert passed == {
        "magic": 4,
        "version": 1,
        "flags": 1,  # without the flag, the pepper id must be zero
        "runtime": 3,
        "photos": 16,
        "fingerprint": 32 * 256,
        "name length": 1,
        "name": 7 * 38,
        # High byte as it is; low byte 509 .. 511, of whose helpers no more bits are unused.
        "lambda": 1 + 3,
        "radius": 1 + 255,  # high byte 0; low byte 0 .. 254
        "code": 1 + 4 + 4,  # m = 7 only; n = 4 .. 7; k = 1 .. 4
        # 65536 with one byte changed, in 32 .. 1,048,576
        "memory": 1 + 16 + 256 + 256,
        "time": 16,
        "lanes": 16,
        "salt": 16 * 256,
        "pepper id": 8 * 256,
        "helper": 63 * 256 + 32,
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
RULES = [
    # name of the header field, value, what the message says (None: allowed)
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
    ("salt", bytes(17), "17 bytes instead of 16"),
    ("pepper_id", bytes(8), "all zero"),
    ("pepper_id", b"pepper", "6 bytes instead of 8"),
]


@pytest.mark.parametrize(("field", "value", "message"), RULES)
def test_field_rules(field: str, value: object, message: str | None) -> None:
    if message is None:
        record = replace(PLAIN_RECORD, header=replace(PLAIN_RECORD.header, **{field: value}))
        assert Record.from_bytes(bytes(record)) == record
    else:
        with pytest.raises(RecordFormatError, match=message):
            replace(PLAIN_RECORD.header, **{field: value})


def code_header(lambda_bits: int, order: int, blocks: int, symbols: int) -> RecordHeader:
    return replace(
        PLAIN_RECORD.header,
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
        code_header(*code)
    else:
        with pytest.raises(RecordFormatError, match=CODE):
            code_header(*code)


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
                    code_header(lambda_bits, order, blocks, 1)
                except RecordFormatError:
                    assert not exists
                else:
                    assert exists


def test_helper_and_tag_rules() -> None:
    for helper in (PLAIN_RECORD.helper[:-1], PLAIN_RECORD.helper + b"\0"):
        with pytest.raises(RecordFormatError, match="instead of 64"):
            replace(PLAIN_RECORD, helper=helper)
    for bit in (1, 2, 4):
        with pytest.raises(RecordFormatError, match="unused bits"):
            replace(PLAIN_RECORD, helper=PLAIN_RECORD.helper[:-1] + bytes([0x28 | bit]))
    with pytest.raises(RecordFormatError, match="instead of 4"):
        replace(PLAIN_RECORD, tag=b"abc")


def test_messages_name_the_rule_and_the_remedy() -> None:
    data = bytes(PLAIN_RECORD)
    cases = {
        b"": "not a record",
        b"AILS" + data[4:]: "not a record",
        data[:4] + b"\x02" + data[5:]: "version 2 is unknown: update",
        data[:-1]: "160 bytes where it needs 161",
        data[:-1] + bytes([data[-1] ^ 1]): "checksum does not fit, it is damaged: restore",
        with_checksum(data[:5] + b"\x02" + data[6:-8]): "flags 0x02 are unknown: update",
        with_checksum(data[:6] + b"\x04" + data[7:-8]): "runtime 4 is unknown: update",
        with_checksum(data[:80] + b"\x01" + data[81:-8]): "pepper id is given although",
        with_checksum(data[:5] + b"\x01" + data[6:-8]): "all zero although",
    }
    for damaged, message in cases.items():
        with pytest.raises(RecordFormatError, match=message):
            Record.from_bytes(damaged)


def test_repr_and_description_hold_no_helper_salt_or_tag() -> None:
    record = PEPPERED_RECORD
    shown = repr(record) + repr(record.describe())
    for hidden in (record.helper, record.header.salt, record.tag):
        assert repr(hidden) not in shown
        assert hidden.hex() not in shown
    assert record.describe()["record_bytes"] == len(bytes(record)) == 161
    assert record.describe()["needs_pepper"] is True
    assert record.describe()["runtime"] == "ai-edge-litert"


def test_records_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        PLAIN_RECORD.tag = b"1234"  # type: ignore[misc]
