"""Any bytes: parser and reader from SPEC alone agree what is a record, and what it says."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ailock_sdk.errors import RecordFormatError
from ailock_sdk.store import Record
from tests.campaign_records import MUTATIONS
from tests.reference.record import NotARecordError, bound_part, read, with_checksum
from tests.store.examples import COMBINED_RECORD, PLAIN_RECORD, records

BODY = bytes(COMBINED_RECORD)[:-8]
EDGES = st.sampled_from([0, 1, 2, 3, 4, 5, 7, 8, 16, 17, 32, 33, 127, 128, 254, 255])


def agree(data: bytes) -> bool:
    """Whether the bytes are a record; both readers have to say the same of them."""
    try:
        header, objects, tag = read(data)
    except NotARecordError:
        with pytest.raises(RecordFormatError):
            Record.from_bytes(data)
        return False
    record = Record.from_bytes(data)
    assert bytes(record) == data == with_checksum(bound_part(header, objects) + tag)
    assert {name: getattr(record.header, name) for name in header} == header
    for one, fields in zip(record.objects, objects, strict=True):
        assert {name: getattr(one, name) for name in fields} == fields
    return True


@given(records())
@settings(max_examples=100, deadline=None)
def test_any_record_is_read_alike(record: Record) -> None:
    assert agree(bytes(record))


@given(
    st.lists(st.tuples(st.integers(0, len(BODY) - 1), EDGES | st.integers(0, 255)), max_size=4),
    st.integers(0, len(BODY)),
    st.binary(max_size=80),
)
@example([(5, 1)], len(BODY), b"")
@example([(36, 1)], 36 + 130 + 1, BODY[-4:])
@settings(max_examples=400, deadline=None)
def test_edited_cut_and_extended_bodies_with_a_fitting_checksum(
    edits: list[tuple[int, int]], length: int, extra: bytes
) -> None:
    body = bytearray(BODY)
    for offset, value in edits:
        body[offset] = value
    agree(with_checksum(bytes(body[:length]) + extra))
    agree(with_checksum(bytes(body)))


@given(records(), st.sampled_from(list(MUTATIONS)), st.integers(0, 2**32 - 1))
@settings(max_examples=200, deadline=None)
def test_the_campaign_s_mutations_of_any_record(record: Record, name: str, seed: int) -> None:
    agree(MUTATIONS[name](random.Random(seed), bytes(record)))


@given(st.integers(0, 4), st.integers(0, 4), records())
@settings(max_examples=100, deadline=None)
def test_two_equal_salts_are_never_a_record(first: int, second: int, record: Record) -> None:
    """Whichever two of Argon2id's and the objects' they are."""
    count = len(record.objects)
    first, second = first % (count + 1), second % (count + 1)
    salts = [record.header.salt, *(one.salt for one in record.objects)]
    data = bytes(record)
    salts[second] = salts[first]
    at = [12]
    start = 37
    for one in record.objects:
        at.append(start + len(bytes(one)) - len(one.helper) - 16)
        start += len(bytes(one))
    for offset, salt in zip(at, salts, strict=True):
        data = data[:offset] + salt + data[offset + 16 :]
    assert agree(with_checksum(data[:-8])) == (first == second)


def test_what_a_record_may_ask_of_memory_is_bounded_before_it_is_believed() -> None:
    """A length that promises more than there is ends at once: nothing is set aside for it."""
    body = bytearray(bytes(PLAIN_RECORD)[:-8])
    body[36] = 255  # objects
    assert not agree(with_checksum(bytes(body)))
    lambda_at = 37 + 1 + 1 + 32 + 1 + len(PLAIN_RECORD.objects[0].profile)
    body = bytearray(bytes(PLAIN_RECORD)[:-8])
    body[lambda_at : lambda_at + 2] = b"\xff\xff"
    assert not agree(with_checksum(bytes(body)))
    four = replace(PLAIN_RECORD, objects=COMBINED_RECORD.objects)
    assert agree(bytes(four))
