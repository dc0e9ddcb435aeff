"""The comparison for people: a table of all quantities, the stages and the threads drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ailock_sdk.benchmark import STAGES
from benchmarks.speed.comparison import Change, device_name, label, rows
from benchmarks.speed.results import Result
from lab.report.files import save
from lab.report.results import Chapter, Figure, Panel, Report, Series, Table

NAME = "comparison"
THREADS = "threads"


def comparison_report(results: Sequence[Result], *, numbered: bool = False) -> Report:
    """Everything about results side by side.

    ``numbered``: columns are ``[1]``, ``[2]`` and so on, explained above, as a terminal has no
    room for more; otherwise what tells each result from the others.
    """
    labels = {f"[{number}]": label(result) for number, result in enumerate(results, 1)}
    columns = tuple(labels) if numbered else tuple(labels.values())
    table = Table(
        "",
        "Medians",
        ("quantity", "unit", *columns),
        tuple((row.quantity, row.unit, *row.values) for row in rows(results)),
        formats=dict.fromkeys(columns, ".2f"),
        name=NAME,
    )
    chapter = Chapter("", {}, (table, _stages(results), *_threads(results)))
    return Report("Speed of ailock", labels, (), (chapter,))


def save_comparison(results: Sequence[Result], out: Path) -> list[Path]:
    """Write ``comparison.csv``, ``.html``, ``.md`` and ``.json`` and the figures; their paths.

    Raises
    ------
    OutputError
        The folder cannot be written, or its disk is full.
    """
    files = save(comparison_report(results), out, NAME)
    for left in out.glob(f"{THREADS}.*"):  # of an earlier run
        if left not in files:
            left.unlink()
    return files


def changes_report(result: Result, changes: Sequence[Change]) -> Report:
    """Every change since the baseline; regressions are marked."""
    table = Table(
        "",
        "Medians, new over baseline",
        ("stage", "baseline [ms]", "new [ms]", "ratio", "verdict"),
        tuple(
            (
                *(change.stage, change.baseline_ms, change.new_ms, change.ratio),
                f"REGRESSION (above {change.limit:.2f})" if change.flagged else "",
            )
            for change in changes
        ),
        formats=dict.fromkeys(("baseline [ms]", "new [ms]", "ratio"), ".2f"),
    )
    chapter = Chapter("", {}, (table,))
    return Report(f"{device_name(result)} since its baseline", {}, (), (chapter,))


def _stages(results: Sequence[Result]) -> Figure:
    """One bar a result, cut into its stages' medians."""
    names = _names(results)
    benchmarks = [result["benchmark"] for result in results]
    whole = [f"unlock {one['unlock_ms']['p50']:.0f} ms" for one in benchmarks]
    series = tuple(
        Series(
            stage,
            names,
            tuple(one["stages_ms"][stage]["p50"] for one in benchmarks),
            kind="bars",
            texts=tuple(whole) if stage == STAGES[-1] else None,
        )
        for stage in STAGES
    )
    panel = Panel("", "", "milliseconds, median of each stage", series)
    return Figure(
        "", "Where the time of an unlock goes", (panel,), name="stages", panel_inches=(9, 3)
    )


def _threads(results: Sequence[Result]) -> list[Figure]:
    """A line a result over threads; none where no result was measured with two counts or more."""
    swept = [
        (name, {int(count): row for count, row in result["benchmark"]["by_threads"].items()})
        for name, result in zip(_names(results), results, strict=True)
        if len(result["benchmark"]["by_threads"]) > 1
    ]
    if not swept:
        return []
    most = max(max(by_threads) for _, by_threads in swept)
    panels = tuple(
        Panel(
            title,
            "threads",
            "milliseconds, median",
            tuple(
                Series(
                    name.replace("\n", ", "),
                    tuple(sorted(by_threads)),
                    tuple(by_threads[count][figure]["p50"] for count in sorted(by_threads)),
                )
                for name, by_threads in swept
            ),
            y_range=(0, None),
            x_ticks=tuple(range(1, most + 1)),
        )
        for figure, title in (
            ("imageprint_ms", "Photo to imageprint"),
            ("network_ms", "The network's part"),
        )
    )
    return [Figure("", "What more threads give", panels, name=THREADS)]


def _names(results: Sequence[Result]) -> tuple[str, ...]:
    """Two lines each, told apart by the numbers of the results."""
    return tuple(_name(number, result) for number, result in enumerate(results, 1))


def _name(number: int, result: Result) -> str:
    benchmark = result["benchmark"]
    threads, photo = benchmark["threads"], benchmark["photo"]
    return (
        f"[{number}] {device_name(result)}, {result['target']}\n"
        f"{threads} thread{'s' * (threads > 1)}, {photo['width']} x {photo['height']}, "
        f"{benchmark['when'][:16].replace('T', ' ')}"
    )
