"""A table with the paper's printed values beside ours, column by column."""

from __future__ import annotations

from collections.abc import Sequence

from lab.report.results import Table

PAPER = " (paper)"
"""What a column of printed values adds to its heading."""


def beside_paper(table: Table) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Columns and rows of ours, each column followed by the paper's where it prints any.

    The first column names the row in both. A row of the paper that we lack is appended, ours empty;
    equal names pair up in order.
    """
    if table.paper is None:
        return table.columns, list(table.rows)
    printed = [
        index > 0 and any(row[index] is not None for row in table.paper)
        for index in range(len(table.columns))
    ]
    columns = tuple(
        name
        for heading, both in zip(table.columns, printed, strict=True)
        for name in ([heading, heading + PAPER] if both else [heading])
    )
    left = list(table.paper)
    rows = []
    for ours in table.rows:
        match = next((row for row in left if row[0] == ours[0]), None)
        if match is not None:
            left.remove(match)
        rows.append(_interleaved(ours, match, printed))
    nothing: tuple[object, ...] = (None,) * (len(table.columns) - 1)
    rows += [_interleaved((row[0], *nothing), row, printed) for row in left]
    return columns, rows


def _interleaved(
    ours: Sequence[object], paper: Sequence[object] | None, printed: Sequence[bool]
) -> tuple[object, ...]:
    cells: list[object] = []
    for index, both in enumerate(printed):
        cells.append(ours[index])
        if both:
            cells.append(None if paper is None else paper[index])
    return tuple(cells)
