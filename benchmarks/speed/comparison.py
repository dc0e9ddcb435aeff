"""Results side by side, as tables, and what became slower since a baseline."""

from __future__ import annotations

import csv
import html
import io
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


def as_text(results: Sequence[Result]) -> str:
    """The table for a terminal: results are numbered columns, explained above them."""
    lines = [f"[{number}] {label(result)}" for number, result in enumerate(results, 1)]
    heads = [f"[{number}]".rjust(10) for number in range(1, len(results) + 1)]
    lines += ["", f"{'median':34} {'unit':5}{''.join(heads)}"]
    for row in rows(results):
        cells = "".join(_cell(value).rjust(10) for value in row.values)
        lines.append(f"{row.quantity:34} {row.unit:5}{cells}")
    return "\n".join(lines)


def as_csv(results: Sequence[Result]) -> str:
    """The table for a spreadsheet: a line for each quantity, a column for each result."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["quantity", "unit", *(label(result) for result in results)])
    for row in rows(results):
        writer.writerow([row.quantity, row.unit, *("" if v is None else v for v in row.values)])
    return stream.getvalue()


def as_html(results: Sequence[Result], pictures: Sequence[str]) -> str:
    """The table as a page, with pictures (file names beside it) under it."""
    columns = "".join(f"<th>{html.escape(label(result))}</th>" for result in results)
    body = "".join(
        f"<tr><td>{html.escape(row.quantity)}</td><td>{row.unit}</td>"
        + "".join(f"<td class=n>{_cell(value)}</td>" for value in row.values)
        + "</tr>\n"
        for row in rows(results)
    )
    images = "".join(f'<p><img src="{html.escape(name)}" alt=""></p>\n' for name in pictures)
    return (
        "<!DOCTYPE html>\n<html lang=en><meta charset=utf-8><title>Speed of ailock</title>\n"
        "<style>body{font:15px sans-serif;margin:2em}table{border-collapse:collapse}"
        "td,th{padding:.2em .8em;border-bottom:1px solid #ccc;text-align:left}"
        "th{vertical-align:bottom;max-width:16em}.n{text-align:right}img{max-width:100%}</style>\n"
        f"<h1>Speed of ailock</h1>\n<table><tr><th>median</th><th>unit</th>{columns}</tr>\n"
        f"{body}</table>\n{images}</html>\n"
    )


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


def changes_as_text(found: Sequence[Change]) -> str:
    """A table of changes for a terminal; regressions are marked."""
    lines = [f"{'':12}{'baseline':>12}{'new':>12}{'ratio':>8}"]
    for change in found:
        mark = f"  REGRESSION (above {change.limit:.2f})" if change.flagged else ""
        lines.append(
            f"{change.stage:12}{change.baseline_ms:9.2f} ms{change.new_ms:9.2f} ms"
            f"{change.ratio:8.2f}{mark}"
        )
    return "\n".join(lines)


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


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"
