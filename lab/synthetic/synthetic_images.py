"""The synthetic image dataset (ai.lock, section 6.1.2): photos -> variants -> DCGAN -> images.

``make_synthetic`` fills one folder:

- ``images/DS1/000000.png``, ``images/DS2/000001.png``, ...: a photo set, two equal halves;
- ``dcgan.pt``: the networks, to resume from; ``training.json``: settings, hashes and losses;
- ``samples.png``: training variants beside images, as the paper's Figure 3(b) shows them.

An interrupted run goes on where it stopped, and gives the same images as one that was not.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from ailock_sdk import AilockError
from lab.errors import PhotoSetError, SyntheticImagesError
from lab.files import write_whole
from lab.photos.embeddings import InputView, view_pixels
from lab.photos.labelled_photos import LabelledPhotos, name_of
from lab.photos.synthetic import HALVES
from lab.report import provenance
from lab.synthetic import augmentations

if TYPE_CHECKING:
    from lab.synthetic.dcgan import Dcgan

IMAGES_FOLDER, CHECKPOINT, RECORD, SAMPLES = "images", "dcgan.pt", "training.json", "samples.png"
GENERATED_AT_ONCE = 256
AUGMENTED_SIZE = 2
"""Photos are augmented at so many times the images' side, then reduced: turned edges stay clean."""
SAMPLE_GRID = 8
"""Pictures in a row and in a column of the sample grids."""


@dataclass(frozen=True)
class SyntheticSettings:
    """What the caller decides; the defaults suit a machine without a GPU, not the best images.

    500 photos make 10,000 variants, 156 steps an epoch; a step took 3 s on one core of a server at
    the default width. The paper's scale, 100 epochs at four times the width, wants a GPU.

    Attributes
    ----------
    images : generated in all, half of them in each of DS1 and DS2 (the paper: 200,000)
    epochs : passes over the variants (the paper: 100)
    variants : of each photo, 1 to 20 (the paper: 20)
    size : side in pixels, a power of two (the DCGAN paper: 64)
    width : channels next to the image (64 in the implementation that ai.lock used)
    batch : pictures in a step
    seed : of everything random
    """

    images: int = 20_000
    epochs: int = 10
    variants: int = augmentations.VARIANTS
    size: int = 64
    width: int = 16
    batch: int = 64
    seed: int = 1


def make_synthetic(
    photos: LabelledPhotos,
    out: Path,
    settings: SyntheticSettings,
    progress: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Train a DCGAN on the photos' variants and generate images with it.

    Parameters
    ----------
    photos : the reference photos; those that cannot be read are left out and counted
    out : folder of one run; it may hold what an interrupted run with these settings left
    progress : show bars on stderr, if that is a terminal
    stop : asked after every step of training; True interrupts it there

    Returns
    -------
    Path
        The photo set ``out / "images"``, for ``lab.photos.photo_sets.open_photo_set``.

    Raises
    ------
    SyntheticImagesError
        PyTorch is not installed, a setting is out of range, there are too few photos, or ``out``
        holds another run.
    """
    try:
        from lab.synthetic import dcgan, networks
    except ImportError as error:
        raise SyntheticImagesError(
            f"training a DCGAN needs PyTorch ({error}): pip install 'ailock-sdk[train]'"
        ) from None
    if settings.images < 2 or settings.images % 2:
        raise SyntheticImagesError("the number of images must be even: DS1 and DS2 are halves")
    try:
        shape = networks.DcganSettings(
            settings.size, settings.epochs, settings.width, settings.batch, settings.seed
        )
        folder = out / IMAGES_FOLDER
        _refuse_images_of_other_runs(folder, out / RECORD, photos, settings)
        pictures, left_out = training_pictures(photos, settings, progress)
        model = dcgan.Dcgan(shape, _digest(pictures))
        model.train(pictures, out / CHECKPOINT, progress, stop)
    except (ValueError, dcgan.CheckpointError) as error:
        raise SyntheticImagesError(str(error)) from None
    if model.step < len(pictures) // settings.batch * settings.epochs:  # interrupted by ``stop``
        return folder
    record = _record(photos, settings, model, left_out)
    write_whole(out / RECORD, json.dumps(record, indent=1) + "\n")
    _save_samples(out / SAMPLES, pictures, model, settings)
    _generate(folder, model, settings.images, progress)
    return folder


def training_pictures(
    photos: LabelledPhotos, settings: SyntheticSettings, progress: bool = False
) -> tuple[NDArray[np.uint8], int]:
    """Every variant of every photo's central square, and how many photos could not be read.

    Returns uint8 RGB (photos x variants, size, size, 3): 12 kB for each variant at 64 pixels.
    """
    side = settings.size * AUGMENTED_SIZE
    view = InputView(side, side, 1.0)
    found: list[NDArray[np.uint8]] = []
    left_out = 0
    for index in tqdm(
        range(len(photos)), "variants", unit="photo", disable=None if progress else True
    ):
        try:
            square = view_pixels(photos.read(index), view)
        except AilockError:
            left_out += 1
            continue
        for variant in augmentations.variants(square, (settings.seed, index), settings.variants):
            found.append(_reduced(variant, settings.size))
    if not found:
        raise PhotoSetError("none of the photos can be read")
    return np.stack(found), left_out


def _reduced(square: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(square).resize((side, side), Image.Resampling.BOX))


def _digest(pictures: NDArray[np.uint8]) -> str:
    return hashlib.sha256(np.ascontiguousarray(pictures).data).hexdigest()


def _generate(folder: Path, model: Dcgan, images: int, progress: bool) -> None:
    """Image i goes to DS1 if i is even, else to DS2; those that are there already stay."""
    for half in HALVES:
        (folder / half).mkdir(parents=True, exist_ok=True)
    bar = tqdm(total=images, desc="images", unit="image", disable=None if progress else True)
    with bar:
        for number, first in enumerate(range(0, images, GENERATED_AT_ONCE)):
            wanted = range(first, min(first + GENERATED_AT_ONCE, images))
            files = [folder / HALVES[index % 2] / f"{index:06}.png" for index in wanted]
            if not all(file.exists() for file in files):
                generated = model.generate(number, GENERATED_AT_ONCE)
                for file, image in zip(files, generated, strict=False):  # the last batch has fewer
                    write_whole(file, _png(image))
            bar.update(len(files))


def _record(
    photos: LabelledPhotos, settings: SyntheticSettings, model: Dcgan, left_out: int
) -> dict[str, Any]:
    import torch

    return {
        **_key(photos, settings),
        "photo_sets": [name_of(one) for one in photos.sets],
        "photos": len(photos) - left_out,
        "photos_left_out": left_out,
        "training_steps": model.step,
        "device": model.device.type,
        "torch": torch.__version__,
        "machine": provenance.machine(),
        "epochs": model.history,
    }


def _key(photos: LabelledPhotos, settings: SyntheticSettings) -> dict[str, Any]:
    """What the images depend on, and how many of them there are."""
    return {
        "settings": asdict(settings),
        "photo_sets_sha256": list(photos.sha256),
        "split": photos.split,
    }


def _refuse_images_of_other_runs(
    folder: Path, record: Path, photos: LabelledPhotos, settings: SyntheticSettings
) -> None:
    """Images of networks that were trained differently must not mix; more of one's own may come."""
    there = sum(1 for _ in folder.glob("*/*.png"))
    if not there:
        return
    wanted = _key(photos, settings)
    kept = json.loads(record.read_text("utf-8")) if record.exists() else {"settings": {}}
    kept["settings"]["images"] = settings.images
    if any(kept.get(name) != value for name, value in wanted.items()):
        raise SyntheticImagesError(
            f"{folder} holds images of other settings or photos: delete it or give another folder"
        )
    if there > settings.images:
        raise SyntheticImagesError(
            f"{folder} holds {there} images already, more than {settings.images}: ask for as many, "
            "delete it or give another folder"
        )


def _save_samples(
    path: Path, pictures: NDArray[np.uint8], model: Dcgan, settings: SyntheticSettings
) -> None:
    """Training variants on the left, images on the right, enlarged twice."""
    count = SAMPLE_GRID**2
    rng = np.random.default_rng(settings.seed)
    chosen = pictures[rng.choice(len(pictures), count, replace=len(pictures) < count)]
    generated = model.generate(0, GENERATED_AT_ONCE)[:count]
    gap = np.full((SAMPLE_GRID * settings.size, settings.size // 2, 3), 255, dtype=np.uint8)
    both = Image.fromarray(np.concatenate([_grid(chosen), gap, _grid(generated)], axis=1))
    enlarged = both.resize((both.width * 2, both.height * 2), Image.Resampling.NEAREST)
    write_whole(path, _png(np.asarray(enlarged)))


def _grid(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (n^2, S, S, 3) -> (n S, n S, 3)."""
    side = images.shape[1]
    rows = images.reshape(SAMPLE_GRID, SAMPLE_GRID, side, side, 3).transpose(0, 2, 1, 3, 4)
    return rows.reshape(SAMPLE_GRID * side, SAMPLE_GRID * side, 3)


def _png(image: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()
