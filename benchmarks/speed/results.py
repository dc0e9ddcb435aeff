"""Results of the speed harness: their one schema, read strictly and written whole."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ailock_sdk.benchmark import SCHEMA as BENCHMARK_SCHEMA
from ailock_sdk.benchmark import STAGES
from benchmarks.speed.errors import SpeedError
from benchmarks.speed.schema import (
    Check,
    ShapeError,
    array,
    constant,
    flag,
    integer,
    mapping,
    number,
    optional,
    record,
    text,
)

SCHEMA = "ailock-speed/1"

Result = dict[str, Any]
"""A JSON object that :func:`check_result` accepts."""


def _instant(value: object, where: str) -> None:
    text(value, where)
    try:
        parsed = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise ShapeError(f"{where}: {value!r} is not a date and time of ISO 8601") from None
    if parsed.utcoffset() is None:
        raise ShapeError(f"{where}: {value!r} names no time zone")


def _sha256(value: object, where: str) -> None:
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
        raise ShapeError(f"{where}: not a SHA-256 in hex")


def _milliseconds(value: object, where: str) -> None:
    number(0)(value, where)


_FIGURES = record(dict.fromkeys(("p50", "p90", "p99", "first"), _milliseconds))


def _quantiles(value: object, where: str) -> None:
    _FIGURES(value, where)
    row = value if isinstance(value, dict) else {}
    if not row["p50"] <= row["p90"] <= row["p99"]:
        raise ShapeError(f"{where}: p50, p90 and p99 are not in order")


_STATE = record(
    {
        "temperature_c": mapping(number()),
        "mhz": array(optional(number(0))),
        "throttled": optional(flag),
    }
)

_BENCHMARK = record(
    {
        "schema": constant(BENCHMARK_SCHEMA),
        "when": _instant,
        "device": record(
            {
                "machine": text,
                "processor": text,
                "model": optional(text),
                "cores": integer(1),
                "cpu_features": array(text),
                "max_mhz": array(optional(number(0))),
                "governor": optional(text),
                "os": text,
                "memory_mib": optional(number(0)),
            }
        ),
        "software": record(
            dict.fromkeys(
                ("ailock_sdk", "python", "numpy", "pillow", "cryptography", "runtime"), text
            )
        ),
        "model": record(
            {
                "bundle": text,
                "version": text,
                "fingerprint": text,
                "model_sha256": _sha256,
                "profile": text,
            }
        ),
        "photo": record({"width": integer(1), "height": integer(1), "bytes": integer(1)}),
        "threads": integer(1),
        "runs": integer(1),
        "stages_ms": record(dict.fromkeys(STAGES, _quantiles)),
        "unlock_ms": _quantiles,
        "by_threads": mapping(
            record({"network_ms": _quantiles, "imageprint_ms": _quantiles}),
            key=lambda name: name.isascii() and name.isdigit() and int(name) > 0,
        ),
        "load_ms": _milliseconds,
        "process_ms": record(dict.fromkeys(("python", "import", "unlock"), _milliseconds)),
        "peak_memory_mib": number(0),
        "unlock_memory_mib": number(0),
        "state": record({"before": _STATE, "after": _STATE}),
    }
)

_BENCHMARK_MODEL = record(
    {
        "program": text,
        "sha256": _sha256,
        "threads": integer(1),
        "runs": integer(1),
        "init_ms": _milliseconds,
        "first_ms": _milliseconds,
        "warmup_ms": _milliseconds,
        "inference_ms": _milliseconds,
        "peak_memory_mib": optional(number(0)),
    }
)

_RESULT = record(
    {
        "schema": constant(SCHEMA),
        "target": text,
        "commit": optional(text),
        "command": text,
        "benchmark": _BENCHMARK,
        "benchmark_model": optional(_BENCHMARK_MODEL),
    }
)


def parse_benchmark(output: str, source: str) -> dict[str, Any]:
    """The JSON object that ``ailock benchmark --json`` printed, checked.

    Raises
    ------
    SpeedError
        ``output`` is not one JSON object of schema ``ailock-benchmark/1``; the text names
        ``source`` and the first wrong field.
    """
    return _checked(_parse(output, source), _BENCHMARK, source)


def check_result(value: object, source: str) -> Result:
    """``value`` itself when it is a result of schema ``ailock-speed/1``.

    Raises
    ------
    SpeedError
        It is not; the text names ``source`` and the first wrong field.
    """
    return _checked(value, _RESULT, source)


def load_result(path: Path) -> Result:
    """A result file, checked; :class:`SpeedError` says what is wrong with it."""
    try:
        content = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpeedError(f"cannot read the result {path}: {error}") from None
    return check_result(_parse(content, str(path)), str(path))


def find_results(folder: Path) -> list[Path]:
    """The result files in ``folder``, by name; JSON of another schema is passed over.

    Raises
    ------
    SpeedError
        A ``.json`` file cannot be read as JSON.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            value = _parse(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise SpeedError(f"cannot read {path}: {error}") from None
        schema = value.get("schema") if isinstance(value, dict) else None
        if isinstance(schema, str) and schema.startswith(SCHEMA.split("/")[0] + "/"):
            found.append(path)
    return found


def save_result(result: Result, folder: Path) -> Path:
    """Check ``result`` and write ``TARGET-MODEL-DATE.json`` into ``folder``; its path."""
    check_result(result, "the new result")
    benchmark = result["benchmark"]
    when = datetime.fromisoformat(benchmark["when"].replace("Z", "+00:00"))
    parts = (result["target"], benchmark["model"]["bundle"], when.strftime("%Y%m%dT%H%M%SZ"))
    name = "-".join(re.sub("[^A-Za-z0-9._]+", "-", part).strip("-") for part in parts)
    path = folder / f"{name}.json"
    write_whole(path, json.dumps(result, indent=2) + "\n")
    return path


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all; text becomes UTF-8.

    Raises
    ------
    SpeedError
        The folder cannot be written, or its disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content.encode() if isinstance(content, str) else content)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.chmod(0o644)  # mkstemp makes it private
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise SpeedError(f"cannot write {path}: {error.strerror}") from None


def device_of(result: Result) -> tuple[Any, ...]:
    """What two results must share to be of the same device.

    Emulation is a device of its own: it has the facts of the processor it plays.
    """
    device = result["benchmark"]["device"]
    emulated = result["target"].startswith("emulated-")
    facts = (device[name] for name in ("machine", "processor", "model", "cores"))
    return (emulated, *facts)


def workload_of(result: Result) -> tuple[Any, ...]:
    """What two results of one device must share to be comparable: model, photo and threads."""
    benchmark = result["benchmark"]
    model, photo = benchmark["model"], benchmark["photo"]
    return (
        model["model_sha256"],
        model["profile"],
        *(photo[name] for name in ("width", "height", "bytes")),
        benchmark["threads"],
    )


def newest(results: Iterable[Result]) -> Result:
    """The one measured last."""
    return max(results, key=lambda result: _time(result["benchmark"]))


def _time(benchmark: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(benchmark["when"].replace("Z", "+00:00"))


def _parse(content: str, source: str) -> object:
    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not a JSON number")

    try:
        return json.loads(content, parse_constant=refuse)
    except ValueError as error:
        start = content.strip()[:60]
        raise SpeedError(f"{source}: not JSON ({error}); it begins with {start!r}") from None


def _checked(value: object, check: Check, source: str) -> dict[str, Any]:
    try:
        check(value, "$")
    except ShapeError as error:
        raise SpeedError(f"{source}: not a result of this version: {error}") from None
    assert isinstance(value, dict)
    return value
