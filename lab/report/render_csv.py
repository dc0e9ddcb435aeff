"""Tables, and the points of figures, as CSV files with comment lines on where they come from."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from lab.report.beside import beside_paper
from lab.report.results import Figure, Table, series_of
from lab.statistics.intervals import Estimate

COMMENT = "# "
"""How a line that is no data begins, as ``pandas.read_csv(file, comment="#")`` takes it."""
FIGURE_COLUMNS = ("panel", "series", "style", "x", "y", "low", "high")


def save_table(file: Path, table: Table, footer: str) -> None:
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
    _write(file, footer, header, [_cells(row, wide) for row in rows])


def save_points(file: Path, figure: Figure, footer: str) -> None:
    """Every point of every line, with its interval."""
    rows: list[list[object]] = []
    for panel, series in series_of(figure):
        low = series.low or (None,) * len(series.x)
        high = series.high or (None,) * len(series.x)
        for point in zip(series.x, series.y, low, high, strict=True):
            rows.append([panel.title, series.label, series.style, *point])
    _write(file, footer, FIGURE_COLUMNS, rows)


def _cells(row: Sequence[object], wide: Sequence[bool]) -> list[object]:
    cells: list[object] = []
    for cell, split in zip(row, wide, strict=True):
        if isinstance(cell, Estimate):
            cells += [cell.value, cell.low, cell.high]
        else:
            cells += [cell, None, None] if split else [cell]
    return cells


def _write(
    file: Path, footer: str, header: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(f"{COMMENT}{line}\n" for line in footer.splitlines())
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
