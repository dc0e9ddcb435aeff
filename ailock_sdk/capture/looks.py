"""Looks at a segment: nearer, and turned (SPEC 1.4 to 1.6)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ailock_sdk.capture.photo import Photo, Pixels
from ailock_sdk.capture.segments import Box
from ailock_sdk.profiles import Look

TURNS = {
    1: Image.Transpose.ROTATE_90,
    2: Image.Transpose.ROTATE_180,
    3: Image.Transpose.ROTATE_270,
}
"""Anticlockwise, by the number of quarter turns."""


def look_views(
    photo: Photo,
    box: Box,
    looks: Sequence[Look],
    height: int,
    width: int,
    filter_name: str = "bilinear",
) -> list[Pixels]:
    """What each look sees of one segment.

    Parameters
    ----------
    photo : Photo
    box : Box
        The segment, in decoded pixels.
    looks : sequence of Look
    height, width : int
        Size of each view in pixels, at least 1; equal if a look has an odd number of turns.
    filter_name : str
        ``bilinear`` or ``bicubic``.

    Returns
    -------
    list of ndarray, uint8, shape (height, width, 3)
        C-contiguous, in the order of ``looks``.

    Raises
    ------
    ValueError
        The box reaches beyond the image, or an odd turn of views that are not square.
    """
    if height != width and any(look.quarter_turns % 2 for look in looks):
        raise ValueError(f"views of {height} x {width} pixels take no odd number of quarter turns")
    # One after another: a thread to help takes longer to come than it would save.
    upright = {
        fraction: photo.resample(_middle(box, fraction), height, width, filter_name)
        for fraction in {look.fraction for look in looks}
    }
    return [_turned(upright[look.fraction], look.quarter_turns) for look in looks]


def _turned(view: Image.Image, quarter_turns: int) -> Pixels:
    turn = TURNS.get(quarter_turns)
    return np.asarray(view if turn is None else view.transpose(turn))


def _middle(box: Box, fraction: float) -> Box:
    # Edges move inwards by nothing at fraction 1, so that look is the segment's box, bit for bit.
    beside = (1 - fraction) * (box.right - box.left) / 2
    above = (1 - fraction) * (box.bottom - box.top) / 2
    return Box(box.left + beside, box.top + above, box.right - beside, box.bottom - above)
