"""The report: one page that needs nothing else, PNG, CSV and JSON that hold what was measured."""

from __future__ import annotations

import csv
import io
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ailock_sdk.embedding import DEFAULT_BUNDLE, find_bundle
from benchmarks.accuracy import __main__ as accuracy
from benchmarks.accuracy.paper import paper_values
from benchmarks.accuracy.paper.error_gallery import TILE_PIXELS, thumbnail
from lab.report.beside import beside_paper
from lab.report.files import DOCUMENT, PAGE, save
from lab.report.render_html import shown
from lab.report.results import (
    Absent,
    Chapter,
    Figure,
    Gallery,
    Panel,
    Report,
    ResultShapeError,
    Series,
    Table,
    Tile,
    in_order,
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
            y_log=True,
        ),
    ),
)


def jpeg(size: tuple[int, int] = (40, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(buffer, "JPEG", exif=_exif())
    return buffer.getvalue()


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    return exif


def report(*results: object) -> Report:
    chapter = Chapter("bundle 1.0", {"Model SHA-256": "ab" * 32}, tuple(results))  # type: ignore[arg-type]
    facts = {"Command": "python -m x --photos a.zip", "Photos, reference": "a.zip (SHA-256 cd)"}
    return Report("A <report>", facts, ("Holds photos.",), (chapter,))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("paper")
    gallery = Gallery("", "Worst", (Tile((jpeg(), jpeg()), "mug: 99 bits", "refused"),))
    save(report(gallery, TABLE, Absent("Figure 4", "Windows", "too few photos"), FIGURE), out)
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
    page = Links()
    page.feed(text)
    assert page.sources
    assert all(source.startswith(("data:image/", "#c")) for source in page.sources)
    assert "url(" not in text
    assert "<script" not in text
    assert "@import" not in text
    assert not page.unlabelled
    shown_text = " ".join(page.texts)
    for expected in ("A <report>", "<b>not bold</b>", "tau & c", "Not made: too few photos"):
        assert expected in shown_text
    for fact in ("python -m x --photos a.zip", "ab" * 32, "SHA-256 cd", "Holds photos."):
        assert fact in shown_text
    assert "1.23 %" in shown_text
    assert "0.600 % to 2.00 %" in shown_text


def test_figures_are_pictures_in_both_themes(folder: Path) -> None:
    text = (folder / PAGE).read_text("utf-8")
    assert text.count("data:image/png") == 2 * len(FIGURE.panels)
    assert text.count("data:image/jpeg") == 2
    with Image.open(folder / "bundle-1.0" / "figure-5.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
        assert "python -m x" in picture.info["Description"]
    assert min(pixels.shape[:2]) > 300
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20  # something is drawn


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


def test_json_holds_everything_but_photos(folder: Path) -> None:
    text = (folder / DOCUMENT).read_text("utf-8")
    document = json.loads(text)
    results = document["chapters"][0]["results"]
    assert [each["kind"] for each in results] == ["absent", "figure", "table", "gallery"]
    assert results[2]["rows"][0][2] == {"value": 0.0123, "low": 0.006, "high": 0.02}
    assert results[3]["tiles"] == [{"caption": "mug: 99 bits", "wrong": "refused"}]


def test_json_has_no_nan_and_no_numpy(tmp_path: Path) -> None:
    table = Table("", "odd", ("a", "b", "c"), ((np.int64(3), float("nan"), float("inf")),))
    save(report(table), tmp_path)
    document = json.loads(
        (tmp_path / DOCUMENT).read_text("utf-8"), parse_constant=lambda name: pytest.fail(name)
    )
    assert document["chapters"][0]["results"][0]["rows"] == [[3, None, None]]


def test_results_come_as_the_paper_numbers_them() -> None:
    def table(number: str) -> Table:
        return Table(number, "t", ("a",), ())

    given = (
        Gallery("", "g", ()),
        table(""),
        table("Table 10"),
        table("Table 4"),
        Absent("Figure 5", "f", "r"),
        Absent("Table 3", "f", "r"),
        Absent("Figure 4", "f", "r"),
    )
    order = [each.number or type(each).__name__ for each in in_order(given)]
    assert order == ["Figure 4", "Figure 5", "Table 3", "Table 4", "Table 10", "Table", "Gallery"]


def test_two_results_of_one_number_get_two_files(tmp_path: Path) -> None:
    files = save(report(TABLE, TABLE), tmp_path)
    assert len(set(files)) == len(files)
    assert all(file.is_file() for file in files)


def test_rows_of_equal_names_pair_up_in_order() -> None:
    table = Table("", "t", ("a", "b"), (("x", 1), ("x", 2), ("y", 3)), (("x", 10), ("x", 20)))
    columns, rows = beside_paper(table)
    assert columns == ("a", "b", "b (paper)")
    assert rows == [("x", 1, 10), ("x", 2, 20), ("y", 3, None)]


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, ""), (1234567, "1,234,567"), (0.123456, "0.1235"), ("a", "a"), (float("nan"), "")],
)
def test_cells(cell: object, text: str) -> None:
    assert shown(cell) == text


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ResultShapeError, match="2 cells for 1 columns"):
        Table("", "t", ("a",), ((1, 2),))
    with pytest.raises(ResultShapeError, match="1 values for 2 x"):
        Series("s", (1.0, 2.0), (1.0,))
    with pytest.raises(ResultShapeError, match="without the other"):
        Series("s", (1.0,), (1.0,), low=(0.5,))


def test_thumbnails_are_small_and_tell_nothing_of_the_camera() -> None:
    encoded = thumbnail(jpeg((1200, 900)))
    assert b"SecretCamera" in jpeg()
    assert b"SecretCamera" not in encoded
    with Image.open(io.BytesIO(encoded)) as small:
        assert max(small.size) == TILE_PIXELS


def test_printed_values_agree_with_each_other() -> None:
    """What one place of the paper says of another's values."""
    assert sorted(paper_values.TAU) == list(range(50, 501, 50))
    fars = [paper_values.SYNTHETIC_FAR[bits] for bits in sorted(paper_values.SYNTHETIC_FAR)]
    assert fars == sorted(fars, reverse=True)  # "decreases significantly as lambda grows"
    best = max(paper_values.F1_BY_SEGMENTS, key=lambda t: paper_values.F1_BY_SEGMENTS[t][1])
    assert best == 3  # "t = 3 consistently achieves the best performance"
    assert paper_values.stated("MLMS", "cross validation", "FRR") == ((500.0,), (0.0536,))
    assert paper_values.stated("SLSS", "hold-out", "FAR") == ((), ())


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "no such.zip"
    assert accuracy.main(["paper", "--photos", str(missing), "--out", str(tmp_path / "o")]) == 1
    error = capsys.readouterr().err
    assert "no such.zip is not a photo set" in error
    assert "Traceback" not in error


def save_objects(folder: Path, objects: int, photos: int) -> None:
    """Photos of blocks in random colours, one pattern an object, each in another light."""
    for number in range(objects):
        rng = np.random.default_rng(number)
        pattern = Image.fromarray(rng.integers(0, 256, (7, 7, 3), dtype=np.uint8))
        (folder / f"object {number}").mkdir(parents=True)
        for view in range(photos):
            large = np.asarray(pattern.resize((320, 320), Image.Resampling.NEAREST), np.float32)
            light = rng.uniform(0.6, 1.2) * large + rng.normal(0, 12, large.shape)
            picture = Image.fromarray(light.clip(0, 255).astype(np.uint8))
            picture.save(folder / f"object {number}" / f"{view}.jpg")


def test_the_command_makes_the_whole_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_objects(tmp_path / "mine", objects=12, photos=2)
    command = ["paper", "--photos", str(tmp_path / "mine"), "--quick", "--window", "0", "8"]
    command += ["--layers", "mixed_8/pool"]
    assert accuracy.main([*command, "--out", str(tmp_path / "out")]) == 0
    written = [
        Path(line.split(" ", 1)[1])
        for line in capsys.readouterr().err.splitlines()
        if line.startswith("wrote ")
    ]
    assert tmp_path / "out" / PAGE in written
    assert all(file.is_file() for file in written)

    document = json.loads((tmp_path / "out" / DOCUMENT).read_text("utf-8"))
    (chapter,) = document["chapters"]
    assert len(chapter["facts"]["Model SHA-256"]) == 64
    assert str(tmp_path) not in json.dumps(document)  # nobody's folders
    results = chapter["results"]
    numbers = [each["number"] for each in results]
    for number in ("Figure 4", "Figure 5", "Table 3", "Table 4", "Table 5"):
        assert number in numbers
    by_title = {each["title"]: each for each in results}
    assert "synthetic" in next(each["reason"] for each in results if each["number"] == "Table 5")
    (points,) = (
        each
        for title, each in by_title.items()
        if title.startswith("Operating points") and title.endswith("all reference photos")
    )
    (row,) = (dict(zip(points["columns"], row, strict=True)) for row in points["rows"])
    assert row["mated trials"] == 12
    assert row["non-mated trials"] == 24 * 23 // 2 - 12
    assert row["pairs of objects"] == 12 * 11 // 2
    for number in ("Figure 5", "Table 3"):
        assert any(each["number"] == number and each["kind"] != "absent" for each in results)

    page = (tmp_path / "out" / PAGE).read_text("utf-8")
    assert "data:image/jpeg" in page


def without_profiles(folder: Path) -> Path:
    """The default bundle as ``tools.convert_tflite`` leaves one: no projection, no profile."""
    copy = folder / "bare"
    shutil.copytree(find_bundle(DEFAULT_BUNDLE).path, copy)
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest |= {"profiles": {}, "self_test": None}
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return copy


def test_too_few_photos_for_the_window_say_so_and_no_photos_are_inside(tmp_path: Path) -> None:
    """The paper's window needs 400 photos; the rest of the report is made all the same."""
    save_objects(tmp_path / "mine", objects=7, photos=2)
    command = ["paper", "--photos", str(tmp_path / "mine"), "--quick", "--layers", "mixed_8/pool"]
    command += ["--no-photos", "--bundle", DEFAULT_BUNDLE, str(without_profiles(tmp_path))]
    assert accuracy.main([*command, "--out", str(tmp_path / "out")]) == 0
    document = json.loads((tmp_path / "out" / DOCUMENT).read_text("utf-8"))
    results, others = (chapter["results"] for chapter in document["chapters"])
    assert not any(each["title"].endswith("all reference photos") for each in others)
    reasons = [each["reason"] for each in results if each["kind"] == "absent"]
    assert any("components" in reason for reason in reasons)
    assert any(each["title"].endswith("all reference photos") for each in results)
    assert "data:image/jpeg" not in (tmp_path / "out" / PAGE).read_text("utf-8")
