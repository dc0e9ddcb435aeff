"""The list of photos: which object, seen from where, in which room and light."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Light:
    """A window as the main light over a dim room; ``warmth`` 1 is neutral, more is redder."""

    azimuth: float
    elevation: float
    size: float
    warmth: float
    ambient: float


@dataclass(frozen=True)
class Shot:
    """One photo; azimuth is positive to the object's right, ``fill`` is of the short side.

    Shots of one ``place`` share what stands around; without one each has its own. ``aim`` is where
    the camera looks, in cm to the right of and above the object's middle.
    """

    subject: str
    view: int
    azimuth: float
    elevation: float
    roll: float
    fill: float
    table: str
    wall: str
    light: Light
    exposure: float = 0.0
    place: str = ""
    aim: tuple[float, float] = (0.0, 0.0)

    @property
    def name(self) -> str:
        """The file name without its ending."""
        return f"{self.subject}-{self.view}"


MORNING = Light(azimuth=-55, elevation=45, size=45, warmth=0.94, ambient=0.20)
EVENING = Light(azimuth=60, elevation=35, size=30, warmth=1.22, ambient=0.15)
OVERCAST = Light(azimuth=20, elevation=65, size=80, warmth=0.98, ambient=0.34)
LAMP = Light(azimuth=-30, elevation=60, size=16, warmth=1.12, ambient=0.20)

SHOTS = (
    Shot("mug", 1, -8, 20, 1.5, 0.70, "oak", "sage-paper", MORNING),
    Shot("mug", 2, 9, 25, -3, 0.66, "gingham-blue", "white-brick", OVERCAST, 0.1),
    Shot("mug", 3, 2, 16, 4, 0.72, "slate", "books", EVENING, -0.1),
    Shot("robot", 1, -12, 14, -2, 0.78, "pine", "teal-tiles", OVERCAST),
    Shot("robot", 2, 8, 19, 3, 0.74, "walnut", "plaster", LAMP, 0.1),
    Shot("robot", 3, -2, 10, -4, 0.80, "terrazzo", "brick", MORNING, -0.1),
    Shot("book", 1, -7, 56, 2, 0.80, "gingham-red", "plaster", LAMP),
    Shot("book", 2, 10, 62, -4, 0.76, "oak", "plaster", MORNING, 0.1),
    Shot("book", 3, 3, 52, 5, 0.82, "concrete", "plaster", EVENING, -0.1),
    Shot("clock", 1, 10, 12, -2, 0.76, "walnut", "rose-paper", EVENING),
    Shot("clock", 2, -10, 18, 3, 0.72, "terrazzo", "books", MORNING, 0.1),
    Shot("clock", 3, 3, 9, 5, 0.78, "pine", "sand-tiles", OVERCAST, -0.1),
    Shot("other-mug", 1, -6, 21, 2, 0.70, "oak", "sage-paper", MORNING),
    Shot("other-mug", 2, 8, 18, -3, 0.68, "concrete", "brick", LAMP, 0.1),
)
"""Per object, photos 1 and 2 are for enrolling and 3 is for unlocking."""

CUT_OUTS = {"mug": "mug_A", "other-mug": "mug_B", "clock": "clock_A", "robot": "robot_A"}
"""Objects that are rendered alone, and their names there, which tell kinds apart by a letter."""
_ANGLES = ((-8, 20, 2), (14, 26, -3), (-20, 14, 4), (22, 18, -2), (4, 32, 0))
"""Azimuth, elevation and roll of each view of such an object, degrees."""
_LIGHTS = (MORNING, OVERCAST, LAMP, EVENING, OVERCAST)

ALONE = tuple(
    Shot(subject, view, azimuth, elevation, roll, 0.86, "", "", light)
    for subject in CUT_OUTS
    for view, ((azimuth, elevation, roll), light) in enumerate(
        zip(_ANGLES, _LIGHTS, strict=True), start=1
    )
)
"""Objects without a room, to be put before any background."""
