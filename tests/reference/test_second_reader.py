"""Another team's reader, from SPEC's text alone, gives every vector of records what it expects."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from tests.reference.second_reader import RefusedError, open_record, parse
from tests.reference.vectors import vectors

RECORDS = vectors("record")
CASES = vectors("sketch")
SLOTS = [slot for slot in vectors("lock")["slots"] if "bits" in slot]
PHOTO = vectors("photo")


def comment(vector: dict[str, Any]) -> str:
    return str(vector["comment"])


def unhex(text: str | None) -> bytes | None:
    return bytes.fromhex(text) if text else None


@pytest.mark.parametrize("vector", RECORDS, ids=comment)
def test_records(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    if vector["expect"] != "record":
        with pytest.raises(RefusedError):
            parse(data)
        return
    record = parse(data)
    assert len(record.objects) == len(vector["objects"])
    for one, fields in zip(record.objects, vector["objects"], strict=True):
        found = (one.lambda_bits, one.radius, one.m, one.n, one.k, one.salt.hex(), one.helper.hex())
        names = ("lambda_bits", "radius", "order", "blocks", "message_symbols", "salt", "helper")
        assert found == tuple(fields[name] for name in names)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_probes(case: dict[str, Any]) -> None:
    assert {probe["expect"] for probe in case["probes"]} == {"", case["secret"]}
    for probe in case["probes"]:
        given = {**case, **probe}
        bits = [np.array([int(bit) for bit in text]) for text in case["reference_bits"]]
        for flipped, positions in zip(bits, probe["flips"], strict=True):
            flipped[positions] ^= 1
        try:
            opened = open_record(
                bytes.fromhex(given["record"]), bits, given["pin"], unhex(given["pepper"])
            ).hex()
        except RefusedError:
            opened = ""
        assert opened == probe["expect"], probe["comment"]


@pytest.mark.parametrize("slot", SLOTS, ids=comment)
def test_slots(slot: dict[str, Any]) -> None:
    bits = [np.array(one) for one in slot["bits"]]
    body = bytes.fromhex(slot["body"])
    assert open_record(body, bits, slot["pin"], unhex(slot["pepper"])).hex() == slot["slot_secret"]


@pytest.mark.parametrize("case", [c for c in PHOTO["cases"] if c["objects"] == 1], ids=comment)
def test_a_photo_opens_its_record(case: dict[str, Any]) -> None:
    """By the imageprint alone, all bits counting alike."""
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(PHOTO["imageprint"]), np.uint8))
    pepper = hashlib.sha256(b"ailock test vector: pepper").digest()
    needed = pepper if case["comment"].startswith("with pepper") else None
    opened = open_record(bytes.fromhex(case["record"]), [bits], case["pin"], needed)
    assert opened.hex() == case["secret"]
