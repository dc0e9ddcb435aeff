"""Where on the photo each segment lies (SPEC 1.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ailock_sdk.errors import ProfileError

SEGMENT_FRACTION = 0.58
"""Side of a segment over the image's side: neighbours overlap by 16 %, about 50 px of 312."""
SEGMENT_OFFSETS = {
    "whole": (0.0, 0.0, 1.0),
    "top_left": (0.0, 0.0, SEGMENT_FRACTION),
    "top_right": (1.0, 0.0, SEGMENT_FRACTION),
    "bottom_left": (0.0, 1.0, SEGMENT_FRACTION),
    "bottom_right": (1.0, 1.0, SEGMENT_FRACTION),
    "centre": (0.5, 0.5, SEGMENT_FRACTION),
}
"""Segment -> (how much of the room it leaves in the view lies left of it, above it; its side over
the view's side)."""

SEGMENT_NAMES = tuple(SEGMENT_OFFSETS)


@dataclass(frozen=True)
class Box:
    """A box in floating-point pixels; x grows to the right, y downwards, (0, 0) is the corner.

    Attributes
    ----------
    left, top, right, bottom : float
        Edges, which may lie between pixels; left and top are at least 0.

    Raises
    ------
    ValueError
        The box is empty, begins left of or above the image, or is not of numbers.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right and 0 <= self.top < self.bottom):  # NaN fails too
            raise ValueError(f"not a box inside an image: {self}")


def segment_boxes(
    width: int, height: int, crop: float, segments: Sequence[str], stretch: bool = False
) -> list[Box]:
    """The box of each segment on an image of ``width`` by ``height`` pixels.

    Parameters
    ----------
    width, height : int
        Size of the pixels to cut, in pixels, at least 1.
    crop : float
        Side of the view, the centred square, over the short side, in (0, 1].
    segments : sequence of str
        Names from :data:`SEGMENT_NAMES`.
    stretch : bool
        The view is the centred box of ``crop`` times each side instead.

    Returns
    -------
    list of Box
        In the order of ``segments``; all are inside the image, and square but for ``stretch``.

    Raises
    ------
    ProfileError
        An unknown segment, or ``crop`` out of range.
    """
    if not 0 < crop <= 1:
        raise ProfileError(f"crop is {crop}, must be above 0 and at most 1")
    unknown = set(segments) - set(SEGMENT_NAMES)
    if unknown:
        raise ProfileError(f"unknown segments {sorted(unknown)}, known are {list(SEGMENT_NAMES)}")
    view_width = crop * (width if stretch else min(width, height))
    view_height = crop * (height if stretch else min(width, height))
    view_left, view_top = (width - view_width) / 2, (height - view_height) / 2
    boxes = []
    for name in segments:
        share_left, share_above, fraction = SEGMENT_OFFSETS[name]
        across, along = fraction * view_width, fraction * view_height
        left = view_left + share_left * (view_width - across)
        top = view_top + share_above * (view_height - along)
        boxes.append(Box(left, top, min(left + across, width), min(top + along, height)))
    return boxes
