"""Results of the speed harness: their one schema, read strictly and written whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, defstruct

from ailock_sdk.benchmark import SCHEMA as BENCHMARK_SCHEMA
from ailock_sdk.benchmark import STAGES
from ailock_sdk.strict_json import Strict, StrictJsonError, check_json, parse_json
from benchmarks.speed.errors import SpeedError
from lab.files import write_whole

SCHEMA = "ailock-speed/1"

Result = dict[str, Any]
"""A JSON object that :func:`check_result` accepts; its fields are those of ``_Result``."""

_Text = Annotated[str, Meta(min_length=1)]
_Sha256 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_Instant = Annotated[datetime, Meta(tz=True)]
_Positive = Annotated[int, Meta(ge=1)]
_PositiveText = Annotated[str, Meta(pattern=r"\A[1-9][0-9]*\Z")]
_Amount = Annotated[float, Meta(ge=0)]


class _Quantiles(Strict, frozen=True):
    """Milliseconds."""

    p50: _Amount
    p90: _Amount
    p99: _Amount
    first: _Amount

    def __post_init__(self) -> None:
        if not self.p50 <= self.p90 <= self.p99:
            raise ValueError("p50, p90 and p99 are not in order")


class _Device(Strict, frozen=True):
    machine: _Text
    processor: _Text
    model: _Text | None
    cores: _Positive
    cpu_features: list[_Text]
    max_mhz: list[_Amount | None]
    governor: _Text | None
    os: _Text
    memory_mib: _Amount | None


class _Software(Strict, frozen=True):
    ailock_sdk: _Text
    python: _Text
    numpy: _Text
    pillow: _Text
    cryptography: _Text
    runtime: _Text


class _Model(Strict, frozen=True):
    bundle: _Text
    version: _Text
    fingerprint: _Text
    model_sha256: _Sha256
    profile: _Text


class _Photo(Strict, frozen=True):
    width: _Positive
    height: _Positive
    bytes: _Positive


class _OfThreads(Strict, frozen=True):
    network_ms: _Quantiles
    imageprint_ms: _Quantiles


class _Processes(Strict, frozen=True, rename={"importing": "import"}):
    python: _Amount
    importing: _Amount
    unlock: _Amount


class _Moment(Strict, frozen=True):
    temperature_c: dict[str, float]
    mhz: list[_Amount | None]
    throttled: bool | None


class _State(Strict, frozen=True):
    before: _Moment
    after: _Moment


_Stages = defstruct(
    "_Stages", [(stage, _Quantiles) for stage in STAGES], bases=(Strict,), frozen=True
)


class _Benchmark(Strict, frozen=True):
    """What ``ailock benchmark --json`` prints."""

    schema: Annotated[str, Meta(pattern=rf"\A{BENCHMARK_SCHEMA}\Z")]
    when: _Instant
    device: _Device
    software: _Software
    model: _Model
    photo: _Photo
    threads: _Positive
    runs: _Positive
    stages_ms: _Stages  # type: ignore[valid-type]
    unlock_ms: _Quantiles
    by_threads: dict[_PositiveText, _OfThreads]
    load_ms: _Amount
    process_ms: _Processes
    peak_memory_mib: _Amount
    unlock_memory_mib: _Amount
    state: _State


class _BenchmarkModel(Strict, frozen=True):
    """Figures of TFLite's own program."""

    program: _Text
    sha256: _Sha256
    threads: _Positive
    runs: _Positive
    init_ms: _Amount
    first_ms: _Amount
    warmup_ms: _Amount
    inference_ms: _Amount
    peak_memory_mib: _Amount | None


class _Result(Strict, frozen=True):
    schema: Annotated[str, Meta(pattern=rf"\A{SCHEMA}\Z")]
    target: _Text
    commit: _Text | None
    command: _Text
    benchmark: _Benchmark
    benchmark_model: _BenchmarkModel | None


def parse_benchmark(output: str, source: str) -> dict[str, Any]:
    """The JSON object that ``ailock benchmark --json`` printed, checked.

    Raises
    ------
    SpeedError
        ``output`` is not one JSON object of schema ``ailock-benchmark/1``; the text names
        ``source`` and the first wrong field.
    """
    return _checked(_parse(output.encode(), source), _Benchmark, source)


def check_result(value: object, source: str) -> Result:
    """``value`` itself when it is a result of schema ``ailock-speed/1``.

    Raises
    ------
    SpeedError
        It is not; the text names ``source`` and the first wrong field.
    """
    return _checked(value, _Result, source)


def load_result(path: Path) -> Result:
    """A result file, checked; :class:`SpeedError` says what is wrong with it."""
    return check_result(_read(path), str(path))


def find_results(folder: Path) -> list[Path]:
    """The result files in ``folder``, by name; JSON of another schema is passed over.

    Raises
    ------
    SpeedError
        A ``.json`` file cannot be read as JSON.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        value = _read(path)
        schema = value.get("schema") if isinstance(value, dict) else None
        if isinstance(schema, str) and schema.startswith(SCHEMA.split("/")[0] + "/"):
            found.append(path)
    return found


def save_result(result: Result, folder: Path) -> Path:
    """Check ``result`` and write ``TARGET-MODEL-DATE.json`` into ``folder``; its path.

    Raises
    ------
    SpeedError
        ``result`` is not of this schema.
    OutputError
        The folder cannot be written, or its disk is full.
    """
    check_result(result, "the new result")
    benchmark = result["benchmark"]
    when = _time(benchmark).strftime("%Y%m%dT%H%M%SZ")
    parts = (result["target"], benchmark["model"]["bundle"], when)
    name = "-".join(re.sub("[^A-Za-z0-9._]+", "-", part).strip("-") for part in parts)
    path = folder / f"{name}.json"
    write_whole(path, json.dumps(result, indent=2) + "\n")
    return path


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


def _read(path: Path) -> Any:
    try:
        return _parse(path.read_bytes(), str(path))
    except OSError as error:
        raise SpeedError(f"cannot read the result {path}: {error.strerror}") from None


def _parse(content: bytes, source: str) -> Any:
    try:
        return parse_json(content)
    except StrictJsonError as error:
        start = content.decode("utf-8", "replace").strip()[:60]
        raise SpeedError(f"{source}: {error}; it begins with {start!r}") from None


def _checked(value: Any, kind: type[Strict], source: str) -> dict[str, Any]:
    try:
        check_json(value, kind)
    except StrictJsonError as error:
        raise SpeedError(f"{source}: not a result of this version: {error}") from None
    checked: dict[str, Any] = value
    return checked
