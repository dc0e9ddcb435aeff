"""What is printed on the objects: each function draws one sheet."""

from __future__ import annotations

import math

import numpy as np

from tools.rendering.canvas import Canvas, Pixels

MUG_RADIUS, MUG_HEIGHT = 4.1, 9.4
CLOCK_RADIUS = 5.0
_MUG_WRAP = 2 * math.pi * MUG_RADIUS


def folk_mug() -> Pixels:
    """Return a wrap of folk-art flowers, birds and saw-tooth borders on cream."""
    sheet = Canvas(_MUG_WRAP, MUG_HEIGHT, "#f4ead2")
    for top, ground, colours in (
        (0.0, "#e9a323", ("#14396b", "#d8432f")),
        (8.2, "#2b8a7e", ("#d8432f", "#14396b")),
    ):
        sheet.box(0, top, sheet.width, 1.2, ground)
        sheet.teeth(top + 0.15, 0.9, sheet.width / 28, colours)
    for y in (1.42, 7.98):
        sheet.beads(y, 0.11, sheet.width / 60, ("#d8432f", "#14396b", "#2b8a7e"))
    middle = sheet.width / 2
    blooms = (
        (-8.6, 4.6, 1.7, ("#e9a323", "#d8432f", "#14396b")),
        (-4.9, 3.7, 1.6, ("#2b8a7e", "#f4ead2", "#d8432f")),
        (-1.2, 4.9, 2.1, ("#d8432f", "#e9a323", "#14396b")),
        (2.9, 3.5, 1.5, ("#14396b", "#7fb6d9", "#e9a323")),
        (6.3, 5.2, 1.8, ("#c2447f", "#f6c9a8", "#2b8a7e")),
    )
    leaves = ("#2f5d34", "#4f9a4a", "#2b8a7e")
    for dx, y, radius, _ in blooms:
        x = middle + dx
        sheet.sprig((x, y), (x + 0.7, 7.8), 4, leaves)
        sheet.sprig((x, y), (x - 1.9, 2.2 + radius * 0.4), 4, leaves)
    for dx, y, radius, petals in blooms:
        sheet.flower(middle + dx, y, radius, 9, petals)
    for dx, y, facing in ((-3.6, 6.6, 1), (1.6, 6.7, -1), (4.4, 6.9, 1), (-6.6, 2.6, 1)):
        _bird(sheet, middle + dx, y, facing)
    for dx, y in ((-2.9, 2.1), (0.9, 2.3), (4.6, 2.2), (0.4, 7.3), (-5.9, 6.9), (3.5, 5.5)):
        sheet.flower(middle + dx, y, 0.5, 5, ("#c2447f", "#f4ead2", "#e9a323"))
    return sheet.pixels(seed=11)


def space_mug() -> Pixels:
    """Return a wrap of planets, rockets and stars on night blue: the look-alike mug."""
    sheet = Canvas(_MUG_WRAP, MUG_HEIGHT, "#17204a")
    rng = np.random.default_rng(5)
    for x, y, size in rng.random((260, 3)):
        colour = ("#fff3c4", "#9fc7ff", "#ff9fb2")[int(size * 3)]
        sheet.star(x * sheet.width, 0.4 + y * 7.2, 0.07 + 0.13 * size, colour, 4)
    sheet.box(0, 7.7, sheet.width, 1.7, "#b9bdd0")
    for x, y, size in rng.random((90, 3)):
        sheet.rings(x * sheet.width, 7.9 + 1.4 * y, 0.1 + 0.3 * size, ("#8d93ad", "#d7dae6"))
    middle = sheet.width / 2
    sheet.rings(middle - 2.4, 3.1, 1.9, ("#7a2f6d", "#b4477f", "#f08a5d", "#f9d56e"))
    for offset, colour in ((0.0, "#f9d56e"), (0.16, "#43b0a8"), (0.32, "#fff3c4")):
        path = [(middle - 5.2 + offset, 4.2 + offset), (middle + 0.3 + offset, 1.8 + offset)]
        sheet.line(path, colour, 0.11)
    sheet.rings(middle + 5.6, 2.2, 1.2, ("#1f7a8c", "#43b0a8", "#bfe3d0"))
    sheet.rings(middle - 7.2, 5.4, 1.3, ("#c0392b", "#e67e22", "#f4d03f"))
    for dx, y, angle in ((1.9, 4.6, 25.0), (-5.2, 5.9, -35.0), (7.8, 5.0, 10.0)):
        _rocket(sheet, middle + dx, y, angle)
    for dx, y, radius in ((-0.6, 5.9, 0.6), (4.2, 5.9, 0.75), (3.2, 1.3, 0.55)):
        sheet.star(middle + dx, y, radius, "#f9d56e")
        sheet.star(middle + dx, y, radius * 0.55, "#e94f37")
    sheet.text(middle + 0.4, 7.05, 0.66, "TO THE MOON", "#fff3c4")
    return sheet.pixels(seed=12)


def book_cover(width: float, height: float) -> Pixels:
    """Return the cover of an adventure novel: title, sea, hills, ship, ornamented frame."""
    sheet = Canvas(width, height, "#123b3f")
    for index, colour in enumerate(("#e0b34c", "#123b3f", "#b5402c", "#f3dfb4")):
        inset = 0.35 + 0.22 * index
        sheet.box(inset, inset, width - 2 * inset, height - 2 * inset, colour)
    left, right, top, bottom = 1.1, width - 1.1, 1.1, height - 1.1
    sheet.box(left, 5.0, right - left, 10.0, "#f2b36a")
    for index in range(16):
        a, b = (math.radians(180 + 11.25 * index + turn) for turn in (0.0, 5.6))
        tips = [(7.0 + 6 * math.cos(angle), 11.0 + 6 * math.sin(angle)) for angle in (a, b)]
        sheet.polygon([(7.0, 11.0), *((min(max(x, left), right), y) for x, y in tips)], "#ee8d4a")
    sheet.rings(7.0, 10.6, 2.6, ("#d7502f", "#ee8d4a", "#f9d56e", "#fff3c4"))
    hills = ((10.4, 0.9, "#7a4b6b", 0.3), (11.4, 0.8, "#4d3a66", 1.9), (12.3, 0.7, "#2a2f55", 4.0))
    for base, swing, colour, phase in hills:
        xs = np.linspace(left, right, 60)
        ys = base - swing * np.abs(np.sin(xs * 0.55 + phase)) - 0.25 * np.sin(3.1 * xs + phase)
        ridge = list(zip(xs.tolist(), ys.tolist(), strict=True))
        sheet.polygon([*ridge, (right, 15.0), (left, 15.0)], colour)
    _sea(sheet, left, right)
    _ship(sheet, 5.2, 13.6)
    for x, y in ((2.6, 6.3), (4.0, 7.2), (10.6, 6.4), (11.8, 7.6), (9.6, 8.0)):
        sheet.line([(x - 0.45, y - 0.2), (x, y), (x + 0.45, y - 0.25)], "#2a2f55", 0.08)
    sheet.text(7.0, 2.3, 1.1, "THE SALT", "#123b3f")
    sheet.text(7.0, 3.9, 1.3, "LANTERN", "#b5402c")
    sheet.text(7.0, 17.1, 0.62, "a tale of nine islands", "#123b3f")
    sheet.text(7.0, 18.6, 0.8, "MARA FENN", "#b5402c")
    for x in (2.1, 11.9):
        for y in (2.3, 18.4):
            sheet.flower(x, y, 0.8, 8, ("#b5402c", "#e0b34c", "#123b3f"))
    sheet.star(11.2, 14.2, 1.7, "#e0b34c", 16)
    sheet.circle(11.2, 14.2, 1.15, "#b5402c")
    sheet.text(11.2, 14.0, 0.42, "READ", "#fff3c4")
    sheet.text(11.2, 14.5, 0.36, "ALOUD", "#fff3c4")
    for x in np.arange(left + 0.2, right, 0.5):
        sheet.circle(float(x), top + 0.12, 0.09, "#123b3f")
        sheet.circle(float(x), bottom - 0.12, 0.09, "#123b3f")
    return sheet.pixels(seed=13)


def page_edges(width: float, height: float) -> Pixels:
    """Return the fore edge of a stack of pages."""
    sheet = Canvas(width, height, "#efe6d0")
    rng = np.random.default_rng(3)
    for y in np.arange(0.0, height, 0.05):
        shade = ("#d8cbb0", "#c9bb9c", "#f6efdf")[rng.integers(3)]
        sheet.line([(0, float(y)), (width, float(y) + rng.normal(0, 0.02))], shade, 0.02)
    return sheet.pixels(seed=14)


def robot_chest(width: float, height: float) -> Pixels:
    """Return the lithographed front of a tin robot: gauges, buttons, letters, rivets."""
    sheet = Canvas(width, height, "#c8452f")
    _riveted_frame(sheet, "#8f2a1d", "#f0c96a")
    sheet.box(0.7, 0.7, width - 1.4, 2.6, "#22324d")
    for x, needle, face in ((1.75, -120, "#f7f0dc"), (3.75, -60, "#cfe6d8")):
        sheet.rings(x, 1.95, 1.0, ("#e2b03f", face, face, face))
        for tick in range(-180, 1, 30):
            a = math.radians(tick)
            inner, outer = ((x + r * math.cos(a), 1.95 + r * math.sin(a)) for r in (0.55, 0.72))
            sheet.line([inner, outer], "#22324d", 0.05)
        a = math.radians(needle)
        sheet.line([(x, 1.95), (x + 0.6 * math.cos(a), 1.95 + 0.6 * math.sin(a))], "#d0202e", 0.08)
        sheet.circle(x, 1.95, 0.12, "#22324d")
    for index, colour in enumerate(("#39b54a", "#f9d423", "#e94f37", "#2f9bd6")):
        sheet.rings(5.15, 0.95 + 0.62 * index, 0.26, ("#0f1726", colour))
    sheet.box(0.7, 3.55, 3.3, 1.2, "#f0c96a")
    sheet.text(2.35, 4.15, 0.85, "ZOR-8", "#22324d")
    for index in range(5):
        sheet.box(0.7 + 0.68 * index, 5.0, 0.5, 0.42, ("#2f9bd6", "#f7f0dc")[index % 2])
        sheet.text(0.95 + 0.68 * index, 5.2, 0.22, str(index + 1), "#22324d")
    sheet.star(5.0, 4.55, 0.95, "#f9d423")
    sheet.star(5.0, 4.55, 0.5, "#2f9bd6")
    return sheet.pixels(seed=15)


def robot_side(width: float, height: float) -> Pixels:
    """Return a side plate: hazard stripes between riveted edges."""
    sheet = Canvas(width, height, "#f0c96a")
    for x in np.arange(-height, width, 0.9):
        foot, tip = float(x), float(x) + height
        sheet.polygon([(foot, height), (foot + 0.45, height), (tip + 0.45, 0), (tip, 0)], "#22324d")
    _riveted_frame(sheet, "#8f2a1d", "#f0c96a")
    return sheet.pixels(seed=16)


def robot_face(width: float, height: float) -> Pixels:
    """Return the robot's face: ringed eyes, grille mouth, bolts."""
    sheet = Canvas(width, height, "#5aa7a0")
    _riveted_frame(sheet, "#2c6b69", "#e9f1e4")
    for x in (width * 0.29, width * 0.71):
        sheet.rings(x, 1.35, 0.72, ("#22324d", "#f9d423", "#e94f37", "#22324d", "#f7f0dc"))
    sheet.polygon([(width / 2, 1.5), (width / 2 - 0.3, 2.1), (width / 2 + 0.3, 2.1)], "#c8452f")
    sheet.box(0.9, 2.3, width - 1.8, 0.75, "#22324d")
    for x in np.arange(1.0, width - 1.0, 0.3):
        sheet.box(float(x), 2.4, 0.17, 0.55, "#f7f0dc")
    return sheet.pixels(seed=17)


def bands(width: float, height: float, colours: tuple[str, ...], pitch: float) -> Pixels:
    """Return stripes across the sheet, ``pitch`` cm each, with a dotted seam on every third."""
    sheet = Canvas(width, height, colours[0])
    for index in range(math.ceil(height / pitch)):
        sheet.box(0, index * pitch, width, pitch, colours[index % len(colours)])
        if index % 3 == 0:
            sheet.beads((index + 0.5) * pitch, pitch * 0.22, pitch * 0.8, (colours[-1], "#22324d"))
    return sheet.pixels(seed=18)


def clock_dial() -> Pixels:
    """Return an alarm clock's dial: numerals, minute track, painted rosette, maker's name."""
    sheet = Canvas(2 * CLOCK_RADIUS, 2 * CLOCK_RADIUS, "#fbf4e0")
    centre = CLOCK_RADIUS
    sheet.rings(centre, centre, 4.9, ("#21564f", "#21564f", "#fbf4e0"))
    sheet.circle(centre, centre, 4.35, "#fbf4e0")
    for minute in range(60):
        a = math.radians(6 * minute)
        x, y = centre + 4.55 * math.sin(a), centre - 4.55 * math.cos(a)
        sheet.circle(x, y, 0.16 if minute % 5 == 0 else 0.07, "#f4b942")
    for hour in range(1, 13):
        a = math.radians(30 * hour)
        x, y = centre + 3.7 * math.sin(a), centre - 3.7 * math.cos(a)
        sheet.text(x, y, 0.95, str(hour), "#1d1d2b" if hour % 3 else "#b3202c")
    for step in range(24):
        a = math.radians(15 * step)
        x, y = centre + 2.75 * math.sin(a), centre - 2.75 * math.cos(a)
        sheet.flower(x, y, 0.36, 6, ("#d96c8a", "#fbf4e0", "#f4b942"))
    sheet.flower(centre, centre, 2.3, 12, ("#3d7ea6", "#f4b942", "#b3202c"))
    sheet.flower(centre, centre, 1.2, 8, ("#21564f", "#fbf4e0", "#d96c8a"))
    sheet.box(centre - 1.5, centre + 1.05, 3.0, 0.72, "#fbf4e0")
    sheet.text(centre, centre + 1.4, 0.46, "AURORA", "#1d1d2b")
    return sheet.pixels(seed=19, wear=0.08)


def clock_rim() -> Pixels:
    """Return the painted band around an alarm clock's case."""
    sheet = Canvas(2 * math.pi * CLOCK_RADIUS, 4.0, "#b3202c")
    for top, colours in ((0.1, ("#f4b942",)), (3.2, ("#21564f", "#f4b942"))):
        sheet.teeth(top, 0.7, sheet.width / 40, colours)
    for index in range(16):
        x = (index + 0.5) * sheet.width / 16
        sheet.flower(x, 2.0, 0.85, 7, ("#fbf4e0", "#3d7ea6", "#f4b942"))
    return sheet.pixels(seed=20)


def _bird(sheet: Canvas, x: float, y: float, facing: int) -> None:
    sheet.polygon([(x, y), (x - facing * 1.5, y - 0.45), (x - facing * 1.4, y + 0.4)], "#c2447f")
    sheet.ellipse(x, y, (0.85, 0.5), 0.0, "#14396b")
    sheet.circle(x + facing * 0.75, y - 0.4, 0.38, "#14396b")
    beak = [(x + facing * 1.05, y - 0.55), (x + facing * 1.5, y - 0.36)]
    sheet.polygon([*beak, (x + facing * 1.05, y - 0.22)], "#e9a323")
    sheet.ellipse(x - facing * 0.15, y - 0.02, (0.5, 0.24), facing * 18.0, "#7fb6d9")
    sheet.circle(x + facing * 0.82, y - 0.45, 0.09, "#f4ead2")


def _rocket(sheet: Canvas, x: float, y: float, angle: float) -> None:
    up = (math.sin(math.radians(angle)), -math.cos(math.radians(angle)))

    def at(along: float, across: float) -> tuple[float, float]:
        return x + along * up[0] - across * up[1], y + along * up[1] + across * up[0]

    sheet.polygon([at(-0.9, -0.35), at(-2.0, 0.0), at(-0.9, 0.35)], "#f9a03f")
    sheet.polygon([at(-0.1, -0.4), at(-1.1, -0.9), at(-0.8, 0.0)], "#43b0a8")
    sheet.polygon([at(-0.1, 0.4), at(-1.1, 0.9), at(-0.8, 0.0)], "#43b0a8")
    sheet.ellipse(*at(0.2, 0.0), (1.35, 0.5), angle - 90.0, "#f4f1ea")
    sheet.polygon([at(1.55, 0.0), at(0.85, -0.42), at(0.85, 0.42)], "#e94f37")
    sheet.rings(*at(0.3, 0.0), 0.3, ("#e94f37", "#9fc7ff"))
    sheet.line([at(-0.4, -0.42), at(-0.4, 0.42)], "#e94f37", 0.16)


def _sea(sheet: Canvas, left: float, right: float) -> None:
    for row, colour in enumerate(("#1f6f78", "#2b8a8f", "#1b5c69", "#43a6a0", "#17515e")):
        y = 13.2 + 0.5 * row
        sheet.box(left, y, right - left, 15.9 - y, colour)
        for x in np.arange(left + 0.3 * (row % 2), right - 0.5, 0.62):
            sheet.ellipse(float(x) + 0.3, y, (0.3, 0.12), 0.0, "#cfe9dc")
            sheet.ellipse(float(x) + 0.3, y + 0.06, (0.3, 0.1), 0.0, colour)


def _ship(sheet: Canvas, x: float, y: float) -> None:
    sheet.polygon([(x - 1.8, y), (x + 1.8, y), (x + 1.2, y + 0.9), (x - 1.3, y + 0.9)], "#5b2a1e")
    sheet.line([(x - 1.7, y + 0.3), (x + 1.6, y + 0.3)], "#e0b34c", 0.12)
    for mast, height in ((-0.8, 3.2), (0.6, 3.8)):
        sheet.line([(x + mast, y), (x + mast, y - height)], "#3a1c14", 0.12)
        for level in (0.35, 1.5):
            top, low = y - height + level, y - height + level + 1.0
            sail = [(x + mast - 0.55, top), (x + mast + 0.55, top), (x + mast + 0.85, low)]
            sheet.polygon([*sail, (x + mast - 0.5, low)], "#fff3df")
            sheet.line([(x + mast - 0.5, low - 0.3), (x + mast + 0.75, low - 0.3)], "#b5402c", 0.12)
        flag = y - height
        sheet.polygon([(x + mast, flag), (x + mast + 0.8, flag + 0.2), (x + mast, flag + 0.4)],
                      "#b5402c")  # fmt: skip


def _riveted_frame(sheet: Canvas, edge: str, rivet: str) -> None:
    width, height, rim = sheet.width, sheet.height, 0.38
    for x, y, across, along in (
        (0, 0, width, rim),
        (0, height - rim, width, rim),
        (0, 0, rim, height),
        (width - rim, 0, rim, height),
    ):
        sheet.box(x, y, across, along, edge)
    for x in np.linspace(rim / 2, width - rim / 2, round(width / 0.7)):
        sheet.circle(float(x), rim / 2, 0.1, rivet)
        sheet.circle(float(x), height - rim / 2, 0.1, rivet)
    for y in np.linspace(rim / 2, height - rim / 2, round(height / 0.7)):
        sheet.circle(rim / 2, float(y), 0.1, rivet)
        sheet.circle(width - rim / 2, float(y), 0.1, rivet)
