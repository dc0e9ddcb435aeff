"""Results side by side, quantity by quantity, and what became slower since a baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ailock_sdk.benchmark import STAGES
from benchmarks.speed.errors import SpeedError
from benchmarks.speed.results import Result, device_of, newest, workload_of

REGRESSION_LIMIT = 1.10
"""Ratio of medians, new over baseline, above which a regression is flagged."""
NOISE_MS = 0.2
"""A stage that lost less than this is never flagged: a timer and a disk vary by as much."""


@dataclass(frozen=True)
class Row:
    """One quantity of every result; None where a result does not have it."""

    quantity: str
    unit: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Change:
    """The median time of a stage, or of ``unlock``, in a baseline and in a new result."""

    stage: str
    baseline_ms: float
    new_ms: float
    limit: float

    @property
    def ratio(self) -> float:
        """New over baseline; infinite when the baseline took no measurable time."""
        if self.baseline_ms == 0:
            return 1.0 if self.new_ms == 0 else float("inf")
        return self.new_ms / self.baseline_ms

    @property
    def flagged(self) -> bool:
        """Slower than the limit allows, and by more than :data:`NOISE_MS`."""
        return self.ratio > self.limit and self.new_ms - self.baseline_ms > NOISE_MS


def device_name(result: Result) -> str:
    """What a person calls the device: its model, or its processor."""
    device = result["benchmark"]["device"]
    name = device["model"] or device["processor"]
    return f"{name} (emulated)" if result["target"].startswith("emulated-") else name


def label(result: Result) -> str:
    """One line that tells a result from the others."""
    benchmark = result["benchmark"]
    photo, threads = benchmark["photo"], benchmark["threads"]
    commit = (result["commit"] or "no commit")[:10]
    return (
        f"{device_name(result)}, {threads} thread{'s' * (threads > 1)}, "
        f"photo {photo['width']} x {photo['height']}, {benchmark['model']['bundle']} "
        f"{benchmark['model']['version']}, {result['target']}, {commit}, {benchmark['when']}"
    )


def rows(results: Sequence[Result]) -> list[Row]:
    """Those of :data:`QUANTITIES` that a result has, in their order."""
    every = [
        Row(quantity, unit, tuple(get(result) for result in results))
        for quantity, unit, get in QUANTITIES
    ]
    return [row for row in every if any(value is not None for value in row.values)]


def changes(result: Result, baseline: Result, limit: float = REGRESSION_LIMIT) -> list[Change]:
    """Every stage, and last the whole unlock, of two comparable results."""
    new, old = result["benchmark"], baseline["benchmark"]
    stages = [
        Change(stage, old["stages_ms"][stage]["p50"], new["stages_ms"][stage]["p50"], limit)
        for stage in STAGES
    ]
    return [*stages, Change("unlock", old["unlock_ms"]["p50"], new["unlock_ms"]["p50"], limit)]


def baseline_for(result: Result, baselines: Sequence[Result]) -> Result:
    """The newest baseline of the same device, model, photo and threads.

    Raises
    ------
    SpeedError
        There is none: a comparison that compares nothing must not pass.
    """
    same = [one for one in baselines if device_of(one) == device_of(result)]
    if not same:
        raise SpeedError(
            f"no baseline was measured on this device ({device_name(result)}): "
            "give one that was, or leave --baseline out"
        )
    comparable = [one for one in same if workload_of(one) == workload_of(result)]
    if not comparable:
        raise SpeedError(
            f"the baselines of this device ({device_name(result)}) have another model, photo or "
            "number of threads: measure again with theirs (--photo, --threads)"
        )
    return newest(comparable)


def _stage(name: str) -> Callable[[Result], float | None]:
    return lambda result: float(result["benchmark"]["stages_ms"][name]["p50"])


def _process(name: str) -> Callable[[Result], float | None]:
    return lambda result: float(result["benchmark"]["process_ms"][name])


def _yardstick(name: str) -> Callable[[Result], float | None]:
    return lambda result: (result["benchmark_model"] or {}).get(name)


def _hottest(moment: str) -> Callable[[Result], float | None]:
    return lambda result: max(
        result["benchmark"]["state"][moment]["temperature_c"].values(), default=None
    )


QUANTITIES: tuple[tuple[str, str, Callable[[Result], float | None]], ...] = (
    *((stage, "ms", _stage(stage)) for stage in STAGES),
    ("unlock", "ms", lambda r: r["benchmark"]["unlock_ms"]["p50"]),
    ("unlock, 99th percentile", "ms", lambda r: r["benchmark"]["unlock_ms"]["p99"]),
    ("unlock, first", "ms", lambda r: r["benchmark"]["unlock_ms"]["first"]),
    ("loading the model", "ms", lambda r: r["benchmark"]["load_ms"]),
    ("process: python", "ms", _process("python")),
    ("process: import ailock_sdk", "ms", _process("import")),
    ("process: ailock unlock", "ms", _process("unlock")),
    ("peak memory", "MiB", lambda r: r["benchmark"]["peak_memory_mib"]),
    ("peak memory: ailock unlock", "MiB", lambda r: r["benchmark"]["unlock_memory_mib"]),
    ("benchmark_model: init", "ms", _yardstick("init_ms")),
    ("benchmark_model: first inference", "ms", _yardstick("first_ms")),
    ("benchmark_model: warm-up", "ms", _yardstick("warmup_ms")),
    ("benchmark_model: inference (mean)", "ms", _yardstick("inference_ms")),
    ("benchmark_model: peak memory", "MiB", _yardstick("peak_memory_mib")),
    ("hottest sensor before", "°C", _hottest("before")),
    ("hottest sensor after", "°C", _hottest("after")),
)
"""Name, unit and reader of every quantity of the comparison, in its order."""
