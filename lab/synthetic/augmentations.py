"""Twenty variants of a photo, as ai.lock enlarged its photos before training a DCGAN.

The authors' script (adapted from Sean Huver's; ``augment.py`` of casprlab/ai.lock) keeps a photo
and turns it four times: five pictures. Of each it also makes a brighter one, one of less colour
and one of less contrast: 5 x 4 = 20. Two of its turns, by 180 and by -180 degrees, are the same, so
four of its twenty are copies. The paper (section 6.1.2) speaks of "rotation, enhancement, and
zoom", and the script also holds a blur and noise that it does not call. Here blur, noise and two
zooms take the copies' places; the other sixteen are the script's.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

Picture = Image.Image
Augmentation = Callable[[Picture, np.random.Generator], Picture]

BRIGHTNESS, COLOUR, CONTRAST = 1.5, 0.8, 0.8
"""The script's factors: 1 leaves a photo as it is."""
NOISE_LEVELS = (1, 100)
"""The script's noise: added to every value, from the first up to but without the second, of 255."""
ZOOM = (1.1, 1.5)
"""Bounds of the zoom (the paper gives none): the photo's side over that of the part in view."""
TURNS_DEGREES = (0, 180, 90, 270)


def blur(photo: Picture, _: np.random.Generator) -> Picture:
    """Pillow's fixed 5 x 5 blur."""
    return photo.filter(ImageFilter.BLUR)


def brightness(photo: Picture, _: np.random.Generator) -> Picture:
    """Brighter by half."""
    return ImageEnhance.Brightness(photo).enhance(BRIGHTNESS)


def colour(photo: Picture, _: np.random.Generator) -> Picture:
    """A fifth less saturated."""
    return ImageEnhance.Color(photo).enhance(COLOUR)


def contrast(photo: Picture, _: np.random.Generator) -> Picture:
    """A fifth nearer to the mean grey."""
    return ImageEnhance.Contrast(photo).enhance(CONTRAST)


def noise(photo: Picture, rng: np.random.Generator) -> Picture:
    """Uniform noise on every value; it only adds, as the script's does, and is cut off at 255."""
    pixels = np.asarray(photo, dtype=np.int64)
    noisy = pixels + rng.integers(*NOISE_LEVELS, pixels.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def zoom(photo: Picture, rng: np.random.Generator) -> Picture:
    """The middle of the photo, enlarged to the whole by a factor drawn from ``ZOOM``."""
    width, height = photo.size
    share = 1 / rng.uniform(*ZOOM)
    left, top = (1 - share) / 2 * width, (1 - share) / 2 * height
    box = (left, top, width - left, height - top)
    return photo.resize(photo.size, Image.Resampling.BILINEAR, box=box)


def _turned(degrees: int, enhance: Augmentation | None) -> Augmentation:
    def augmentation(photo: Picture, rng: np.random.Generator) -> Picture:
        turned = photo.rotate(degrees)
        return turned if enhance is None else enhance(turned, rng)

    return augmentation


AUGMENTATIONS: tuple[Augmentation, ...] = (
    *(_turned(*pair) for pair in product(TURNS_DEGREES, (None, brightness, colour, contrast))),
    *(blur, noise, zoom, zoom),
)
"""One for each variant; the first leaves the photo as it is."""
VARIANTS = len(AUGMENTATIONS)


def variants(
    photo: NDArray[np.uint8], seed: int | tuple[int, ...], count: int = VARIANTS
) -> list[NDArray[np.uint8]]:
    """The first ``count`` variants of a square photo, the photo itself first.

    A pure function: the same photo and seed give the same variants, and a variant does not depend
    on how many others are asked for.

    Parameters
    ----------
    photo : uint8 RGB (S, S, 3)
    seed : of the noise and the zooms
    count : 1 to 20

    Raises
    ------
    ValueError
        The photo is not square RGB (a turn would change its shape), or ``count`` is out of range.
    """
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.shape[0] != photo.shape[1]:
        raise ValueError(f"a square RGB photo is needed, this one is {photo.shape}")
    if not 1 <= count <= VARIANTS:
        raise ValueError(f"a photo has 1 to {VARIANTS} variants, {count} were asked for")
    picture = Image.fromarray(photo)
    key = seed if isinstance(seed, tuple) else (seed,)
    return [
        np.asarray(augment(picture, np.random.default_rng((*key, number))))
        for number, augment in enumerate(AUGMENTATIONS[:count])
    ]
