"""Figures and galleries as PNG files: whole with a footer, or panel by panel for the page."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure as Canvas
from matplotlib.figure import FigureBase
from PIL import Image

from lab.report.drawing import (
    NONE_SEEN,
    Look,
    bars_inches,
    draw,
    draw_marks,
    explain_marks,
    legend_label,
)
from lab.report.results import Figure, Gallery, Panel, Tile, heading
from lab.report.scales import none_seen
from lab.report.style import DOTS_PER_INCH, GREY, LIGHT, Theme

LETTERS_PER_INCH = 14
"""Of the legend and the footer, about."""
LINE_INCHES = 0.19
LEAST_INCHES = 6.3
"""Width of a picture, at least: notes need room."""
GALLERY_INCHES = 14.0
GALLERY_DOTS_PER_INCH = 110
TILE_INCHES = 1.7


def figure_png(figure: Figure, footer: str) -> bytes:
    """All panels in one picture, with ``footer`` (where it comes from) below."""
    columns = min(len(figure.panels), figure.columns)
    rows = [figure.panels[i : i + columns] for i in range(0, len(figure.panels), columns)]
    heights = [max(_panel_inches(figure, panel)[1] for panel in row) for row in rows]
    width = max(columns * figure.panel_inches[0], LEAST_INCHES)
    title = _title_lines(heading(figure), width)
    small = _small_print((*figure.notes, footer), width)
    look = Look.of(figure.panels, LIGHT)
    legend_rows, legend_columns = _legend_shape(figure.panels, width)
    height = sum(heights) + (legend_rows + len(small) + len(title) - 1) * LINE_INCHES + 0.4
    with mpl.rc_context(LIGHT.settings):
        canvas = Canvas(figsize=(width, height), layout="constrained")
        canvas.suptitle("\n".join(title), x=0.01, ha="left", fontweight="bold")
        halves = [height - len(small) * 0.8 * LINE_INCHES, len(small) * LINE_INCHES]
        plots, foot = _parts(canvas, halves)
        grid = plots.subplots(len(rows), columns, squeeze=False, height_ratios=heights)
        for axes in grid.flat[len(figure.panels) :]:
            axes.axis("off")
        for axes, panel in zip(grid.flat, figure.panels, strict=False):
            draw(axes, panel, look)
            axes.set_title("\n".join(_title_lines(panel.title, figure.panel_inches[0])))
        _finish(plots, list(zip(grid.flat, figure.panels, strict=False)), look, legend_columns)
        foot.text(0.01, 0.95, "\n".join(small), va="top", fontsize=7, color=GREY)
        return _png(canvas, {"Description": footer})


def panel_png(figure: Figure, panel: Panel, theme: Theme) -> bytes:
    """One of a figure's panels, without its title, in the colours of a light or a dark page."""
    width, height = _panel_inches(figure, panel)
    legend_rows, legend_columns = _legend_shape([panel], width)
    look = Look.of(figure.panels, theme)
    with mpl.rc_context(theme.settings):
        canvas = Canvas(figsize=(width, height + legend_rows * LINE_INCHES), layout="constrained")
        axes = canvas.subplots()
        draw(axes, panel, look)
        _finish(canvas, [(axes, panel)], look, legend_columns)
        return _png(canvas)


def gallery_png(gallery: Gallery, footer: str) -> bytes:
    """The tiles of all groups, with ``footer`` below."""
    groups = gallery.groups
    most = max((len(tile.photos) for tile in gallery.tiles), default=1)
    columns = max(1, int(GALLERY_INCHES / (TILE_INCHES * most)))
    rows = [-(-len(tiles) // columns) for tiles in groups.values()]
    small = _small_print((*gallery.notes, footer), GALLERY_INCHES)
    row_inches = TILE_INCHES + 2 * LINE_INCHES
    heights = [row_inches * count + 2 * LINE_INCHES for count in rows]
    heights.append(len(small) * 0.8 * LINE_INCHES)
    with mpl.rc_context(LIGHT.settings):
        canvas = Canvas(figsize=(GALLERY_INCHES, sum(heights) + 0.5), layout="constrained")
        canvas.suptitle(f"{heading(gallery)}\n", x=0.008, ha="left", fontweight="bold")
        *parts, foot = _parts(canvas, heights)
        for part, count, (group, tiles) in zip(parts, rows, groups.items(), strict=True):
            part.suptitle(group, x=0.008, ha="left", fontweight="bold", fontsize=11)
            grid = part.subplots(count, columns, squeeze=False)
            for axes in grid.flat:
                axes.axis("off")
            for axes, tile in zip(grid.flat, tiles, strict=False):
                axes.imshow(_side_by_side(tile))
                letters = int(TILE_INCHES * len(tile.photos) * LETTERS_PER_INCH)
                axes.set_title(
                    "\n".join(textwrap.wrap(f"{tile.caption}  {tile.wrong}", letters)),
                    fontsize=9,
                    color=LIGHT.colours["vermilion"] if tile.wrong else LIGHT.ink,
                    fontweight="bold" if tile.wrong else "normal",
                )
        foot.text(0.008, 0.95, "\n".join(small), va="top", fontsize=7, color=GREY)
        return _png(canvas, {"Description": footer}, GALLERY_DOTS_PER_INCH)


def _panel_inches(figure: Figure, panel: Panel) -> tuple[float, float]:
    width, height = figure.panel_inches
    return width, bars_inches(panel) if panel.bars else height


def _parts(canvas: Canvas, heights: Sequence[float]) -> list[Any]:
    """Two subfigures or more, one below the other."""
    return list(np.asarray(canvas.subfigures(len(heights), 1, height_ratios=heights)))


def _title_lines(title: str, width: float) -> list[str]:
    return textwrap.wrap(title, int(width * LETTERS_PER_INCH * 0.75))


def _small_print(texts: Sequence[str], width: float) -> list[str]:
    """Lines of the width; at least one: a part of a picture without height upsets its layout."""
    letters = int(width * LETTERS_PER_INCH * 1.2)
    return [line for text in texts for line in textwrap.wrap(text, letters)] or [""]


def _legend_shape(panels: Sequence[Panel], width: float) -> tuple[int, int]:
    """Rows, in lines of text, and columns of a legend of so many inches."""
    labels = {legend_label(s) for panel in panels for s in panel.series if s.kind != "band"}
    labels |= {mark.label for panel in panels for s in panel.series for mark in s.marks}
    labels |= {line.label for panel in panels for line in panel.lines}
    labels |= {NONE_SEEN for panel in panels if none_seen(panel)}
    lines = [line for label in labels for line in label.split("\n")]
    longest = max(map(len, lines), default=0) + 6  # the line and the gap beside it
    columns = max(1, int(width * LETTERS_PER_INCH / longest))
    return -(-len(lines) // columns), columns


def _finish(
    canvas: FigureBase, drawn: Sequence[tuple[Any, Panel]], look: Look, columns: int
) -> None:
    """Marks above everything, and one legend of what all axes show, each label once."""
    entries: dict[str, Artist] = {}
    for axes, panel in drawn:
        draw_marks(axes, panel, look)
        explain_marks(axes, panel, look)
    for axes, _ in drawn:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    if entries:
        canvas.legend(
            list(entries.values()),
            list(entries),
            loc="outside lower left",
            ncols=columns,
            fontsize=9,
        )


def _side_by_side(tile: Tile) -> np.ndarray[Any, Any]:
    """The photos of a tile, made equally high, uint8 (H, W, 3)."""
    opened = [Image.open(io.BytesIO(photo)).convert("RGB") for photo in tile.photos]
    height = max(photo.height for photo in opened)
    parts: list[Any] = []
    for photo in opened:
        width = max(1, round(photo.width * height / photo.height))
        parts += [photo.resize((width, height)), np.full((height, 8, 3), 255, np.uint8)]
    return np.concatenate([np.asarray(part) for part in parts[:-1]], axis=1)


def _png(
    canvas: Canvas, metadata: Mapping[str, str] | None = None, dots_per_inch: int = DOTS_PER_INCH
) -> bytes:
    buffer = io.BytesIO()
    canvas.savefig(buffer, dpi=dots_per_inch, format="png", metadata=metadata)
    return buffer.getvalue()
