"""Welch's t on times: a shift behind outliers is seen, the same times are not."""

from __future__ import annotations

import numpy as np
import pytest

from lab.statistics.welch import difference


def times(rng: np.random.Generator, shift: float) -> np.ndarray:
    """Half a millisecond, give or take; one in twenty was disturbed for ten."""
    taken = rng.normal(500e-6 + shift, 20e-6, 4000)
    disturbed = rng.random(4000) < 0.05
    taken[disturbed] += rng.exponential(10e-3, disturbed.sum())
    return taken


def test_a_shift_of_five_microseconds_is_seen_behind_disturbances() -> None:
    rng = np.random.default_rng(1)
    found = difference(times(rng, 0), times(rng, 5e-6))
    assert found.seen
    assert found.t > 4.5
    assert found.seconds.value == pytest.approx(5e-6, rel=0.5)
    assert found.cut < 1


def test_the_same_times_are_not() -> None:
    rng = np.random.default_rng(2)
    assert not difference(times(rng, 0), times(rng, 0)).seen


def test_times_that_never_meet_are_seen() -> None:
    found = difference(np.full(10, 1.0), np.full(10, 2.0))
    assert found.seen
    assert found.seconds.value == 1
