"""tests/vectors/record.json: what it says, and that it is what its generator makes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ailock_sdk.errors import RecordFormatError
from ailock_sdk.store import Record
from tests.reference.make_record_vectors import PATH, TAG, vectors_text
from tests.reference.record import NotARecordError, read

RECORDS: list[dict[str, Any]] = json.loads(PATH.read_text("ascii"))


def comment(vector: dict[str, Any]) -> str:
    return str(vector["comment"])


def test_the_file_is_what_the_generator_makes() -> None:
    assert PATH.read_text("ascii") == vectors_text()


def test_both_outcomes_are_covered() -> None:
    outcomes = [vector["expect"] == "record" for vector in RECORDS]
    assert outcomes.count(True) >= 15
    assert outcomes.count(False) >= 40
    assert len({comment(vector) for vector in RECORDS}) == len(RECORDS)


@pytest.mark.parametrize("vector", RECORDS, ids=comment)
def test_record(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    if vector["expect"] != "record":
        with pytest.raises(RecordFormatError) as caught:
            Record.from_bytes(data)
        assert vector["expect"] in str(caught.value)
        return
    record = Record.from_bytes(data)
    assert bytes(record) == data
    assert record.tag == TAG
    assert len(record.objects) == len(vector["objects"])
    for part, fields in zip(
        (record.header, *record.objects), (vector["fields"], *vector["objects"]), strict=True
    ):
        for name, expected in fields.items():
            value = getattr(part, name)
            assert (value.hex() if isinstance(value, bytes) else value) == expected


@pytest.mark.parametrize("vector", RECORDS, ids=comment)
def test_a_reader_from_the_specification_alone_agrees(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    if vector["expect"] == "record":
        read(data)
    else:
        with pytest.raises(NotARecordError):
            read(data)
