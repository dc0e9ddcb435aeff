"""The list of clips: objects in places before a camera that is held by hand."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace

import numpy as np

from tools.rendering.shots import EVENING, LAMP, MORNING, OVERCAST, Light, Shot

FRAMES_A_SECOND = 20


@dataclass(frozen=True)
class Place:
    """A table before a wall, in its light; what stands around belongs to the ``name``."""

    name: str
    table: str
    wall: str
    light: Light

    def shot(
        self, subject: str, azimuth: float, elevation: float, roll: float, fill: float
    ) -> Shot:
        """A shot of an object here."""
        here = (self.table, self.wall, self.light, 0.0, self.name)
        return Shot(subject, 0, azimuth, elevation, roll, fill, *here)


@dataclass(frozen=True)
class Clip:
    """A camera that moves from one shot of an object to another of it, in a trembling hand.

    Attributes
    ----------
    name : str
        Of the file, and what the hand's movement is drawn from.
    start, end : Shot
        Of one object in one place.
    seconds : float
    settling : float
        How far everything is off at the beginning, before the hand, focus and exposure find their
        place: 0 not at all, 1 as when a phone is just being raised.
    """

    name: str
    start: Shot
    end: Shot
    seconds: float
    settling: float = 0.0

    @property
    def frames(self) -> int:
        """How many there are."""
        return round(self.seconds * FRAMES_A_SECOND)

    def path(self, moment: float) -> Shot:
        """Where a steady hand would hold the camera; ``moment`` is 0 at the start, 1 at the end."""
        share = moment * moment * (3 - 2 * moment)
        return replace(
            self.start,
            **{
                name: getattr(self.start, name) * (1 - share) + getattr(self.end, name) * share
                for name in ("azimuth", "elevation", "roll", "fill")
            },
        )

    def held(self) -> list[Shot]:
        """Where the hand holds the camera, a frame each.

        A hand drifts by about a degree within a second and trembles by a tenth of that at 8 to 12
        hertz; raising a phone takes about a third of a second.
        """
        rng = np.random.default_rng(zlib.crc32(f"{self.name}/hand".encode()))
        seconds = np.arange(self.frames) / FRAMES_A_SECOND
        sway = np.zeros((self.frames, 6))
        for hertz, size in ((0.4, 1.0), (0.9, 0.5), (1.7, 0.25), (8.0, 0.06), (11.0, 0.05)):
            phase = rng.uniform(0, 2 * np.pi, 6)
            sway += size * np.sin(2 * np.pi * hertz * seconds[:, None] + phase)
        raising = rng.normal(0, 1, 6) * np.exp(-seconds / 0.15)[:, None]
        moved = sway + 5 * self.settling * raising
        held = []
        for second, (across, above, turn, lift, roll, nearer) in zip(seconds, moved, strict=True):
            steady = self.path(float(second) / self.seconds)
            held.append(
                replace(
                    steady,
                    azimuth=steady.azimuth + 0.5 * float(turn),
                    elevation=steady.elevation + 0.5 * float(lift),
                    roll=steady.roll + 0.8 * float(roll),
                    fill=steady.fill * (1 + 0.01 * float(nearer)),
                    aim=(0.3 * float(across), 0.3 * float(above)),
                )
            )
        return held


HOME = Place("home", "oak", "sage-paper", MORNING)
KITCHEN = Place("kitchen", "gingham-blue", "white-brick", OVERCAST)
STUDY = Place("study", "slate", "books", EVENING)
HALL = Place("hall", "terrazzo", "plaster", LAMP)


def _held(name: str, shot: Shot, seconds: float = 2.0) -> Clip:
    """A clip of somebody who walks a little around the object."""
    end = replace(shot, azimuth=shot.azimuth + 4, elevation=shot.elevation + 2)
    return Clip(name, shot, end, seconds, settling=0.3)


CLIPS = (
    _held("mug-home-left", HOME.shot("mug", -18, 18, 2, 0.72)),
    _held("mug-home", HOME.shot("mug", -4, 22, -2, 0.70)),
    _held("mug-home-right", HOME.shot("mug", 12, 26, 3, 0.74)),
    _held("mug-kitchen", KITCHEN.shot("mug", 6, 20, -3, 0.70)),
    _held("mug-study", STUDY.shot("mug", -7, 18, 3, 0.72)),
    _held("mug-hall", HALL.shot("mug", 2, 22, -1, 0.72)),
    _held("other-mug-home", HOME.shot("other-mug", -4, 22, -2, 0.70)),
    _held("robot-home", HOME.shot("robot", -4, 16, 2, 0.78)),
    _held("mug-dark", replace(HOME.shot("mug", -4, 22, -2, 0.70), exposure=-6.0), 0.6),
    _held("card", replace(HOME.shot("card", 0, 10, 0, 2.0), exposure=0.6), 0.6),
)
"""The committed ones: an object in four places, another of its kind, one of another kind, and what
shows nothing."""
