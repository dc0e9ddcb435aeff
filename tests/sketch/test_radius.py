from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ailock_sdk.errors import ProfileError
from ailock_sdk.sketch import correction_radius

PAPER = [
    (50, "0.780", 11),
    (100, "0.730", 27),
    (150, "0.707", 43),
    (200, "0.695", 61),
    (250, "0.680", 80),
    (300, "0.687", 93),
    (350, "0.680", 112),
    (400, "0.685", 126),
    (450, "0.687", 140),
    (500, "0.682", 159),
]
"""Table 3 of the ai.lock paper."""


@pytest.mark.parametrize("kind", [str, Decimal, float, np.float64])
@pytest.mark.parametrize(("lambda_bits", "tau", "radius"), PAPER)
def test_paper_radii(lambda_bits: int, tau: str, radius: int, kind: type) -> None:
    assert correction_radius(lambda_bits, kind(tau)) == radius


@given(lambda_bits=st.integers(1, 4096), ten_thousandths=st.integers(5001, 10000))
def test_is_the_exact_floor_for_every_kind(lambda_bits: int, ten_thousandths: int) -> None:
    exact = lambda_bits * (1 - Fraction(ten_thousandths, 10000)) // 1
    tau = Decimal(ten_thousandths).scaleb(-4)
    for value in (tau, str(tau), float(tau)):
        assert correction_radius(lambda_bits, value) == exact
    assert 2 * exact < lambda_bits


@pytest.mark.parametrize("tau", ["1", "1.0", "1.0000", Decimal(1), 1.0])
def test_tau_one_corrects_nothing(tau: str | Decimal | float) -> None:
    assert correction_radius(512, tau) == 0


@pytest.mark.parametrize(
    "tau",
    [
        *("nan", "inf", "-0.7", "0.5", "0.4999", "1.0001", "2", "0", "0.68000", "0.68001"),
        *("7e-1", " 0.7", "0.7 ", "0.7\n", "0,7", "0_0.7", "", ".", "\u0660.\u0667"),
        *(float("nan"), float("inf"), -0.7, 0.5, 1.0001, 0.1 + 0.6 + 1e-9),
        *(Decimal("NaN"), Decimal("0.5"), Decimal("0.68000"), Decimal("7E-5")),
    ],
)
def test_other_tau_is_refused(tau: str | Decimal | float) -> None:
    with pytest.raises(ProfileError):
        correction_radius(512, tau)


@pytest.mark.parametrize("lambda_bits", [0, -1])
def test_lambda_must_be_positive(lambda_bits: int) -> None:
    with pytest.raises(ProfileError):
        correction_radius(lambda_bits, "0.68")
