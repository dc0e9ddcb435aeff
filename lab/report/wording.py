"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, isfinite, isnan, log10

from lab.statistics.intervals import Estimate


def percent(rate: float) -> str:
    """Three significant digits: ``0.0123`` is ``1.23 %``."""
    if rate == 0:
        return "0 %"
    digits = max(0, 2 - floor(log10(abs(rate) * 100))) if isfinite(rate) else 0
    return f"{rate * 100:.{digits}f} %"


def cell_text(cell: object, specification: str = "") -> str:
    """A cell of a table, an Estimate's interval in brackets."""
    value, ends = cell_parts(cell, specification)
    return f"{value} ({ends})" if ends else value


def cell_parts(cell: object, specification: str = "") -> tuple[str, str]:
    """A cell of a table, and its interval or "".

    Without a format specification numbers have four significant digits, thousands apart, and
    Estimates are shares in per cent.
    """
    if isinstance(cell, Estimate):
        value = _number(cell.value, specification) if specification else percent(cell.value)
        return value, " to ".join(_ends(cell, specification))
    if cell is None:
        return "", ""
    if isinstance(cell, bool) or not hasattr(cell, "__float__"):
        return str(cell), ""
    return _number(float(cell), specification), ""  # NumPy's numbers too


def is_words(cells: Iterable[object]) -> bool:
    """Whether a column is of words, not of numbers or of texts that all begin with one."""
    said = [cell for cell in cells if cell is not None and cell != ""]
    if any(isinstance(cell, Estimate) or hasattr(cell, "__float__") for cell in said):
        return False  # words among numbers, such as "too few trials", do not matter
    return not said or not all(str(cell)[0].isdigit() for cell in said)


def _ends(found: Estimate, specification: str) -> list[str]:
    if found.low is None or found.high is None:
        return []
    return [
        _number(end, specification) if specification else percent(end)
        for end in (found.low, found.high)
    ]


def _number(number: float, specification: str) -> str:
    if isnan(number):
        return ""
    if specification:
        return format(number, specification)
    if number.is_integer() and abs(number) < 1e15:
        return f"{int(number):,}"
    return f"{number:.4g}"
