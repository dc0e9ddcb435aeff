"""Tables, and the points of figures, as CSV files with comment lines on where they come from."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from lab.report.beside import beside_paper
from lab.report.results import Figure, Series, Table, series_of
from lab.statistics.intervals import Estimate

COMMENT = "# "
"""How a line that is no data begins, as ``pandas.read_csv(file, comment="#")`` takes it."""
FIGURE_COLUMNS = ("panel", "series", "style", "x", "y", "low", "high")


def table_csv(table: Table, footer: str) -> str:
    """Ours with the paper's columns beside; an estimate becomes three columns, shares 0 to 1."""
    columns, rows = beside_paper(table)
    wide = [
        any(isinstance(row[i], Estimate) for row in rows)  # an interval needs its columns
        for i in range(len(columns))
    ]
    header = [
        name
        for column, split in zip(columns, wide, strict=True)
        for name in ([column, f"{column}, low", f"{column}, high"] if split else [column])
    ]
    return _text(footer, header, [_cells(row, wide) for row in rows])


def points_csv(figure: Figure, footer: str) -> str:
    """Every point of every series, with its interval; a step stands at the x where it begins."""
    rows = [
        [panel.title, *point] for panel, series in series_of(figure) for point in _points(series)
    ]
    return _text(footer, FIGURE_COLUMNS, rows)


def _points(series: Series) -> Iterator[list[object]]:
    end = (None,) * (series.kind == "steps")  # the last edge has nothing to its right
    low, high = (ends or (None,) * len(series.y) for ends in (series.low, series.high))
    x = [name.replace("\n", ", ") if isinstance(name, str) else name for name in series.x]
    for point in zip(x, series.y + end, low + end, high + end, strict=True):
        yield [series.label, series.style, *point]
    for mark in series.marks:
        yield [f"{series.label}: {mark.label}", series.style, mark.x, mark.y, None, None]


def _cells(row: Sequence[object], wide: Sequence[bool]) -> list[object]:
    cells: list[object] = []
    for cell, split in zip(row, wide, strict=True):
        if isinstance(cell, Estimate):
            cells += [cell.value, cell.low, cell.high]
        else:
            cells += [cell, None, None] if split else [cell]
    return cells


def _text(footer: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    stream = io.StringIO(newline="")
    stream.writelines(f"{COMMENT}{line}\n" for line in footer.splitlines())
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return stream.getvalue()
