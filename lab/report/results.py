"""What an experiment hands to the report: tables, figures, and what could not be made.

Values are kept as measured, unrounded; the renderers round. A cell of a table is a number in the
unit of its column, a string, None where there is nothing to say, or an
:class:`~lab.statistics.intervals.Estimate` of a share (0 to 1), shown in per cent with its
95 % interval.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

Style = Literal["ours", "paper"]


class ResultShapeError(ValueError):
    """A table's rows, or a series' points, do not fit together."""


@dataclass(frozen=True)
class Table:
    """A table in the paper's numbering.

    Attributes
    ----------
    number : "Table 3"; "" for a table that the paper does not have
    title : what is in it, one line
    columns : headings, with the unit in brackets
    rows : one cell per column each
    paper : the paper's printed values in the same columns, beside ours; None if it prints none
    notes : what a reader must know, one sentence each: trials, what differs from the paper
    """

    number: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    paper: tuple[tuple[object, ...], ...] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in (*self.rows, *(self.paper or ())):
            if len(row) != len(self.columns):
                raise ResultShapeError(
                    f"{self.title}: {len(row)} cells for {len(self.columns)} columns: {row}"
                )


@dataclass(frozen=True)
class Series:
    """A line of a panel.

    Attributes
    ----------
    label : its name in the legend
    x, y : the points, as many of each
    low, high : 95 % interval of each y; None: not known
    style : "ours": measured here; "paper": printed in the paper
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    style: Style = "ours"

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise ResultShapeError(f"{self.label}: one end of an interval without the other")
        for values in (self.y, self.low, self.high):
            if values is not None and len(values) != len(self.x):
                raise ResultShapeError(f"{self.label}: {len(values)} values for {len(self.x)} x")


@dataclass(frozen=True)
class Panel:
    """One pair of axes; the labels carry the unit.

    Attributes
    ----------
    y_range : lowest and highest y drawn; None: as the data needs
    """

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    x_log: bool = False
    y_log: bool = False
    y_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class Figure:
    """A figure in the paper's numbering; ``number`` is "" where the paper has none."""

    number: str
    title: str
    panels: tuple[Panel, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Absent:
    """A figure or table that cannot be made, and why not."""

    number: str
    title: str
    reason: str


@dataclass(frozen=True)
class Tile:
    """A photo or several side by side, with a line of text below.

    Attributes
    ----------
    photos : JPEG files, small
    caption : whose photos, and the distance in bits
    wrong : whether the lock errs here; "" or what it does, such as "accepted"
    """

    photos: tuple[bytes, ...]
    caption: str
    wrong: str = ""


@dataclass(frozen=True)
class Gallery:
    """Photos to look at; they go into the HTML page and nowhere else."""

    number: str
    title: str
    tiles: tuple[Tile, ...]
    notes: tuple[str, ...] = ()


Result = Table | Figure | Gallery | Absent


@dataclass(frozen=True)
class Chapter:
    """What one bundle gave.

    Attributes
    ----------
    name : heading, such as bundle and version
    facts : what its figures depend on, by name: model hash, trials
    results : in any order; the report sorts them with :func:`in_order`
    """

    name: str
    facts: Mapping[str, str]
    results: tuple[Result, ...]


@dataclass(frozen=True)
class Report:
    """All that one command found.

    Attributes
    ----------
    facts : what all chapters share, by name: command, machine, versions, data hashes
    remarks : what a reader must know first
    """

    title: str
    facts: Mapping[str, str]
    remarks: tuple[str, ...]
    chapters: tuple[Chapter, ...]


def series_of(figure: Figure) -> Iterator[tuple[Panel, Series]]:
    """Every line of a figure with its panel, in order."""
    for panel in figure.panels:
        for series in panel.series:
            yield panel, series


def heading(result: Result) -> str:
    """Number, if the paper gives one, and title."""
    return f"{result.number}: {result.title}" if result.number else result.title


def in_order(results: tuple[Result, ...]) -> tuple[Result, ...]:
    """Figures as the paper numbers them, its tables; then what it lacks; photos at the end."""

    def key(result: Result) -> tuple[int, int]:
        if isinstance(result, Gallery):
            return 3, 0
        numbered = re.fullmatch(r"(Figure|Table) (\d+).*", result.number)
        return (0 if numbered[1] == "Figure" else 1, int(numbered[2])) if numbered else (2, 0)

    return tuple(sorted(results, key=key))
