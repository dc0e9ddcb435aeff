"""The other half of ``test_fuzzing_coverage``: tests of one file run one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzzing import kinds
from tests.test_fuzzing_coverage import find_nothing, pytestmark

__all__ = ["pytestmark"]


@pytest.mark.parametrize("kind", kinds.NAMES[1::2])
def test_nothing_is_found(tmp_path: Path, kind: str) -> None:
    find_nothing(tmp_path, kind)
