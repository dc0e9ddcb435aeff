"""Whole processes: how long they take, and how much memory at most."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from tqdm import tqdm

from ailock_sdk.benchmark.device import find_in_file
from ailock_sdk.errors import AilockError

_PEAK_OF_CHILD = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Prints the peak memory of a command. Linux lets a child begin with the peak of the process that
started it, so that process must be small."""


def measure_processes(unlock: list[str], runs: int) -> tuple[dict[str, float], float]:
    """Time ``runs`` new processes of each kind, and find the peak memory of an unlock.

    Returns
    -------
    seconds : dict
        Medians, start to exit, of a bare interpreter (``python``), of one that imports the package
        (``import``) and of the command line ``unlock``.
    peak_memory_mib : float
        Of the unlock.

    Raises
    ------
    AilockError
        A process cannot be started, or fails.
    """
    kinds = {
        "python": [sys.executable, "-c", "pass"],
        "import": [sys.executable, "-c", "import ailock_sdk"],
        "unlock": unlock,
    }
    peak = _child([sys.executable, "-c", _PEAK_OF_CHILD, *unlock])
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    # In turns, so that a slow moment of the machine hits all alike.
    for _ in tqdm(range(runs), desc="new processes", leave=False, disable=None):
        for kind, command in kinds.items():
            start = perf_counter()
            _child(command)
            times[kind].append(perf_counter() - start)
    return {kind: median(seconds) for kind, seconds in times.items()}, _mib(int(peak))


def _child(command: list[str]) -> str:
    """What a new process prints; its failure is an :class:`AilockError`."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise AilockError(f"no new process can be started ({error}): is this a sandbox?") from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
        raise AilockError(
            f"a new process, as the benchmark times, failed with status {done.returncode}: {last}"
        )
    return done.stdout.decode(errors="replace")


def peak_memory_mib() -> float:
    """Peak memory of this process in MiB.

    The kernel's own count where it can be read, as ``getrusage`` may give the peak of the process
    that started this one.
    """
    if found := find_in_file(Path("/proc/self/status"), r"^VmHWM:\s*(\d+) kB"):
        return int(found) / 1024
    return _mib(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _mib(max_rss: int) -> float:
    """MiB of a ``ru_maxrss``, whose unit is the system's."""
    return max_rss / (1024 * 1024 if sys.platform == "darwin" else 1024)
