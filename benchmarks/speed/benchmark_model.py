"""TFLite's own ``benchmark_model``, beside ours: its arguments, and the figures in its log.

It times the network alone, once a run; an unlock runs the network once for each look at the photo.
"""

from __future__ import annotations

import re
from typing import Any

from benchmarks.speed.errors import SpeedError

_NUMBER = r"([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)"
_SUMMARY = re.compile(
    rf"Inference timings in us: Init: {_NUMBER}, First inference: {_NUMBER}, "
    rf"Warmup \(avg\): {_NUMBER}, Inference \(avg\): {_NUMBER}"
)
_COUNT = re.compile(r"\bcount=([0-9]+) ")
"""One line for the warm-up and one for the steady runs, in this order."""
_PEAK = re.compile(rf"Overall peak memory footprint \(MB\) via periodic monitoring: {_NUMBER}")
"""The log says MB and means KiB / 1024."""


def arguments(graph: str, threads: int, runs: int) -> list[str]:
    """Arguments for ``runs`` inferences of a TFLite file after one that warms up."""
    return [
        f"--graph={graph}",
        f"--num_threads={threads}",
        f"--num_runs={runs}",
        "--min_secs=0",
        "--warmup_runs=1",
        "--warmup_min_secs=0",
        "--report_peak_memory_footprint=true",
    ]


def parse_log(log: str) -> dict[str, Any]:
    """Figures of a log: ``runs``, and in milliseconds ``init_ms``, ``first_ms``, ``warmup_ms``
    and ``inference_ms`` (means); ``peak_memory_mib`` is None where this version tells none.

    Raises
    ------
    SpeedError
        The log has no line of timings, or no count of runs.
    """
    summary = _SUMMARY.search(log)
    counts = _COUNT.findall(log)
    if summary is None or not counts:
        lines = [line for line in log.splitlines() if line.strip()]
        last = lines[-1].strip()[:200] if lines else "nothing"
        raise SpeedError(
            "benchmark_model printed no timings: is the program TFLite's benchmark_model, "
            f"built for this device? It ended with: {last}"
        )
    names = ("init_ms", "first_ms", "warmup_ms", "inference_ms")
    peak = _PEAK.search(log)
    return {
        "runs": int(counts[-1]),
        **{name: float(us) / 1000 for name, us in zip(names, summary.groups(), strict=True)},
        "peak_memory_mib": None if peak is None else float(peak[1]),
    }
