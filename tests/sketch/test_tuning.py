"""The cost of Argon2id that suits a device."""

from __future__ import annotations

import pytest

from ailock_sdk.sketch import KdfCost, is_far_off, tuned_cost, tuning

MIB = 1024


@pytest.mark.parametrize(
    ("mib_per_second", "target_seconds", "cost"),
    [
        (1, 0.25, (2, 19)),  # the floor, however long it takes
        (152, 0.25, (2, 19)),
        (159.9, 0.25, (2, 19)),
        (160, 0.25, (2, 20)),
        (399, 0.25, (2, 49)),
        (512, 0.25, (2, 64)),
        (767, 0.25, (2, 64)),
        (768, 0.25, (3, 64)),
        (1370, 0.25, (5, 64)),
        (1370, 0.5, (10, 64)),
        (1370, 0.1, (2, 64)),
        (4095, 0.25, (15, 64)),
        (1e6, 0.25, (16, 64)),  # the ceiling
    ],
)
def test_the_choice_follows_from_the_speed(
    mib_per_second: float, target_seconds: float, cost: tuple[int, int]
) -> None:
    passes, memory_mib = cost
    expected = KdfCost(time_cost=passes, memory_cost_kib=memory_mib * MIB, lanes=4)
    assert tuned_cost(mib_per_second * MIB, target_seconds) == expected


def test_a_tuned_cost_takes_the_target_but_for_floor_and_ceiling() -> None:
    for mib_per_second in range(160, 4096):
        work = tuning.work_kib(tuned_cost(mib_per_second * MIB)) / MIB
        assert 0.66 * 0.25 < work / mib_per_second <= 0.25


@pytest.mark.parametrize(
    ("cost", "mib_per_second", "far_off"),
    [
        (KdfCost(5, 64 * MIB, 4), 1370, False),
        (KdfCost(5, 64 * MIB, 1), 1370, False),
        (KdfCost(3, 64 * MIB, 4), 1370, False),
        (KdfCost(2, 54 * MIB, 4), 1370, False),
        (KdfCost(2, 53 * MIB, 4), 1370, True),  # 106 of 320 MiB
        (KdfCost(14, 64 * MIB, 4), 1370, False),
        (KdfCost(15, 64 * MIB, 4), 1370, True),
        (KdfCost(2, 19 * MIB, 4), 10, False),  # a slow device can do no better
        (KdfCost(5, 64 * MIB, 4), 10, True),
        (KdfCost(16, 64 * MIB, 4), 1e6, False),
        (KdfCost(16, 1024 * MIB, 4), 1e6, True),
    ],
)
def test_a_cost_far_from_the_choice_is_far_off(
    cost: KdfCost, mib_per_second: float, far_off: bool
) -> None:
    assert is_far_off(cost, mib_per_second * MIB) is far_off


def test_the_speed_is_the_best_of_three_and_measured_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = [0.5, 0.25, 0.375]
    monkeypatch.setattr(tuning, "_seconds_of_the_least", lambda: times.pop(0))
    tuning.measured_speed.cache_clear()
    try:
        assert tuning.measured_speed() == tuning.measured_speed() == 4 * 2 * 19 * MIB
    finally:
        tuning.measured_speed.cache_clear()


def test_this_machine_has_a_speed() -> None:
    tuning.measured_speed.cache_clear()
    assert tuned_cost(tuning.measured_speed()).memory_cost_kib >= 19 * MIB
