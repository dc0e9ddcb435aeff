"""Random views of a photo, as a hand-held camera would take them: geometry, light, background.

Source of the recipe: the distortions that same-object photos show (rotation, quarter turns, zoom,
perspective, exposure, colour cast, blur), drawn as one affine + perspective resampling a view.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_LUMA = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
_KEY_LOW, _KEY_HIGH = 0.06, 0.16
"""Distance from the background's colour (RGB in [0, 1]) where a cut-out begins and is solid."""
_ZOOM = 0.9, 1.6
"""Side of the view, in sides of a cut-out, when it is put before another background."""


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random views; a share is a probability."""

    rotation_sigma: float
    """Degrees."""
    quarter_turn_share: float
    scale: tuple[float, float]
    """Side of the part in view, in sides of the photo."""
    aspect: tuple[float, float]
    shift: float
    """How far the part in view may lie from the centre, in what its size leaves free."""
    perspective: float
    """Change of scale from one side of the view to its middle."""
    brightness: float
    """This and the next three: bound of the logarithm of a gain."""
    contrast: float
    saturation: float
    cast: float
    blur_share: float
    noise: float
    """Largest deviation of the noise, with pixels in [0, 1]."""
    background_share: float
    """Cut-outs that are put before another background."""


def uniform(count: int, low: float, high: float, rng: torch.Generator) -> Tensor:
    """(count,) uniform in [low, high]."""
    return low + (high - low) * torch.rand(count, generator=rng)


def homographies(count: int, recipe: Augmentation, rng: torch.Generator) -> Tensor:
    """(count, 3, 3): view coordinates in [-1, 1] to photo coordinates in [-1, 1]."""
    angle = torch.randn(count, generator=rng) * math.radians(recipe.rotation_sigma)
    turned = torch.rand(count, generator=rng) < recipe.quarter_turn_share
    turns = torch.randint(1, 4, (count,), generator=rng)
    angle = angle + turned * turns * (math.pi / 2)
    scale = uniform(count, *recipe.scale, rng)
    stretch = uniform(count, math.log(recipe.aspect[0]), math.log(recipe.aspect[1]), rng).div(2)
    across, down = scale * stretch.exp(), scale * (-stretch).exp()
    # The smaller the part in view, the further it may lie from the centre.
    room = recipe.shift * (1 - scale).clamp(min=0.05)
    matrix = torch.zeros(count, 3, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = across * angle.cos(), -down * angle.sin()
    matrix[:, 1, 0], matrix[:, 1, 1] = across * angle.sin(), down * angle.cos()
    matrix[:, 0, 2] = room * uniform(count, -1, 1, rng)
    matrix[:, 1, 2] = room * uniform(count, -1, 1, rng)
    matrix[:, 2, :2] = uniform(2 * count, -1, 1, rng).view(count, 2) * recipe.perspective
    matrix[:, 2, 2] = 1
    return matrix


def warp(photos: Tensor, matrix: Tensor, size: int, fill: str) -> Tensor:
    """Resample (N, C, S, S) by (N, 3, 3) to (N, C, size, size); ``fill`` is the padding mode."""
    axis = (torch.arange(size) + 0.5) * (2 / size) - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    points = torch.stack([x, y, torch.ones_like(x)], dim=-1).view(1, -1, 3)
    mapped = points @ matrix.transpose(1, 2)
    grid = (mapped[..., :2] / mapped[..., 2:]).view(-1, size, size, 2)
    return functional.grid_sample(photos, grid, padding_mode=fill, align_corners=False)


def cut_out(photos: Tensor) -> Tensor:
    """Soft mask (N, 1, S, S) of what differs from the border's median colour, in [0, 1].

    ``photos`` are (N, 3, S, S) in [0, 1] with one object before a plain background.
    """
    border = torch.cat(
        [photos[:, :, 0], photos[:, :, -1], photos[:, :, :, 0], photos[:, :, :, -1]], dim=2
    )
    colour = border.median(dim=2).values[:, :, None, None]
    distance = (photos - colour).abs().amax(dim=1, keepdim=True)
    mask = ((distance - _KEY_LOW) / (_KEY_HIGH - _KEY_LOW)).clamp(0, 1)
    # Closing fills glints and holes inside the object.
    grown = functional.max_pool2d(mask, 17, 1, 8)
    return functional.avg_pool2d(-functional.max_pool2d(-grown, 17, 1, 8), 3, 1, 1)


def relight(views: Tensor, recipe: Augmentation, rng: torch.Generator) -> Tensor:
    """Change brightness, contrast, saturation, cast, focus and noise of (N, 3, S, S) in [0, 1]."""
    count = len(views)

    def gain(amount: float, channels: int = 1) -> Tensor:
        return uniform(count * channels, -amount, amount, rng).exp().view(count, channels, 1, 1)

    grey = (views * _LUMA).sum(dim=1, keepdim=True)
    views = grey + (views - grey) * gain(recipe.saturation)
    mean = grey.mean(dim=(2, 3), keepdim=True)
    views = (views - mean) * gain(recipe.contrast) + mean
    views = views * gain(recipe.brightness) * gain(recipe.cast, 3)
    blurred = torch.rand(count, generator=rng) < recipe.blur_share
    if blurred.any():
        views[blurred] = functional.avg_pool2d(views[blurred], 5, 1, 2, count_include_pad=False)
    strength = uniform(count, 0, recipe.noise, rng).view(count, 1, 1, 1)
    return (views + strength * torch.randn(views.shape, generator=rng)).clamp(0, 1)


def augment(
    photos: Tensor,
    cut_outs: Tensor,
    backgrounds: Tensor,
    size: int,
    recipe: Augmentation,
    rng: torch.Generator,
) -> Tensor:
    """One random view of each photo.

    ``photos`` (N, S, S, 3) uint8; ``cut_outs`` (N,) bool marks objects before a plain background,
    of which ``background_share`` are put, smaller, before the ``backgrounds`` (N, S, S, 3) uint8.
    Returns (N, 3, size, size) float32, RGB in [-1, 1], channels last in memory.
    """
    replaced = cut_outs & (torch.rand(len(photos), generator=rng) < recipe.background_share)
    source = _unit(photos)
    matrix = homographies(len(photos), recipe, rng)
    views = warp(source, matrix, size, "reflection")
    if replaced.any():
        views[replaced] = _composite(
            source[replaced], _unit(backgrounds[replaced]), matrix[replaced], size, recipe, rng
        )
    views = relight(views, recipe, rng) * 2 - 1
    return views.contiguous(memory_format=torch.channels_last)


def _unit(photos: Tensor) -> Tensor:
    """(N, S, S, 3) uint8 -> (N, 3, S, S) float32 in [0, 1]."""
    return photos.permute(0, 3, 1, 2).float() / 255


def _composite(
    objects: Tensor,
    backgrounds: Tensor,
    matrix: Tensor,
    size: int,
    recipe: Augmentation,
    rng: torch.Generator,
) -> Tensor:
    """Each object, cut out, before a background seen from elsewhere."""
    zoom = uniform(len(objects), *_ZOOM, rng) / uniform(len(objects), *recipe.scale, rng)
    smaller = matrix * torch.stack([zoom, zoom, torch.ones_like(zoom)], dim=1)[:, :, None]
    layer = warp(torch.cat([objects, cut_out(objects)], dim=1), smaller, size, "zeros")
    behind = warp(backgrounds, homographies(len(objects), recipe, rng), size, "reflection")
    opacity = layer[:, 3:]
    return layer[:, :3] * opacity + behind * (1 - opacity)
