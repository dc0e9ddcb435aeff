"""Objects and clips without end, the same again by their seed: mugs, books, boxes, tins, jars."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from tools.rendering.clips import Clip, Place
from tools.rendering.geometry import arc, drum, lathe, rounded_box, tube
from tools.rendering.made_prints import made_print
from tools.rendering.objects import STEEL, Part
from tools.rendering.shots import Light, Shot
from tools.rendering.surfaces import TABLES, WALLS

HOME, ELSEWHERE = "home", "elsewhere"
VIEWS = 3
SECONDS = 1.1

Colour = tuple[float, float, float]


def _colour(rng: np.random.Generator) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.8), rng.uniform(0.1, 0.8))
    return red, green, blue


def _mug(rng: np.random.Generator) -> list[Part]:
    radius, height = rng.uniform(3.6, 4.6), rng.uniform(7.5, 11.0)
    wall, glaze = 0.3, _colour(rng)
    sides = lathe([(radius, z) for z in np.linspace(0.2, height, 12)])
    lip = arc(wall / 2, 0.0, 180.0, 12) + np.array([radius - wall / 2, height])
    inside = lathe([*lip, (radius - wall, height - 0.2), (radius - wall, 0.6), (0.0, 0.5)])
    bow = arc(1.0, -115.0, 115.0, 30) * [rng.uniform(2.0, 3.0), 0.33 * height]
    path = np.stack([bow[:, 0] + radius + 0.1, 0 * bow[:, 0], bow[:, 1] + height / 2], -1)
    handle = tube(path, rng.uniform(0.4, 0.65)).turned("z", rng.uniform(-30.0, 0.0))
    wrap = made_print(rng, 2 * math.pi * radius, height)
    foot = drum(radius - 0.1, 0.0, 0.3)
    return [Part(sides, wrap, 0.2), *(Part(grid, glaze, 0.2) for grid in (inside, handle, foot))]


def _book(rng: np.random.Generator) -> list[Part]:
    """Lies, its foot to the front."""
    width, length, thick = rng.uniform(11, 17), rng.uniform(17, 23), rng.uniform(1.2, 4)
    cloth = _colour(rng)
    cover = rounded_box((width, length, 0.3), 0.1)
    pages = rounded_box((width - 0.6, length - 0.6, thick - 0.5), 0.05)
    front = made_print(rng, width, length)
    return [
        *(Part(side, cloth, 0.5) for side in cover.values()),
        *(
            Part(side.moved(z=thick - 0.3), front if name == "top" else cloth, 0.35)
            for name, side in cover.items()
        ),
        *(Part(side.moved(z=0.25), (0.8, 0.75, 0.62), 0.8) for side in pages.values()),
    ]


def _box(rng: np.random.Generator) -> list[Part]:
    size = (rng.uniform(8, 18), rng.uniform(3, 8), rng.uniform(10, 24))
    front, flank = made_print(rng, size[0], size[2]), made_print(rng, size[1], size[2])
    paints = {"front": front, "back": front, "left": flank, "right": flank}
    top = _colour(rng)
    return [Part(g, paints.get(name, top), 0.4) for name, g in rounded_box(size, 0.12).items()]


def _tin(rng: np.random.Generator) -> list[Part]:
    radius, height = rng.uniform(3, 6), rng.uniform(6, 13)
    sides = lathe([(radius, z) for z in np.linspace(0.3, height - 0.3, 12)])
    wrap = made_print(rng, 2 * math.pi * radius, height - 0.6)
    rims = [
        drum(radius + 0.12, 0.0, 0.35),
        drum(radius + 0.12, height - 0.35, height),
    ]
    return [Part(sides, wrap, 0.3), *(Part(rim, STEEL, 0.3, 1.0) for rim in rims)]


def _jar(rng: np.random.Generator) -> list[Part]:
    """A vase or bottle: a printed belly, a neck."""
    belly, neck = rng.uniform(4, 6.5), rng.uniform(1.2, 2.6)
    height, glaze = rng.uniform(12, 20), _colour(rng)
    at = np.linspace(0, 1, 40)
    shoulder = rng.uniform(0.45, 0.75)
    low = 0.6 + 0.4 * np.sin(math.pi / 2 * np.minimum(1, at / (0.6 * shoulder)))
    rise = np.clip((at - shoulder) / (0.9 - shoulder), 0, 1)
    radius = belly * low * (1 - rise * rise * (3 - 2 * rise)) + neck * rise
    profile = np.stack([radius, 0.2 + (height - 0.2) * at], -1)
    cut = int(np.argmax(at > shoulder + 0.05))
    wrap = made_print(rng, 2 * math.pi * belly, float(profile[cut, 1]))
    foot = drum(float(radius[0]), 0.0, 0.3)
    upper = lathe([*profile[cut:], (neck - 0.3, height), (neck - 0.3, height - 3)])
    return [
        Part(lathe(profile[: cut + 1]), wrap, 0.25),
        Part(upper, glaze, 0.25),
        Part(foot, glaze),
    ]


KINDS: dict[str, Callable[[np.random.Generator], list[Part]]] = {
    "mug": _mug,
    "book": _book,
    "box": _box,
    "tin": _tin,
    "jar": _jar,
}
"""Builders by kind of thing."""


@dataclass(frozen=True)
class Made:
    """An object of the supply: its name tells kind and number, as ``mug_7``."""

    kind: str
    number: int
    seed: int

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.kind}_{self.number}"

    def parts(self) -> list[Part]:
        """The thing itself."""
        return KINDS[self.kind](self._random("object"))

    def clips(self) -> Iterator[Clip]:
        """Of the place where all of its kind stand, and of places that it alone is put in.

        The hand is raised more or less hastily, the thing is seen from the front or some way round.
        """
        for number in range(1, VIEWS + 1):
            home = _place(np.random.default_rng([self.seed, *self.kind.encode()]), self.kind)
            yield self._clip(f"{HOME}-{number}", home)
        for number in range(1, VIEWS + 1):
            name = f"{ELSEWHERE}-{number}"
            yield self._clip(name, _place(self._random(name), f"{self.name}/{name}"))

    def views(self, count: int) -> Iterator[Shot]:
        """So many shots of the thing alone, from around its front, each in a light of its own."""
        for number in range(1, count + 1):
            rng = self._random(f"view {number}")
            yield Shot(
                self.name,
                number,
                azimuth=rng.uniform(-40, 40),
                elevation=self._elevation + rng.uniform(-8, 20),
                roll=rng.uniform(-12, 12),
                fill=0.86,
                table="",
                wall="",
                light=_light(rng),
                exposure=rng.uniform(-0.4, 0.4),
            )

    @property
    def _elevation(self) -> float:
        """From where a thing of this kind is looked at, at least: a book lies."""
        return 45.0 if self.kind == "book" else 12.0

    def _clip(self, name: str, place: Place) -> Clip:
        rng = self._random(f"{name}/hand")
        high = self._elevation
        start = place.shot(
            self.name,
            azimuth=rng.uniform(-20, 20),
            elevation=rng.uniform(high, high + 15),
            roll=rng.uniform(-6, 6),
            fill=rng.uniform(0.62, 0.85),
        )
        start = replace(start, exposure=rng.uniform(-0.3, 0.3))
        walk = {"azimuth": rng.uniform(-1, 1), "elevation": rng.uniform(-1, 1)}
        end = replace(start, **{axis: getattr(start, axis) + by for axis, by in walk.items()})
        return Clip(f"{self.name}/{name}", start, end, SECONDS, settling=rng.uniform(0, 1))

    def _random(self, what: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, *f"{self.name}/{what}".encode()])


def supply(objects: int, seed: int) -> Iterator[Made]:
    """So many objects, the kinds in turn."""
    kinds = list(KINDS)
    for index in range(objects):
        number, kind = divmod(index, len(kinds))
        yield Made(kinds[kind], number + 1, seed)


def _place(rng: np.random.Generator, name: str) -> Place:
    light = _light(rng)
    return Place(name, str(rng.choice(list(TABLES))), str(rng.choice(list(WALLS))), light)


def _light(rng: np.random.Generator) -> Light:
    return Light(
        azimuth=rng.uniform(-70, 70),
        elevation=rng.uniform(30, 70),
        size=float(np.exp(rng.uniform(np.log(16), np.log(80)))),
        warmth=rng.uniform(0.9, 1.25),
        ambient=rng.uniform(0.14, 0.36),
    )
