"""The one resize rule of the package (SPEC 1.5)."""

from __future__ import annotations

import numpy as np

from ailock_sdk.capture.photo import Photo, Pixels
from ailock_sdk.capture.segments import Box


def crop_and_resize(pixels: Pixels, box: Box, height: int, width: int) -> Pixels:
    """Resample a box of an image with Pillow's BILINEAR filter in one step.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (H, W, 3)
        RGB, 0 to 255.
    box : Box
        The part to resample, in pixels of ``pixels``; edges may lie between pixels.
    height, width : int
        Size of the result in pixels, at least 1.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3)
        RGB, 0 to 255.

    Raises
    ------
    ValueError
        The box reaches beyond the image, or the result would have no pixels.
    """
    return np.asarray(Photo(pixels, pixels.shape[1::-1]).resample(box, height, width))
