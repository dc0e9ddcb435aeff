"""D_sys: known answers, and a floor that noise does not leave."""

from __future__ import annotations

import numpy as np
import pytest

from lab.errors import TooFewTrialsError
from lab.statistics.linkability import d_sys, linkability


def test_the_ends_and_a_case_by_hand() -> None:
    assert d_sys(np.array([5, 5]), np.array([5, 5])) == 0
    assert d_sys(np.array([0, 9]), np.array([9, 0])) == 1
    # LR = 3 in the second bin: D = 2 * 3 / 4 - 1 = 1 / 2, of three quarters of the mated scores.
    assert d_sys(np.array([1, 3]), np.array([3, 1])) == pytest.approx(0.75 * 0.5)


def test_noise_stays_within_its_floor_and_a_shift_does_not() -> None:
    rng = np.random.default_rng(1)
    alike = linkability(rng.normal(size=400), rng.normal(size=400), seed=1, shuffles=200)
    apart = linkability(rng.normal(1, size=400), rng.normal(size=400), seed=1, shuffles=200)
    assert alike.within_floor
    assert 0 < alike.floor_mean < alike.floor_high < 0.2
    assert not apart.within_floor
    assert 0.25 < apart.d_sys < 0.6


def test_too_few_scores_are_told() -> None:
    with pytest.raises(TooFewTrialsError, match="20 pairs"):
        linkability(np.zeros(19), np.zeros(30), seed=1)
