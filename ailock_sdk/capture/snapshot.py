"""Pixels as a file, for people to look at."""

from __future__ import annotations

import io

from PIL import Image

from ailock_sdk.capture.photo import Pixels


def encode_png(pixels: Pixels) -> bytes:
    """A PNG of uint8 (H, W, 3) RGB."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
