"""Any Pillow mode that photos come in to 8-bit RGB (SPEC 1.3)."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ailock_sdk.errors import PhotoFormatError

COLOUR_MODES = {"1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV"}
ALPHA_MODES = {"LA", "RGBA", "RGBa"}
DEEP_GREY_MODES = {"I", "I;16", "I;16L", "I;16B", "I;16N"}
"""Grey of 16 bits; ``I`` is what some Pillow versions call a 16-bit PNG."""

WHITE_16_BIT = 0xFFFF


def to_rgb(image: Image.Image) -> Image.Image:
    """The same picture in mode RGB: itself if it is so already, else a new image.

    Transparent pixels are composed onto white; of 16-bit samples the high byte is kept.

    Raises
    ------
    PhotoFormatError
        The mode is none that a photo comes in, for example floating point.
    """
    check_mode(image)
    if image.mode in DEEP_GREY_MODES:
        return _deep_grey_to_rgb(image)
    if image.has_transparency_data:
        return _onto_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def check_mode(image: Image.Image) -> None:
    """Refuse what :func:`to_rgb` would refuse.

    Raises
    ------
    PhotoFormatError
    """
    if image.mode not in COLOUR_MODES | ALPHA_MODES | DEEP_GREY_MODES:
        raise PhotoFormatError(
            f"images of mode {image.mode} are not photos: convert the image to RGB first"
        )


def _onto_white(image: Image.Image) -> Image.Image:
    rgba = image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(rgba, mask=rgba)
    return white


def _deep_grey_to_rgb(image: Image.Image) -> Image.Image:
    grey = np.asarray(image).clip(0, WHITE_16_BIT)  # (H, W)
    transparent = image.info.get("transparency")
    if transparent is not None:
        grey = np.where(grey == transparent, WHITE_16_BIT, grey)
    return Image.fromarray((grey >> 8).astype(np.uint8)).convert("RGB")
