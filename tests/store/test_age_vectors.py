"""tests/vectors/age.json: age files of ours, made from the texts alone; each refusal one defect."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from ailock_sdk.errors import SealedDataError
from ailock_sdk.secret import Hidden
from ailock_sdk.store import age_identity, checked_age_file, lock_identity
from tests.age import age, needs_age, open_bytes
from tests.reference.make_age_vectors import LETTER, PATH, vectors_text
from tests.reference.make_lock_vectors import LOCK_KEY
from tests.reference.vectors import vectors

FILES: list[dict[str, Any]] = vectors("age")
IDENTITY = lock_identity(Hidden(LOCK_KEY))
GOOD = [vector for vector in FILES if vector["expect"] == "letter"]


def comment(vector: dict[str, Any]) -> str:
    return str(vector["comment"])


def test_the_file_is_what_the_generator_makes() -> None:
    assert PATH.read_text("ascii") == vectors_text()
    assert (len(GOOD), len(FILES)) == (4, 18)


@pytest.mark.parametrize("vector", FILES, ids=comment)
def test_age_files(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])
    if vector["expect"] == "letter":
        assert open_bytes(data, IDENTITY) == LETTER
        return
    if not vector["without_key"]:
        checked_age_file(BytesIO(data))
    with pytest.raises(SealedDataError, match=vector["expect"]):
        checked_age_file(BytesIO(data)) if vector["without_key"] else open_bytes(data, IDENTITY)


@needs_age
@pytest.mark.parametrize("vector", GOOD, ids=comment)
def test_age_opens_them_too(vector: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "identity").write_bytes(age_identity(IDENTITY))
    assert age("-d", "-i", tmp_path / "identity", data=bytes.fromhex(vector["hex"])) == LETTER
