"""Synthetic images made within the run: by a DCGAN where PyTorch is, else augmented photos."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path

from benchmarks.accuracy.paper.roles import REFERENCE, SYNTHETIC, RolePhotos, open_role
from lab.photos.synthetic import GENERATED, ImageKind
from lab.synthetic.augmentations import VARIANTS
from lab.synthetic.augmented_images import make_augmented, photo_number
from lab.synthetic.synthetic_images import SyntheticSettings, make_synthetic

PICTURES_MAX = 10_000
"""Variants that a DCGAN is trained on, at most: 120 MB."""
STEPS = 1_200
"""Steps of its training, about: a minute or two of one core, at this size."""
SIDE_PIXELS, BATCH = 32, 64

AUGMENTED = ImageKind(
    "Augmented photo attack",
    (
        "These are no generated images: PyTorch, which trains a DCGAN, is not installed (pip "
        "install 'ailock-sdk[train]'). They are reference photos turned, lit, blurred or enlarged, "
        "each an attack on the other objects: whole objects, where a DCGAN paints patches. The "
        "paper's values are of a DCGAN.",
    ),
    of_objects=True,
)


def with_images(
    photos: Mapping[str, RolePhotos], images: int, cache: Path, seed: int, progress: bool = False
) -> tuple[Mapping[str, RolePhotos], ImageKind]:
    """The photos, and images of the reference photos in the role ``synthetic``.

    Parameters
    ----------
    images : at most so many, half of them in each of DS1 and DS2
    cache : folder where they are kept for the next run
    seed : of everything random

    Raises
    ------
    SyntheticImagesError
        The DCGAN cannot be trained on these photos.
    """
    if find_spec("torch") is None:
        folder = cache / f"augmented-{_key(photos[REFERENCE], images, seed)}"
        make_augmented(photos[REFERENCE], folder, images, seed, progress)
        made = open_role(SYNTHETIC, [folder], photos, progress)
        objects = tuple(photos[REFERENCE].objects[photo_number(path)] for path in made.paths)
        return {**photos, SYNTHETIC: replace(made, objects=objects)}, AUGMENTED
    settings = dcgan_settings(len(photos[REFERENCE]), images, seed)
    folder = cache / f"dcgan-{_key(photos[REFERENCE], asdict(settings))}"
    made = open_role(
        SYNTHETIC,
        [make_synthetic(photos[REFERENCE], folder, settings, progress)],
        photos,
        progress,
    )
    note = (
        f"Images of a DCGAN trained within this run on {settings.variants} variants of each "
        f"reference photo, {settings.epochs} epochs, {settings.size} pixels, width "
        f"{settings.width} (the paper: 20, 100, 64 and 64): patches more than objects. "
        "benchmarks.attacks synthetic-images trains longer, for --synthetic."
    )
    return {**photos, SYNTHETIC: made}, replace(GENERATED, notes=(note,))


def dcgan_settings(photos: int, images: int, seed: int) -> SyntheticSettings:
    """A small DCGAN, whose training takes minutes whatever the number of photos."""
    variants = max(1, min(VARIANTS, PICTURES_MAX // photos))
    pictures = variants * photos
    batch = min(BATCH, pictures)
    epochs = max(1, round(STEPS / (pictures // batch)))
    return SyntheticSettings(images, epochs, variants, SIDE_PIXELS, batch=batch, seed=seed)


def _key(photos: RolePhotos, *settings: object) -> str:
    key = json.dumps([photos.photo_sha256, settings])
    return hashlib.sha256(key.encode()).hexdigest()[:16]
