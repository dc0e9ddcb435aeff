"""A decoded photo: upright RGB, made in stripes, or channel by channel where memory is short."""

from __future__ import annotations

from collections.abc import Iterator
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
"""So much at most is converted to upright RGB at a time."""

_RGB_BYTES = 4
"""Of a pixel of Pillow's."""
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
"""Pillow's, by the names of SPEC section 10."""

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
        As it was decoded, of any mode that :func:`to_rgb` takes. Perhaps kept, not copied.
    size : tuple of int
        Width and height of the source in pixels, as stored.
    height : int, optional
        Rows of ``stored`` that count.
    orientation : int
        EXIF's, 1 to 8; others are upright.
    room_bytes : int, optional
        Memory that an upright RGB copy may take. Without it each look converts what it needs.

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
        room_bytes: int | None = None,
    ) -> None:
        across, along = stored.size if isinstance(stored, Image.Image) else stored.shape[1::-1]
        decoded: tuple[int, int] = (across, along if height is None else height)
        sideways = orientation in _SIDEWAYS
        self._stored: Image.Image | Pixels = stored
        self._orientation = orientation
        self.width, self.height = size[::-1] if sideways else size
        self.decoded_width, self.decoded_height = decoded[::-1] if sideways else decoded
        if self._is_plain():
            return
        needed_bytes = _RGB_BYTES * self.decoded_width * self.decoded_height
        if room_bytes is None or needed_bytes <= room_bytes:
            self._stored, self._orientation = self._assembled("RGB"), 1

    @cached_property
    def pixels(self) -> Pixels:
        """All of it: uint8 (H, W, 3), RGB, 0 to 255, read-only."""
        pixels = np.empty((self.decoded_height, self.decoded_width, 3), np.uint8)
        for top, rows in self._stripes():
            pixels[top : top + rows.height] = np.asarray(rows)
        pixels.setflags(write=False)
        return pixels

    def resample(
        self, box: Box, height: int, width: int, filter_name: str = "bilinear"
    ) -> Image.Image:
        """A box of it resampled with one of Pillow's filters in one step (SPEC 1.5).

        Parameters
        ----------
        box : Box
            The part to resample, in decoded pixels; edges may lie between pixels.
        height, width : int
            Size of the result in pixels, at least 1; its mode is RGB.
        filter_name : str
            Of :data:`FILTERS`.

        Raises
        ------
        ValueError
            The box reaches beyond the photo, or the result would have no pixels.
        """
        edges = (box.left, box.top, box.right, box.bottom)
        resampling = FILTERS[filter_name]
        size = (width, height)
        if self._is_plain() and isinstance(self._stored, Image.Image):
            return self._stored.resize(size, resampling, edges)
        # One channel at a time, and no two at once: there is no room.
        views = [self._assembled(name).resize(size, resampling, edges) for name in "RGB"]
        return Image.merge("RGB", views)

    def _is_plain(self) -> bool:
        """Whether what is stored is the upright RGB picture itself."""
        return (
            isinstance(self._stored, Image.Image)
            and self._stored.size == (self.decoded_width, self.decoded_height)
            and self._stored.mode == "RGB"
            and not self._stored.has_transparency_data
            and self._orientation not in TURN_OF_ORIENTATION
        )

    def _assembled(self, bands: str) -> Image.Image:
        """The upright picture: all of it, or one of its channels as grey."""
        whole = bands == "RGB"
        size = self.decoded_width, self.decoded_height
        picture = Image.new("RGB" if whole else "L", size)
        for top, rows in self._stripes():
            picture.paste(rows if whole else rows.getchannel(bands), (0, top))
        return picture

    def _stripes(self) -> Iterator[tuple[int, Image.Image]]:
        """The upright picture in RGB, some rows at a time, each with the number of its first."""
        step = max(1, STRIPE_PIXELS // self.decoded_width)
        for top in range(0, self.decoded_height, step):
            yield top, self._stripe(top, min(top + step, self.decoded_height))

    def _stripe(self, top: int, bottom: int) -> Image.Image:
        stored = self._stored
        first = top
        if self._orientation in _FROM_THE_END:
            first, bottom = self.decoded_height - bottom, self.decoded_height - top
        sideways = self._orientation in _SIDEWAYS
        across = self.decoded_width
        box = (first, 0, bottom, across) if sideways else (0, first, across, bottom)
        if isinstance(stored, Image.Image):
            part = stored if box == (0, 0, *stored.size) else stored.crop(box)
        else:
            left, upper, right, lower = box
            part = Image.fromarray(np.ascontiguousarray(stored[upper:lower, left:right]))
        part = to_rgb(part)
        turn = TURN_OF_ORIENTATION.get(self._orientation)
        return part if turn is None else part.transpose(turn)


def crop_and_resize(pixels: Pixels, box: Box, height: int, width: int) -> Pixels:
    """A box of an image, as :meth:`Photo.resample` gives it.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (H, W, 3)
    box : Box
    height, width : int
        Size of the result, which is such an array too.
    """
    return np.asarray(Photo(pixels, pixels.shape[1::-1]).resample(box, height, width))
