"""The tau that a manifest keeps gives back exactly the radius that was chosen."""

from __future__ import annotations

import pytest

from ailock_sdk.sketch import correction_radius
from tools.calibrate import tau_of


@pytest.mark.parametrize("lambda_bits", [8, 96, 500, 512, 1024, 4096])
def test_tau_gives_the_radius_back(lambda_bits: int) -> None:
    for radius in range((lambda_bits - 1) // 2):
        assert correction_radius(lambda_bits, tau_of(radius, lambda_bits)) == radius
