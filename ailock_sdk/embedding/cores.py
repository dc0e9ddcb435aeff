"""Which cores to compute on: the fast ones of a phone, all of them elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_CPU_FOLDER = Path("/sys/devices/system/cpu")
_SPEED_FILES = (("cpu_capacity", 0.5), ("cpufreq/cpuinfo_max_freq", 0.7))
"""What tells how fast a core is, the better measure first, and the share of the fastest core's
above which a core counts as fast: work is split evenly, so one slow core makes all wait."""


def fast_cores(folder: Path = _CPU_FOLDER, allowed: Iterable[int] | None = None) -> int:
    """Number of cores worth computing on, at least 1.

    Parameters
    ----------
    folder : Path
        Where the kernel describes the cores.
    allowed : iterable of int, optional
        Numbers of the cores to choose from; by default :func:`usable_cores`.
    """
    cores = usable_cores() if allowed is None else sorted(allowed)
    for name, share in _SPEED_FILES:
        speeds = [_number(folder / f"cpu{core}" / name) for core in cores]
        known = [speed for speed in speeds if speed]
        if known and len(known) == len(cores):
            return sum(speed >= share * max(known) for speed in known)
    return max(1, len(cores))


def usable_cores() -> list[int]:
    """Numbers of the cores that this process may use, ascending, at least one."""
    try:
        return sorted(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on every system
        return list(range(os.cpu_count() or 1))


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
