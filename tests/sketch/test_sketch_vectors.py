"""tests/vectors/sketch.json: made by the reference, obeyed by the package."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ailock_sdk.errors import UnlockError
from ailock_sdk.sketch import Code, HelperData, KdfCost, generate, reproduce
from tests.reference.make_sketch_vectors import PATH, vectors_text

CASES: list[dict[str, Any]] = json.loads(PATH.read_text())


def unhex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def test_the_generator_gives_the_committed_file() -> None:
    assert vectors_text() == PATH.read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_generate(case: dict[str, Any]) -> None:
    helper_data, secret = generate(
        Code(*case["code"]),
        case["radius"],
        np.array([bit == "1" for bit in case["reference_bits"]]),
        bytes.fromhex(case["message"]),
        bytes.fromhex(case["salt"]),
        unhex(case["pepper"]),
        KdfCost(*case["cost"]),
        bytes.fromhex(case["header"]),
    )
    assert helper_data.helper.hex() == case["helper"]
    assert helper_data.tag.hex() == case["tag"]
    assert bytes(secret).hex() == case["secret"]


@pytest.mark.parametrize(
    ("case", "probe"),
    [
        pytest.param(case, probe, id=f"{case['name']}: {probe['comment']}")
        for case in CASES
        for probe in case["probes"]
    ],
)
def test_reproduce(case: dict[str, Any], probe: dict[str, Any]) -> None:
    fields = {**case, **probe}
    bits = np.array([bit == "1" for bit in case["reference_bits"]])
    bits[probe["flips"]] ^= True
    arguments = (
        Code(*case["code"]),
        case["radius"],
        np.where(bits, 1.0, -1.0),
        HelperData(bytes.fromhex(fields["helper"]), bytes.fromhex(fields["tag"])),
        bytes.fromhex(fields["salt"]),
        unhex(fields["pepper"]),
        KdfCost(*case["cost"]),
        bytes.fromhex(fields["header"]),
    )
    if probe["expect"]:
        assert bytes(reproduce(*arguments)).hex() == probe["expect"]
    else:
        with pytest.raises(UnlockError):
            reproduce(*arguments)
