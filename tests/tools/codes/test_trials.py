"""Shares of trials and their intervals."""

from __future__ import annotations

import pytest

from tools.codes.trials import Share


def test_wilson_interval() -> None:
    """Wilson (1927): 95 % of 100 lies in 88.8 % to 97.8 %."""
    found = Share(95, 0, 100).estimate
    assert (found.low, found.high) == (
        pytest.approx(0.8882, abs=1e-4),
        pytest.approx(0.9785, abs=1e-4),
    )
    assert Share(100, 0, 100).estimate.high == 1.0
