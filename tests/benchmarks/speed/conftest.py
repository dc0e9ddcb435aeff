"""A folder for an emulated ARM device, made once."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from benchmarks.speed.arm_bundle import build_arm_folder, build_problem, emulator_problem

ARM_FOLDER = Path(__file__).resolve().parents[3] / "out" / "arm" / "aarch64"


@pytest.fixture(scope="session")
def arm_folder() -> Path:
    """An ARM folder of this checkout, for aarch64, that runs under emulation here.

    Skips where that cannot be had; with ``CI=true`` in the environment it fails there.
    """
    problem = emulator_problem() or build_problem()
    if problem is None:
        ARM_FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with (ARM_FOLDER.parent / "tests.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)  # tests may run in several processes
            return build_arm_folder(ARM_FOLDER)
    if os.environ.get("CI") == "true":
        pytest.fail(f"needs emulated ARM: {problem}")
    pytest.skip(f"needs emulated ARM: {problem}")
