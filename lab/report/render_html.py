"""The report as one HTML page that needs nothing else: pictures and photos are inside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

from lab.report.beside import PAPER, beside_paper
from lab.report.order import absences, in_order
from lab.report.render_png import panel_png
from lab.report.results import Absent, Figure, Gallery, Panel, Report, Result, Table, Tile, heading
from lab.report.style import DARK, LIGHT
from lab.report.wording import cell_parts, is_words

REM_PER_INCH = 4.75
"""Least width of a panel on the page, for each inch of its picture."""

STYLE = """
:root { color-scheme: light dark; --back: #f6f7f8; --card: #fff; --ink: #1b1d21; --soft: #5c6066;
  --line: #dcdfe3; --paper: #f3efe4; --wrong: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --back: #14161a; --card: #1d2025; --ink: #e8eaed;
  --soft: #a3a9b2; --line: #3a3f47; --paper: #2c2920; --wrong: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--back); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { margin-top: 2.5rem; font-size: 1.35rem; }
h3 { margin: 0 0 .5rem; font-size: 1.05rem; } h4 { margin: 0; font-size: .95rem; }
h4.group { margin: .8rem 0 .3rem; }
h1, h2, h3, li, dd { overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  margin: 1rem 0; padding: 1rem; }
a { color: inherit; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0;
  font-size: .9rem; } dt { color: var(--soft); } dd { margin: 0; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; }
  section { padding: .75rem; } body { padding: .6rem; } }
.panels { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(var(--panel), 100%), 1fr)); }
figure { margin: 0; } .panels figure { max-width: calc(1.3 * var(--panel)); }
img { max-width: 100%; height: auto; display: block; }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .7rem; text-align: right;
  vertical-align: top; }
th { vertical-align: bottom; } th:first-child, td:first-child, .words { text-align: left; }
.paper { background: var(--paper); } .ends { color: var(--soft); font-size: .8rem;
  white-space: nowrap; }
.notes { color: var(--soft); font-size: .9rem; margin: .6rem 0 0; padding-left: 1.2rem; }
.absent { border-style: dashed; } .remark { border-left: .3rem solid var(--wrong); }
.tiles { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
.tiles.pairs { grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); }
.tiles figcaption { color: var(--soft); font-size: .8rem; overflow-wrap: anywhere; }
.tiles strong { color: var(--wrong); }
.photos { display: flex; gap: .25rem; align-items: flex-start; }
.photos img { flex: 1 1 0; min-width: 0; border: 1px solid var(--line); }
nav ul { columns: 20rem; padding-left: 1.2rem; font-size: .9rem; margin: .3rem 0; }
"""


def page(report: Report) -> str:
    """The whole document."""
    title = escape(report.title)
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>",
        *(f'<section class="remark">{escape(remark)}</section>' for remark in report.remarks),
        _missing(report),
        _facts(report.facts),
        _contents(report),
    ]
    for number, chapter in enumerate(report.chapters):
        if chapter.name:
            parts.append(f'<h2 id="c{number}">{escape(chapter.name)}</h2>')
        parts.append(_facts(chapter.facts))
        for place, result in enumerate(in_order(chapter.results)):
            parts.append(_section(result, f"c{number}-{place}"))
    return "\n".join([*parts, "</body>\n</html>\n"])


def _missing(report: Report) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in absences(report))
    return f'<section class="absent"><h3>Not made</h3><ul>{lines}</ul></section>' if lines else ""


def _contents(report: Report) -> str:
    chapters = []
    for number, chapter in enumerate(report.chapters):
        entries = "".join(
            f'<li><a href="#c{number}-{place}">{escape(heading(result))}</a>'
            + (" (absent)" if isinstance(result, Absent) else "")
            + "</li>"
            for place, result in enumerate(in_order(chapter.results))
        )
        name = f'<a href="#c{number}">{escape(chapter.name)}</a>' if chapter.name else ""
        chapters.append(f"{name}<ul>{entries}</ul>")
    return f"<nav><section>{''.join(chapters)}</section></nav>"


def _section(result: Result, anchor: str) -> str:
    title = f"<h3>{escape(heading(result))}</h3>"
    if isinstance(result, Absent):
        reason = f"<p>Not made: {escape(result.reason)}</p>"
        return f'<section class="absent" id="{anchor}">{title}{reason}</section>'
    if isinstance(result, Table):
        body = _table(result)
    elif isinstance(result, Figure):
        panels = "".join(_panel(result, panel) for panel in result.panels)
        least = f"--panel: {REM_PER_INCH * result.panel_inches[0]:.0f}rem"
        body = f'<div class="panels" style="{least}">{panels}</div>'
    else:
        body = _gallery(result)
    return f'<section id="{anchor}">{title}\n{body}\n{_notes(result.notes)}</section>'


def _facts(facts: Mapping[str, str]) -> str:
    rows = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return f"<section><dl>{''.join(rows)}</dl></section>" if facts else ""


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    return f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in notes)}</ul>'


def _table(table: Table) -> str:
    columns, rows = beside_paper(table)
    kinds = [_kind(column, cells) for column, *cells in zip(columns, *rows, strict=True)]
    formats = [table.formats.get(column, "") for column in columns]
    head = "".join(
        f"<th{kind}>{escape(column)}</th>" for column, kind in zip(columns, kinds, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{kind}>{_cell(cell, form)}</td>"
            for cell, kind, form in zip(row, kinds, formats, strict=True)
        )
        + "</tr>\n"
        for row in rows
    )
    return f'<div class="table"><table><tr>{head}</tr>\n{body}</table></div>'


def _kind(column: str, cells: Sequence[object]) -> str:
    """The class attribute of a column's cells."""
    kinds = {"paper": column.endswith(PAPER), "words": is_words(cells)}
    classes = " ".join(name for name, holds in kinds.items() if holds)
    return f' class="{classes}"' if classes else ""


def _cell(cell: object, specification: str) -> str:
    value, ends = map(escape, cell_parts(cell, specification))
    return value + (f'<br><span class="ends">{ends}</span>' if ends else "")


def _panel(figure: Figure, panel: Panel) -> str:
    light, dark = (_data_uri(panel_png(figure, panel, theme), "png") for theme in (LIGHT, DARK))
    lines = ", ".join(dict.fromkeys(series.label for series in panel.series))
    text = escape(f"{panel.title}: {panel.y_label} against {panel.x_label}; lines: {lines}")
    return (
        f"<figure><h4>{escape(panel.title)}</h4><picture>"
        f'<source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{text}"></picture></figure>'
    )


def _gallery(gallery: Gallery) -> str:
    pairs = " pairs" if any(len(tile.photos) > 1 for tile in gallery.tiles) else ""
    parts = []
    for group, tiles in gallery.groups.items():
        title = f'<h4 class="group">{escape(group)}</h4>' if group else ""
        parts.append(f'{title}<div class="tiles{pairs}">{"".join(map(_tile, tiles))}</div>')
    return "".join(parts)


def _tile(tile: Tile) -> str:
    photos = "".join(f'<img src="{_data_uri(photo, "jpeg")}" alt="">' for photo in tile.photos)
    wrong = f" <strong>{escape(tile.wrong)}</strong>" if tile.wrong else ""
    return (
        f'<figure><div class="photos">{photos}</div>'
        f"<figcaption>{escape(tile.caption)}{wrong}</figcaption></figure>"
    )


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
