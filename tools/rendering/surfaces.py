"""Table tops and walls: sheets that differ between the views of an object."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.rendering.canvas import Pixels
from tools.rendering.noise import Field, fractal, smooth

SIZE = 1536
"""Rows and columns of a sheet."""

Colour = tuple[int, int, int]


def wood(rng: np.random.Generator, dark: Colour, light: Colour) -> Pixels:
    """Return planks with grain running across the sheet."""
    planks = 7
    grain = np.empty((SIZE, SIZE), np.float32)
    for rows in np.array_split(np.arange(SIZE), planks):
        shape = (len(rows), SIZE)
        bend = fractal(rng, shape, (2, 3), 3)
        height = np.linspace(0.0, 1.0, len(rows), dtype=np.float32)[:, None]
        rings = 0.5 + 0.5 * np.sin(40 * (0.8 * bend + 0.35 * height + float(rng.random())))
        streaks = fractal(rng, shape, (40, 4), 4)
        plank = 0.3 * rings + 0.5 * streaks + 0.35 * rng.random()
        plank[:4] *= 0.25
        grain[rows] = plank
    return _mix(grain, dark, light)


def gingham(rng: np.random.Generator, dark: Colour, light: Colour) -> Pixels:
    """Return a checked cloth with a visible weave."""
    checks = (np.arange(SIZE) // 48) % 2
    weave = (np.arange(SIZE) // 3) % 2
    amount = 0.42 * checks[:, None] + 0.42 * checks[None, :]
    threads = 0.14 * (weave[:, None] ^ weave[None, :])
    folds = 0.2 * fractal(rng, (SIZE, SIZE), (5, 5), 4)
    return _mix(1 - amount - threads - folds, dark, light)


def terrazzo(rng: np.random.Generator, ground: Colour, chips: tuple[Colour, ...]) -> Pixels:
    """Return polished stone: coloured chips of several sizes in a fine ground."""
    sheet = _mix(0.75 + 0.25 * fractal(rng, (SIZE, SIZE), (60, 60), 3), (0, 0, 0), ground)
    for colour in chips:
        cells = int(rng.integers(60, 130))
        chip = smooth(rng, (SIZE, SIZE), (cells, cells)) > 0.88
        sheet[chip] = colour
    return sheet


def slate(rng: np.random.Generator, dark: Colour, light: Colour) -> Pixels:
    """Return rough stone or concrete."""
    clouds = fractal(rng, (SIZE, SIZE), (6, 6), 7)
    pores = fractal(rng, (SIZE, SIZE), (160, 160), 3)
    return _mix(0.75 * clouds + 0.35 * pores, dark, light)


def bricks(rng: np.random.Generator, dark: Colour, light: Colour) -> Pixels:
    """Return a brick wall, pale joints between bricks of uneven tone."""
    rows, columns = 24, 10
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
    course = np.floor(y * rows).astype(int)
    along = x * columns + 0.5 * (course % 2)
    tone = rng.random((rows, columns + 1)).astype(np.float32)
    brick = tone[course, np.floor(along).astype(int) % (columns + 1)]
    rough = fractal(rng, (SIZE, SIZE), (60, 60), 4)
    sheet = _mix(0.6 * brick + 0.5 * rough, dark, light)
    joint = ((y * rows) % 1 < 0.14) | (along % 1 < 0.06)
    sheet[joint] = _mix(rough, (150, 140, 128), (205, 198, 186))[joint]
    return sheet


def wallpaper(rng: np.random.Generator, ground: Colour, motif: Colour) -> Pixels:
    """Return wallpaper: stripes with rows of rosettes."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) * (14 / SIZE)
    dx, dy = x % 1 - 0.5, (y + 0.5 * (np.floor(x) % 2)) % 1 - 0.5
    reach, turn = np.hypot(dx, dy), np.arctan2(dy, dx)
    petals = (reach < 0.22 + 0.1 * np.cos(6 * turn)) & (reach > 0.07)
    stripe = np.abs(dx) > 0.46
    amount = 0.85 * (petals | stripe) + 0.15 * fractal(rng, (SIZE, SIZE), (20, 20), 4)
    return _mix(amount, ground, motif)


def tiles(rng: np.random.Generator, dark: Colour, light: Colour) -> Pixels:
    """Return square glazed tiles, each of its own tone, with pale joints."""
    count = 16
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) * (count / SIZE)
    tone = rng.random((count, count)).astype(np.float32)
    glaze = fractal(rng, (SIZE, SIZE), (30, 30), 3)
    sheet = _mix(0.75 * tone[y.astype(int), x.astype(int)] + 0.25 * glaze, dark, light)
    sheet[(y % 1 < 0.05) | (x % 1 < 0.05)] = (214, 210, 202)
    return sheet


def bookshelf(rng: np.random.Generator, dark: Colour, light: Colour) -> Pixels:
    """Return a wall of books: spines of random width and colour on shelves."""
    sheet = np.full((SIZE, SIZE, 3), (46, 30, 20), np.uint8)
    shelf = SIZE // 8
    for top in range(0, SIZE, shelf):
        left = 0
        while left < SIZE:
            width, gap = int(rng.integers(14, 42)), int(rng.integers(14, 50))
            colour = _mix(rng.random((1, 3), np.float32).mean(1, keepdims=True), dark, light)
            tinted = np.clip(colour[0, 0] + rng.integers(-38, 38, 3), 15, 235)
            sheet[top + gap : top + shelf - 14, left : left + width - 2] = tinted
            sheet[top + gap + 16 : top + gap + 24, left : left + width - 2] = 235 - tinted // 2
            left += width
    return sheet


Surface = Callable[[np.random.Generator], Pixels]

TABLES: dict[str, Surface] = {
    "oak": lambda rng: wood(rng, (88, 52, 26), (196, 144, 88)),
    "walnut": lambda rng: wood(rng, (38, 22, 14), (124, 80, 50)),
    "pine": lambda rng: wood(rng, (176, 128, 74), (238, 208, 156)),
    "gingham-red": lambda rng: gingham(rng, (150, 24, 30), (240, 234, 222)),
    "gingham-blue": lambda rng: gingham(rng, (38, 70, 130), (236, 236, 230)),
    "terrazzo": lambda rng: terrazzo(
        rng, (226, 220, 208), ((96, 92, 90), (178, 106, 76), (92, 128, 116), (212, 170, 90))
    ),
    "slate": lambda rng: slate(rng, (50, 56, 62), (136, 142, 146)),
    "concrete": lambda rng: slate(rng, (128, 122, 112), (206, 200, 188)),
}
"""Table tops by name."""

WALLS: dict[str, Surface] = {
    "brick": lambda rng: bricks(rng, (112, 44, 30), (190, 96, 66)),
    "white-brick": lambda rng: bricks(rng, (186, 182, 174), (232, 228, 220)),
    "sage-paper": lambda rng: wallpaper(rng, (156, 178, 152), (98, 128, 104)),
    "rose-paper": lambda rng: wallpaper(rng, (226, 206, 190), (186, 118, 112)),
    "teal-tiles": lambda rng: tiles(rng, (24, 84, 96), (96, 170, 168)),
    "sand-tiles": lambda rng: tiles(rng, (172, 142, 104), (232, 214, 182)),
    "books": lambda rng: bookshelf(rng, (50, 40, 40), (200, 170, 130)),
    "plaster": lambda rng: slate(rng, (176, 164, 146), (230, 222, 208)),
}
"""Walls by name."""


def _mix(amount: Field, low: Colour, high: Colour) -> Pixels:
    share = np.clip(amount, 0.0, 1.0)[..., None]
    return (np.array(low) * (1 - share) + np.array(high) * share).round().astype(np.uint8)
