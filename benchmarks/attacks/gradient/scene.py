"""What an attack by changed photos has to do with: the lock, its copy, photos, and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ailock_sdk import AiLock, ImagePrint
from ailock_sdk.capture import WHOLE_SIZE_PIXELS, decode_photo, segment_boxes
from ailock_sdk.errors import PhotoQualityError
from benchmarks.attacks.gradient.likeness import Distortion, Picture, distortion
from benchmarks.attacks.gradient.recapture import as_picture, as_tensor, encoded, recaptured
from lab.differentiable.pipeline import differentiable

PNG, JPEG, RECAPTURE = SURVIVES = "png", "jpeg", "recapture"
RECAPTURES = 8
"""Of each picture that is judged."""


@dataclass(frozen=True)
class Verdict:
    """Differing bits from what the attack was to come near to, or to leave.

    Attributes
    ----------
    png, jpeg : of the saved file
    recaptured : of each simulated print and re-capture, as JPEG
    more_looks : of the PNG file, looked at as often as a reference photo
    gate : why the quality gate refuses the picture, or ""
    changed : what was done to the photo
    """

    png: int
    jpeg: int
    recaptured: tuple[int, ...]
    more_looks: int
    gate: str
    changed: Distortion


@dataclass(frozen=True)
class Pair:
    """Numbers of the photo that is changed and of the one that it is to collide with."""

    source: int
    target: int


class Scene:
    """A lock that is attacked, and the attacker's copy of it.

    ``more_looks``: the lock looks at a probe as often as at a reference, and the attacker knows.
    """

    def __init__(self, lock: AiLock, seed: int = 1, more_looks: bool = False) -> None:
        self.lock, self._seed, self._more_looks = lock, seed, more_looks
        self.copy: nn.Module = differentiable(lock.bundle, lock.profile, reference=more_looks)

    @cached_property
    def side(self) -> int:
        """Side in pixels of the square pictures: no look at one is enlarged."""
        contract = self.lock.bundle.input
        nearest = min(look.fraction for look in self.lock.profile.looks)
        return ceil(max(contract.height, contract.width) / nearest)

    def square(self, photo: bytes) -> Picture:
        """What the lock looks at in a photo, (side, side, 3)."""
        contract, side = self.lock.bundle.input, self.side
        decoded = decode_photo(photo, WHOLE_SIZE_PIXELS if contract.decode == "full" else side)
        size = decoded.decoded_width, decoded.decoded_height
        (box,) = segment_boxes(*size, 1.0, ["whole"], contract.fit == "stretch")
        return np.array(decoded.resample(box, side, side, contract.filter))

    def print_of(self, picture: Picture | bytes) -> ImagePrint:
        """Through the real pipeline."""
        return self.lock.imageprint(picture, reference=self._more_looks)

    def bits_apart(self, picture: Picture | bytes, target: ImagePrint) -> int:
        """Differing bits by the real pipeline."""
        return self.print_of(picture) - target

    def recaptures(self, picture: Picture, number: int) -> list[bytes]:
        """JPEG files of a picture printed and photographed again; the same for the same number."""
        rng = np.random.default_rng([self._seed, number])
        tensor = as_tensor(picture)
        with torch.no_grad():
            return [encoded(as_picture(recaptured(tensor, rng)), "JPEG") for _ in range(RECAPTURES)]

    def judge(self, picture: Picture, before: Picture, target: ImagePrint, number: int) -> Verdict:
        """What the real pipeline says of a changed picture, however it comes."""
        seen = self.recaptures(picture, number)
        return Verdict(
            self.bits_apart(encoded(picture, "PNG"), target),
            self.bits_apart(encoded(picture, "JPEG"), target),
            tuple(self.bits_apart(one, target) for one in seen),
            self.lock.imageprint(picture, reference=True) - target,
            self.gate(encoded(picture, "PNG")),
            distortion(before, picture),
        )

    def gate(self, photo: bytes) -> str:
        """Why the quality gate refuses a photo, or ""."""
        gate, self.lock.check_quality = self.lock.check_quality, True
        try:
            self.print_of(photo)
        except PhotoQualityError as refusal:
            return ",".join(issue.value for issue in refusal.issues)
        finally:
            self.lock.check_quality = gate
        return ""


def distances(margins: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.int64]:
    """Differing bits between rows of margins, (N, M)."""
    a, b = (np.where(m >= 0, 1.0, -1.0) for m in (margins, others))
    return np.rint((a.shape[1] - a @ b.T) / 2).astype(np.int64)


def share(values: Sequence[int], most: int) -> float:
    """How many of some distances are at most ``most`` bits."""
    return float(np.mean(np.asarray(values) <= most))
