"""Correction radius c of a profile (SPEC section 4)."""

from __future__ import annotations

import re
from decimal import Decimal

from ailock_sdk.errors import ProfileError

_PLACES = 4
_UNIT: int = 10**_PLACES
_TAU = re.compile(rf"(?P<whole>[01]?)\.(?P<fraction>[0-9]{{1,{_PLACES}}})|(?P<one>1)")


def correction_radius(lambda_bits: int, tau: str | Decimal | float) -> int:
    """Most bits a probe may differ in: ``floor(lambda_bits * (1 - tau))``, exactly.

    ``tau`` is the share of equal bits that is asked for, in (0.5, 1], with at most four decimals.
    A float means the shortest decimal that denotes it: 0.68 is 68/100, not the binary number just
    above it, which would lose a bit whenever lambda * (1 - tau) is whole.

    Raises :class:`ProfileError` for any other ``tau``, and for ``lambda_bits`` below 1.
    """
    if lambda_bits < 1:
        raise ProfileError(f"lambda must be at least 1 bit, not {lambda_bits}")
    # float.__repr__, because the repr of NumPy's subclass names its type.
    text = float.__repr__(tau) if isinstance(tau, float) else str(tau)
    ten_thousandths = _ten_thousandths(text)
    if not _UNIT < 2 * ten_thousandths <= 2 * _UNIT:
        raise ProfileError(f"tau must lie in (0.5, 1], not {text}")
    return lambda_bits * (_UNIT - ten_thousandths) // _UNIT


def _ten_thousandths(text: str) -> int:
    match = _TAU.fullmatch(text)
    if match is None:
        raise ProfileError(f"tau must be a decimal with at most {_PLACES} places, not {text!r}")
    if match["one"]:
        return _UNIT
    return int(match["whole"] or "0") * _UNIT + int(match["fraction"].ljust(_PLACES, "0"))
