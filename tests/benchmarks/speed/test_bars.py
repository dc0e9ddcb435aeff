"""The bars: each comes from what was measured, and fails when it should."""

from __future__ import annotations

import copy
import json
import math
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ailock_sdk import AiLock, FilePepper
from ailock_sdk.embedding import DEFAULT_BUNDLE, find_bundle
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import CHEAPEST
from ailock_sdk.store import LockStore
from benchmarks.speed import (
    bars,
    checkouts,
    footprint,
    original_ratio,
    original_recipe,
    unlock_stages,
    vault_size,
)
from benchmarks.speed.bar import Bar
from benchmarks.speed.errors import SpeedError
from benchmarks.speed.interleave import interleaved
from benchmarks.speed.processes import Ran, run_measured

ROOT = Path(__file__).parents[3]
PHOTOS = ROOT / "tests" / "photos"
PHOTO = PHOTOS / "mug-1.jpg"
needs_tensorflow = pytest.mark.skipif(
    find_spec("tensorflow") is None, reason="the original recipe needs TensorFlow"
)


@pytest.fixture(scope="module")
def photo_counts() -> list[int]:
    """How many photos each unlock of ``stages`` was given."""
    return []


@pytest.fixture(scope="module")
def stages(photo_counts: list[int]) -> dict[str, Any]:
    """Really measured; the yardstick network is the default bundle's own."""
    genuine = unlock_stages.Unlocking.with_photos

    def with_photos(unlocking: unlock_stages.Unlocking, count: int) -> None:
        photo_counts.append(count)
        genuine(unlocking, count)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unlock_stages.Unlocking, "with_photos", with_photos)
        return unlock_stages.measure(PHOTO, find_bundle(DEFAULT_BUNDLE).path, runs=2, threads=1)


@pytest.fixture(scope="module")
def processes() -> dict[str, Any]:
    return footprint.measure_processes(PHOTO, runs=1)


def test_a_bar_holds_up_to_its_limit() -> None:
    assert Bar("x", "", 1.0, 1.0).holds
    assert not Bar("x", "", 1.01, 1.0).holds
    assert Bar("x", "", 15.0, 15.0, least=True).holds
    assert not Bar("x", "", 14.9, 15.0, least=True).holds
    assert not Bar("x", "", math.nan, 1.0).holds
    assert not Bar("x", "", math.nan, 1.0, least=True).holds
    assert Bar("x", "", 7.5, 15.0, least=True).share == 2
    assert Bar("x", "", 0.0, 15.0, least=True).share == math.inf


def test_works_take_turns() -> None:
    order: list[str] = []
    works = {name: lambda name=name: order.append(name) or len(order) for name in "abc"}
    results = interleaved(works, 3, "test")
    assert "".join(order) == "abcbcacababc"
    assert results == {"a": [6, 8, 10], "b": [4, 9, 11], "c": [5, 7, 12]}
    with pytest.raises(SpeedError, match="at least one run"):
        interleaved(works, 0, "test")


def test_a_process_is_measured_alone() -> None:
    ballast = np.ones(400 * 10**6, np.uint8)  # must not count as the children's memory
    idle = run_measured([sys.executable, "-c", "import time; time.sleep(0.3)"])
    large = run_measured([sys.executable, "-c", "b = b'x' * 150_000_000"])
    assert ballast[-1] == 1
    assert idle.milliseconds >= 300
    assert 3 < idle.peak_mb < 60
    assert 140 < large.peak_mb - idle.peak_mb < 170
    with pytest.raises(SpeedError, match="no luck"):
        run_measured([sys.executable, "-c", "raise SystemExit('no luck')"])


def test_stage_bars_come_from_the_stages(stages: dict[str, Any]) -> None:
    measured = {name: row["p50"] for name, row in stages["unlock"]["stages_ms"].items()}
    assert min(measured.values()) > 0
    full = stages["yardsticks_ms"]["full Inception v3"]
    draft = stages["yardsticks_ms"]["draft decoding"]
    ours = sum(measured.values()) - measured["decode"] - measured["Argon2id"]
    values = [bar.value for bar in unlock_stages.bars(stages)]
    around = ours - measured["network"]
    assert values == pytest.approx([ours / full, around / full, measured["decode"] / draft], 1e-3)
    assert stages["unlock"]["runs"] == 2


def test_an_unlock_with_three_photos_is_timed_beside_one(
    stages: dict[str, Any], photo_counts: list[int]
) -> None:
    probes = stages["probes_ms"]
    assert list(probes) == ["1", "3"]
    assert min(probes.values()) > 0  # which is longer is seen only where nothing else runs
    assert photo_counts.count(1) == photo_counts.count(3) == 2 + 1


@pytest.mark.parametrize(
    ("key", "part", "name"),
    [
        ("a", "sums_ms", "stages"),
        ("b", "sums_ms", "around the network"),
        ("c", None, "decode_ms"),
    ],
)
def test_stage_bars_fail(stages: dict[str, Any], key: str, part: str | None, name: str) -> None:
    for factor, holds in ((1e-6, True), (1e6, False)):
        changed = copy.deepcopy(stages)
        (changed if part is None else changed[part])[name] *= factor
        assert {bar.key: bar.holds for bar in unlock_stages.bars(changed)}[key] is holds


def test_footprint_is_measured(processes: dict[str, Any]) -> None:
    times, peaks = processes["process_ms"], processes["peak_mb"]
    assert processes["import_ms"] == pytest.approx(
        times[footprint.PACKAGE] - times[footprint.NUMPY], abs=1e-3
    )
    assert peaks[footprint.UNLOCK] > peaks[footprint.NUMPY] > 10
    wheel = {"wheel": "x.whl", "bytes": 1}
    assert [bar.key for bar in footprint.bars(processes, wheel)] == list("efgi")
    heavy = {
        "process_ms": {footprint.UNLOCK: 1501.0},
        "peak_mb": {footprint.UNLOCK: 200.1},
        "import_ms": 60.1,
    }
    wheel["bytes"] = 16_000_001
    assert not any(bar.holds for bar in footprint.bars(heavy, wheel))


def test_a_wheel_that_does_not_build_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SpeedError, match="does not build"):
        footprint.measure_wheel(tmp_path)


def locks_in(vault: Path, pepper: Hidden) -> set[bytes]:
    with LockStore.open(vault) as store:
        return {bytes(store.get(name, pepper).lock) for name in store.names()}


def test_vaults_are_filled_kept_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault_size, "AiLock", partial(AiLock, cost=CHEAPEST))
    first = vault_size.measure(PHOTO, tmp_path, records=30, runs=1)
    assert all(
        ms > 0 for part in ("unlock_ms", "store_ms", "open_ms") for ms in first[part].values()
    )
    small, large = (next(tmp_path.glob(f"vault-{n}-*.db")) for n in (10, 30))
    pepper = FilePepper(tmp_path / "pepper").create()
    kept, broken = locks_in(small, pepper), locks_in(large, pepper)
    with LockStore.open(large) as store:
        names = store.names()
        assert len(names) == 30
        assert len(broken) == vault_size.ENROLLED
        store.remove(names[0])
    vault_size.measure(PHOTO, tmp_path, records=30, runs=1)
    assert locks_in(small, pepper) == kept
    assert not locks_in(large, pepper) & broken  # enrolled anew, and no enrolment gives the same
    with LockStore.open(large) as store:
        assert store.names() == names
        assert store.status(store.get(names[0], pepper), vault_size.read_clock()).misses == 0
    (bar,) = vault_size.bars(first)
    assert bar.value == pytest.approx(first["unlock_ms"]["30"] / first["unlock_ms"]["10"])
    first["unlock_ms"] = {"10": 100.0, "30": 110.1}
    assert not vault_size.bars(first)[0].holds


def test_segments_are_those_of_the_original() -> None:
    """The pixels that split_images.py cuts from photos of 312 rows and 270 columns."""
    boxes = np.rint(original_recipe.segment_boxes() * [312, 270, 312, 270]).astype(int)
    assert boxes.tolist() == [
        [0, 0, 206, 186],
        [0, 84, 206, 270],
        [106, 0, 312, 186],
        [106, 84, 312, 270],
        [53, 42, 259, 228],
    ]


def test_projection_is_pca_then_random_hyperplanes() -> None:
    generator = np.random.default_rng(1)
    components = generator.standard_normal((original_recipe.COMPONENTS, 30))
    mean = generator.standard_normal(30)
    vectors = generator.standard_normal((5, 30)).astype(np.float32)
    bits = original_recipe.Projection(components, mean).bits(vectors)
    normals = np.random.RandomState(723657345).randn(500, 200)
    for vector, row in zip(vectors, bits, strict=True):
        window = [component @ (vector - mean) for component in components[200:400]]
        assert row.tolist() == [bool(normal @ window > 0) for normal in normals]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the original recipe."""
    folder = tmp_path_factory.mktemp("recipe")
    command = [sys.executable, "-m", original_ratio.RECIPE, "prepare", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@needs_tensorflow
def test_the_original_recipe_answers(recipe: Path) -> None:
    other = PHOTOS / "robot-1.jpg"
    requests = f"batched {PHOTO}\npublished {PHOTO}\nbatched {other}\n"
    command = [sys.executable, "-m", original_ratio.RECIPE, "serve", str(recipe), "2"]
    done = subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True, input=requests
    )
    ready, *answers = done.stdout.splitlines()
    assert ready == "ready"
    bits = [np.unpackbits(np.frombuffer(bytes.fromhex(one), np.uint8)) for one in answers]
    assert [len(one) for one in bits] == [5000, 5000, 5000]
    assert (bits[0] != bits[1]).mean() < 0.01  # only float rounding between the two
    assert (bits[0] != bits[2]).mean() > 0.01


@needs_tensorflow
def test_both_recipes_are_timed(recipe: Path) -> None:
    result = original_ratio.measure({"small": PHOTO}, recipe, 1, 1, threads=1)
    small = result["photos"]["small"]
    times = small["process_ms"]
    assert set(times) == {original_ratio.OURS, original_ratio.BATCHED, original_ratio.PUBLISHED}
    assert set(small["warm_ms"]) == set(times)
    (bar,) = original_ratio.bars(result)
    expected = times[original_ratio.PUBLISHED] / times[original_ratio.OURS]
    assert bar.value == pytest.approx(expected, abs=1e-3)
    assert small["peak_mb"][original_ratio.BATCHED] > 300  # the PCA and the network alone


def test_without_tensorflow_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(original_ratio, "find_spec", lambda name: None)
    with pytest.raises(SpeedError, match=r"pip install '\.\[convert\]'"):
        original_ratio.measure({"small": PHOTO}, tmp_path, 1, 1, threads=1)


@pytest.mark.parametrize("prepared", [False, True])
def test_a_recipe_that_fails_is_an_error(
    prepared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(original_ratio, "find_spec", lambda name: name)
    monkeypatch.setattr(original_ratio, "RECIPE", "benchmarks.speed.no_such_recipe")
    if prepared:
        monkeypatch.setattr(original_ratio, "_run_recipe", lambda *_: None)
    with pytest.raises(SpeedError, match=r"original recipe failed: .*no_such_recipe"):
        original_ratio.measure({"small": PHOTO}, tmp_path, 1, 1, threads=1)


@pytest.fixture
def run_main(
    stages: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., int]:
    """Runs the command on given figures: nothing is measured but the stages, all bars hold."""
    held = copy.deepcopy(stages)
    held["yardsticks_ms"] = {name: 1e6 for name in held["yardsticks_ms"]}
    who = (original_ratio.OURS, original_ratio.PUBLISHED)
    ratio = {original_ratio.PUBLISHED: 20.0}
    warm = dict(zip(who, (50.0, 1000.0), strict=True))
    photo = {"warm_ms": warm, "process_ms": warm, "process_ratio": ratio, "peak_mb": warm}
    quick = {footprint.NUMPY: 100.0, footprint.UNLOCK: 400.0}
    pair = {"10": 1.0, "100": 1.0}

    def run(wheel_bytes: int) -> int:
        given = {
            (unlock_stages, "measure"): held,
            (original_ratio, "measure"): {"photos": {"phone photo": photo}},
            (footprint, "measure_processes"): {
                "process_ms": quick,
                "peak_mb": {footprint.UNLOCK: 150.0},
                "import_ms": 20.0,
            },
            (footprint, "measure_wheel"): {"wheel": "x.whl", "bytes": wheel_bytes},
            (vault_size, "measure"): {"unlock_ms": pair, "store_ms": pair},
        }
        for (module, name), figures in given.items():
            monkeypatch.setattr(module, name, lambda *_, figures=figures: figures)
        baseline = find_bundle(DEFAULT_BUNDLE).path
        options = ["--photo", str(PHOTO), "--baseline", str(baseline), "--out", str(tmp_path)]
        return bars.main(options)

    return run


@pytest.mark.parametrize(("wheel_bytes", "status"), [(15_000_000, 0), (17_000_000, 1)])
def test_one_bar_that_fails_fails_the_command(
    run_main: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    wheel_bytes: int,
    status: int,
) -> None:
    assert run_main(wheel_bytes) == status
    table = capsys.readouterr().out
    assert table.count("FAILS") == status
    assert table.count("holds") == 9 - status
    result = json.loads((tmp_path / "bars.json").read_text("utf-8"))
    assert [bar["key"] for bar in result["bars"]] == list("abcdefghi")
    assert [bar["key"] for bar in result["bars"] if not bar["holds"]] == ["f"] * status
    assert result["model"]["model_sha256"] == result["baseline_sha256"]
    assert str(tmp_path) not in result["command"]
    with Image.open(tmp_path / "bars.png") as picture:
        assert min(picture.size) > 500
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20


def test_a_missing_photo_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--photo", str(tmp_path / "no.jpg"), "--baseline", "x", "--out", str(tmp_path)]
    assert bars.main(options) == 1
    assert "no.jpg is not a file" in capsys.readouterr().err


def test_two_checkouts_are_timed_beside_each_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = checkouts.measure(checkouts.ROOT, PHOTO, 1)
    assert {name: len(every) for name, every in ran.items()} == {"before": 1, "now": 1}
    for share, status in ((0.74, 0), (0.76, 1)):
        pairs = {"before": [Ran(100.0, 1.0)] * 3, "now": [Ran(100 * share, 1.0)] * 3}
        monkeypatch.setattr(checkouts, "measure", lambda *_, pairs=pairs: pairs)
        assert checkouts.main(["--before", "."]) == status
        assert f"now / before: {share:.3f}" in capsys.readouterr().out


def test_a_checkout_that_does_not_enroll_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ailock_sdk.py").write_text("raise SystemExit('no such thing')")
    assert checkouts.main(["--before", str(tmp_path)]) == 1
    assert "does not enroll: no such thing" in capsys.readouterr().err
