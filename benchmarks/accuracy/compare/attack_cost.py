"""What an attack on a system cost, read from the report of ``benchmarks.attacks collision``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import ExperimentError
from lab.report.wording import percent
from lab.statistics.intervals import Estimate

SUMMARY = "summary"
"""The table of an attack's report that is read."""
RECAPTURED = "re-captured (share)"
SHOWN = ("variant", "aim", "photos", "PNG", "JPEG 85", RECAPTURED, "SSIM", "steps", "minutes")
"""Its columns; PNG, JPEG: share of photos that succeed, saved so."""


@dataclass(frozen=True)
class AttackCost:
    """One way of attacking one bundle's profile.

    Attributes
    ----------
    model : the report's line on the model, which has the profile's fingerprint
    cells : by column of ``SHOWN``, as far as the report has them
    """

    model: str
    cells: Mapping[str, object]

    def __str__(self) -> str:
        """The cost in a cell of a table."""
        found = self.cells["PNG"]
        assert isinstance(found, Estimate)
        spent = f" in {float(str(self.cells['minutes'])):.2g} min" if found.value else ""
        return f"{self.cells['aim']}: {percent(found.value)} of {self.cells['photos']}{spent}"


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
        results = [result for part in document["chapters"] for result in part["results"]]
        (table,) = [result for result in results if result.get("name") == SUMMARY]
        rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
        return [
            AttackCost(
                document["facts"]["Model"],
                {**{name: row.get(name) for name in SHOWN}, **_shares(row)},
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExperimentError(
            f"{file}: give the JSON file of `python -m benchmarks.attacks collision` ({error})"
        ) from None


def _shares(row: Mapping[str, Mapping[str, float]]) -> dict[str, Estimate]:
    return {name: Estimate(**row[name]) for name in ("PNG", "JPEG 85")}
