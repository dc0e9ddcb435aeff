"""What an attack on a system cost, read from the report of ``benchmarks.attacks collision``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from lab.errors import ExperimentError
from lab.report.wording import percent
from lab.statistics.intervals import Estimate


@dataclass(frozen=True)
class AttackCost:
    """One attack on one bundle's profile.

    Attributes
    ----------
    fingerprint : of the profile, hexadecimal
    goal : in words
    pairs : photos tried
    success : share of them
    steps, seconds : medians
    ssim : mean likeness to the photo that was changed
    """

    HEADINGS: ClassVar = ("goal", "pairs", "success", "steps", "seconds", "SSIM")

    fingerprint: str
    goal: str
    pairs: int
    success: Estimate
    steps: float
    seconds: float
    ssim: float

    def cells(self) -> tuple[object, ...]:
        """Of a table with ``HEADINGS``."""
        return self.goal, self.pairs, self.success, self.steps, self.seconds, self.ssim

    def __str__(self) -> str:
        return f"{percent(self.success.value)} of {self.pairs} in {self.seconds:.0f} s"


def read_attack_costs(files: Sequence[Path]) -> list[AttackCost]:
    """The attacks that reports tell of, in their order.

    Raises
    ------
    ExperimentError
        A file is no such report.
    """
    return [cost for file in files for cost in _read(file)]


def _read(file: Path) -> list[AttackCost]:
    try:
        document = json.loads(file.read_text("utf-8"))
        fingerprint = document["provenance"]["bundle"]["fingerprint"]
        return [
            AttackCost(fingerprint=fingerprint, success=Estimate(**cost.pop("success")), **cost)
            for cost in document["attack_cost"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExperimentError(
            f"{file}: give the JSON file of `python -m benchmarks.attacks collision` ({error})"
        ) from None
