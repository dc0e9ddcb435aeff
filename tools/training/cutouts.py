"""Objects that can be put before any background: photos with a mask, and flat pictures."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from lab.photos.embeddings import InputView, view_pixels
from lab.photos.photo_sets import PhotoSet, open_photo_set
from tools.training.augmentation import KEY_HIGH, KEY_LOW, close_mask
from tools.training.photos import CARD_SHAPE

KEY, MASK, CARD = "key", "mask", "card"
"""Where an object's outline comes from: the plain background of its photo, a mask beside it
(``NAME-mask.png``), or the photo's own edge, as of a flat picture."""
MASK_SUFFIX = "-mask.png"
_SMALLEST, _LARGEST = 0.03, 0.9
"""Share of the photo that a mask covers, unless the outline was not found."""
_HALF_SEEN, _AT_BORDER = 0.35, 0.25
"""Share of a mask that may be half transparent, and of the photo's border that it may cover: a
shaded background makes a keyed mask worse than these."""
_BATCH = 32
_RIM = 6
"""Pixels of a photo's border that show its ground."""
_FITS = 3


@dataclass(frozen=True)
class ObjectSource:
    """One photo set of objects that scenes are made of."""

    file: str
    outline: str
    weight: float
    """Share of the grids, relative to the other sources."""
    split: bool = False
    """Objects are shared with the watched sets: take the training half by object name."""
    limit: int = 0
    """Photos at most, drawn by the seed; 0 is all."""


@dataclass(frozen=True)
class CutOuts:
    """The objects of one source, (N, ...) a photo.

    Attributes
    ----------
    pixels : uint8 (N, S, S, 3)
    masks : uint8 (N, S, S), 255 inside the object; empty (0, S, S) for flat pictures
    objects : int (N,), from 0, alike for the same object
    boxes : float32 (N, 4), centre x and y, half width and half height, photo from -1 to 1;
        of a flat picture the half sides say how it is stretched
    """

    pixels: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    objects: NDArray[np.int_]
    boxes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pixels)


def read_cut_outs(source: ObjectSource, directory: Path, size: int, seed: int) -> CutOuts:
    """All objects of a source whose outline is found, at ``size`` pixels a side."""
    photos = open_photo_set(directory / source.file)
    photos = photos.half(training=True) if source.split else photos
    photos = photos.sample(source.limit or len(photos), seed)
    view = InputView(size, size, crop=1.0)
    pixels = np.stack([view_pixels(data, view) for _, _, data in photos])
    _, objects = np.unique(photos.objects, return_inverse=True)
    if source.outline == CARD:
        shape = np.random.default_rng([seed, len(pixels)]).uniform(*CARD_SHAPE, len(pixels))
        half = np.exp(shape / 2)
        boxes = np.stack([0 * half, 0 * half, half, 1 / half], axis=1).astype(np.float32)
        return CutOuts(pixels, np.zeros((0, size, size), np.uint8), objects, boxes)
    masks = _keyed(pixels) if source.outline == KEY else _beside(photos, view)
    found = np.flatnonzero(_is_outline(masks))
    boxes = np.stack([_box(masks[index]) for index in found])
    _, objects = np.unique(objects[found], return_inverse=True)
    return CutOuts(pixels[found], masks[found], objects, boxes)


def _keyed(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Masks (N, S, S) of what differs from the border's colour, which may be shaded."""
    batches = torch.from_numpy(pixels).split(_BATCH)
    masks = [_key(batch.permute(0, 3, 1, 2).float() / 255) for batch in batches]
    return torch.cat(masks).mul(255).round().byte().numpy()


def _key(photos: Tensor) -> Tensor:
    """Soft masks (N, S, S) of photos (N, 3, S, S) in [0, 1] before an even or shaded ground.

    The ground is a quadratic surface through the border in each channel, fitted twice: the second
    time without what the object covers of the border.
    """
    axis = torch.linspace(-1, 1, photos.shape[-1])
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    terms = torch.stack([torch.ones_like(x), x, y, x * y, x * x, y * y], dim=-1)
    border = torch.zeros_like(x, dtype=torch.bool)
    border[:_RIM], border[-_RIM:], border[:, :_RIM], border[:, -_RIM:] = (True,) * 4
    at_border, seen = terms[border], photos.permute(0, 2, 3, 1)[:, border]
    weight = torch.ones_like(seen[..., :1])
    for _ in range(_FITS):
        weighted = (at_border * weight).transpose(1, 2)
        gram = weighted @ at_border + 1e-3 * torch.eye(terms.shape[-1])
        surface = torch.linalg.solve(gram, weighted @ seen)
        off = (seen - at_border @ surface).abs().amax(dim=2, keepdim=True)
        weight = (off < off.median(dim=1, keepdim=True).values.mul(2).clamp(min=0.02)).float()
    ground = (terms.flatten(0, 1) @ surface).unflatten(1, x.shape).permute(0, 3, 1, 2)
    distance = (photos - ground).abs().amax(dim=1, keepdim=True)
    mask = ((distance - KEY_LOW) / (KEY_HIGH - KEY_LOW)).clamp(0, 1)
    return close_mask(mask)[:, 0]


def _beside(photos: PhotoSet, view: InputView) -> NDArray[np.uint8]:
    """Masks that lie beside the photos, seen as the photos are."""
    masks = []
    with zipfile.ZipFile(photos.source) as archive:
        for entry in photos.entries:
            stored = archive.read(str(Path(entry.path).with_suffix("")) + MASK_SUFFIX)
            opaque = io.BytesIO()
            Image.open(io.BytesIO(stored)).convert("RGB").save(opaque, "PNG")
            masks.append(view_pixels(opaque.getvalue(), view)[..., 0])
    stacked = np.stack(masks)
    # Masks may be 0 and 1, or 0 and 255.
    return np.where(stacked > stacked.max() / 2, 255, 0).astype(np.uint8)


def _is_outline(masks: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of the masks (N, S, S) are those of one opaque object in the photo, (N,)."""
    covered = (masks > 127).mean(axis=(1, 2))
    some = (masks > 12).mean(axis=(1, 2))
    half_seen = ((masks > 12) & (masks < 230)).mean(axis=(1, 2)) / np.maximum(some, 1e-6)
    border = np.concatenate([masks[:, [0, -1]], masks[:, :, [0, -1]].swapaxes(1, 2)], axis=1)
    at_border = (border > 127).mean(axis=(1, 2))
    sized = (covered > _SMALLEST) & (covered < _LARGEST)
    return np.asarray(sized & (half_seen < _HALF_SEEN) & (at_border < _AT_BORDER))


def _box(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Centre and half sides of what a mask covers, the photo going from -1 to 1."""
    ends = []
    for axis in (0, 1):
        inside = np.flatnonzero((mask > 127).any(axis=axis))
        ends.append((inside[0], inside[-1] + 1))
    low, high = np.array(ends, np.float32).T * (2 / len(mask)) - 1
    return np.concatenate([(low + high) / 2, (high - low) / 2]).astype(np.float32)
