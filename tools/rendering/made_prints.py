"""Prints without end: layouts, motifs, colours and words drawn at random."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable, Sequence

import numpy as np

from tools.rendering.canvas import Canvas, Pixels

_SYLLABLES = ("ba", "cor", "den", "fi", "gal", "ho", "ju", "kel", "lor", "mi", "na", "ost", "pra")


def made_print(rng: np.random.Generator, width: float, height: float) -> Pixels:
    """A sheet of so many centimetres for the outside of a thing, as a designer might fill it."""
    colours = _palette(rng)
    sheet = Canvas(width, height, colours[0])
    layout = _LAYOUTS[rng.integers(len(_LAYOUTS))]
    layout(sheet, rng, colours)
    if rng.random() < 0.6:
        _title(sheet, rng, colours)
    return sheet.pixels(int(rng.integers(2**31)))


def _palette(rng: np.random.Generator) -> list[str]:
    """A ground, and four or five colours that are seen on it."""
    hue, dark = rng.random(), rng.random() < 0.4
    found = [(hue, rng.uniform(0.05, 0.6), rng.uniform(0.15, 0.4) if dark else rng.uniform(0.8, 1))]
    for _ in range(int(rng.integers(4, 6))):
        value = rng.uniform(0.6, 1) if dark else rng.uniform(0.15, 0.8)
        found.append((rng.random(), rng.uniform(0.3, 1), value))
    return [_hex(colorsys.hsv_to_rgb(*colour)) for colour in found]


def _hex(colour: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)


def _word(rng: np.random.Generator) -> str:
    return "".join(rng.choice(_SYLLABLES, int(rng.integers(2, 4)))).upper()


def _motif(sheet: Canvas, rng: np.random.Generator, kind: int, x: float, y: float, radius: float,
           colours: Sequence[str]) -> None:  # fmt: skip
    first, second, third = rng.choice(colours[1:], 3, replace=False)
    if kind == 0:
        sheet.flower(x, y, radius, int(rng.integers(5, 11)), (first, second, third))
    elif kind == 1:
        sheet.star(x, y, radius, first, int(rng.integers(4, 9)))
        sheet.star(x, y, radius * 0.5, second, 5)
    elif kind == 2:
        sheet.rings(x, y, radius, (first, second, third, first)[: int(rng.integers(2, 5))])
    elif kind == 3:
        end = (x + rng.uniform(-0.6, 0.6) * radius, y - radius)
        sheet.sprig((x, y + radius), end, int(rng.integers(2, 5)), (first, second, third))
    elif kind == 4:
        corners = [rng.uniform(-radius, radius, 2) for _ in range(3)]
        sheet.polygon([(x + float(a), y + float(b)) for a, b in corners], first)
    else:
        sheet.box(x - radius, y - radius * 0.6, 2 * radius, 1.2 * radius, first)
        sheet.text(x, y, radius * 0.6, _word(rng)[:5], second)


def _scattered(sheet: Canvas, rng: np.random.Generator, colours: Sequence[str]) -> None:
    kinds = rng.choice(6, int(rng.integers(1, 4)), replace=False)
    pitch = rng.uniform(1.2, 3.0)
    for x in np.arange(0, sheet.width, pitch):
        for y in np.arange(0, sheet.height, pitch):
            right, down, radius = (rng.uniform(0, 1, 3) * [1, 1, 0.4] + [0, 0, 0.2]) * pitch
            kind, at = int(rng.choice(kinds)), (float(x + right), float(y + down))
            _motif(sheet, rng, kind, *at, float(radius), colours)


def _banded(sheet: Canvas, rng: np.random.Generator, colours: Sequence[str]) -> None:
    y = 0.0
    while y < sheet.height:
        height = float(rng.uniform(0.5, 2.6))
        kind = int(rng.integers(4))
        chosen = [str(colour) for colour in rng.permutation(colours[1:])]
        sheet.box(0, y, sheet.width, height, str(rng.choice(colours)))
        if kind == 0:
            sheet.teeth(y, height, sheet.width / int(rng.integers(10, 40)), chosen[:2])
        elif kind == 1:
            sheet.beads(y + height / 2, height * 0.35, height * 0.9, chosen[:3])
        elif kind == 2:
            motif = int(rng.integers(4))
            for x in np.arange(height / 2, sheet.width, height * 1.1):
                _motif(sheet, rng, motif, float(x), y + height / 2, height * 0.45, colours)
        y += height


def _patchwork(sheet: Canvas, rng: np.random.Generator, colours: Sequence[str]) -> None:
    pitch = float(rng.uniform(1.5, 4.0))
    for x in np.arange(0, sheet.width, pitch):
        for y in np.arange(0, sheet.height, pitch):
            sheet.box(float(x), float(y), pitch, pitch, str(rng.choice(colours)))
            kind, middle = int(rng.integers(6)), (float(x) + pitch / 2, float(y) + pitch / 2)
            _motif(sheet, rng, kind, *middle, pitch * 0.4, colours)


def _striped(sheet: Canvas, rng: np.random.Generator, colours: Sequence[str]) -> None:
    slant, x = float(rng.uniform(-1, 1)) * sheet.height, -sheet.height
    while x < sheet.width + sheet.height:
        width = float(rng.uniform(0.2, 1.8))
        foot, top = (x, sheet.height), (x + slant, 0.0)
        outline = [foot, (x + width, sheet.height), (x + width + slant, 0.0), top]
        sheet.polygon(outline, str(rng.choice(colours)))
        x += width
    for _ in range(int(rng.integers(2, 6))):
        place = rng.uniform((0, 0), (sheet.width, sheet.height))
        kind, radius = int(rng.integers(4)), float(rng.uniform(0.8, 2.2))
        _motif(sheet, rng, kind, float(place[0]), float(place[1]), radius, colours)


def _picture(sheet: Canvas, rng: np.random.Generator, colours: Sequence[str]) -> None:
    """Hills before a sky, with something large in it."""
    horizon = float(rng.uniform(0.4, 0.7)) * sheet.height
    for _ in range(int(rng.integers(1, 4))):
        x = float(rng.uniform(0.2, 0.8)) * sheet.width
        radius = float(rng.uniform(0.12, 0.3)) * sheet.height
        _motif(sheet, rng, int(rng.integers(3)), x, horizon * 0.6, radius, colours)
    for layer in range(int(rng.integers(2, 5))):
        xs = np.linspace(0, sheet.width, 60)
        swing, phase = rng.uniform(0.3, 1.6), rng.uniform(0, 2 * math.pi)
        ys = (
            horizon + 0.12 * layer * sheet.height - swing * np.sin(xs * rng.uniform(0.3, 1) + phase)
        )
        ridge = list(zip(xs.tolist(), ys.tolist(), strict=True))
        outline = [*ridge, (sheet.width, sheet.height), (0.0, sheet.height)]
        sheet.polygon(outline, str(rng.choice(colours)))
    for _ in range(int(rng.integers(4, 14))):
        place = rng.uniform((0, 0), (sheet.width, sheet.height))
        _motif(sheet, rng, int(rng.integers(5)), float(place[0]), float(place[1]), 0.5, colours)


def _title(sheet: Canvas, rng: np.random.Generator, colours: Sequence[str]) -> None:
    """A name on a label in the middle, and a line below it."""
    words = _word(rng)
    size = min(float(rng.uniform(0.7, 1.6)), 9.0 / len(words))
    width, y = size * len(words) * 0.95, float(rng.uniform(0.2, 0.8)) * sheet.height
    paper, ink, other = rng.choice(colours, 3, replace=False)
    sheet.box(sheet.width / 2 - width / 2, y - size, width, size * 2.6, str(paper))
    sheet.text(sheet.width / 2, y, size, words, str(ink))
    sheet.text(
        sheet.width / 2, y + size * 1.1, size * 0.45, f"{_word(rng)} {_word(rng)}", str(other)
    )


_LAYOUTS: tuple[Callable[[Canvas, np.random.Generator, Sequence[str]], None], ...] = (
    _scattered,
    _banded,
    _patchwork,
    _striped,
    _picture,
)
