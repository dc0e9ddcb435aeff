"""Profiles: the frozen parameters that turn an embedding into a lock.

A profile is read from a bundle's manifest (SPEC section 10); nothing here names a network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ailock_sdk.errors import ProfileError

DEFAULT_PROFILE = "default"
_NAME = re.compile(r"[a-z0-9_-]{1,32}\Z", re.ASCII)
_TAU = re.compile(r"0\.[0-9]{1,4}\Z|1\.0{1,4}\Z", re.ASCII)


@dataclass(frozen=True)
class Profile:
    """How one bundle's embeddings become bits, and how many wrong bits are forgiven.

    Attributes
    ----------
    name : ``[a-z0-9_-]``, 1 to 32 characters
    layers, segments : the imageprint concatenates layers, then segments, in this order
        (one of each is the paper's SLSS; several layers MLSS; five segments SLMS, MLMS)
    tau : the paper's error tolerance threshold, as decimal text, e.g. ``"0.6800"``
    code : (order m, blocks n, message symbols k) of SPEC section 5
    overcomplete : some layer has more bits than dimensions, or Gaussian hyperplanes: a stored
        record then gives the embedding away (docs/threat-model.md)
    calibration : what was measured when tau was chosen
    """

    name: str
    layers: tuple[str, ...]
    segments: tuple[str, ...]
    tau: str
    code: tuple[int, int, int]
    overcomplete: bool = False
    calibration: Mapping[str, float | str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ProfileError(f"profile name {self.name!r} is not 1 to 32 of a-z, 0-9, _ and -")
        if not self.layers or not self.segments:
            raise ProfileError(f"profile {self.name!r} needs at least one layer and one segment")
        if not _TAU.match(self.tau):
            raise ProfileError(f"profile {self.name!r}: tau is decimal text such as '0.6800'")
