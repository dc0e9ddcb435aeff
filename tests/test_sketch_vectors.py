"""tests/vectors/sketch.json: made by the reference, obeyed by the package."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ailock_sdk import ImagePrint, Record, UnlockError
from ailock_sdk.record_keys import Maker, NewObject, make_record, open_any
from ailock_sdk.secret import Hidden, hidden_pin
from ailock_sdk.sketch import Code, KdfCost
from tests.reference.make_sketch_vectors import PATH, vectors_text
from tests.reference.record import flipped, read

CASES: list[dict[str, Any]] = json.loads(PATH.read_text())
PROBES = [
    pytest.param(case, probe, id=f"{case['name']}: {probe['comment']}")
    for case in CASES
    for probe in case["probes"]
]


def unhex(text: str | None) -> Hidden | None:
    return None if text is None else Hidden(bytes.fromhex(text))


def bits_of(case: dict[str, Any], flips: list[list[int]]) -> list[list[int]]:
    """The probes of a case: its references, some bits inverted."""
    references = [[int(bit) for bit in bits] for bits in case["reference_bits"]]
    return [flipped(bits, changed) for bits, changed in zip(references, flips, strict=True)]


def imageprint(bits: list[int]) -> ImagePrint:
    return ImagePrint(np.where(np.array(bits) == 1, 1.0, -1.0))


def test_the_generator_gives_the_committed_file() -> None:
    assert vectors_text() == PATH.read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_reference_reads_what_the_package_reads(case: dict[str, Any]) -> None:
    record = Record.from_bytes(bytes.fromhex(case["record"]))
    header, objects, tag = read(bytes(record))
    assert tag == record.tag
    assert {name: getattr(record.header, name) for name in header} == header
    for one, fields in zip(record.objects, objects, strict=True):
        assert {name: getattr(one, name) for name in fields} == fields


@pytest.mark.parametrize(
    "case", [c for c in CASES if len(c["messages"]) == 1], ids=lambda case: case["name"]
)
def test_the_package_makes_the_record_of_the_reference(case: dict[str, Any]) -> None:
    stored = Record.from_bytes(bytes.fromhex(case["record"]))
    (first,) = stored.objects  # of several, the package's are all of one profile
    header = stored.header
    maker = Maker(
        first.runtime,
        first.fingerprint,
        first.profile,
        Code(first.lambda_bits, *first.code),
        first.radius,
    )
    (bits,) = bits_of(case, [[]])
    message = Hidden(bytes.fromhex(case["messages"][0]))
    new = [NewObject(imageprint(bits), first.photo_count, first.salt, message)]
    cost = KdfCost(header.time_cost, header.memory_cost_kib, header.lanes)
    pin = hidden_pin(case["pin"])
    record, secret = make_record(maker, new, header.salt, unhex(case["pepper"]), pin, cost)
    assert bytes(record).hex() == case["record"]
    assert bytes(secret).hex() == case["secret"]


@pytest.mark.parametrize(("case", "probe"), PROBES)
def test_what_opens_and_what_does_not(case: dict[str, Any], probe: dict[str, Any]) -> None:
    fields = {**case, **probe}
    record = Record.from_bytes(bytes.fromhex(fields["record"]))
    probes = [imageprint(bits) for bits in bits_of(case, probe["flips"])]
    arguments = ([record], probes, unhex(fields["pepper"]), hidden_pin(fields["pin"]))
    if probe["expect"]:
        index, secret = open_any(*arguments)
        assert (index, bytes(secret).hex()) == (0, probe["expect"])
    else:
        with pytest.raises(UnlockError):
            open_any(*arguments)
