"""The report of one command: chapters of results, written as HTML, PNG, CSV and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any

from lab.report.render_csv import save_points, save_table
from lab.report.render_html import page
from lab.report.render_png import save_figure
from lab.report.results import Chapter, Figure, Gallery, Report, Result, Table, in_order

FORMAT = "ailock-paper/1"
PAGE = "paper.html"
DOCUMENT = "results.json"
IN_FOOTERS = ("Model", "Photos", "Command", "Machine")
"""How the facts begin that every figure and table carries; the page and the JSON have all."""


def save(report: Report, out: Path) -> list[Path]:
    """Write the page, ``results.json``, and a folder of PNG and CSV files for each chapter.

    Returns the paths of all files.
    """
    out.mkdir(parents=True, exist_ok=True)
    files = []
    folders = _names([chapter.name for chapter in report.chapters])
    for folder, chapter in zip(folders, report.chapters, strict=True):
        (out / folder).mkdir(exist_ok=True)
        footer = source_line(report, chapter)
        results = in_order(chapter.results)
        for name, result in zip(_names([_label(r) for r in results]), results, strict=True):
            file = out / folder / name
            if isinstance(result, Table):
                files.append(file.with_suffix(".csv"))
                save_table(files[-1], result, footer)
            elif isinstance(result, Figure):
                files += [file.with_suffix(".png"), file.with_suffix(".csv")]
                save_figure(files[-2], result, footer)
                save_points(files[-1], result, footer)
    files += [out / DOCUMENT, out / PAGE]
    files[-2].write_text(as_json(report), "utf-8")
    files[-1].write_text(page(report), "utf-8")
    return files


def source_line(report: Report, chapter: Chapter) -> str:
    """Where a figure comes from, for its footer."""
    facts = {**chapter.facts, **report.facts}
    return "; ".join(f"{n}: {text}" for n, text in facts.items() if n.startswith(IN_FOOTERS))


def as_json(report: Report) -> str:
    """Everything but photos, machine-readable; shares are 0 to 1."""
    document = {
        "format": FORMAT,
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
    return json.dumps(_finite(document), indent=1) + "\n"


def _as_document(result: Result) -> dict[str, Any]:
    kind = type(result).__name__.lower()
    if isinstance(result, Gallery):
        tiles = [{"caption": tile.caption, "wrong": tile.wrong} for tile in result.tiles]
        return {"kind": kind, "number": result.number, "title": result.title, "tiles": tiles}
    return {"kind": kind, **asdict(result)}


def _finite(value: Any) -> Any:
    """JSON knows no infinity and no NaN: null, and NumPy's numbers as Python's."""
    if isinstance(value, dict):
        return {str(key): _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not isfinite(value) else value


def _label(result: Result) -> str:
    return result.number or result.title


def _names(labels: list[str]) -> Iterator[str]:
    """File names of labels, no two alike."""
    seen: dict[str, int] = {}
    for label in labels:
        name = re.sub(r"[^a-z0-9.]+", "-", label.lower()).strip("-.")[:60] or "results"
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}"
