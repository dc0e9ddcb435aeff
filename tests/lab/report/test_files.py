"""A report's files: Markdown, JSON, CSV, PNG and one page that needs nothing else."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lab.report.files import print_report, save, tell, tell_absences
from lab.report.order import absences
from lab.report.render_html import page
from lab.report.render_png import figure_png, panel_png
from lab.report.render_text import as_text, markdown_table
from lab.report.results import Figure, Panel, Series, Table
from lab.report.style import DARK, LIGHT
from lab.report.thumbnails import THUMBNAIL_PIXELS, montage, thumbnail
from lab.report.wording import cell_text
from lab.statistics.intervals import Estimate
from tests.lab.report.samples import ABSENT, FIGURE, KINDS, TABLE, gallery, jpeg, report

COLOURS = ("blue", "orange vermilion", "green", "pink sky")
"""Of the panels of all kinds of series, one after the other."""
NAME, PAGE, DOCUMENT = "paper", "paper.html", "results.json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("paper")
    save(report(gallery(), TABLE, ABSENT, FIGURE), out, NAME, document=DOCUMENT)
    return out


class Links(HTMLParser):
    """Everything that a browser would fetch, and the text that it would show."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.texts: list[str] = []
        self.unlabelled = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.sources += [
            given[name] or "" for name in ("src", "srcset", "href", "data") if name in given
        ]
        self.unlabelled += tag == "img" and "alt" not in given

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_page_needs_nothing_else(folder: Path) -> None:
    text = (folder / PAGE).read_text("utf-8")
    shown = Links()
    shown.feed(text)
    assert shown.sources
    assert all(source.startswith(("data:image/", "#c")) for source in shown.sources)
    assert "url(" not in text
    assert "<script" not in text
    assert "@import" not in text
    assert not shown.unlabelled
    shown_text = " ".join(shown.texts)
    for expected in ("A <report>", "<b>not bold</b>", "tau & c", "Not made: too few photos"):
        assert expected in shown_text
    for fact in ("python -m x --photos a.zip", "ab" * 32, "SHA-256 cd", "Holds photos."):
        assert fact in shown_text
    assert "1.23 %" in shown_text
    assert "0.600 % to 2.00 %" in shown_text
    assert "Non-mated pairs" in shown_text


def test_figures_are_pictures_in_both_themes(folder: Path) -> None:
    text = (folder / PAGE).read_text("utf-8")
    assert text.count("data:image/png") == 2 * len(FIGURE.panels)
    assert text.count("data:image/jpeg") == 6
    with Image.open(folder / "bundle-1.0" / "figure-5.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
        assert "python -m x" in picture.info["Description"]
    assert min(pixels.shape[:2]) > 300
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20  # something is drawn


@pytest.mark.parametrize(
    ("panel", "colours"),
    list(zip(KINDS.panels, COLOURS, strict=True)),
    ids=("det", "histogram", "estimates", "bars"),
)
def test_every_kind_of_series_is_drawn_in_both_themes(panel: Panel, colours: str) -> None:
    for theme in (LIGHT, DARK):
        with Image.open(io.BytesIO(panel_png(KINDS, panel, theme))) as picture:
            pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
        paper = np.array([int(theme.background[i : i + 2], 16) for i in (1, 3, 5)])
        assert (pixels == paper).all(axis=1).mean() > 0.4
        for name in colours.split():
            assert has_colour(pixels, theme.colours[name])
    assert len(figure_png(KINDS, "footer")) > 10_000


def has_colour(pixels: np.ndarray, colour: str) -> bool:
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return bool((pixels == wanted).all(axis=1).any())


def test_a_picture_is_as_high_as_its_bars_need() -> None:
    heights = []
    for count in (2, 12):
        names = tuple(f"bar {number}" for number in range(count))
        bars = Series("ms", names, (1.0,) * count, kind="bars")
        figure = Figure("", "bars", (Panel("", "", "ms", (bars,)),), panel_inches=(9, 1))
        with Image.open(io.BytesIO(figure_png(figure, ""))) as picture:
            heights.append(picture.size[1])
    assert heights[0] < heights[1]


def test_a_gallery_is_a_picture_where_it_has_a_name(tmp_path: Path) -> None:
    files = save(report(gallery("worst"), chapter=""), tmp_path, "x")
    assert tmp_path / "worst.png" in files
    with Image.open(tmp_path / "worst.png") as picture:
        assert picture.size[0] > 1000


def test_csv_has_ours_beside_the_paper_and_its_source(folder: Path) -> None:
    lines = (folder / "bundle-1.0" / "table-3.csv").read_text("utf-8").splitlines()
    assert lines[0].startswith("# Model SHA-256: abab")
    assert "a.zip" in lines[0]
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert [row["tau"] for row in rows] == ["0.71", "0.7", ""]
    assert [row["tau (paper)"] for row in rows] == ["0.78", "", "0.682"]
    assert (rows[0]["EER"], rows[0]["EER, low"], rows[0]["EER, high"]) == (
        "0.0123",
        "0.006",
        "0.02",
    )
    points = (folder / "bundle-1.0" / "figure-5.csv").read_text("utf-8").splitlines()
    found = list(csv.DictReader(line for line in points if not line.startswith("#")))
    assert [(row["series"], row["style"], row["y"]) for row in found] == [
        ("SLSS", "ours", "0.1"),
        ("SLSS", "ours", "0.0"),
        ("MLMS, paper", "paper", "0.0009"),
    ]


def test_csv_of_steps_bars_and_marks(tmp_path: Path) -> None:
    save(report(KINDS, chapter=""), tmp_path, "x")
    lines = (tmp_path / "all_kinds.csv").read_text("utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    points = {
        name: [(row["x"], row["y"]) for row in rows if row["series"] == name]
        for name in ("mated", "network", "mine: EER")
    }
    assert points["mated"] == [("0.0", "0.2"), ("0.1", "0.8"), ("0.2", "0.0"), ("0.3", "")]
    assert points["network"] == [("laptop, x86", "7.0"), ("phone", "60.0")]
    assert points["mine: EER"] == [("0.1", "0.1")]


def test_json_holds_everything_but_photos(folder: Path) -> None:
    text = (folder / DOCUMENT).read_text("utf-8")
    document = json.loads(text)
    assert document["format"] == "x/1"
    assert document["found"] == {"share": None}
    results = document["chapters"][0]["results"]
    assert [each["kind"] for each in results] == ["absent", "figure", "table", "gallery"]
    assert results[1]["panels"][0]["y_log"]
    assert not results[1]["panels"][0]["x_log"]
    assert results[2]["rows"][0][2] == {"value": 0.0123, "low": 0.006, "high": 0.02}
    tile = {"caption": "mug: 99 bits", "wrong": "refused", "group": "Mated pairs"}
    assert results[3]["tiles"][0] == tile


def test_json_has_no_nan_and_no_numpy(tmp_path: Path) -> None:
    table = Table("", "odd", ("a", "b", "c"), ((np.int64(3), float("nan"), float("inf")),))
    save(report(table), tmp_path, NAME)
    document = json.loads(
        (tmp_path / "paper.json").read_text("utf-8"),
        parse_constant=lambda name: pytest.fail(name),
    )
    assert document["chapters"][0]["results"][0]["rows"] == [[3, None, None]]


def test_markdown_has_every_row_and_links_pictures(folder: Path) -> None:
    text = (folder / "paper.md").read_text("utf-8")
    assert text.startswith("# A <report>\n\n- Command: python -m x --photos a.zip\n")
    assert "## bundle 1.0" in text
    assert "![Figure 5: FAR by lambda](bundle-1.0/figure-5.png)" in text
    assert "Not made: too few photos" in text
    assert text.index("\nNot made:\n\n- Figure 4: Windows: too few photos\n") < text.index(
        "## bundle"
    )
    assert "Holds photos." in text
    assert ".png" not in as_text(report(TABLE, FIGURE, gallery("worst")), pictures=False)


def test_markdown_tables_stand_straight() -> None:
    assert markdown_table(TABLE) == [
        "| lambda (bits) |  tau | tau (paper) |                        EER |",
        "|--------------:|-----:|------------:|---------------------------:|",
        "|            50 | 0.71 |        0.78 | 1.23 % (0.600 % to 2.00 %) |",
        "|           100 |  0.7 |             |                     1.00 % |",
        "|           500 |      |       0.682 |                            |",
    ]
    words = Table(
        "", "t", ("a", "what"), (("x|y", 1.23456), ("z", "none")), formats={"what": ".1f"}
    )
    assert markdown_table(words)[2:] == [r"| x\|y |  1.2 |", r"| z    | none |"]


def test_a_terminal_gets_the_tables(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    print_report(report(TABLE, FIGURE))
    tell([tmp_path / "a.json"])
    shown = capsys.readouterr()
    assert "| lambda (bits) |" in shown.out
    assert shown.err == f"wrote {tmp_path / 'a.json'}\n"


def test_what_is_absent_is_said_at_the_top_and_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lacking = report(TABLE, ABSENT)
    tell_absences(lacking)
    assert capsys.readouterr().err == "not made: Figure 4: Windows: too few photos\n"
    both = replace(lacking, chapters=(lacking.chapters[0], replace(lacking.chapters[0], name="b")))
    assert [line.split(",")[0] for line in absences(both)] == ["bundle 1.0", "b"]
    shown = page(lacking)
    assert shown.index("<h3>Not made</h3><ul><li>Figure 4: Windows: too few") < shown.index("<nav>")
    complete = report(TABLE)
    tell_absences(complete)
    assert capsys.readouterr().err == ""
    assert "Not made" not in page(complete) + as_text(complete)


def test_two_results_of_one_number_get_two_files(tmp_path: Path) -> None:
    files = save(report(TABLE, TABLE), tmp_path, NAME)
    assert len(set(files)) == len(files)
    assert all(file.is_file() for file in files)
    assert {file for file in tmp_path.rglob("*") if file.is_file()} == set(files)


@pytest.mark.parametrize(
    ("cell", "specification", "text"),
    [
        (None, "", ""),
        (1234567, "", "1,234,567"),
        (0.123456, "", "0.1235"),
        ("a", ".2f", "a"),
        (float("nan"), ".2f", ""),
        (0.123456, ".2f", "0.12"),
        (np.float32(2), "", "2"),
        (True, "", "True"),
        (Estimate(0.0123, 0.006, 0.02), "", "1.23 % (0.600 % to 2.00 %)"),
        (Estimate(2.345, 1, 3), ".1f", "2.3 (1.0 to 3.0)"),
        (Estimate(0.5), "", "50.0 %"),
    ],
)
def test_cells(cell: object, specification: str, text: str) -> None:
    assert cell_text(cell, specification) == text


def test_thumbnails_are_small_and_tell_nothing_of_the_camera() -> None:
    encoded = thumbnail(jpeg((1200, 900)))
    assert b"SecretCamera" in jpeg()
    assert b"SecretCamera" not in encoded
    with Image.open(io.BytesIO(encoded)) as small:
        assert max(small.size) == THUMBNAIL_PIXELS


def test_photos_of_a_reference_are_one_square() -> None:
    for count in (1, 2, 3, 5):
        encoded = montage([jpeg((1200, 900))] * count, 240)
        assert b"SecretCamera" not in encoded
        with Image.open(io.BytesIO(encoded)) as square:
            assert square.size == (240, 240)
