"""The pictures of docs/explanation/how-it-works.md, from the committed photos.

python -m tools.site_pictures --out docs/explanation/pictures
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ailock_sdk import AiLock, ImagePrint
from lab.command import add_out, run_module
from lab.files import write_whole
from lab.report.files import tell
from lab.report.render_png import panel_png
from lab.report.results import Figure, Panel, ReferenceLine, Series
from lab.report.style import DARK, LIGHT
from lab.report.thumbnails import thumbnail
from tools.demo import PHOTOS, photos_by_object

SHOWN = ("mug-1", "mug-2", "other-mug-1")
"""Photos whose imageprints are shown; the others are compared with the first."""
COLUMNS, CELL_PIXELS = 32, 8
ONE, ZERO, DIFFERENT = (0, 114, 178), (205, 222, 232), (213, 94, 0)
BIN_BITS = 16
TENTHS = 10
PICTURE_INCHES = (6.4, 3.0)

Margins = dict[str, tuple[ImagePrint, ImagePrint]]
"""Of each photo by name: its imageprint as a reference, and as a probe."""


def main(arguments: list[str] | None = None) -> int:
    """Write the pictures."""
    parser = argparse.ArgumentParser("python -m tools.site_pictures", description=__doc__)
    add_out(parser, Path("docs/explanation/pictures"))
    parser.set_defaults(run=run)
    return run_module("tools.site_pictures", parser, arguments)


def run(options: argparse.Namespace, _: str) -> int:
    """Make all pictures, then write them."""
    with AiLock(pepper=None) as lock:
        prints = read_prints(lock)
        files = {f"photo-{name}.jpg": shown_photo(name) for name in SHOWN}
        first = prints[SHOWN[0]][0]
        files |= {f"print-{name}.png": bits_picture(prints[name][0], None) for name in SHOWN}
        files |= {
            f"difference-{name}.png": bits_picture(prints[name][0], first) for name in SHOWN[1:]
        }
        for figure in (distances(prints, lock), flips(prints)):
            for theme, suffix in ((LIGHT, "light"), (DARK, "dark")):
                files[f"{figure.name}-{suffix}.png"] = panel_png(figure, figure.panels[0], theme)
    for file, content in files.items():
        write_whole(options.out / file, content)
    tell([options.out / file for file in files])
    return 0


def read_prints(lock: AiLock) -> Margins:
    """The imageprints of all committed photos."""
    return {
        photo.stem: (lock.imageprint(photo, reference=True), lock.imageprint(photo))
        for views in photos_by_object(PHOTOS).values()
        for photo in views
    }


def shown_photo(name: str) -> bytes:
    """A committed photo, as large as its imageprint's picture."""
    return thumbnail((PHOTOS / f"{name}.jpg").read_bytes(), COLUMNS * CELL_PIXELS)


def bits_picture(shown: ImagePrint, other: ImagePrint | None) -> bytes:
    """The bits as cells, row by row; those that differ from ``other`` stand out."""
    marked, colour = (shown.bits, ONE) if other is None else (shown.bits != other.bits, DIFFERENT)
    colours = np.where(marked[:, None], np.array(colour, np.uint8), np.array(ZERO, np.uint8))
    cells = colours.reshape(-1, COLUMNS, 3).repeat(CELL_PIXELS, 0).repeat(CELL_PIXELS, 1)
    cells[::CELL_PIXELS] = cells[:, ::CELL_PIXELS] = 255
    buffer = io.BytesIO()
    Image.fromarray(cells).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def compared(prints: Margins) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Distances in bits, each photo as a reference with every other as a probe.

    Returns
    -------
    mated, non_mated : ndarray of int
        Of photos of one object, and of two.
    """
    mated: list[int] = []
    non_mated: list[int] = []
    for one, (reference, _) in prints.items():
        for other, (_, probe) in prints.items():
            if one != other:
                same = one.rpartition("-")[0] == other.rpartition("-")[0]
                (mated if same else non_mated).append(probe - reference)
    return np.array(mated), np.array(non_mated)


def distances(prints: Margins, lock: AiLock) -> Figure:
    """How far photos of one object, and of two, are from each other."""
    mated, non_mated = compared(prints)
    edges = np.arange(64, 289, BIN_BITS)

    def steps(label: str, found: NDArray[np.int_], colour: str) -> Series:
        shares = np.histogram(found, edges)[0] / len(found)
        remark = f"{len(found)} comparisons"
        x, y = tuple(map(float, edges)), tuple(map(float, shares))
        return Series(label, x, y, kind="steps", remark=remark, colour=colour)  # type: ignore[arg-type]

    panel = Panel(
        "",
        f"bits that differ, of {lock.lambda_bits}",
        "share of comparisons",
        (
            steps("the same thing", mated, "blue"),
            steps("different things", non_mated, "vermilion"),
        ),
        lines=(ReferenceLine(lock.radius, f"up to {lock.radius} bits are corrected"),),
    )
    return Figure("", "Distances", (panel,), name="distances", panel_inches=PICTURE_INCHES)


def flips(prints: Margins) -> Figure:
    """Which bits change from one photo of an object to another: those with small margins."""
    sizes, flipped = [], []
    for one, (reference, _) in prints.items():
        for other, (_, probe) in prints.items():
            if one != other and one.rpartition("-")[0] == other.rpartition("-")[0]:
                sizes.append(np.abs(probe.margins).argsort().argsort() * TENTHS // len(probe))
                flipped.append(probe.bits != reference.bits)
    tenth, changed = np.concatenate(sizes), np.concatenate(flipped)
    shares = tuple(float(changed[tenth == number].mean()) for number in range(TENTHS))
    names = tuple(str(number + 1) for number in range(TENTHS))
    panel = Panel(
        "",
        "tenth of the bits, from the smallest margin to the largest",
        "share that changed",
        (Series("bits", tuple(float(name) for name in names), shares),),
        y_range=(0, None),
        x_ticks=tuple(float(name) for name in names),
    )
    return Figure("", "Flips", (panel,), name="flips", panel_inches=PICTURE_INCHES)


if __name__ == "__main__":
    raise SystemExit(main())
