"""A measured figure beside the limit that it must keep."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Bar:
    """One bar of ``python -m benchmarks.speed.bars``.

    Attributes
    ----------
    key : its letter
    what : the quantity, for people
    value : as measured, in ``unit``
    limit : what ``value`` may be at most, or at least where ``least`` is set; above 0
    unit : ``x`` is a ratio
    least : the limit is a floor
    """

    key: str
    what: str
    value: float
    limit: float
    unit: str = "x"
    least: bool = False

    @property
    def holds(self) -> bool:
        """Within the limit; never so where nothing was measured (NaN)."""
        return self.value >= self.limit if self.least else self.value <= self.limit

    @property
    def share(self) -> float:
        """How much of what is allowed is used; 1 is the limit, above it the bar fails."""
        if self.least:
            return self.limit / self.value if self.value > 0 else float("inf")
        return self.value / self.limit

    def as_json(self) -> dict[str, Any]:
        """The fields and the verdict."""
        return {**asdict(self), "value": round(self.value, 4), "holds": self.holds}
