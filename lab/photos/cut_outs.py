"""Objects without their scene, and scenes to put them in.

A cut-out is a photo with an outline: the transparency of its own file, or a mask beside it
(``NAME-mask.png`` for ``NAME.jpg``, light inside the object).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from ailock_sdk import AilockError
from lab.errors import PhotoSetError
from lab.photos.embeddings import InputView, view_pixels
from lab.photos.photo_sets import PhotoSet

MASK_SUFFIX = "-mask.png"
SCENE_PIXELS = 448
"""Side of a composed photo: twice what the default network looks at."""
SIDE = (0.5, 0.75)
"""The object's longer side, in sides of the photo."""
REFRAME = 0.08
"""How far the view of one background moves and zooms between photos, in its sides."""
IN_VIEW = (0.7, 0.85)
"""Side of the part of a background that is in view, in its sides."""
SHADOW = 0.45
"""Darkest shade that an object throws on what is around it."""


@dataclass(frozen=True, eq=False)
class CutOut:
    """One view of an object: ``image`` is RGBA, cut to the object's outline."""

    object: str
    image: Image.Image


@dataclass(frozen=True)
class Background:
    """What is behind an object, and how the camera was held at first.

    Attributes
    ----------
    pixels : uint8 RGB (S, S, 3)
    left, top, side : of the square in view, in sides of the background
    """

    pixels: NDArray[np.uint8]
    left: float
    top: float
    side: float


def read_cut_outs(photos: PhotoSet) -> dict[str, list[CutOut]]:
    """Every view of every object, by the object's name, in the set's order.

    Raises
    ------
    PhotoSetError
        A photo has no outline, or its outline is empty.
    """
    found: dict[str, list[CutOut]] = {}
    for path, name, encoded in photos:
        image = Image.open(io.BytesIO(encoded))
        mask = image.getchannel("A") if "A" in image.getbands() else _mask_beside(photos, path)
        if mask is None or mask.size != image.size:
            raise PhotoSetError(
                f"{photos.source}: {path} has no outline: a transparent photo, or a mask of its "
                f"size called {Path(path).stem}{MASK_SUFFIX}"
            )
        outline = mask.getbbox()
        if outline is None:
            raise PhotoSetError(f"{photos.source}: the outline of {path} is empty")
        cut = image.convert("RGB")
        cut.putalpha(mask)
        found.setdefault(name, []).append(CutOut(name, cut.crop(outline)))
    return found


def read_backgrounds(photos: PhotoSet, pixels: int = SCENE_PIXELS) -> Iterator[NDArray[np.uint8]]:
    """The centre square of each photo that can be read, uint8 RGB (pixels, pixels, 3)."""
    for _, _, encoded in photos:
        try:
            yield view_pixels(encoded, InputView(pixels, pixels, 1.0))
        except AilockError:
            continue


def place_camera(pixels: NDArray[np.uint8], rng: np.random.Generator) -> Background:
    """A background as it is first seen; :func:`compose` moves a little from there."""
    side = rng.uniform(*IN_VIEW)
    left, top = rng.uniform(0, 1 - side, 2)
    return Background(pixels, float(left), float(top), float(side))


def compose(
    cut_out: CutOut, background: Background, rng: np.random.Generator, pixels: int = SCENE_PIXELS
) -> NDArray[np.uint8]:
    """The object before the background, as another photo of the same place would show it.

    The background is re-framed a little, the object is where and as large as ``rng`` says and
    darkens what is around it. Returns uint8 RGB (pixels, pixels, 3).
    """
    scene = _reframed(background, rng, pixels)
    width, height = cut_out.image.size
    scale = rng.uniform(*SIDE) * pixels / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    object_ = cut_out.image.resize(size, Image.Resampling.LANCZOS)
    left, top = (int(rng.integers(0, pixels - side + 1)) for side in size)
    shade = Image.new("L", scene.size)
    shade.paste(object_.getchannel("A"), (left, top))
    shade = shade.filter(ImageFilter.GaussianBlur(pixels / 28))
    depth = rng.uniform(0, SHADOW)
    scene = Image.composite(
        Image.new("RGB", scene.size), scene, shade.point(lambda level: round(level * depth))
    )
    scene.paste(object_, (left, top), object_)
    return np.asarray(scene)


def _reframed(background: Background, rng: np.random.Generator, pixels: int) -> Image.Image:
    side = min(background.side * float(np.exp(rng.uniform(-REFRAME, REFRAME))), 1.0)
    left, top = (
        min(max(start + rng.uniform(-REFRAME, REFRAME), 0.0), 1 - side)
        for start in (background.left, background.top)
    )
    whole = len(background.pixels)
    box = (whole * left, whole * top, whole * (left + side), whole * (top + side))
    image = Image.fromarray(background.pixels)
    return image.resize((pixels, pixels), Image.Resampling.BILINEAR, box=box)


def _mask_beside(photos: PhotoSet, path: str) -> Image.Image | None:
    beside = str(Path(path).with_suffix("")) + MASK_SUFFIX
    try:
        if zipfile.is_zipfile(photos.source):
            with zipfile.ZipFile(photos.source) as archive:
                encoded = archive.read(beside)
        else:
            folder = photos.source if photos.source.is_dir() else photos.source.parent
            encoded = (folder / beside).read_bytes()
    except (KeyError, OSError):
        return None
    levels = np.asarray(Image.open(io.BytesIO(encoded)).convert("L"))
    # Masks count to 1 or to 255.
    return Image.fromarray(np.where(levels > levels.max() / 2, 255, 0).astype(np.uint8))
