"""The one model of results: what every tool and benchmark hands to the renderers.

A report has chapters, a chapter has results: a :class:`Table`, a :class:`Figure` of panels with
series, a :class:`Gallery` of photos, or :class:`Absent` with the reason. Values are kept as
measured, unrounded; the renderers round. :func:`lab.report.files.save` writes a report as Markdown,
JSON, CSV, PNG and one HTML page, :func:`lab.report.files.print_report` shows it in a terminal::

    found = Table(
        "",  # "Table 3" where the paper numbers it
        "What was recovered",
        ("scenario", "records", "recovered", "s/record"),
        (("paper", 40, Estimate(0.95, 0.83, 0.99), 0.1234),),  # an Estimate of a share: in per cent
        notes=("Recovered: the codeword is the attack's first guess.",),
        formats={"s/record": ".2f"},  # Python's; without one: four significant digits
    )
    distances = Figure(
        "",
        "Distances of imageprints",
        (
            Panel(
                "", "Hamming distance / lambda", "share of trials",
                (
                    Series("mated", edges, shares, kind="steps", remark="one object, 202 trials"),
                    Series("non-mated", edges, others, kind="steps", colour="vermilion"),
                ),
                lines=(ReferenceLine(0.325, "c = 166 of 512 bits: accepted to the left"),),
                y_scale="log",
            ),
        ),
        name="histograms",  # histograms.png and histograms.csv; else made of number or title
        columns=1,  # panels in a row, at most
        panel_inches=(8, 3),
    )
    stages = Panel(  # bars lie: x names them from top to bottom, y is how long they are
        "", "", "milliseconds",
        (
            Series("decode", ("laptop", "phone"), (3.1, 9.8), kind="bars"),
            Series("network", ("laptop", "phone"), (14.0, 61.2), kind="bars",  # further right:
                   texts=("17 ms", "71 ms")),  # series that share a bar are stacked
        ),
        lines=(ReferenceLine(100, "the limit", axis="y"),),
    )
    report = Report(
        "Helper-data recovery",
        facts(recorded),  # of lab.report.provenance: what all of it depends on, in words
        ("The paper's parameters fall.",),  # what a reader must know first
        (Chapter("", {}, (found, distances)),),  # without a name: no folder of its own
        format="ailock-attack-helper-data/1",
        document={"provenance": recorded, "results": [...]},  # further keys of the JSON file
    )
    print_report(report)
    save(report, out, "helper_data")  # helper_data.json, .md, .html; a PNG and CSV for each result

Colours follow labels: a label has one colour in all panels of a figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Style = Literal["ours", "paper", "guide"]
Kind = Literal["line", "band", "points", "steps", "bars"]
Scale = Literal["linear", "log", "probit"]
Colour = Literal["blue", "orange", "green", "pink", "sky", "vermilion", "yellow", "grey", "ink"]
Range = tuple[float | None, float | None]
"""Ends of an axis; None: as the data needs."""

OF_THE_REPORT = ("format", "facts", "remarks", "chapters")
"""Keys of the JSON file that a document cannot have."""


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
    rows : one cell per column each: a number in the unit of its column, a string, None where there
        is nothing to say, or an :class:`~lab.statistics.intervals.Estimate`
    paper : the paper's printed values in the same columns, beside ours; None if it prints none
    notes : what a reader must know, one sentence each: trials, what differs from the paper
    formats : format specifications of numbers by column, such as ``.2f``, where text and page are
        not to show four significant digits, and a share (0 to 1) in per cent for an Estimate
    name : of its file; "": made of number or title
    """

    number: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    paper: tuple[tuple[object, ...], ...] | None = None
    notes: tuple[str, ...] = ()
    formats: Mapping[str, str] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        for row in (*self.rows, *(self.paper or ())):
            if len(row) != len(self.columns):
                raise ResultShapeError(
                    f"{self.title}: {len(row)} cells for {len(self.columns)} columns: {row}"
                )
        if unknown := set(self.formats) - set(self.columns):
            raise ResultShapeError(f"{self.title}: formats of {sorted(unknown)}, not columns")


@dataclass(frozen=True)
class Mark:
    """A point of a line that means something, such as its EER: a symbol with a place in the legend.

    The symbol follows the label, the colour is the line's.
    """

    label: str
    x: float
    y: float


@dataclass(frozen=True)
class Series:
    """One thing that a panel shows.

    Attributes
    ----------
    label : its name in the legend and in the CSV file
    x, y : the points, as many of each; steps: y between neighbouring x, one fewer; bars: x names
        them, y is their length
    low, high : 95 % interval of each y; None: not known. Along a line a band, else whiskers
    style : "ours": measured here; "paper": printed in the paper; "guide": thin and grey
    kind : "line"; "band": the interval alone, without a legend; "points", not joined;
        "steps": a histogram; "bars": from left to right, stacked where they share an x
    remark : what the legend says beside the label; of a guide, in its place
    texts : written beside each point, or at the end of each bar
    marks : of a line
    colour : None: the next that no label of the figure has yet
    """

    label: str
    x: tuple[float, ...] | tuple[str, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    style: Style = "ours"
    kind: Kind = "line"
    remark: str = ""
    texts: tuple[str, ...] | None = None
    marks: tuple[Mark, ...] = ()
    colour: Colour | None = None

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise ResultShapeError(f"{self.label}: one end of an interval without the other")
        if self.kind == "band" and self.low is None:
            raise ResultShapeError(f"{self.label}: a band without an interval")
        wanted = len(self.x) - (self.kind == "steps")
        for values in (self.y, self.low, self.high, self.texts):
            if values is not None and len(values) != wanted:
                raise ResultShapeError(f"{self.label}: {len(values)} values for {len(self.x)} x")


@dataclass(frozen=True)
class ReferenceLine:
    """A line across a panel at a value of one axis, such as a limit or c."""

    at: float
    label: str
    axis: Literal["x", "y"] = "x"


@dataclass(frozen=True)
class Panel:
    """One pair of axes; the labels carry the unit.

    Attributes
    ----------
    x_scale, y_scale : "probit" is for shares from 0 to 1, shown in per cent
    x_range, y_range : lowest and highest value drawn; None: as the data needs
    lines : across the panel
    x_ticks : where x has numbers; None: as fits
    """

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    x_range: Range | None = None
    y_range: Range | None = None
    lines: tuple[ReferenceLine, ...] = ()
    x_ticks: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        bars = {series.kind == "bars" for series in self.series}
        if len(bars) > 1:
            raise ResultShapeError(f"{self.title}: bars share a panel with bars alone")

    @property
    def bars(self) -> tuple[str, ...]:
        """Names of the bars from top to bottom; empty in a panel of points."""
        names = (str(x) for one in self.series if one.kind == "bars" for x in one.x)
        return tuple(dict.fromkeys(names))


@dataclass(frozen=True)
class Figure:
    """A figure in the paper's numbering; ``number`` is "" where the paper has none.

    Attributes
    ----------
    name : of its files; "": made of number or title
    columns : panels in a row, at most
    panel_inches : width and height of a panel; bars are as high as their number needs
    """

    number: str
    title: str
    panels: tuple[Panel, ...]
    notes: tuple[str, ...] = ()
    name: str = ""
    columns: int = 3
    panel_inches: tuple[float, float] = (4.2, 3.3)


@dataclass(frozen=True)
class Absent:
    """A figure or table that cannot be made, and why not."""

    number: str
    title: str
    reason: str
    name: str = ""


@dataclass(frozen=True)
class Tile:
    """A photo or several side by side, with a line of text below.

    Attributes
    ----------
    photos : JPEG files, small, from :mod:`lab.report.thumbnails`
    caption : whose photos, and the distance in bits
    wrong : whether the lock errs here; "" or what it does, such as "accepted"
    group : heading of the neighbouring tiles that share it
    """

    photos: tuple[bytes, ...]
    caption: str
    wrong: str = ""
    group: str = ""


@dataclass(frozen=True)
class Gallery:
    """Photos to look at; they go into the HTML page and, with a ``name``, into a PNG file."""

    number: str
    title: str
    tiles: tuple[Tile, ...]
    notes: tuple[str, ...] = ()
    name: str = ""

    @property
    def groups(self) -> dict[str, list[Tile]]:
        """Tiles by heading, both in order."""
        found: dict[str, list[Tile]] = {}
        for tile in self.tiles:
            found.setdefault(tile.group, []).append(tile)
        return found


Result = Table | Figure | Gallery | Absent


@dataclass(frozen=True)
class Chapter:
    """What one bundle gave.

    Attributes
    ----------
    name : heading, such as bundle and version, and folder of the chapter's files; "": neither
    facts : what its figures depend on, by name: model hash, trials
    results : in any order; the report sorts them with :func:`lab.report.order.in_order`
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
    format : of the JSON file, with a version, such as ``ailock-verify/2``; "": it names none
    document : the program's own figures by key, whatever JSON can hold; NaN becomes null
    """

    title: str
    facts: Mapping[str, str]
    remarks: tuple[str, ...]
    chapters: tuple[Chapter, ...]
    format: str = ""
    document: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if taken := set(OF_THE_REPORT) & set(self.document):
            raise ResultShapeError(f"{self.title}: the document's {sorted(taken)} are the report's")


def series_of(figure: Figure) -> Iterator[tuple[Panel, Series]]:
    """Every series of a figure with its panel, in order."""
    for panel in figure.panels:
        for series in panel.series:
            yield panel, series


def heading(result: Result) -> str:
    """Number, if the paper gives one, and title."""
    return f"{result.number}: {result.title}" if result.number else result.title
