"""Attack images where there is no PyTorch to train a DCGAN: variants of the photos themselves.

An image shows the object of its photo, so it attacks the other objects only; the name of its file
tells the photo.
"""

from __future__ import annotations

import io
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image
from tqdm import tqdm

from ailock_sdk import AilockError
from lab.files import write_whole
from lab.photos.embeddings import InputView, view_pixels
from lab.photos.labelled_photos import LabelledPhotos
from lab.photos.synthetic import HALVES
from lab.synthetic.augmentations import VARIANTS, variants

SIDE_PIXELS = 224
JPEG_QUALITY = 90


def make_augmented(
    photos: LabelledPhotos, folder: Path, images: int, seed: int = 1, progress: bool = False
) -> Path:
    """Draw variants of the photos, none of them the photo as it is; ``folder`` becomes a photo set.

    The objects take turns: images of the first, third, ... are in DS1, those of the others in DS2.
    Photos that cannot be read have none. Files that are there already stay.

    Parameters
    ----------
    images : at most so many, half of them in each of DS1 and DS2
    seed : of which are drawn, and of their noise and zooms
    """
    turn = {name: number % len(HALVES) for number, name in enumerate(dict.fromkeys(photos.objects))}
    half_of_photo = np.array([turn[name] for name in photos.objects])
    wanted = np.zeros((len(photos), VARIANTS), dtype=np.bool_)
    rng = np.random.default_rng(seed)
    for half in range(len(HALVES)):
        there = np.argwhere((half_of_photo == half)[:, None] & (np.arange(VARIANTS) > 0))
        drawn = there[rng.permutation(len(there))[: images // 2]]
        wanted[drawn[:, 0], drawn[:, 1]] = True
    view = InputView(SIDE_PIXELS, SIDE_PIXELS, 1.0)
    chosen = np.flatnonzero(wanted.any(axis=1)).tolist()
    for number in tqdm(chosen, "variants", unit="photo", disable=None if progress else True):
        files = {
            variant: folder / HALVES[half_of_photo[number]] / f"{number:06}-{variant:02}.jpg"
            for variant in np.flatnonzero(wanted[number]).tolist()
        }
        if all(file.exists() for file in files.values()):
            continue
        try:
            square = view_pixels(photos.read(number), view)
        except AilockError:
            continue
        made = variants(square, (seed, number))
        for variant, file in files.items():
            stream = io.BytesIO()
            Image.fromarray(made[variant]).save(stream, "JPEG", quality=JPEG_QUALITY)
            write_whole(file, stream.getvalue())
    return folder


def photo_number(path: str) -> int:
    """The photo that an image was made of, by its path."""
    return int(PurePosixPath(path).stem.split("-")[0])
