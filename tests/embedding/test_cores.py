"""How many cores are worth computing on: phones, boards and servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ailock_sdk.embedding.cores import fast_cores

PIXEL_6 = [133] * 4 + [380] * 2 + [1024] * 2  # Cortex-A55, A76, X1
PIXEL_8 = [166] * 4 + [607] * 4 + [1024]  # Cortex-A510, A715, X3
PI_5 = [1024] * 4


def describe(folder: Path, name: str, values: list[int]) -> Path:
    for core, value in enumerate(values):
        file = folder / f"cpu{core}" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
    return folder


@pytest.mark.parametrize(("capacities", "fast"), [(PIXEL_6, 2), (PIXEL_8, 5), (PI_5, 4)])
def test_slow_cores_are_left_out(tmp_path: Path, capacities: list[int], fast: int) -> None:
    folder = describe(tmp_path, "cpu_capacity", capacities)
    assert fast_cores(folder, range(len(capacities))) == fast


def test_frequencies_serve_where_capacities_are_not_told(tmp_path: Path) -> None:
    folder = describe(tmp_path, "cpufreq/cpuinfo_max_freq", [1_800_000] * 6 + [2_800_000] * 2)
    assert fast_cores(folder, range(8)) == 2


def test_capacities_go_before_frequencies(tmp_path: Path) -> None:
    describe(tmp_path, "cpufreq/cpuinfo_max_freq", [2_000_000] * 8)
    assert fast_cores(describe(tmp_path, "cpu_capacity", PIXEL_6), range(8)) == 2


def test_only_cores_that_may_be_used_count(tmp_path: Path) -> None:
    folder = describe(tmp_path, "cpu_capacity", PIXEL_6)
    assert fast_cores(folder, [0, 1, 2]) == 3
    assert fast_cores(folder, [3, 6]) == 1


@pytest.mark.parametrize("content", [None, "", "fast", "0"])
def test_all_cores_where_nothing_is_told(tmp_path: Path, content: str | None) -> None:
    folder = describe(tmp_path, "cpu_capacity", PIXEL_6)
    if content is None:
        (folder / "cpu2" / "cpu_capacity").unlink()
    else:
        (folder / "cpu2" / "cpu_capacity").write_text(content)
    assert fast_cores(folder, range(8)) == 8


def test_this_machine_has_some() -> None:
    assert fast_cores() >= 1
