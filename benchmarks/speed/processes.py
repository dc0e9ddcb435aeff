"""A command as a process of its own: how long it took, and how much memory at its peak."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.speed.errors import SpeedError
from benchmarks.speed.interleave import medians
from benchmarks.speed.programs import last_line

LAUNCHER = Path(__file__).resolve().with_name("launch.py")
MEGABYTE = 1e6


@dataclass(frozen=True)
class Ran:
    """A finished command: start to exit in milliseconds, peak resident memory in megabytes."""

    milliseconds: float
    peak_mb: float


def run_measured(command: Sequence[str]) -> Ran:
    """Run ``command``, its standard output dropped, and wait for it.

    Raises
    ------
    SpeedError
        It did not exit with status 0; the last line of its standard error is told.
    """
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), *command]
    done = subprocess.run(launcher, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = last_line(done.stderr)
        raise SpeedError(f"a measured process failed ({' '.join(command)}): {reason}")
    measured = json.loads(done.stdout)
    return Ran(1000 * measured["seconds"], 1024 * measured["peak_kib"] / MEGABYTE)


def medians_of(ran: Mapping[str, Sequence[Ran]]) -> tuple[dict[str, float], dict[str, float]]:
    """Medians by command: milliseconds, and peak memory in megabytes."""
    times = medians({name: [one.milliseconds for one in every] for name, every in ran.items()})
    peaks = {name: round(median(one.peak_mb for one in every), 1) for name, every in ran.items()}
    return times, peaks
