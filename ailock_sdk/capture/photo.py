"""A decoded photo that is looked at in stripes, so that no second copy of it is made."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from ailock_sdk.capture.colour import to_rgb
from ailock_sdk.capture.segments import Box

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""(H, W, 3) uint8, RGB, 0 to 255."""

STRIPE_PIXELS = 1 << 20
"""Of a photo above that, so much at most is converted to upright RGB at a time."""

_BILINEAR = Image.Resampling.BILINEAR

TURN_OF_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture of that EXIF orientation upright."""
_SIDEWAYS = {5, 6, 7, 8}
_FROM_THE_END = {3, 4, 7, 8}
"""Orientations whose upper edge lies at the bottom or on the right of what is stored."""


class Photo:
    """An upright photo, possibly reduced. Immutable.

    Parameters
    ----------
    stored : Image or ndarray of uint8, shape (H, W, 3)
        As it was decoded, of any mode that :func:`to_rgb` takes. Kept, not copied.
    size : tuple of int
        Width and height of the source in pixels, as stored.
    height : int, optional
        Rows of ``stored`` that count.
    orientation : int
        EXIF's, 1 to 8; others are upright.

    Attributes
    ----------
    width, height : int
        Size in pixels of the source once upright, before any reduction.
    decoded_width, decoded_height : int
        Size in pixels of what is here, upright.
    """

    def __init__(
        self,
        stored: Image.Image | Pixels,
        size: tuple[int, int],
        height: int | None = None,
        orientation: int = 1,
    ) -> None:
        across, along = stored.size if isinstance(stored, Image.Image) else stored.shape[1::-1]
        decoded: tuple[int, int] = (across, along if height is None else height)
        sideways = orientation in _SIDEWAYS
        self._stored = stored
        self._orientation = orientation
        self.width, self.height = size[::-1] if sideways else size
        self.decoded_width, self.decoded_height = decoded[::-1] if sideways else decoded
        if self.decoded_width * self.decoded_height <= STRIPE_PIXELS:  # converted once
            self._stored, self._orientation = self._stripe(0, self.decoded_height), 1

    @cached_property
    def pixels(self) -> Pixels:
        """All of it: uint8 (H, W, 3), RGB, 0 to 255, read-only."""
        pixels = np.empty((self.decoded_height, self.decoded_width, 3), np.uint8)
        for top, bottom in self._stripes(0, self.decoded_height):
            pixels[top:bottom] = np.asarray(self._stripe(top, bottom))
        pixels.setflags(write=False)
        return pixels

    def resample(self, box: Box, height: int, width: int) -> Image.Image:
        """A box of it resampled with Pillow's BILINEAR filter (SPEC 1.5).

        Parameters
        ----------
        box : Box
            The part to resample, in decoded pixels; edges may lie between pixels.
        height, width : int
            Size of the result in pixels, at least 1.

        Returns
        -------
        Image
            Of mode RGB.

        Raises
        ------
        ValueError
            The box reaches beyond the photo, or the result would have no pixels.
        """
        if min(height, width) < 1:
            raise ValueError("a view's height and width must be > 0")
        if box.right > self.decoded_width or box.bottom > self.decoded_height:
            raise ValueError(f"the box reaches beyond the photo: {box}")
        # Pillow resizes rows first, then columns: in two calls the same bits come out.
        reach = max(1.0, (box.bottom - box.top) / height)
        first = max(0, math.floor(box.top - reach))
        last = min(self.decoded_height, math.ceil(box.bottom + reach))
        narrow = Image.new("RGB", (width, self.decoded_height))
        for top, bottom in self._stripes(first, last):
            edges = (box.left, 0, box.right, bottom - top)
            rows = self._stripe(top, bottom).resize((width, bottom - top), _BILINEAR, edges)
            narrow.paste(rows, (0, top))
        return narrow.resize((width, height), _BILINEAR, (0, box.top, width, box.bottom))

    def _stripes(self, first: int, last: int) -> list[tuple[int, int]]:
        step = max(1, STRIPE_PIXELS // self.decoded_width)
        return [(top, min(top + step, last)) for top in range(first, last, step)]

    def _stripe(self, top: int, bottom: int) -> Image.Image:
        """Rows of the upright picture, in RGB."""
        stored = self._stored
        if self._orientation in _FROM_THE_END:
            top, bottom = self.decoded_height - bottom, self.decoded_height - top
        sideways = self._orientation in _SIDEWAYS
        across = self.decoded_width
        box = (top, 0, bottom, across) if sideways else (0, top, across, bottom)
        if isinstance(stored, np.ndarray):
            left, upper, right, lower = box
            part = Image.fromarray(np.ascontiguousarray(stored[upper:lower, left:right]))
        else:
            part = stored if box == (0, 0, *stored.size) else stored.crop(box)
        part = to_rgb(part)
        turn = TURN_OF_ORIENTATION.get(self._orientation)
        return part if turn is None else part.transpose(turn)
