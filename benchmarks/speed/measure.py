"""One target timed: ``ailock benchmark`` there, and TFLite's ``benchmark_model`` beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ailock_sdk.embedding import find_bundle
from benchmarks.speed import benchmark_model
from benchmarks.speed.errors import SpeedError
from benchmarks.speed.results import SCHEMA, Result, check_result, parse_benchmark
from benchmarks.speed.targets import Target
from lab.files import sha256_of
from lab.report.provenance import commit


@dataclass(frozen=True)
class Settings:
    """What is timed.

    ``runs``, ``photo`` and ``threads`` are those of ``ailock benchmark``, None for its defaults;
    ``program`` is a ``benchmark_model`` built for the target.
    """

    runs: int | None = None
    photo: Path | None = None
    threads: int | None = None
    program: Path | None = None


def measure(target: Target, settings: Settings, command: str) -> Result:
    """Prepare a target and time it; ``command`` is the harness's own, for the record.

    Raises
    ------
    SpeedError
        The target cannot be reached, a program there fails, or prints what is no result.
    """
    for file in (settings.photo, settings.program):
        if file is not None and not file.is_file():
            raise SpeedError(f"no file {file}")
    target.prepare()
    arguments = ["benchmark", "--json"]
    if settings.runs is not None:
        arguments += ["--runs", str(settings.runs)]
    if settings.threads is not None:
        arguments += ["--threads", str(settings.threads)]
    if settings.photo is not None:
        arguments += ["--photo", target.place(settings.photo)]
    doing = "timing unlocks"
    output = target.ailock(arguments, doing)
    benchmark = parse_benchmark(output, target.doing(f"{doing}: the output"))
    yardstick = None
    if settings.program is not None:
        yardstick = _yardstick(target, settings.program, benchmark)
    result = {
        "schema": SCHEMA,
        "target": target.name,
        "commit": commit(),
        "command": command,
        "benchmark": benchmark,
        "benchmark_model": yardstick,
    }
    return check_result(result, target.name)


def _yardstick(target: Target, program: Path, benchmark: dict[str, Any]) -> dict[str, Any]:
    """``benchmark_model`` on the very model that ``ailock`` ran, with as many threads and runs."""
    bundle = find_bundle(benchmark["model"]["bundle"])
    if sha256_of(bundle.model_path) != benchmark["model"]["model_sha256"]:
        raise SpeedError(
            target.doing(f"its model {bundle.name!r} is not the one here: run again with --clean")
        )
    threads = benchmark["threads"]
    arguments = benchmark_model.arguments(
        target.place(bundle.model_path), threads, benchmark["runs"]
    )
    # Versions differ in which output they log to.
    merged = ["sh", "-c", 'exec "$@" 2>&1', "sh", target.place(program), *arguments]
    log = target.run(merged, "timing benchmark_model")
    return {
        "program": program.name,
        "sha256": sha256_of(program),
        "threads": threads,
        **benchmark_model.parse_log(log),
    }
