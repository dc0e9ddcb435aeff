"""What to tell a person who holds an object before a camera, and which frames to take.

One advice at a time, in the order in which it helps, and steady: another one is given when it has
been due for a while. Frames count when nothing is wrong with them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from enum import Enum

from ailock_sdk.camera import Burst, Camera, Frame, Glance
from ailock_sdk.capture import assess_quality, decode_photo
from ailock_sdk.errors import CameraError

STEADY_SECONDS = 0.3
"""How long another advice must be due before it is given."""
BURST_SECONDS = 0.6
"""How long frames are collected from the first good one on."""
BURST_FRAMES = 3
MAX_MOVEMENT = 0.25
"""Change between frames a tenth of a second apart beyond which a picture smears in dim rooms."""
MIN_FILL = 0.4
"""Least share of the frame's middle in which something is to be seen."""
MIN_NEW_VIEW = 0.3
"""Least change from each reference before that a new one must show: another angle and place."""
_MOVEMENT_SECONDS = 0.1
_JUDGED_SHORT_SIDE_PIXELS = 128


class Advice(Enum):
    """What to tell the person; ``value`` is a stable code for apps to translate.

    Attributes
    ----------
    text : str
        In English.
    """

    _value_: str
    text: str

    TOO_SMALL = "too_small", "the camera's pictures are too small: choose a larger size"
    TOO_DARK = "too_dark", "too dark: turn on a light"
    BLOWN_OUT = "blown_out", "too bright: turn away from the light, no glare"
    HOLD_STILL = "hold_still", "hold it still"
    NO_TEXTURE = "no_texture", "nothing to be seen: bring the object into the middle"
    MOVE_CLOSER = "move_closer", "closer: let the object fill the middle"
    BLURRED = "blurred", "not sharp: hold it still, a little further away"
    ANOTHER_VIEW = "another_view", "now turn it a little, and put it before another background"
    GOOD = "good", "good"

    def __new__(cls, code: str, text: str) -> Advice:
        """Make a member of a pair."""
        advice = object.__new__(cls)
        advice._value_ = code
        advice.text = text
        return advice


class Viewfinder:
    """Judges frames one after another.

    Parameters
    ----------
    references : sequence of Glance
        Views that are taken already; a frame like one of them is :attr:`Advice.ANOTHER_VIEW`.
    tell : callable, optional
        Called with each advice that is given, not again while it stays the same.

    Attributes
    ----------
    advice : Advice or None
        What was given last.
    """

    def __init__(
        self, references: Sequence[Glance] = (), tell: Callable[[Advice], object] | None = None
    ) -> None:
        self._references = references
        self._tell = tell
        self._before: Glance | None = None
        self._moved = True
        self._due: Advice | None = None
        self._due_since = 0.0
        self.advice: Advice | None = None

    def look(self, frame: Frame) -> Glance | None:
        """The frame's glance if it is good enough to take, else ``None``.

        Raises
        ------
        PhotoFormatError
            The frame is above a ceiling of the SDK.
        """
        glance = Glance.at(frame)
        advice = self._judge(glance)
        if advice != self._due:
            self._due, self._due_since = advice, frame.seconds
        lasting = frame.seconds - self._due_since >= STEADY_SECONDS
        if advice != self.advice and (lasting or self.advice is None or advice is Advice.GOOD):
            self.advice = advice
            if self._tell is not None:
                self._tell(advice)
        return glance if advice is Advice.GOOD else None

    def _judge(self, glance: Glance) -> Advice:
        photo = decode_photo(glance.frame.pixels, _JUDGED_SHORT_SIDE_PIXELS)
        issues = {issue.value for issue in assess_quality(photo)}
        due = {advice for advice in Advice if advice.value in issues}
        if self._moves(glance):
            due.add(Advice.HOLD_STILL)
        if glance.fill < MIN_FILL:
            due.add(Advice.MOVE_CLOSER)
        if any(glance.change(each) < MIN_NEW_VIEW for each in self._references):
            due.add(Advice.ANOTHER_VIEW)
        return next((advice for advice in Advice if advice in due), Advice.GOOD)

    def _moves(self, glance: Glance) -> bool:
        """Whether the picture changed much lately; of the first frame nobody knows."""
        before = self._before
        if before is None:
            self._before, self._moved = glance, False
            return False
        passed = glance.frame.seconds - before.frame.seconds
        if passed >= _MOVEMENT_SECONDS:
            # Pictures that are far apart in time, as of a folder, say nothing of movement.
            self._moved = passed < 3 * _MOVEMENT_SECONDS and glance.change(before) > MAX_MOVEMENT
            self._before = glance
        return self._moved


def bursts(
    camera: Camera,
    seconds: float,
    *,
    references: Sequence[Glance] = (),
    frames: int = BURST_FRAMES,
    tell: Callable[[Advice], object] | None = None,
) -> Iterator[list[Glance]]:
    """The best frames of a moment, again and again, until the time is over.

    A burst begins with a good frame and ends :data:`BURST_SECONDS` later. What a recording has left
    at its end is a burst, too.

    Parameters
    ----------
    camera : Camera
    seconds : float
        How long to look.
    references : sequence of Glance
        Views that do not count any more.
    frames : int
        Most frames of a burst.
    tell : callable, optional
        Called with each new :class:`Advice`.

    Yields
    ------
    list of Glance
        One to ``frames``, the sharpest first.

    Raises
    ------
    CameraError
        The camera failed, or no frame was good enough; the last advice is in the text.
    """
    finder = Viewfinder(references, tell)
    end = time.monotonic() + seconds
    burst, since, found = Burst(frames), 0.0, False
    for frame in camera:
        if glance := finder.look(frame):
            since = since if burst.glances else frame.seconds
            burst.add(glance)
        if burst.glances and frame.seconds - since >= BURST_SECONDS:
            yield burst.glances
            burst, found = Burst(frames), True
        if time.monotonic() >= end:
            break
    if burst.glances:
        yield burst.glances
    elif not found:
        last = finder.advice.text if finder.advice else "it gave no picture"
        raise CameraError(f"{camera.name}: no good picture: {last}")
