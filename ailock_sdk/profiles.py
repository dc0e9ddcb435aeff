"""Profiles: the frozen parameters that turn an embedding into a lock.

A profile is read from a bundle's manifest (SPEC section 10); nothing here names a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ailock_sdk.errors import ProfileError
from ailock_sdk.parameters import PROFILE_NAME_RULE, is_profile_name, tau_ten_thousandths

DEFAULT_PROFILE = "default"
MAX_LOOKS = 16
"""Most looks at one segment: each costs a run of the network."""


@dataclass(frozen=True)
class Look:
    """One look at a segment: its centred square, resized, then turned (SPEC 1.4 to 1.6).

    Attributes
    ----------
    fraction : float
        Side of the square over the segment's, above 0 and at most 1.
    quarter_turns : int
        0 to 3, counter-clockwise, as ``numpy.rot90`` turns.

    Raises
    ------
    ProfileError
        One of the two is out of range.
    """

    fraction: float
    quarter_turns: int

    def __post_init__(self) -> None:
        if not 0 < self.fraction <= 1:  # NaN fails too
            raise ProfileError(f"a look's fraction is {self.fraction}, not above 0 and at most 1")
        if self.quarter_turns not in range(4):
            raise ProfileError(f"a look has {self.quarter_turns} quarter turns, not 0 to 3")

    def as_list(self) -> list[float | int]:
        """The manifest's form: ``[fraction, quarter_turns]``."""
        return [float(self.fraction), self.quarter_turns]


@dataclass(frozen=True)
class Profile:
    """How one bundle's embeddings become bits, and how many wrong bits are forgiven.

    Attributes
    ----------
    name : str
        1 to 32 of ``[a-z0-9_-]``.
    layers, segments : tuple of str
        The imageprint concatenates layers, then segments, in this order, each once (one of each is
        the paper's SLSS; several layers MLSS; five segments SLMS, MLMS).
    looks, reference_looks : tuple of Look
        1 to 16 different looks at each segment of a probe and of a reference photo, whose
        embeddings are averaged; those of a probe cost their time at every unlock.
    tau : str
        The paper's error tolerance threshold in (0.5, 1], as decimal text, e.g. ``"0.6800"``.
    code : tuple of int
        (order m, blocks n, message symbols k) of SPEC section 5.
    overcomplete : bool
        Some layer has more bits than dimensions, or Gaussian hyperplanes: a stored record then
        gives the embedding away (docs/explanation/threat-model.md).
    calibration : mapping of str to float or str
        What was measured when tau was chosen.

    Raises
    ------
    ProfileError
        One of them is not as said; whether the code exists is for the sketch to say.
    """

    name: str
    layers: tuple[str, ...]
    segments: tuple[str, ...]
    looks: tuple[Look, ...]
    reference_looks: tuple[Look, ...]
    tau: str
    code: tuple[int, int, int]
    overcomplete: bool = False
    calibration: Mapping[str, float | str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not is_profile_name(self.name):
            raise ProfileError(f"profile name {self.name!r} is not {PROFILE_NAME_RULE}")
        for key, names in (("layers", self.layers), ("segments", self.segments)):
            if not names:
                raise ProfileError(f"profile {self.name!r}: {key} are at least one")
            if len(set(names)) != len(names):
                raise ProfileError(f"profile {self.name!r}: {key} repeat a name")
        for key, looks in (("looks", self.looks), ("reference_looks", self.reference_looks)):
            if not 1 <= len(looks) <= MAX_LOOKS:
                raise ProfileError(f"profile {self.name!r}: {key} are 1 to {MAX_LOOKS}")
            if len(set(looks)) != len(looks):
                raise ProfileError(f"profile {self.name!r}: {key} repeat a look")
        if not _is_written_out(self.tau):
            raise ProfileError(f"profile {self.name!r}: tau is decimal text such as '0.6800'")

    def imageprint_contract(self) -> dict[str, list[Any]]:
        """The part of the manifest's ``profiles`` entry that imageprints depend on."""
        return {
            "layers": list(self.layers),
            "segments": list(self.segments),
            "looks": [look.as_list() for look in self.looks],
            "reference_looks": [look.as_list() for look in self.reference_looks],
        }


def _is_written_out(tau: str) -> bool:
    """Whether ``tau`` is one, with digits on both sides of its point (SPEC section 10)."""
    try:
        tau_ten_thousandths(tau)
    except ProfileError:
        return False
    return tau.find(".") > 0
