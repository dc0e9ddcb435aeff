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
    """Pages that look through a camera now. In memory, few, and forgotten when they stop.

    Parameters
    ----------
    abandoned_seconds : float
        How long after its last frame a page is forgotten.
    """

    def __init__(self, abandoned_seconds: float = ABANDONED_SECONDS) -> None:
        self._looks: OrderedDict[tuple[str, str], _Look] = OrderedDict()
        self._turn = threading.Lock()
        self._abandoned_seconds = abandoned_seconds
        self._timer: threading.Timer | None = None

    def __len__(self) -> int:
        return len(self._looks)

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
        look = self._looks.setdefault((device, page), _Look())
        look.used = time.monotonic()
        self._looks.move_to_end((device, page))
        while len(self._looks) > MAX_LOOKS:
            self._looks.popitem(last=False)
        if self._timer is None:
            self._await_end()
        return look

    def _await_end(self) -> None:
        self._timer = threading.Timer(self._abandoned_seconds, self._forget)
        self._timer.daemon = True
        self._timer.start()

    def _forget(self) -> None:
        """Drop what was abandoned, and come again while something is left."""
        with self._turn:
            now = time.monotonic()
            for key, look in list(self._looks.items()):
                if now - look.used >= self._abandoned_seconds:
                    del self._looks[key]
            self._timer = None
            if self._looks:
                self._await_end()
