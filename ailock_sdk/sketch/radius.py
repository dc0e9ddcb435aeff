"""Correction radius c of a profile (SPEC section 4)."""

from __future__ import annotations

from decimal import Decimal

from ailock_sdk.errors import ProfileError
from ailock_sdk.parameters import TAU_UNIT, tau_ten_thousandths


def correction_radius(lambda_bits: int, tau: str | Decimal | float) -> int:
    """Most bits a probe may differ in: ``floor(lambda_bits * (1 - tau))``, exactly.

    Parameters
    ----------
    lambda_bits : int
        Length of an imageprint, at least 1.
    tau : str, Decimal or float
        The share of equal bits that is asked for, in (0.5, 1], with at most four decimals. A float
        means the shortest decimal that denotes it: the binary number just above 0.68 would lose a
        bit whenever lambda * (1 - tau) is whole.

    Returns
    -------
    int
        In bits, from 0 to below half of ``lambda_bits``.

    Raises
    ------
    ProfileError
        ``tau`` is any other, or ``lambda_bits`` below 1.
    """
    if lambda_bits < 1:
        raise ProfileError(f"lambda must be at least 1 bit, not {lambda_bits}")
    return lambda_bits * (TAU_UNIT - tau_ten_thousandths(tau)) // TAU_UNIT
