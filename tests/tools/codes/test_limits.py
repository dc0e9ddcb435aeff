"""Limits of channels whose capacity is known."""

from __future__ import annotations

import pytest

from tools.codes.limits import bsc_capacity_bits, bsc_limit_bits, exact_weight_limit_bits


def test_channel_limits() -> None:
    """500 bits at 25 % errors: 94 bits of capacity, 63 at 1 % failure; no noise costs nothing."""
    assert bsc_capacity_bits(500, 0.25) == pytest.approx(94.4, abs=0.05)
    assert bsc_limit_bits(500, 0.25, 0.01) == pytest.approx(63.2, abs=0.1)
    assert exact_weight_limit_bits(500, 0, 1.0) == pytest.approx(500)
    # 7 columns, one error: the perfect Hamming code's sphere without its centre
    assert 2 ** exact_weight_limit_bits(7, 1, 1.0) == pytest.approx(2**7 / 7)
