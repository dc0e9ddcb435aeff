"""A report's files: Markdown, JSON and one HTML page, and a PNG and CSV file for each result."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.files import write_whole
from lab.report.order import absences, places
from lab.report.render_csv import points_csv, table_csv
from lab.report.render_html import page
from lab.report.render_json import as_json
from lab.report.render_png import figure_png, gallery_png
from lab.report.render_text import as_text
from lab.report.results import Chapter, Figure, Gallery, Report, Result, Table

IN_FOOTERS = ("Model", "Photos", "Command", "Machine")
"""How the facts begin that every figure and table carries; the page and the JSON have all."""


def save(report: Report, out: Path, name: str, *, document: str = "") -> list[Path]:
    """Write ``name``.md, .json and .html, and the files of each result; returns all paths.

    Results of a chapter with a name are in a folder of its own. Every file is whole or absent.

    Parameters
    ----------
    out : folder, made where it is missing
    document : name of the JSON file, where it is another
    """
    files: dict[Path, str | bytes] = {}
    for chapter, folder, results in places(report):
        footer = source_line(report, chapter)
        for stem, result in results:
            for suffix, content in _contents(result, footer):
                files[out / folder / f"{stem}{suffix}"] = content
    texts = {
        document or f"{name}.json": as_json(report),
        f"{name}.md": as_text(report),
        f"{name}.html": page(report),
    }
    files |= {out / file: text for file, text in texts.items()}
    for path, content in files.items():
        write_whole(path, content)
    return list(files)


def print_report(report: Report) -> None:
    """Facts, tables and notes on standard output."""
    print(as_text(report, pictures=False))


def tell(files: Sequence[Path]) -> None:
    """Say on standard error what was written."""
    for file in files:
        print(f"wrote {file}", file=sys.stderr)


def tell_absences(report: Report) -> None:
    """Say on standard error what the report lacks, and what would give it."""
    for line in absences(report):
        print(f"not made: {line}", file=sys.stderr)


def source_line(report: Report, chapter: Chapter) -> str:
    """Where a figure comes from, for its footer."""
    facts = {**chapter.facts, **report.facts}
    return "; ".join(f"{n}: {text}" for n, text in facts.items() if n.startswith(IN_FOOTERS))


def _contents(result: Result, footer: str) -> Iterator[tuple[str, str | bytes]]:
    """Suffixes and contents of a result's own files."""
    if isinstance(result, Table):
        yield ".csv", table_csv(result, footer)
    elif isinstance(result, Figure):
        yield ".png", figure_png(result, footer)
        yield ".csv", points_csv(result, footer)
    elif isinstance(result, Gallery) and result.name:
        yield ".png", gallery_png(result, footer)
