"""The speed harness without a device: its schema, logs, comparisons, pictures, command line."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ailock_sdk.benchmark import STAGES
from benchmarks.speed import benchmark_model, comparison, results
from benchmarks.speed.__main__ import main
from benchmarks.speed.comparison_report import (
    changes_report,
    comparison_report,
    save_comparison,
)
from benchmarks.speed.errors import SpeedError
from lab.errors import OutputError
from lab.report.render_text import as_text
from lab.report.style import LIGHT
from tests.json_mutations import WRONG, encode, fields, shown

LOGS = Path(__file__).parent / "benchmark_model_logs"

Make = Callable[..., dict[str, Any]]


def quantiles(p50: float) -> dict[str, float]:
    return {"p50": p50, "p90": 1.1 * p50, "p99": 1.3 * p50, "first": 2 * p50}


@pytest.fixture
def make() -> Make:
    """A maker of results: stage number i takes i + 1 ms, Argon2id 100 ms."""

    def make(
        target: str = "local",
        model: str | None = "Raspberry Pi 5 Model B Rev 1.0",
        when: str = "2025-03-01T12:00:00Z",
        slower: dict[str, float] | None = None,
        sweep: bool = True,
        **benchmark: Any,
    ) -> dict[str, Any]:
        times = {stage: index + 1.0 for index, stage in enumerate(STAGES)}
        times["Argon2id"] = 100.0
        for stage, factor in (slower or {}).items():
            times[stage] *= factor
        state = {"temperature_c": {"cpu-thermal": 51.5}, "mhz": [2400, None], "throttled": False}
        counts = (1, 2, 4) if sweep else (2,)
        return {
            "schema": "ailock-speed/1",
            "target": target,
            "commit": "0123456789abcdef",
            "command": "python -m benchmarks.speed --target local --out speed",
            "benchmark": {
                "schema": "ailock-benchmark/1",
                "when": when,
                "device": {
                    "machine": "aarch64",
                    "processor": "4x Cortex-A76",
                    "model": model,
                    "cores": 4,
                    "cpu_features": ["asimd", "asimddp"],
                    "max_mhz": [2400, None],
                    "governor": "ondemand",
                    "os": "Linux 6.6",
                    "memory_mib": 8052,
                },
                "software": {
                    "ailock_sdk": "0.1.0",
                    "python": "3.11.2",
                    "numpy": "2.0.0",
                    "pillow": "11.0.0",
                    "cryptography": "44.0.0",
                    "runtime": "ai-edge-litert 2.0",
                },
                "model": {
                    "bundle": "inception_v3_slim",
                    "version": "0.2.0",
                    "fingerprint": "ab" * 32,
                    "model_sha256": "cd" * 32,
                    "profile": "default",
                },
                "photo": {"width": 640, "height": 480, "bytes": 81234},
                "threads": 2,
                "runs": 20,
                "stages_ms": {stage: quantiles(ms) for stage, ms in times.items()},
                "unlock_ms": quantiles(sum(times.values())),
                "by_threads": {
                    str(count): {
                        "network_ms": quantiles(40 / count),
                        "imageprint_ms": quantiles(20 + 40 / count),
                    }
                    for count in counts
                },
                "load_ms": 80.5,
                "process_ms": {"python": 30.0, "import": 120.0, "unlock": 900.0},
                "peak_memory_mib": 150.0,
                "unlock_memory_mib": 160.0,
                "state": {"before": state, "after": copy.deepcopy(state)},
                **benchmark,
            },
            "benchmark_model": None,
        }

    return make


# -- the schema --------------------------------------------------------------------------------


def test_a_saved_result_is_read_back(make: Make, tmp_path: Path) -> None:
    result = make("ssh:pi@bench:2222")
    path = results.save_result(result, tmp_path / "new folder")
    assert path.name == "ssh-pi-bench-2222-inception_v3_slim-20250301T120000Z.json"
    assert results.load_result(path) == result
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def change_at(value: Any, path: str, new: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        value = value[name]
    if new is KeyError:
        del value[last]
    else:
        value[last] = new


@pytest.mark.parametrize(
    ("path", "new", "message"),
    [
        ("schema", "ailock-speed/2", "schema: expected `str` matching regex"),
        ("target", "", "target: expected `str` of length >= 1"),
        ("commit", 7, "commit: expected `str | null`, got `int`"),
        ("surprise", 1, "surprise: unknown field"),
        ("command", KeyError, "command: missing"),
        ("benchmark", None, "benchmark: expected `object`"),
        ("benchmark.schema", "ailock-benchmark/0", "benchmark.schema"),
        ("benchmark.when", "yesterday", "benchmark.when: invalid RFC3339"),
        ("benchmark.when", "2025-03-01T12:00:00", "benchmark.when: expected `datetime` with"),
        ("benchmark.device.cores", 0, "cores: expected `int` >= 1"),
        ("benchmark.device.cores", True, "cores: expected `int`, got `bool`"),
        ("benchmark.device.cores", 2.0, "cores: expected `int`, got `float`"),
        ("benchmark.device.cores", 2**64, "cores: a whole number of more than 64 bits"),
        ("benchmark.device.cpu_features", "asimd", "cpu_features: expected `array`"),
        ("benchmark.device.max_mhz", [2400, "fast"], "max_mhz[1]: expected `float | null`"),
        ("benchmark.model.model_sha256", "CD" * 32, "model_sha256: expected `str` matching"),
        ("benchmark.stages_ms.network", KeyError, "stages_ms.network: missing"),
        ("benchmark.stages_ms.network.p50", -1, "network.p50: expected `float` >= 0"),
        ("benchmark.stages_ms.network.p50", 1e6, "stages_ms.network: p50, p90 and p99 are not"),
        ("benchmark.stages_ms.network.p50", True, "network.p50: expected `float`"),
        ("benchmark.by_threads", {"two": {}}, "by_threads.two: expected `str` matching"),
        ("benchmark.by_threads", {"0": {}}, "by_threads.0: expected `str` matching"),
        ("benchmark.unlock_ms.p99", float("inf"), "unlock_ms.p99: not a finite number"),
        ("benchmark.load_ms", float("nan"), "load_ms: not a finite number"),
        ("benchmark.load_ms", float("-inf"), "load_ms: not a finite number"),
        ("benchmark.state.after.throttled", "no", "throttled: expected `bool | null`"),
        ("benchmark.state.after.temperature_c", {"cpu": None}, "temperature_c.cpu: expected"),
        ("benchmark_model", {"init_ms": 1}, "benchmark_model."),
    ],
)
def test_a_wrong_result_is_refused_by_its_field(
    make: Make, tmp_path: Path, path: str, new: Any, message: str
) -> None:
    result = make()
    change_at(result, path, new)
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(result), "utf-8")
    with pytest.raises(SpeedError, match=r"wrong\.json: ") as caught:
        results.load_result(file)
    assert message in str(caught.value)


WHOLE = {"cores", "width", "height", "bytes", "threads", "runs"}
NULLABLE = {"commit", "model", "governor", "memory_mib", "throttled", "max_mhz", "mhz"}


def test_no_field_of_a_result_takes_a_wrong_value(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "wrong.json"
    for path, good in fields(make()):
        names = [step for step in path if isinstance(step, str)]
        numbers = float if names[-1] not in WHOLE else int
        kind = numbers if type(good) in (int, float) else type(good)
        wrong_values = () if good is None else WRONG.get(kind, (0, "no", [], {}))
        for wrong in wrong_values:
            if wrong is None and names[-1] in NULLABLE and not isinstance(good, (dict, list)):
                continue
            result = make()
            parent: Any = result
            for step in path[:-1]:
                parent = parent[step]
            parent[path[-1]] = wrong
            file.write_bytes(encode(result))
            with pytest.raises(SpeedError) as caught:
                results.load_result(file)
            assert f": {shown(path)}" in str(caught.value), repr(wrong)[:80]


def test_a_repeated_field_is_refused(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "twice.json"
    file.write_text(json.dumps(make()).replace('"load_ms"', '"runs"'), "utf-8")
    with pytest.raises(SpeedError, match=r"twice\.json: benchmark\.runs: the key is repeated"):
        results.load_result(file)


def test_an_invalid_result_is_not_saved(make: Make, tmp_path: Path) -> None:
    result = make()
    del result["benchmark"]["load_ms"]
    with pytest.raises(SpeedError, match="load_ms"):
        results.save_result(result, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_error(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        results.save_result(make(), tmp_path / "file")


def test_results_are_found_among_other_json(make: Make, tmp_path: Path) -> None:
    path = results.save_result(make(), tmp_path)
    (tmp_path / "bars.json").write_text('{"schema": "other/1"}', "utf-8")
    (tmp_path / "list.json").write_text("[]", "utf-8")
    assert results.find_results(tmp_path) == [path]
    (tmp_path / "broken.json").write_text(path.read_text("utf-8")[:200], "utf-8")
    with pytest.raises(SpeedError, match=r"broken\.json: not JSON"):
        results.find_results(tmp_path)


@pytest.mark.parametrize("output", ["", "Segmentation fault\n", '{"error": "BundleError"}', "[1]"])
def test_garbage_from_a_device_is_one_error(output: str) -> None:
    with pytest.raises(SpeedError, match=r"^adb: the output: not (JSON|a result)"):
        results.parse_benchmark(output, "adb: the output")


# -- benchmark_model's log -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "android.txt",
            {
                "runs": 50,
                "init_ms": 12.345,
                "first_ms": 49.06,
                "warmup_ms": 34.8251,
                "inference_ms": 33.2094,
                "peak_memory_mib": 25.0508,
            },
        ),
        (
            "one_slow_run.txt",
            {
                "runs": 1,
                "init_ms": 17.187,
                "first_ms": 3512.391,
                "warmup_ms": 3512.39,
                "inference_ms": 2950.34,
                "peak_memory_mib": None,
            },
        ),
    ],
)
def test_logs_of_two_versions_are_read(name: str, expected: dict[str, float]) -> None:
    parsed = benchmark_model.parse_log((LOGS / name).read_text("utf-8"))
    assert parsed == pytest.approx(expected)


@pytest.mark.parametrize(
    ("log", "ending"),
    [
        ("", "nothing"),
        ("INFO: STARTING!\nERROR: Failed to load model\n\n", "Failed to load model"),
        ("count=3 first=1 curr=1 min=1 max=1 avg=1 std=0\n", "count=3"),
        ("Inference timings in us: Init: -nan, First inference: 1, Warmup (avg): 1", "Init: -nan"),
    ],
)
def test_a_log_without_timings_is_refused(log: str, ending: str) -> None:
    with pytest.raises(SpeedError, match=f"no timings.*{ending}"):
        benchmark_model.parse_log(log)


# -- side by side --------------------------------------------------------------------------------


def test_the_forms_of_the_table_agree(make: Make, tmp_path: Path) -> None:
    pair = [make(), make("adb:42", model=None, when="2025-03-02T12:00:00Z")]
    pair[1]["benchmark_model"] = {
        **{"program": "benchmark_model", "sha256": "ef" * 32, "threads": 2, "runs": 20},
        **{"init_ms": 12.0, "first_ms": 40.0, "warmup_ms": 38.0, "inference_ms": 33.25},
        "peak_memory_mib": None,
    }
    pair[1]["benchmark"]["state"]["after"]["temperature_c"] = {}
    for result in pair:
        results.check_result(result, "made up")
    rows = {row.quantity: row.values for row in comparison.rows(pair)}
    assert list(rows)[: len(STAGES)] == list(STAGES)
    assert rows["network"] == (STAGES.index("network") + 1.0,) * 2
    assert rows["benchmark_model: inference (mean)"] == (None, 33.25)
    assert rows["hottest sensor after"] == (51.5, None)
    save_comparison(pair, tmp_path)
    table = list(csv.reader(io.StringIO((tmp_path / "comparison.csv").read_text("utf-8"))))
    assert table[0][2].startswith("Raspberry Pi 5")
    assert table[0][3].startswith("4x Cortex-A76")  # no model: the processor
    assert {line[0]: tuple(float(v) if v else None for v in line[2:]) for line in table[1:]} == rows
    text = as_text(comparison_report(pair, numbered=True))
    assert f"- [2]: {comparison.label(pair[1])}" in text
    page = (tmp_path / "comparison.html").read_text("utf-8")
    for quantity, values in rows.items():
        line = next(line for line in text.splitlines() if line.startswith(f"| {quantity} "))
        assert quantity in page
        for value in values:
            shown = "" if value is None else f"{value:.2f}"
            assert f" {shown} |" in line
            assert f">{shown}<" in page


def test_names_of_devices_are_escaped_in_the_page(make: Make, tmp_path: Path) -> None:
    save_comparison([make(model="<b>A & B</b>")], tmp_path)
    page = (tmp_path / "comparison.html").read_text("utf-8")
    assert "&lt;b&gt;A &amp; B" in page
    assert "<b>A" not in page


def test_a_regression_is_a_ratio_beyond_noise(make: Make) -> None:
    slower = make(slower={"network": 1.2, "Argon2id": 1.05, "read": 1.15})
    found = {one.stage: one for one in comparison.changes(slower, make())}
    assert set(found) == {*STAGES, "unlock"}
    assert found["network"].ratio == pytest.approx(1.2)
    flagged = {stage for stage, change in found.items() if change.flagged}
    assert flagged == {"network"}  # Argon2id is within the limit, read within the noise
    tight = comparison.changes(slower, make(), limit=1.01)
    assert {one.stage for one in tight if one.flagged} == {"network", "Argon2id", "unlock"}
    assert as_text(changes_report(slower, tight)).count("REGRESSION (above 1.01)") == 3


def test_a_stage_that_took_no_time_has_a_ratio() -> None:
    assert comparison.Change("read", 0.0, 0.0, 1.1).ratio == 1
    assert comparison.Change("read", 0.0, 5.0, 1.1).flagged


def test_the_baseline_is_the_newest_of_the_same_device_and_work(make: Make) -> None:
    old, new = make(when="2025-01-01T00:00:00Z"), make(when="2025-02-01T00:00:00+01:00")
    other = make(model="Pixel 8", when="2025-02-20T00:00:00Z")
    assert comparison.baseline_for(make(), [new, other, old]) is new
    emulated = make("emulated-aarch64")
    with pytest.raises(SpeedError, match="no baseline was measured on this device"):
        comparison.baseline_for(make(), [other, emulated])
    with pytest.raises(SpeedError, match="another model, photo or number of threads"):
        comparison.baseline_for(make(threads=4), [old, new])


# -- pictures ------------------------------------------------------------------------------------


def colours_in(path: Path) -> set[str]:
    with Image.open(path) as image:
        pixels = np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)
    return {"#" + bytes(pixel).hex() for pixel in pixels}


def test_every_stage_has_its_colour_in_the_picture(make: Make, tmp_path: Path) -> None:
    save_comparison([make(), make("adb")], tmp_path)
    colours = set(LIGHT.colours.values())
    assert colours <= colours_in(tmp_path / "stages.png")
    assert len(colours) == len(STAGES)


def test_threads_are_drawn_where_they_were_swept(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "threads.png"
    save_comparison([make(), make(sweep=False)], tmp_path)
    assert LIGHT.colours["blue"] in colours_in(path)
    assert LIGHT.colours["orange"] not in colours_in(path)
    save_comparison([make(sweep=False)], tmp_path)
    assert not list(tmp_path.glob("threads.*"))  # nothing of an earlier run stays


# -- the command line ----------------------------------------------------------------------------


def test_compare_writes_everything_and_judges(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = results.save_result(make(), tmp_path)
    after = results.save_result(
        make(when="2025-03-02T12:00:00Z", slower={"Argon2id": 1.5}), tmp_path
    )
    out = tmp_path / "out"
    compare = ["--compare", str(before), str(after), "--out", str(out)]
    assert main(compare) == 0
    assert {path.name for path in out.iterdir()} == {
        *("comparison.csv", "comparison.html", "comparison.md", "comparison.json"),
        *("stages.png", "stages.csv", "threads.png", "threads.csv"),
    }
    assert main([*compare, "--baseline", str(before)]) == 1
    printed = capsys.readouterr().out
    assert [line.split()[1] for line in printed.splitlines() if "REGRESSION" in line] == [
        "Argon2id",
        "unlock",
    ]
    assert main([*compare, "--baseline", str(before), "--regression", "1.6"]) == 0
    # Another device has no baseline: it does not pass, and the others are judged all the same.
    other = results.save_result(make("adb", model="Pixel 8"), tmp_path)
    compare += ["--compare", str(other)]
    assert main([*compare, "--baseline", str(before), "--regression", "1.6"]) == 1
    printed_last = capsys.readouterr()
    assert "no baseline was measured on this device (Pixel 8)" in printed_last.err
    assert "Raspberry Pi 5 Model B Rev 1.0 since its baseline" in printed_last.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--compare", "missing.json"], "cannot read the result missing.json"),
        (["--target", "nowhere"], "unknown target 'nowhere'"),
        (["--target", "adb:"], "unknown target 'adb:'"),
        (["--target", "ssh:-oProxyCommand=x"], "not [USER@]HOST"),
        (["--target", "ssh:fe80::1"], "not [USER@]HOST"),
        (["--target", "emulated-vax"], "unknown target 'emulated-vax'"),
        (["--target", "local", "--photo", "missing.jpg"], "no file missing.jpg"),
        (["--target", "local", "--baseline", "missing.json"], "cannot read the result"),
    ],
)
def test_bad_input_is_one_error(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert message in printed.err
    assert len(printed.err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_only_baselines_judge_nothing(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(results.save_result(make(), tmp_path))
    assert main(["--compare", path, "--baseline", path, "--out", str(tmp_path)]) == 1
    assert "no new result" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--target", "local", "--compare", "a.json"]])
def test_measuring_and_comparing_are_two_things(arguments: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*arguments, "--out", str(tmp_path)])
