"""The report as JSON: everything but photos; shares are 0 to 1."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import isfinite
from typing import Any

from lab.report.order import in_order
from lab.report.results import Figure, Gallery, Report, Result


def as_json(report: Report) -> str:
    """The program's own document, then facts, remarks and chapters."""
    document = {
        **({"format": report.format} if report.format else {}),
        **report.document,
        "facts": dict(report.facts),
        "remarks": list(report.remarks),
        "chapters": [
            {
                "name": chapter.name,
                "facts": dict(chapter.facts),
                "results": [_as_document(result) for result in in_order(chapter.results)],
            }
            for chapter in report.chapters
        ],
    }
    return json.dumps(_finite(document), indent=1, allow_nan=False) + "\n"


def _as_document(result: Result) -> dict[str, Any]:
    document: dict[str, Any] = {"kind": type(result).__name__.lower()}
    if isinstance(result, Gallery):
        tiles = [
            {"caption": tile.caption, "wrong": tile.wrong, "group": tile.group}
            for tile in result.tiles
        ]
        return document | {"number": result.number, "title": result.title, "tiles": tiles}
    document |= asdict(result)
    if isinstance(result, Figure):
        for panel in document["panels"]:  # keys of the format's first readers
            panel |= {f"{axis}_log": panel[f"{axis}_scale"] == "log" for axis in "xy"}
    return document


def _finite(value: Any) -> Any:
    """JSON knows no infinity and no NaN: null, and NumPy's numbers and arrays as Python's."""
    if isinstance(value, dict):
        return {str(key): _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    if hasattr(value, "tolist"):
        return _finite(value.tolist())
    return None if isinstance(value, float) and not isfinite(value) else value
