"""Frames that a page sends: judged, the best of them chosen, and forgotten."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from ailock_sdk.camera import Burst, Frame, Glance
from ailock_sdk.capture import WHOLE_SIZE_PIXELS, Pixels, decode_photo
from ailock_sdk.errors import PhotoFormatError
from ailock_sdk.limits import Limits
from ailock_sdk.viewfinder import BURST_FRAMES, MIN_NEW_VIEW, Advice, Viewfinder

MAX_FRAME_BYTES = 1 << 20
MAX_FRAME_PIXELS = 1920 * 1080
MAX_LOOKS = 8
"""Pages that look at once; of each one frame is kept."""
ABANDONED_SECONDS = 120.0
_LIMITS = Limits(photo_bytes=MAX_FRAME_BYTES, photo_pixels=MAX_FRAME_PIXELS)
_JPEG = b"\xff\xd8\xff"


def glance_at(data: bytes) -> Glance:
    """A JPEG file's bytes as a frame, decoded within the page's limits.

    Raises
    ------
    PhotoFormatError
        Not a JPEG, damaged, or too large.
    """
    if not data.startswith(_JPEG):
        raise PhotoFormatError("a frame is a JPEG")
    photo = decode_photo(data, WHOLE_SIZE_PIXELS, _LIMITS)
    return Glance.at(Frame(photo.pixels, time.monotonic()))


def best_frames(photos: Sequence[bytes]) -> list[Pixels]:
    """The sharpest frames of a moment that differ from each other, at most three."""
    burst = Burst(BURST_FRAMES)
    for photo in photos:
        burst.add(glance_at(photo))
    return [glance.frame.pixels for glance in burst.glances]


def is_new_view(glance: Glance, others: Sequence[Glance]) -> bool:
    """Whether a reference shows another side or place than those before it."""
    return all(glance.change(other) >= MIN_NEW_VIEW for other in others)


@dataclass
class _Look:
    references: list[Glance] = field(default_factory=list)
    used: float = 0.0

    def __post_init__(self) -> None:
        self.finder = Viewfinder(self.references)


@dataclass(frozen=True)
class Seen:
    """What a page is told of a frame.

    Attributes
    ----------
    advice : Advice
    good : bool
        Whether this very frame may be taken.
    references : int
        How many the server knows of this page: after a restart none, and the page sends them again.
    """

    advice: Advice
    good: bool
    references: int


class Looks:
    """Pages that look through a camera now. In memory, few, and forgotten when they stop."""

    def __init__(self) -> None:
        self._looks: OrderedDict[tuple[str, str], _Look] = OrderedDict()
        self._turn = threading.Lock()

    def look(self, device: str, page: str, data: bytes) -> Seen:
        """Judge a frame of a page, which its device names as it likes.

        Raises
        ------
        PhotoFormatError
        """
        glance = glance_at(data)
        with self._turn:
            look = self._of(device, page)
            good = look.finder.look(glance.frame) is not None
            return Seen(look.finder.advice or Advice.GOOD, good, len(look.references))

    def keep(self, device: str, page: str, references: Sequence[Glance]) -> None:
        """Remember which views are taken: their cells, not their pixels."""
        cells = [Glance(Frame(g.frame.pixels[:0], g.frame.seconds), g.cells) for g in references]
        with self._turn:
            self._of(device, page).references[:] = cells

    def _of(self, device: str, page: str) -> _Look:
        now = time.monotonic()
        key = (device, page)
        for other in [k for k, v in self._looks.items() if now - v.used > ABANDONED_SECONDS]:
            del self._looks[other]
        look = self._looks.setdefault(key, _Look())
        look.used = now
        self._looks.move_to_end(key)
        while len(self._looks) > MAX_LOOKS:
            self._looks.popitem(last=False)
        return look
