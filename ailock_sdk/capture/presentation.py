"""Does the photo show a screen or a print rather than a thing? A first detector, advisory only.

A picture of pixels is sampled twice, by the display and by the camera. What that leaves is small,
and drowned by differences between cameras in most statistics. Two survive a change of camera best:
how much of the fine detail is diagonal, and whether detail of light and colour, and of
neighbouring scales, lies in the same places, as it does where things have edges. Both are ratios,
so that contrast, light and focus matter less. A logistic regression weighs them.

Nothing in the SDK calls it: its rates on cameras that it was not trained on
(docs/numbers/evaluation.md) are not good enough to refuse anybody by it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ailock_sdk.capture.decode import decode_photo
from ailock_sdk.capture.photo import Photo
from ailock_sdk.capture.segments import Box
from ailock_sdk.capture.source import PhotoSource

Floats: TypeAlias = npt.NDArray[np.float64]
Planes: TypeAlias = npt.NDArray[np.float32]

LONG_SIDE_PIXELS = 768
"""Larger photos are reduced to it; nothing is enlarged, which would look like a screen's blur."""
MIDDLE_PIXELS = 448
"""The middle of that is judged, at most so wide and high."""
MIN_SIDE_PIXELS = 128
LEVELS = 5
"""Scales, each half the one before."""
SHAPED_LEVELS = 4
"""The direction of detail is judged at so many."""
FEATURES = 43
PRESENTATION_WEIGHTS = Path(__file__).with_name("presentation.json")
PRESENTATION_FORMAT = "ailock-presentation/1"

_YCC = np.array([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]], np.float32)
"""ITU-R BT.601: light, blue against it, red against it."""
_STEP_FLOOR = 0.05
_ENERGY_FLOOR = 0.02
"""Below these, in grey levels and their squares, there is rounding only."""
_ARRAYS = ("centre", "scale", "weights")
_CLIP = 4.0
"""Standard deviations; beyond, a photo is unlike all of training and counts no further."""


@dataclass(frozen=True, eq=False)
class PresentationDetector:
    """Weights of the features, float64 (F,) each, as ``tools.train_presentation`` finds them.

    Attributes
    ----------
    centre, scale : ndarray
        Of the features in training.
    weights : ndarray
    bias : float
    threshold : float
        A score above it is taken for a screen or print: one in ten real photos of training is.
    """

    centre: Floats
    scale: Floats
    weights: Floats
    bias: float
    threshold: float

    def score(self, photo: Photo) -> float:
        """How much ``photo`` looks like a screen or print, in log-odds; above 0: more so than not.

        Raises
        ------
        ValueError
            A side is below 128 pixels.
        """
        return float(self.scores(presentation_features(photo)[None])[0])

    def scores(self, features: Floats) -> Floats:
        """Of features (N, F); float64 (N,)."""
        return np.asarray(self.standardised(features) @ self.weights + self.bias)

    def standardised(self, features: Floats) -> Floats:
        """Features (N, F) as the weights expect them; float64 (N, F)."""
        return ((features - self.centre) / self.scale).clip(-_CLIP, _CLIP)


@cache
def presentation_detector() -> PresentationDetector:
    """The detector that the package carries."""
    document = json.loads(PRESENTATION_WEIGHTS.read_text("utf-8"))
    if document["format"] != PRESENTATION_FORMAT:
        raise ValueError(
            f"{PRESENTATION_WEIGHTS} is {document['format']}, not {PRESENTATION_FORMAT}: "
            "install the package again"
        )
    centre, scale, weights = (np.array(document[n], np.float64) for n in _ARRAYS)
    return PresentationDetector(centre, scale, weights, document["bias"], document["threshold"])


def presentation_photo(source: PhotoSource) -> Photo:
    """``source`` decoded as large as :func:`presentation_features` needs it."""
    return decode_photo(source, LONG_SIDE_PIXELS)


def presentation_features(photo: Photo) -> Floats:
    """What the detector weighs, float64 (43,).

    Light and two colour differences are taken apart by Haar wavelets, five scales, three directions
    (Mallat, "A Theory for Multiresolution Signal Decomposition", PAMI 1989).

    Parameters
    ----------
    photo : Photo
        As :func:`presentation_photo` decodes it; a smaller one has lost what is looked for.

    Raises
    ------
    ValueError
        A side is below 128 pixels.
    """
    width, height = photo.decoded_width, photo.decoded_height
    if min(width, height) < MIN_SIDE_PIXELS:
        raise ValueError(f"the photo's sides must have at least {MIN_SIDE_PIXELS} pixels")
    step = max(1.0, max(width, height) / LONG_SIDE_PIXELS)
    across, down = (min(int(side / step), MIDDLE_PIXELS) for side in (width, height))
    left, top = (width - across * step) / 2, (height - down * step) / 2
    if step == 1:
        left, top = int(left), int(top)
    box = Box(left, top, left + across * step, top + down * step)
    middle = np.asarray(photo.resample(box, down, across, "bicubic"), np.float32)
    return _features(np.ascontiguousarray(np.moveaxis(middle @ _YCC.T, 2, 0)))


def _features(planes: Planes) -> Floats:
    leaning, diagonal, together = [], [], []
    finer: Planes | None = None
    for level in range(LEVELS):
        planes, details = _halved(planes)
        sizes = np.abs(details)  # (3 directions, 3 planes, H, W)
        if level < SHAPED_LEVELS:
            across, down, crossed = np.log(sizes.mean(axis=(2, 3)) + _STEP_FLOOR)
            leaning.append(across[0] - down[0])
            diagonal += list(crossed - (across + down) / 2)
        light, blue, red = here = sizes.sum(axis=0)
        together += [_coherence(light, blue), _coherence(light, red), _coherence(blue, red)]
        if finer is not None:
            below = _quarters(finer).sum(axis=0)
            together += [_coherence(a, b) for a, b in zip(below, here, strict=True)]
        finer = here
    return np.array([*leaning, *diagonal, *together], np.float64)


def _quarters(planes: Planes) -> Planes:
    """The four pixels of each square of 2 x 2, (4, C, H // 2, W // 2)."""
    height, width = planes.shape[1] // 2 * 2, planes.shape[2] // 2 * 2
    even = planes[:, :height, :width]
    corners = (even[:, ::2, ::2], even[:, ::2, 1::2], even[:, 1::2, ::2], even[:, 1::2, 1::2])
    return np.stack(corners)


def _halved(planes: Planes) -> tuple[Planes, Planes]:
    """Planes at half the size, and the detail that is lost: across, down, diagonal."""
    a, b, c, d = _quarters(planes)
    left, right, upper, lower = a + c, b + d, a - c, b - d
    details = np.stack((left - right, upper + lower, upper - lower)) / np.float32(4)
    return (left + right) / np.float32(4), details


def _coherence(one: Planes, other: Planes) -> float:
    """Correlation of two maps of detail (H, W), drawn to 0 where there is none."""
    one, other = one - one.mean(), other - other.mean()
    energies = [np.vdot(x, x) / x.size + _ENERGY_FLOOR for x in (one, other)]
    return float(np.vdot(one, other) / one.size / np.sqrt(energies[0] * energies[1]))
