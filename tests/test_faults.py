"""Shorter forms of ``make faults``, and that it sees a loss."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests import campaign_faults
from tests.campaign_faults import Found, run_preloaded

pytestmark = pytest.mark.skipif(
    shutil.which("gcc") is None and not os.environ.get("CI"), reason="needs gcc"
)


def all_is_well(found: list[Found], least: int) -> None:
    assert found
    for one in found:
        assert one.problems == []
        assert one.faults >= least, one
        assert one.calls > 5, one
        assert {end.partition(",")[0] for end in one.outcomes} >= {"died", "passed"}


def test_a_fault_of_each_kind_loses_nothing() -> None:
    words = ["--only", "miss", "--only", "seal a file", "--stride", "8"]
    all_is_well(run_preloaded(words), least=8)


@pytest.mark.long
def test_faults_of_each_kind_lose_nothing_of_any_operation() -> None:
    found = run_preloaded(["--stride", "7"])
    assert len(found) == 20
    all_is_well(found, least=5)


@pytest.mark.long
def test_a_file_that_is_written_in_its_place_is_a_loss(tmp_path: Path) -> None:
    """As if nothing were made apart first: the guard of every file, taken out."""
    careless = tmp_path / "sitecustomize.py"
    careless.write_text(
        "import contextlib\n"
        "from ailock_sdk.store import private_files\n"
        "@contextlib.contextmanager\n"
        "def new_private_file(target, *, overwrite, private=False, named=False):\n"
        "    with open(target, 'wb' if overwrite else 'xb') as file:\n"
        "        yield file\n"
        "private_files.new_private_file = new_private_file\n"
    )
    (found,) = campaign_faults.run_preloaded(
        ["--only", "seal a file"], PYTHONPATH=f"{tmp_path}:{os.environ.get('PYTHONPATH', '.')}"
    )
    assert len(found.problems) >= 5
