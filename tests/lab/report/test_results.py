"""The model of results: shapes that fit, order, and names of files."""

from __future__ import annotations

import pytest

from lab.report.beside import beside_paper
from lab.report.order import in_order, places
from lab.report.results import (
    Absent,
    Chapter,
    Gallery,
    Panel,
    Report,
    ResultShapeError,
    Series,
    Table,
)
from tests.lab.report.samples import BARS, KINDS, TABLE, gallery, report


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


def test_rows_of_equal_names_pair_up_in_order() -> None:
    table = Table("", "t", ("a", "b"), (("x", 1), ("x", 2), ("y", 3)), (("x", 10), ("x", 20)))
    columns, rows = beside_paper(table)
    assert columns == ("a", "b", "b (paper)")
    assert rows == [("x", 1, 10), ("x", 2, 20), ("y", 3, None)]


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ResultShapeError, match="2 cells for 1 columns"):
        Table("", "t", ("a",), ((1, 2),))
    with pytest.raises(ResultShapeError, match="formats of"):
        Table("", "t", ("a",), (), formats={"b": ".2f"})
    with pytest.raises(ResultShapeError, match="1 values for 2 x"):
        Series("s", (1.0, 2.0), (1.0,))
    with pytest.raises(ResultShapeError, match="2 values for 2 x"):
        Series("s", (1.0, 2.0), (1.0, 2.0), kind="steps")
    with pytest.raises(ResultShapeError, match="2 values for 1 x"):
        Series("s", (1.0,), (1.0,), texts=("a", "b"))
    with pytest.raises(ResultShapeError, match="without the other"):
        Series("s", (1.0,), (1.0,), low=(0.5,))
    with pytest.raises(ResultShapeError, match="without an interval"):
        Series("s", (1.0,), (1.0,), kind="band")
    with pytest.raises(ResultShapeError, match="bars alone"):
        Panel("p", "", "", (*BARS.series, Series("s", (1.0,), (1.0,))))
    with pytest.raises(ResultShapeError, match="'facts'"):
        Report("r", {}, (), (), document={"facts": 1})


def test_files_are_named_by_name_number_or_title() -> None:
    ((_, folder, results),) = places(report(TABLE, TABLE, KINDS, gallery()))
    assert folder == "bundle-1.0"
    assert [name for name, _ in results] == ["table-3", "table-3-2", "all_kinds", "worst"]


def test_chapters_of_one_name_have_two_folders_and_those_without_none() -> None:
    chapters = tuple(Chapter(name, {}, ()) for name in ("a b", "", "A b"))
    found = [folder for _, folder, _ in places(Report("r", {}, (), chapters))]
    assert found == ["a-b", "", "a-b-2"]
