"""A setting of made-up photos, whose answers are known, before the shipped bundle's lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from ailock_sdk import AiLock
from benchmarks.attacks.setting import Setting
from tests.standins import MakeSamples


@pytest.fixture
def setting(lock: AiLock, make_samples: MakeSamples, tmp_path: Path) -> Setting:
    """Thirty objects, four photos each, an eighth of the bits flipped in every photo."""
    made = Setting(lock, (), (), (), tmp_path / "cache", tmp_path, quick=True)
    made.__dict__["samples"] = make_samples([4] * 30, 0.12, lock.lambda_bits)
    return made
