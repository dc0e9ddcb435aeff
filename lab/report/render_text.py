"""The report as Markdown that reads well in a terminal too: columns are padded to one width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.report.beside import beside_paper
from lab.report.order import absences, places
from lab.report.results import Absent, Figure, Gallery, Report, Result, Table, heading
from lab.report.wording import cell_text, is_words


def as_text(report: Report, *, pictures: bool = True) -> str:
    """Facts, remarks, tables and notes.

    ``pictures`` links figures and galleries to their PNG files; a terminal has no place for them.
    """
    lines = [f"# {report.title}", "", *_facts(report.facts)]
    for remark in report.remarks:
        lines += [remark, ""]
    if missing := absences(report):
        lines += ["Not made:", "", *(f"- {line}" for line in missing), ""]
    for chapter, folder, results in places(report):
        if chapter.name:
            lines += [f"## {chapter.name}", ""]
        lines += _facts(chapter.facts)
        for name, result in results:
            path = f"{folder}/{name}.png" if folder else f"{name}.png"
            lines += _result(result, path if pictures else "")
    return "\n".join(lines)


def markdown_table(table: Table) -> list[str]:
    """Header, rule and rows; numbers are on the right of their column, and text on the left."""
    columns, rows = beside_paper(table)
    formats = [table.formats.get(column, "") for column in columns]
    cells = [
        [cell_text(cell, form).replace("|", "\\|") for cell, form in zip(row, formats, strict=True)]
        for row in rows
    ]
    widths = [max(3, *map(len, column)) for column in zip(columns, *cells, strict=True)]
    right = [not is_words(cells) for cells in zip(*rows, strict=True)] or [False] * len(columns)
    rules = ["-" * (width + 1) + ("-:"[last]) for width, last in zip(widths, right, strict=True)]
    return [
        _line(columns, widths, right),
        f"|{'|'.join(rules)}|",
        *(_line(row, widths, right) for row in cells),
    ]


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = (
        cell.rjust(width) if last else cell.ljust(width)
        for cell, width, last in zip(cells, widths, right, strict=True)
    )
    return f"| {' | '.join(padded)} |"


def _facts(facts: Mapping[str, str]) -> list[str]:
    return [*(f"- {name}: {value}" for name, value in facts.items()), ""] if facts else []


def _result(result: Result, picture: str) -> list[str]:
    title = [f"### {heading(result)}", ""]
    if isinstance(result, Absent):
        return [*title, f"Not made: {result.reason}", ""]
    notes = [*(f"- {note}" for note in result.notes), ""] if result.notes else []
    if isinstance(result, Table):
        return [*title, *markdown_table(result), "", *notes]
    has_file = isinstance(result, Figure) or (isinstance(result, Gallery) and result.name)
    if not picture or not has_file:
        return []
    return [*title, f"![{heading(result)}]({picture})", "", *notes]
