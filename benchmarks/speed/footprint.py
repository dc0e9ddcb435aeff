"""What the SDK weighs: its wheel, its import, and one ``ailock unlock`` process."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ailock_sdk.benchmark import Unlocking
from benchmarks.speed.bar import Bar
from benchmarks.speed.errors import SpeedError
from benchmarks.speed.interleave import interleaved
from benchmarks.speed.processes import MEGABYTE, Ran, medians_of, run_measured
from benchmarks.speed.programs import last_line

MEMORY_LIMIT_MB = 190.0
WHEEL_LIMIT_MB = 16.0
IMPORT_LIMIT_MS = 60.0
PROCESS_LIMIT_MS = 1500.0
NUMPY, PACKAGE, UNLOCK = "import numpy", "import numpy, ailock_sdk", "ailock unlock"
FIRST_USE = "import numpy; from ailock_sdk import AiLock"
"""The package loads most of itself on the first use of a name: what a program pays that uses it."""
ROOT = Path(__file__).resolve().parents[2]


def measure_processes(photo: Path, runs: int) -> dict[str, Any]:
    """Time fresh processes in turn: three imports and an unlock with ``photo``; JSON-ready.

    Gives ``process_ms`` and ``peak_mb``, medians by process; ``import_ms``, what importing the
    package takes on top of NumPy, and ``first_use_ms``, the same with ``AiLock`` out of it.
    """
    with Unlocking(photo) as unlocking:
        commands = {code: [sys.executable, "-c", code] for code in (NUMPY, PACKAGE, FIRST_USE)}
        commands[UNLOCK] = unlocking.command()
        works: dict[str, Callable[[], Ran]] = {
            name: partial(run_measured, command) for name, command in commands.items()
        }
        ran = interleaved(works, runs, "fresh processes")
    times, peaks = medians_of(ran)
    return {
        "process_ms": times,
        "peak_mb": peaks,
        "import_ms": round(times[PACKAGE] - times[NUMPY], 3),
        "first_use_ms": round(times[FIRST_USE] - times[NUMPY], 3),
    }


def measure_wheel(root: Path = ROOT) -> dict[str, Any]:
    """Build the wheel of the checkout ``root``; its file name and size in bytes.

    Raises
    ------
    SpeedError
        It does not build, for example because the build backend cannot be installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet"]
        command += ["--disable-pip-version-check", "--wheel-dir", folder, str(root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode != 0 or len(wheels) != 1:
            raise SpeedError(f"the wheel does not build: {last_line(done.stderr)}")
        return {"wheel": wheels[0].name, "bytes": wheels[0].stat().st_size}


def bars(processes: dict[str, Any], wheel: dict[str, Any]) -> list[Bar]:
    """The bars e, f, g and i of both results."""
    peak, size = processes["peak_mb"][UNLOCK], wheel["bytes"] / MEGABYTE
    added, whole = processes["import_ms"], processes["process_ms"][UNLOCK]
    return [
        Bar("e", "peak memory of an ailock unlock process", peak, MEMORY_LIMIT_MB, "MB"),
        Bar("f", "wheel", size, WHEEL_LIMIT_MB, "MB"),
        Bar("g", "import ailock_sdk, on top of numpy", added, IMPORT_LIMIT_MS, "ms"),
        Bar("i", "ailock unlock as a new process", whole, PROCESS_LIMIT_MS, "ms"),
    ]
