"""The one resize rule of the package (SPEC 1.5)."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ailock_sdk.capture.decode import Pixels
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
    return np.asarray(resample(Image.fromarray(pixels), box, height, width))


def resample(image: Image.Image, box: Box, height: int, width: int) -> Image.Image:
    """As :func:`crop_and_resize`, for whoever resamples several boxes of one image.

    Parameters
    ----------
    image : Image
        Of mode RGB.
    box : Box
        The part to resample, in pixels of ``image``.
    height, width : int
        Size of the result in pixels, at least 1.

    Returns
    -------
    Image
        Of mode RGB.

    Raises
    ------
    ValueError
        The box reaches beyond the image, or the result would have no pixels.
    """
    edges = (box.left, box.top, box.right, box.bottom)
    return image.resize((width, height), Image.Resampling.BILINEAR, edges)
