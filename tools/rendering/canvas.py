"""Drawing in centimetres, with the small motifs that the prints are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tools.rendering.noise import fractal

Pixels = NDArray[np.uint8]
Point = tuple[float, float]

DOTS_PER_CM = 100
OVERSAMPLING = 2  # Pillow's shapes have hard edges; drawing larger and shrinking smooths them


class Canvas:
    """A sheet of ``width`` by ``height`` cm; y grows downwards from the top left corner."""

    def __init__(self, width: float, height: float, colour: str) -> None:
        self.width, self.height = width, height
        self._scale = DOTS_PER_CM * OVERSAMPLING
        size = (round(width * self._scale), round(height * self._scale))
        self._image = Image.new("RGB", size, colour)
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, points: Sequence[Point], colour: str) -> None:
        """Fill a polygon."""
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=colour)

    def line(self, points: Sequence[Point], colour: str, thickness: float = 0.1) -> None:
        """Draw a line of ``thickness`` cm."""
        scaled = [(x * self._scale, y * self._scale) for x, y in points]
        self._draw.line(scaled, fill=colour, width=round(thickness * self._scale), joint="curve")

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle given by its top left corner and size."""
        s = self._scale
        self._draw.rectangle((x * s, y * s, (x + width) * s, (y + height) * s), fill=colour)

    def circle(self, x: float, y: float, radius: float, colour: str) -> None:
        """Fill a circle."""
        s = self._scale
        bounds = ((x - radius) * s, (y - radius) * s, (x + radius) * s, (y + radius) * s)
        self._draw.ellipse(bounds, fill=colour)

    def rings(self, x: float, y: float, radius: float, colours: Sequence[str]) -> None:
        """Fill nested circles, the outermost first, in even steps."""
        for index, colour in enumerate(colours):
            self.circle(x, y, radius * (1 - index / len(colours)), colour)

    def ellipse(
        self, x: float, y: float, radii: tuple[float, float], turn: float, colour: str
    ) -> None:
        """Fill an ellipse turned clockwise by ``turn`` degrees."""
        self.polygon([_turned((x, y), radii, turn, angle) for angle in range(0, 360, 6)], colour)

    def flower(
        self, x: float, y: float, radius: float, petals: int, colours: Sequence[str]
    ) -> None:
        """Draw a flower: outer petals, inner petals, heart, in three colours."""
        for colour, reach, offset in ((colours[0], 1.0, 0.0), (colours[1], 0.62, 0.5)):
            for petal in range(petals):
                turn = 360 * (petal + offset) / petals
                dx, dy = _polar(radius * reach * 0.58, turn)
                shape = (radius * reach * 0.45, radius * reach * 1.5 / petals)
                self.ellipse(x + dx, y + dy, shape, turn, colour)
        self.circle(x, y, radius * 0.22, colours[2])
        for dot in range(petals):
            dx, dy = _polar(radius * 0.84, 360 * dot / petals)
            self.circle(x + dx, y + dy, radius * 0.05, colours[2])

    def star(self, x: float, y: float, radius: float, colour: str, points: int = 5) -> None:
        """Fill a star with one point upwards."""
        outline = []
        for corner in range(2 * points):
            reach = radius if corner % 2 == 0 else radius * 0.42
            dx, dy = _polar(reach, 180 * corner / points - 90)
            outline.append((x + dx, y + dy))
        self.polygon(outline, colour)

    def sprig(self, start: Point, end: Point, leaves: int, colours: Sequence[str]) -> None:
        """Draw a stem with leaf pairs; colours are stem, left leaf and right leaf."""
        self.line([start, end], colours[0], 0.09)
        turn = math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))
        for leaf in range(leaves):
            t = (leaf + 0.7) / leaves
            x, y = (a + (b - a) * t for a, b in zip(start, end, strict=True))
            length = 0.52 - 0.2 * t
            for side, colour in ((-50, colours[1]), (50, colours[2])):
                dx, dy = _polar(length, turn + side)
                self.ellipse(x + dx, y + dy, (length, length * 0.36), turn + side, colour)

    def teeth(self, y: float, height: float, pitch: float, colours: Sequence[str]) -> None:
        """Draw a full-width row of triangles, ``pitch`` cm wide, cycling through colours."""
        for index in range(math.ceil(self.width / pitch)):
            x = index * pitch
            outline = [(x, y + height), (x + pitch / 2, y), (x + pitch, y + height)]
            self.polygon(outline, colours[index % len(colours)])

    def beads(self, y: float, radius: float, pitch: float, colours: Sequence[str]) -> None:
        """Draw a full-width row of dots, ``pitch`` cm apart, cycling through colours."""
        for index in range(math.ceil(self.width / pitch)):
            self.circle((index + 0.5) * pitch, y, radius, colours[index % len(colours)])

    def text(self, x: float, y: float, size: float, words: str, colour: str) -> None:
        """Write ``words`` centred on (x, y) with letters about ``size`` cm high."""
        font = ImageFont.load_default(size * self._scale * 1.35)
        position = (x * self._scale, y * self._scale)
        stroke = size * self._scale * 0.035  # the built-in face is thin for print
        self._draw.text(
            position, words, fill=colour, font=font, anchor="mm", stroke_width=round(stroke)
        )

    def pixels(self, seed: int, wear: float = 0.12) -> Pixels:
        """Return the sheet at final size, unevenly darkened by up to ``wear`` (0..1)."""
        sheet = np.asarray(self._image.reduce(OVERSAMPLING), np.float32)
        height, width = sheet.shape[:2]
        field = fractal(np.random.default_rng(seed), (height, width), (4, 8))
        return (sheet * (1 - wear * field[..., None])).round().astype(np.uint8)


def _polar(radius: float, angle: float) -> Point:
    return radius * math.cos(math.radians(angle)), radius * math.sin(math.radians(angle))


def _turned(centre: Point, radii: tuple[float, float], turn: float, angle: float) -> Point:
    a, t = math.radians(angle), math.radians(turn)
    x, y = radii[0] * math.cos(a), radii[1] * math.sin(a)
    return (
        centre[0] + x * math.cos(t) - y * math.sin(t),
        centre[1] + x * math.sin(t) + y * math.cos(t),
    )
