"""What ``ailock benchmark`` reports, from one real run; no time is judged."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from ailock_sdk.benchmark import (
    IMAGEPRINT_STAGES,
    STAGES,
    Unlocking,
    format_report,
    format_table,
    format_tuning,
    result_of,
    run,
    tuning,
)
from ailock_sdk.errors import AilockError, PhotoFormatError
from ailock_sdk.sketch import KdfCost, tune
from benchmarks.speed.results import parse_benchmark

Photos = dict[str, list[Path]]
BALLAST_MIB = 400
"""More than a whole unlock takes."""


@pytest.fixture(scope="module")
def result(photos: Photos) -> dict[str, Any]:
    """A run in a process that is itself large."""
    ballast = bytearray(b"\x01") * (BALLAST_MIB * 1024 * 1024)
    photo = next(iter(photos.values()))[0]
    measured = run(photo, runs=2)
    assert len(ballast) == BALLAST_MIB * 1024 * 1024
    return measured


@pytest.fixture
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", None)  # forget the one already chosen
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_result_is_what_the_harness_reads(result: dict[str, Any], photos: Photos) -> None:
    assert parse_benchmark(json.dumps(result), "this run") == result
    assert tuple(result["stages_ms"]) == STAGES
    photo = next(iter(photos.values()))[0]
    assert result["photo"] == {"width": 640, "height": 480, "bytes": photo.stat().st_size}


def test_every_stage_takes_time(result: dict[str, Any]) -> None:
    for stage, row in result["stages_ms"].items():
        assert 0 < row["p50"] <= row["p90"] <= row["p99"], stage
        assert row["first"] > 0, stage
    first = sum(row["first"] for row in result["stages_ms"].values())
    assert result["unlock_ms"]["first"] == pytest.approx(first, abs=0.01)


def test_sweep_covers_the_threads_from_one(result: dict[str, Any]) -> None:
    assert list(result["by_threads"]) == [str(n + 1) for n in range(len(result["by_threads"]))]
    for row in result["by_threads"].values():
        assert 0 < row["network_ms"]["first"] < row["imageprint_ms"]["first"]


def test_memory_of_an_unlock_is_not_that_of_the_benchmark(result: dict[str, Any]) -> None:
    assert result["peak_memory_mib"] > BALLAST_MIB
    assert 20 < result["unlock_memory_mib"] < BALLAST_MIB


def test_report_for_people(result: dict[str, Any]) -> None:
    text = format_report(result)
    for word in (*STAGES, "unlock", "import ailock_sdk", result["software"]["runtime"]):
        assert word in text
    assert f"{result['stages_ms']['network']['p50']:8.2f}" in text
    assert max(map(len, text.splitlines())) <= 120


def test_report_says_when_the_clocks_were_held_back(result: dict[str, Any]) -> None:
    hot = {"temperature_c": {"skin": 38.0, "BIG": 81.4}, "mhz": [900.0, None, 1800.0]}
    state = {
        "before": {**hot, "throttled": False},
        "after": {**hot, "throttled": True},
    }
    text = format_report({**result, "state": state})
    assert "after   81 degrees C (BIG, the warmest), 900 to 1800 MHz, throttled" in text
    assert "held below" in text
    state["after"]["throttled"] = False
    assert "held below" not in format_report({**result, "state": state})


def test_unlocking_by_itself(own_temporary_folder: Path) -> None:
    with Unlocking(threads=1) as unlocking:
        assert unlocking.vault.is_relative_to(own_temporary_folder)
        for _ in range(2):
            unlocking.once()
        assert {len(times) for times in unlocking.times.values()} == {2}
        found = result_of(unlocking)
        assert (found["threads"], found["runs"]) == (1, 1)
        assert all(stage in format_table(found) for stage in IMAGEPRINT_STAGES)
    assert not list(own_temporary_folder.iterdir())


def test_what_cannot_be_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AilockError, match="at least one run"):
        run(runs=0)
    with pytest.raises(AilockError, match="0 threads: give 1 or more"):
        run(threads=0)
    with pytest.raises(PhotoFormatError, match="cannot read"):
        run(tmp_path / "none.jpg")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(AilockError, match="set TMPDIR"):
        run()


@pytest.mark.parametrize(
    ("script", "message"),
    [("#!/bin/sh\necho out of luck >&2\nexit 3\n", "out of luck"), (None, "no new process")],
)
def test_processes_that_do_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, message: str
) -> None:
    python = tmp_path / "python"
    if script is not None:
        python.write_text(script)
        python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(AilockError, match=message):
        run(runs=1, threads=1)


def test_the_choice_of_a_cost_is_shown() -> None:
    result = tuning()
    assert json.loads(json.dumps(result)) == result
    assert KdfCost(**result["cost"]) == tune()
    text = format_tuning(result)
    assert f"{result['cost']['time_cost']} passes" in text
    assert f"{result['measured_ms']:.0f} ms, of 250 ms" in text
