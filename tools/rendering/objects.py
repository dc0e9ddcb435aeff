"""The objects of the photos, put together from sheets and materials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.rendering import prints
from tools.rendering.canvas import Pixels
from tools.rendering.geometry import Grid, arc, ball, disc, drum, hoop, lathe, rounded_box, tube


@dataclass(frozen=True)
class Part:
    """A sheet with its surface: ``paint`` is a print or one colour (red, green, blue, 0..1)."""

    grid: Grid
    paint: Pixels | tuple[float, float, float]
    roughness: float = 0.35
    metallic: float = 0.0


BRASS, STEEL = (0.78, 0.55, 0.23), (0.62, 0.64, 0.67)
CREAM, NAVY, RED = (0.86, 0.80, 0.66), (0.05, 0.08, 0.16), (0.50, 0.06, 0.04)


def mug(wrap: Pixels, glaze: tuple[float, float, float]) -> list[Part]:
    """Return a mug 9.8 cm high with ``wrap`` printed around it and a ``glaze`` handle."""
    radius, height = prints.MUG_RADIUS, prints.MUG_HEIGHT
    foot, rim, wall = 0.25, 0.16, 0.32
    outside = lathe([(radius, foot + z) for z in np.linspace(0.0, height, 20)])
    base = lathe([(0.0, 0.0), *(arc(foot, -90.0, 0.0, 8) + np.array([radius - foot, foot]))])
    top = foot + height
    lip = arc(rim, 0.0, 180.0, 16) + np.array([radius - rim, top])
    inside = lathe([*lip, (radius - wall, top - 0.2), (radius - wall, 0.6), (0.0, 0.5)])
    bow = arc(1.0, -115.0, 115.0, 40) * [2.7, 3.1]
    path = np.stack([bow[:, 0] + radius + 0.2, 0 * bow[:, 0], bow[:, 1] + 5.0], -1)
    handle = tube(path, 0.55).turned("z", -14.0)
    return [
        Part(outside, wrap, 0.18),
        Part(base, glaze, 0.2),
        Part(inside, glaze, 0.2),
        Part(handle, glaze, 0.2),
    ]


def book() -> list[Part]:
    """Return a hardback, 14 x 20.6 x 3 cm, lying with its cover up and its foot to the front."""
    width, length, thick = 14.0, 20.6, 3.0
    cloth = (0.03, 0.11, 0.12)
    cover = rounded_box((width, length, 0.3), 0.12)
    pages = rounded_box((width - 0.7, length - 0.7, thick - 0.6), 0.05)
    spine = drum(thick / 2, -length / 2, length / 2).turned("x", 90.0)
    spine = Grid(spine.points * [0.3, 1.0, 1.0], spine.uv).moved(x=-width / 2, z=thick / 2)
    edge = prints.page_edges(width, thick)
    parts = [Part(side, cloth, 0.5) for side in cover.values()]
    for name, side in cover.items():
        paint = prints.book_cover(width, length) if name == "top" else cloth
        parts.append(Part(side.moved(z=thick - 0.3), paint, 0.32))
    parts += [Part(side.moved(z=0.3), edge, 0.8) for side in pages.values()]
    parts.append(Part(spine, cloth, 0.5))
    ribbon = [(3.0, -9.5, 0.9), (3.1, -10.4, 0.9), (3.3, -11.0, 0.5), (3.6, -12.0, 0.14)]
    parts.append(Part(tube([*ribbon, (4.2, -13.2, 0.12)], 0.12), RED, 0.7))
    return parts


def robot() -> list[Part]:
    """Return a wind-up tin robot, 16.5 cm high."""
    parts = _panels((6.4, 4.2, 6.0), 4.2, prints.robot_chest, prints.robot_side)
    parts += _panels((4.6, 3.6, 3.5), 10.9, prints.robot_face, prints.robot_side)
    parts.append(Part(drum(1.2, 10.0, 11.1), STEEL, 0.3, 1.0))
    trousers = prints.bands(2.3, 3.4, ("#3b6ea5", "#f7f0dc", "#c8452f"), 0.42)
    for side in (-1, 1):
        parts += _limb(side, trousers)
    parts.append(Part(tube([(-3.0, 0.0, 6.0), (-4.6, 0.0, 6.0)], 0.2), BRASS, 0.25, 1.0))
    loop = tube(hoop(0.65, 40), 0.17)
    parts += [Part(loop.moved(x=-5.0, z=z), BRASS, 0.25, 1.0) for z in (5.25, 6.75)]
    return parts


def clock() -> list[Part]:
    """Return a twin-bell alarm clock, about 15 cm high, at nine past ten."""
    radius, centre = prints.CLOCK_RADIUS, 6.3
    rim = lathe([(radius, z) for z in np.linspace(-2.0, 2.0, 12)]).turned("x", 90.0)
    bezel = tube(hoop(radius), 0.28)
    body = [
        Part(rim, prints.clock_rim(), 0.25),
        Part(disc(radius).moved(y=-1.9), prints.clock_dial(), 0.3),
        Part(disc(radius).moved(y=1.9), RED, 0.3),
        Part(bezel.moved(y=-2.0), BRASS, 0.22, 1.0),
        Part(bezel.moved(y=2.0), BRASS, 0.22, 1.0),
        Part(_hand(-56.0, 2.3, 0.16), NAVY),
        Part(_hand(54.0, 3.6, 0.12), NAVY),
        Part(_hand(180.0, 1.6, 0.06), RED),
        Part(drum(0.3, 0.0, 0.5).turned("x", 90.0).moved(y=-1.9), BRASS, 0.22, 1.0),
    ]
    parts = [Part(p.grid.moved(z=centre), p.paint, p.roughness, p.metallic) for p in body]
    stripes = prints.bands(12.0, 3.2, ("#f4b942", "#b3202c", "#fbf4e0", "#21564f"), 0.4)
    for side in (-1, 1):
        bell = ball(1.9, -8.0).turned("y", side * 32.0).moved(side * 3.2, 0.0, centre + 5.6)
        parts.append(Part(bell, stripes, 0.22))
        stem = [(side * 2.2, 0.0, centre + 4.2), (side * 3.0, 0.0, centre + 5.6)]
        parts.append(Part(tube(stem, 0.3), BRASS, 0.22, 1.0))
        leg = [(side * 2.6, 0.0, centre - 4.2), (side * 4.0, 0.0, 0.35)]
        parts.append(Part(tube(leg, 0.35), BRASS, 0.22, 1.0))
        parts.append(Part(ball(0.5).moved(side * 4.0, 0.0, 0.5), RED, 0.25))
    grip = hoop(1.0)[:61] * [2.9, 0.0, 2.4]  # the upper half
    parts.append(Part(tube(grip, 0.25).moved(z=centre + 7.0), BRASS, 0.22, 1.0))
    parts.append(Part(tube([(0, 0, centre + 5), (0, 0, centre + 6.6)], 0.2), STEEL, 0.3, 1.0))
    parts.append(Part(ball(0.55).moved(z=centre + 6.7), STEEL, 0.3, 1.0))
    return parts


OBJECTS: dict[str, Callable[[], list[Part]]] = {
    "mug": lambda: mug(prints.folk_mug(), CREAM),
    "robot": robot,
    "book": book,
    "clock": clock,
    "other-mug": lambda: mug(prints.space_mug(), (0.80, 0.42, 0.08)),
    "card": lambda: [Part(side, CREAM) for side in rounded_box((24.0, 0.4, 20.0), 0.1).values()],
}
"""Builders by name; ``other-mug`` is the look-alike of ``mug``, a ``card`` shows nothing."""


def _panels(
    size: tuple[float, float, float],
    bottom: float,
    front: Callable[[float, float], Pixels],
    flank: Callable[[float, float], Pixels],
) -> list[Part]:
    sides = rounded_box(size, 0.35)
    parts = [Part(sides["front"].moved(z=bottom), front(size[0], size[2]), 0.25)]
    for name in ("left", "right", "back"):
        parts.append(Part(sides[name].moved(z=bottom), flank(size[1], size[2]), 0.25))
    for name in ("top", "bottom"):
        parts.append(Part(sides[name].moved(z=bottom), flank(size[0], size[1]), 0.25))
    return parts


def _limb(side: int, trousers: Pixels) -> list[Part]:
    """Return the leg, foot, arm, ear and antenna of one side (-1 left, 1 right)."""
    leg = rounded_box((2.3, 2.6, 3.4), 0.3)
    foot = rounded_box((2.7, 4.2, 1.2), 0.35)
    parts = [Part(grid.moved(side * 1.6, 0.0, 1.0), trousers, 0.25) for grid in leg.values()]
    parts += [Part(grid.moved(side * 1.65, -0.5), RED, 0.25) for grid in foot.values()]
    sleeve = prints.bands(4.0, 4.8, ("#f0c96a", "#5aa7a0", "#c8452f"), 0.4)
    arm = [(side * 3.8, 0.0, 8.9), (side * 4.6, -0.3, 7.6), (side * 4.8, -1.5, 6.3)]
    parts.append(Part(ball(1.0).moved(side * 3.6, 0.0, 9.0), BRASS, 0.25, 1.0))
    parts.append(Part(tube([*arm, (side * 4.8, -2.4, 5.6)], 0.65), sleeve, 0.25))
    grip = arc(0.85, 40.0, 320.0, 30)
    claw = np.stack([-grip[:, 1], -grip[:, 0] * 0.8, -grip[:, 0] * 0.8], -1)
    parts.append(Part(tube(claw, 0.24).moved(side * 4.8, -2.9, 5.0), STEEL, 0.3, 1.0))
    ear = drum(0.75, 0.0, 0.55).turned("y", side * 90.0)
    parts.append(Part(ear.moved(side * 2.25, 0.0, 12.7), BRASS, 0.25, 1.0))
    mast = [(side * 1.4, 0.0, 14.3), (side * 1.9, 0.0, 15.9)]
    parts.append(Part(tube(mast, 0.12), STEEL, 0.3, 1.0))
    parts.append(Part(ball(0.4).moved(side * 1.9, 0.0, 16.1), RED, 0.2))
    return parts


def _hand(angle: float, length: float, half_width: float) -> Grid:
    """Return a clock hand pointing ``angle`` degrees clockwise from twelve, just off the dial."""
    path = [(0.0, 0.0, -0.5), (0.0, 0.0, length / 2), (0.0, 0.0, length)]
    bar = tube(path, half_width)
    return Grid(bar.points * [1.0, 0.4, 1.0], bar.uv).turned("y", angle).moved(y=-2.1)
