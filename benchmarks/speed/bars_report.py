"""The bars for people: a table, the figures behind them, and one picture of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.speed import original_ratio
from benchmarks.speed.bar import Bar
from lab.report.provenance import machine_line
from lab.report.results import Chapter, Colour, Figure, Panel, ReferenceLine, Report, Series, Table
from lab.report.wording import cell_text

MOST_SHARE = 10.0
"""Times the limit: a bar that fails by more is drawn as long as this."""

Row = tuple[str, float, str]
"""A bar's name, its length and what is written at its end."""


def bars_report(result: Mapping[str, Any], bars: Sequence[Bar]) -> Report:
    """Everything about a result of ``benchmarks.speed.bars``, which is the JSON file's document."""
    model, photo, groups = result["model"], result["photo"], _groups(result)
    facts = {
        "Model": f"{model['bundle']} {model['version']} ({model['model_sha256'][:16]}), "
        f"{result['runtime']}, {result['threads']} threads",
        "Photos": f"a JPEG of {photo['width']} x {photo['height']}, {photo['bytes'] / 1e6:.1f} MB, "
        "and a small one where it is said",
        "Command": result["command"],
        "Machine": machine_line(result["machine"]),
        "Date": result["when"],
    }
    ours = frozenset(result["stages"]["unlock"]["stages_ms"]) | {original_ratio.OURS}
    panels = (_shares(bars), *(_group(title, groups[title], ours) for title in groups))
    results = (
        _limits(bars),
        Figure("", "The bars, and what is behind them", panels, (), "bars", 1, (9, 3)),
        _stages(result["stages"]["unlock"]),
        Table(
            "",
            "The figures behind the bars",
            ("compared", "figure", "median"),
            tuple((title, *row) for title, rows in groups.items() for row in rows.items()),
            name="figures",
        ),
    )
    return Report("Bars of ailock", facts, (), (Chapter("", {}, results),), document=result)


def _groups(result: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """The medians behind the bars, by what they are compared with."""
    stages = result["stages"]
    unlock = {stage: row["p50"] for stage, row in stages["unlock"]["stages_ms"].items()}
    groups: dict[str, Mapping[str, float]] = {
        "One unlock by stage, and two yardsticks, ms": {**unlock, **stages["yardsticks_ms"]}
    }
    probes = stages["probes_ms"]
    groups["Unlock by number of photos, ms"] = {f"photos: {n}": ms for n, ms in probes.items()}
    groups["Unlock over one with one photo"] = {
        f"photos: {n}": ms / probes["1"] for n, ms in probes.items() if n != "1"
    }
    for name, photo in result["original"]["photos"].items():
        groups[f"Photo to bits, {name}, warm, ms"] = photo["warm_ms"]
        groups[f"Photo to bits, {name}, as a new process, ms"] = photo["process_ms"]
    first = next(iter(result["original"]["photos"].values()))
    groups["Peak memory of these processes, MB"] = first["peak_mb"]
    groups["Fresh processes, ms"] = result["processes"]["process_ms"]
    vaults = result["vaults"]
    for part, title in (
        ("unlock_ms", "Unlock"),
        ("store_ms", "The vault file's part of an unlock"),
    ):
        rows = {f"among {int(n):,} records": ms for n, ms in vaults[part].items()}
        groups[f"{title}, ms"] = rows
    return groups


def _limits(bars: Sequence[Bar]) -> Table:
    """One line a bar."""
    return Table(
        "",
        "Limits",
        ("bar", "what", "measured", "unit", "limit", "verdict"),
        tuple((bar.key, bar.what, bar.value, bar.unit, _limit(bar), _verdict(bar)) for bar in bars),
        name="limits",
    )


def _stages(unlock: Mapping[str, Any]) -> Table:
    """One unlock by stage."""
    rows = {**unlock["stages_ms"], "unlock": unlock["unlock_ms"]}
    names = ("p50", "p90", "p99", "first")
    return Table(
        "",
        "Stages of an unlock",
        ("stage", *(f"{name} [ms]" for name in names)),
        tuple((stage, *(row[name] for name in names)) for stage, row in rows.items()),
        notes=(
            f"Loading the model took {unlock['load_ms']:.0f} ms, memory peaked at "
            f"{unlock['peak_memory_mib']:.0f} MiB, {unlock['runs']} warm runs.",
        ),
        formats={f"{name} [ms]": ".2f" for name in names},
        name="stages",
    )


def _shares(bars: Sequence[Bar]) -> Panel:
    """How much of each limit is used; the bars that fail come first."""
    rows = {holds: [_share(bar) for bar in bars if bar.holds is holds] for holds in (False, True)}
    return Panel(
        "How much of each limit is used: beyond the line a bar fails",
        "",
        "per cent",
        (*_series("FAILS", "vermilion", rows[False]), *_series("holds", "green", rows[True])),
        lines=(ReferenceLine(100, "the limit", axis="y"),),
    )


def _share(bar: Bar) -> Row:
    text = f"{cell_text(bar.value)} {bar.unit} ({_limit(bar)})"
    return f"{bar.key}  {bar.what}", 100 * min(max(bar.share, 0.0), MOST_SHARE), text


def _group(title: str, figures: Mapping[str, float], ours: frozenset[str]) -> Panel:
    """Figures whose name is in ``ours`` in the colour of the SDK, others in grey."""
    rows = [(name, value, cell_text(value)) for name, value in figures.items()]
    mine = [row for row in rows if row[0] in ours]
    others = [row for row in rows if row[0] not in ours]
    series = *_series("of ailock-sdk", "blue", mine), *_series("compared with", "grey", others)
    return Panel(title, "", "", series)


def _series(label: str, colour: Colour, rows: Sequence[Row]) -> list[Series]:
    """One series of bars; none without a row."""
    if not rows:
        return []
    names, values, texts = zip(*rows, strict=True)
    return [Series(label, names, values, kind="bars", texts=texts, colour=colour)]


def _limit(bar: Bar) -> str:
    return f"at {'least' if bar.least else 'most'} {bar.limit:g}"


def _verdict(bar: Bar) -> str:
    return "holds" if bar.holds else "FAILS"
