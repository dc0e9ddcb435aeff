"""A report with one of everything, small."""

from __future__ import annotations

import io

from PIL import Image

from lab.report.results import (
    Absent,
    Chapter,
    Figure,
    Gallery,
    Mark,
    Panel,
    ReferenceLine,
    Report,
    Result,
    Series,
    Table,
    Tile,
)
from lab.statistics.intervals import Estimate

TABLE = Table(
    "Table 3",
    "tau & c",
    ("lambda (bits)", "tau", "EER"),
    ((50, 0.71, Estimate(0.0123, 0.006, 0.02)), (100, 0.70, Estimate(0.01))),
    ((50, 0.78, None), (500, 0.682, None)),
    ("<b>not bold</b>",),
)
FIGURE = Figure(
    "Figure 5",
    "FAR by lambda",
    (
        Panel(
            "(b)",
            "lambda (bits)",
            "FAR (%)",
            (
                Series("SLSS", (50.0, 500.0), (0.1, 0.0), (0.05, 0.0), (0.2, 0.01)),
                Series("MLMS, paper", (500.0,), (0.0009,), style="paper"),
            ),
            y_scale="log",
        ),
    ),
)
DET = Panel(
    "",
    "FMR",
    "FNMR",
    (
        Series("FMR = FNMR", (0.001, 0.6), (0.001, 0.6), style="guide"),
        Series(
            "mine",
            (0.0, 0.01, 0.3, 1.0),
            (1.0, 0.2, 0.05, 0.0),
            remark="EER 10 %",
            marks=(Mark("EER", 0.1, 0.1), Mark("c", 0.0, 0.7)),
        ),
        Series("mine", (0.01, 0.3), (0.2, 0.05), (0.1, 0.0), (0.3, 0.1), kind="band"),
    ),
    x_scale="probit",
    y_scale="probit",
    x_range=(0.001, 0.6),
)
HISTOGRAM = Panel(
    "",
    "distance",
    "share",
    (
        Series("mated", (0.0, 0.1, 0.2, 0.3), (0.2, 0.8, 0.0), kind="steps"),
        Series("non-mated", (0.2, 0.3, 0.4), (0.5, 0.5), kind="steps", colour="vermilion"),
    ),
    y_scale="log",
    lines=(ReferenceLine(0.25, "c = 25 bits"), ReferenceLine(0.5, "half", axis="y")),
)
ESTIMATES = Panel(
    "",
    "photos in a reference",
    "EER (%)",
    (
        Series(
            "EER", (1.0, 2.0), (4.0, 1.0), (2.0, 0.0), (8.0, 2.0), kind="points", texts=("4", "1")
        ),
    ),
    y_range=(0, None),
    x_ticks=(1, 2),
)
BARS = Panel(
    "",
    "",
    "milliseconds",
    (
        Series("decode", ("laptop\nx86", "phone"), (3.0, 9.0), kind="bars"),
        Series("network", ("laptop\nx86", "phone"), (7.0, 60.0), kind="bars", texts=("10", "69")),
    ),
    lines=(ReferenceLine(100, "limit", axis="y"),),
)
KINDS = Figure(
    "",
    "All kinds of series",
    (DET, HISTOGRAM, ESTIMATES, BARS),
    ("What a reader must know.",),
    name="all_kinds",
    columns=2,
)


def jpeg(size: tuple[int, int] = (40, 30)) -> bytes:
    """A red photo by a camera that names itself."""
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    buffer = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def gallery(name: str = "") -> Gallery:
    """Pairs in two groups."""
    tiles = (
        Tile((jpeg(), jpeg((30, 40))), "mug: 99 bits", "refused", "Mated pairs"),
        Tile((jpeg(), jpeg()), "mug and cup: 40 bits", group="Non-mated pairs"),
        Tile((jpeg(), jpeg()), "mug and pen: 41 bits", group="Non-mated pairs"),
    )
    return Gallery("", "Worst", tiles, name=name)


ABSENT = Absent("Figure 4", "Windows", "too few photos")


def report(*results: Result, chapter: str = "bundle 1.0") -> Report:
    """One chapter of these results."""
    facts = {"Command": "python -m x --photos a.zip", "Photos, reference": "a.zip (SHA-256 cd)"}
    chapters = (Chapter(chapter, {"Model SHA-256": "ab" * 32}, results),)
    document = {"found": {"share": float("nan")}}
    return Report("A <report>", facts, ("Holds photos.",), chapters, "x/1", document)
