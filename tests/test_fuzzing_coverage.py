"""A second of ``make fuzz-night`` for each kind, and that it finds what is there to be found."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fuzzing import kinds, night

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        find_spec("atheris") is None and not os.environ.get("CI"),
        reason="needs atheris, which is for Linux on x86_64: pip install 'ailock-sdk[fuzz]'",
    ),
]


def find_nothing(folder: Path, kind: str) -> None:
    """Fuzz a kind for a second."""
    found = night.fuzz(night.Progress(kind), folder, seconds=1)
    told = [path.read_text() for path in (folder / "findings").rglob("*.*")]
    assert (found.findings, found.crashes, told) == (0, 0, [])
    assert found.inputs > len(kinds.examples(kind)) / 2
    assert found.branches > 10
    assert found.memory_mb < 512


@pytest.mark.parametrize("kind", kinds.NAMES[::2])
def test_nothing_is_found(tmp_path: Path, kind: str) -> None:
    find_nothing(tmp_path, kind)


def test_what_is_planted_is_found_and_told(tmp_path: Path) -> None:
    """Three bytes in a row lead to a crash, or to too much work."""
    (found,) = night.run([kinds.PLANTED], cpu_seconds=9, folder=tmp_path)
    told = [path.read_text() for path in (tmp_path / "findings" / "planted").glob("*.txt")]
    assert any("IndexError" in one for one in told), told
    assert any(one.endswith(" s") for one in told), told
    assert (found.findings, found.crashes) == (2, 0)
    assert night.run([kinds.PLANTED], cpu_seconds=9, folder=tmp_path) == [found], "it had its time"
