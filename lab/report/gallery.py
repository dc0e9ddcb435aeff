"""The hardest pairs as pictures a person can judge."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from lab.report.plots import GREY, MATED, NON_MATED, STYLE, Caption
from lab.statistics.comparisons import Comparisons, Pair
from lab.statistics.samples import References, Samples

TILE_PIXELS = 320
PAIRS_PER_ROW = 4
NAME_LENGTH = 26
FRAME = 200
"""Grey level of the line around a photo."""


def save_gallery(
    file: Path,
    comparisons: Comparisons,
    samples: Samples,
    references: References,
    read: Callable[[int], bytes],
    radius: int,
    caption: Caption,
) -> None:
    """Mated pairs that are furthest apart, and non-mated pairs that are nearest, side by side.

    Parameters
    ----------
    read : the encoded photo at a place in the caller's list, as ``samples.photos`` counts
    """
    lambda_bits = samples.lambda_bits
    parts = (
        (
            "Mated pairs furthest apart (the worst of each object)",
            "refused",
            comparisons.worst_mated,
            MATED,
        ),
        (
            "Non-mated pairs nearest to each other (the nearest of each two objects)",
            "accepted",
            comparisons.nearest_non_mated,
            NON_MATED,
        ),
    )
    rows = [max(1, -(-len(pairs) // PAIRS_PER_ROW)) for _, _, pairs, _ in parts]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(14, 2.1 * sum(rows) + 1.5), layout="constrained")
        figure.suptitle(
            f"{caption.title}: {caption.subtitle}\n", x=0.008, ha="left", fontweight="bold"
        )
        halves = np.asarray(figure.subfigures(2, 1, height_ratios=rows))
        for part, row_count, (title, error, pairs, colour) in zip(halves, rows, parts, strict=True):
            part.suptitle(title, x=0.008, ha="left", color=colour, fontweight="bold")
            grid = part.subplots(row_count, PAIRS_PER_ROW, squeeze=False)
            for axes in grid.flat:
                axes.axis("off")
            for axes, pair in zip(grid.flat, pairs, strict=False):
                wrong = (pair.distance_bits <= radius) == (error == "accepted")
                _draw_pair(axes, pair, samples, references, read)
                axes.set_title(
                    f"{pair.distance_bits} bits = {pair.distance_bits / lambda_bits:.3f}"
                    + (f"  {error}" if wrong else ""),
                    fontsize=9.5,
                    color=colour if wrong else "black",
                    fontweight="bold" if wrong else "normal",
                )
        figure.savefig(file, dpi=110)


def _draw_pair(
    axes: Axes,
    pair: Pair,
    samples: Samples,
    references: References,
    read: Callable[[int], bytes],
) -> None:
    members = references.members[pair.reference]
    tiles = [
        _montage([read(int(samples.photos[i])) for i in members]),
        _tile(read(int(samples.photos[pair.probe])), TILE_PIXELS, TILE_PIXELS),
    ]
    for tile in tiles:
        tile[[0, -1]] = tile[:, [0, -1]] = FRAME
    axes.imshow(np.concatenate([tiles[0], np.full((TILE_PIXELS, 8, 3), 255), tiles[1]], axis=1))
    names = [samples.names[samples.objects[i]] for i in (members[0], pair.probe)]
    places = (0.5,) if names[0] == names[1] else (0.247, 0.753)
    for name, place in zip(names, places, strict=False):
        axes.text(
            place,
            -0.03,
            _shortened(name),
            transform=axes.transAxes,
            ha="center",
            va="top",
            fontsize=7.5,
            color=GREY,
        )


def _shortened(name: str) -> str:
    """A name short enough to stand below its photo."""
    return name if len(name) <= NAME_LENGTH else f"{name[:10]}...{name[13 - NAME_LENGTH :]}"


def _montage(photos: Sequence[bytes]) -> np.ndarray:
    """The photos of a reference in one square tile, uint8 (T, T, 3)."""
    columns = round(len(photos) ** 0.5)
    rows = -(-len(photos) // columns)
    width, height = TILE_PIXELS // columns, TILE_PIXELS // rows
    canvas = np.full((TILE_PIXELS, TILE_PIXELS, 3), 255, dtype=np.uint8)
    for index, photo in enumerate(photos):
        y, x = height * (index // columns), width * (index % columns)
        canvas[y : y + height, x : x + width] = _tile(photo, width, height)
    return canvas


def _tile(encoded: bytes, width: int, height: int) -> np.ndarray:
    """A photo made to fit a box, on grey, uint8 (height, width, 3)."""
    with Image.open(io.BytesIO(encoded)) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    return np.array(ImageOps.pad(upright, (width, height), color=(235, 235, 235)))
