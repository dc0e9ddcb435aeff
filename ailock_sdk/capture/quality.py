"""Is the photo good enough to compare? Light, sharpness, texture and size of its middle."""

from __future__ import annotations

from enum import Enum

import numpy as np
import numpy.typing as npt

from ailock_sdk.capture.photo import Photo
from ailock_sdk.capture.segments import segment_boxes

MIN_SHORT_SIDE_PIXELS = 128
"""Too small: the source's short side is below."""
DARK_LUMA = 40.0
BRIGHT_SHARE = 0.02
"""Too dark: at most this share of the view is brighter than ``DARK_LUMA``, of 255."""
CLIPPED_LEVEL = 250
CLIPPED_SHARE = 0.6
"""Blown out: the greatest channel reaches ``CLIPPED_LEVEL``, of 255, in more than this share."""
TEXTURE_LEVELS = 3.0
"""No texture: steps between neighbouring cells scatter less than this, in grey levels."""
SHARPNESS = 0.12
"""Blurred: steps between pixels have less than this share of the energy of those between cells.
Gaussian blur of 3 % of the short side gives 0.07, ordinary photos 0.15 to 1."""

VIEW_FRACTION = 0.75
"""Side of the judged centred square over the short side: the object is in the middle."""
VIEW_SIDE_PIXELS = 96
"""The view is judged at this size, so that verdicts do not depend on the camera's resolution. A
photo of 128 pixels is not enlarged to it."""
CELL_SIDE_PIXELS = 4
"""Coarse structure, which survives a blur, is what cells of this side show."""
LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R BT.601."""


class QualityIssue(Enum):
    """A reason to refuse a photo.

    Attributes
    ----------
    value : str
        A stable code.
    advice : str
        What a person should do.
    """

    _value_: str
    advice: str

    TOO_DARK = (
        "too_dark",
        "The photo is too dark: turn on a light or move to a brighter place.",
    )
    BLOWN_OUT = (
        "blown_out",
        "The photo is overexposed: avoid glare, direct light and the flash.",
    )
    BLURRED = (
        "blurred",
        "The photo is blurred: hold the camera still and let it focus on the object.",
    )
    NO_TEXTURE = (
        "no_texture",
        "The photo shows almost nothing: point the camera at an object with print or detail.",
    )
    TOO_SMALL = (
        "too_small",
        "The photo is too small: use the camera's full resolution and do not crop.",
    )

    def __new__(cls, code: str, advice: str) -> QualityIssue:
        """Make a member of a pair."""
        issue = object.__new__(cls)
        issue._value_ = code
        issue.advice = advice
        return issue


def assess_quality(photo: Photo) -> tuple[QualityIssue, ...]:
    """Every reason why ``photo`` is too poor to use; empty if there is none.

    Texture and sharpness are not judged on a photo that is too dark or blown out: the advice on
    the light comes first. Of 5,557 ordinary photos 24 are refused.
    """
    issues = []
    if min(photo.width, photo.height) < MIN_SHORT_SIDE_PIXELS:
        issues.append(QualityIssue.TOO_SMALL)
    (box,) = segment_boxes(photo.decoded_width, photo.decoded_height, VIEW_FRACTION, ["whole"])
    view = np.asarray(photo.resample(box, VIEW_SIDE_PIXELS, VIEW_SIDE_PIXELS))  # (S, S, 3)
    luma = view.astype(np.float32) @ LUMA_WEIGHTS  # (S, S), 0 to 255
    red, green, blue = np.moveaxis(view, 2, 0)
    greatest = np.maximum(np.maximum(red, green), blue)  # a dozen times as fast as max(axis=2)
    if np.mean(luma > DARK_LUMA) <= BRIGHT_SHARE:
        issues.append(QualityIssue.TOO_DARK)
    elif np.mean(greatest >= CLIPPED_LEVEL) > CLIPPED_SHARE:
        issues.append(QualityIssue.BLOWN_OUT)
    else:
        issues += _detail_issues(luma)
    return tuple(issues)


def _detail_issues(luma: npt.NDArray[np.float32]) -> list[QualityIssue]:
    cells_a_side = VIEW_SIDE_PIXELS // CELL_SIDE_PIXELS
    cells = luma.reshape(cells_a_side, CELL_SIDE_PIXELS, cells_a_side, CELL_SIDE_PIXELS)
    coarse = cells.mean(axis=(1, 3))
    if _step_scatter(coarse) < TEXTURE_LEVELS**2:
        return [QualityIssue.NO_TEXTURE]
    if _step_scatter(luma) < SHARPNESS * _step_scatter(coarse):
        return [QualityIssue.BLURRED]
    return []


def _step_scatter(luma: npt.NDArray[np.float32]) -> float:
    """Variance of the steps to the right plus that of the steps down, in squared grey levels.

    The variance, not the mean square: light that falls off evenly over a bare wall is no texture.
    """
    return float(np.diff(luma, axis=1).var() + np.diff(luma, axis=0).var())
