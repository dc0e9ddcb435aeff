"""The committed vectors: what they say, and that they are what their generator makes."""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from typing import Any

import pytest

from ailock_sdk.errors import SealedDataError
from ailock_sdk.secret import Secret
from ailock_sdk.store import open_bytes, sealing_key
from ailock_sdk.store.sealing import seal_with_ephemeral
from tests.store.make_vectors import VECTORS, as_text, sealed_vectors

SEALED: dict[str, Any] = json.loads(VECTORS.joinpath("sealed.json").read_text("ascii"))
SECRET = Secret(bytes.fromhex(SEALED["secret_hex"]))


def comment(vector: dict[str, Any]) -> str:
    return str(vector["comment"])


def test_files_are_what_the_generator_makes() -> None:
    assert VECTORS.joinpath("sealed.json").read_text("ascii") == as_text(sealed_vectors())


def test_both_outcomes_are_covered() -> None:
    vectors = SEALED["vectors"]
    outcomes = [vector["expect"] == "opens" for vector in vectors]
    assert outcomes.count(True) >= 8
    assert outcomes.count(False) >= 15
    assert len({comment(vector) for vector in vectors}) == len(vectors)


@pytest.mark.parametrize("vector", SEALED["vectors"], ids=comment)
def test_sealed(vector: dict[str, Any]) -> None:
    if vector["expect"] != "opens":
        with pytest.raises(SealedDataError) as caught:
            open_bytes(bytes.fromhex(vector["hex"]), SECRET)
        assert vector["expect"] in str(caught.value)
        return
    if "size" in vector:
        plaintext = bytes(i % 251 for i in range(vector["size"]))
    else:
        plaintext = bytes.fromhex(vector["plaintext_hex"])
    target = BytesIO()
    ephemeral_private = bytes.fromhex(SEALED["ephemeral_private_hex"])
    seal_with_ephemeral(BytesIO(plaintext), target, sealing_key(SECRET), ephemeral_private)
    sealed = target.getvalue()
    if "size" in vector:
        assert hashlib.sha256(sealed).hexdigest() == vector["sealed_sha256"]
    else:
        assert sealed.hex() == vector["hex"]
    assert open_bytes(sealed, SECRET) == plaintext
