"""Peak memory of this process, and of the workers of a Dask cluster."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path


def peak_memory_mib() -> float:
    """Peak resident memory of this process so far, MiB."""
    try:
        status = Path("/proc/self/status").read_text("utf-8", errors="replace")
    except OSError:
        status = ""
    if found := re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE):
        return int(found[1]) / 1024
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def worker_peak_mib(address: str) -> float:
    """Peak memory of the largest worker of a Dask cluster, MiB."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        peaks: dict[str, float] = client.run(peak_memory_mib)
    return max(peaks.values())
