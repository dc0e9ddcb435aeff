"""Numbers as people read them."""

from __future__ import annotations

from math import floor, log10


def percent(rate: float) -> str:
    """Three significant digits: ``0.0123`` is ``1.23 %``."""
    if rate == 0:
        return "0 %"
    digits = max(0, 2 - floor(log10(abs(rate) * 100)))
    return f"{rate * 100:.{digits}f} %"
