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
KEY_LOW, KEY_HIGH = 0.06, 0.16
"""Distance from the background's colour (RGB in [0, 1]) where a cut-out begins and is solid."""
_ZOOM = 0.9, 1.6
"""Side of the view, in sides of a cut-out, when it is put before another background."""
_CARD_SIDE = 0.45, 1.0
"""Side of a card, in sides of the view."""
_CARD_SHIFT = 0.3
"""How far a card may lie from the view's centre, in half sides of the view."""


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
    grey_share: float
    """Views without colour."""
    blur_share: float
    noise: float
    """Largest deviation of the noise, with pixels in [0, 1]."""
    background_share: float
    """Cut-outs that are put before another background."""
    card_share: float
    """Photos that become a flat picture, such as a book's cover, lying at any angle on another."""


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


def card_homographies(aspects: Tensor, recipe: Augmentation, rng: torch.Generator) -> Tensor:
    """(N, 3, 3): view to photo coordinates, for pictures ``aspects`` times as wide as high."""
    count = len(aspects)
    angle = uniform(count, -math.pi, math.pi, rng)
    side = uniform(count, *_CARD_SIDE, rng)
    across, down = 1 / (side * aspects.sqrt()), aspects.sqrt() / side
    matrix = torch.zeros(count, 3, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = across * angle.cos(), -across * angle.sin()
    matrix[:, 1, 0], matrix[:, 1, 1] = down * angle.sin(), down * angle.cos()
    centre = uniform(2 * count, -_CARD_SHIFT, _CARD_SHIFT, rng).view(count, 2, 1)
    matrix[:, :2, 2:] = -matrix[:, :2, :2] @ centre
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
    return close_mask(((distance - KEY_LOW) / (KEY_HIGH - KEY_LOW)).clamp(0, 1))


def close_mask(mask: Tensor) -> Tensor:
    """Fill glints and holes inside the object of each (N, 1, S, S) mask."""
    return functional.avg_pool2d(-_grown(-_grown(mask)), 3, 1, 1)


def _grown(mask: Tensor) -> Tensor:
    """The largest value within 8 pixels, by rows and then by columns, which is much faster."""
    rows = functional.max_pool2d(mask, (17, 1), 1, (8, 0))
    return functional.max_pool2d(rows, (1, 17), 1, (0, 8))


def relight(views: Tensor, recipe: Augmentation, rng: torch.Generator) -> Tensor:
    """Change brightness, contrast, saturation, cast, focus and noise of (N, 3, S, S) in [0, 1]."""
    count = len(views)

    def gain(amount: float, channels: int = 1) -> Tensor:
        return uniform(count * channels, -amount, amount, rng).exp().view(count, channels, 1, 1)

    grey = (views * _LUMA).sum(dim=1, keepdim=True)
    coloured = (torch.rand(count, generator=rng) >= recipe.grey_share).view(-1, 1, 1, 1)
    views = grey + (views - grey) * gain(recipe.saturation) * coloured
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
    cards: Tensor,
    backgrounds: Tensor,
    size: int,
    recipe: Augmentation,
    rng: torch.Generator,
) -> Tensor:
    """One random view of each photo.

    ``photos`` (N, S, S, 3) uint8; ``cut_outs`` (N,) bool marks objects before a plain background,
    of which ``background_share`` are put, smaller, before the ``backgrounds`` (N, S, S, 3) uint8;
    ``cards`` (N,) is the aspect ratio of photos that may be flat pictures, 0 for those that may
    not. Returns (N, 3, size, size) float32, RGB in [-1, 1], channels last in memory.
    """
    count = len(photos)
    cut = cut_outs & (torch.rand(count, generator=rng) < recipe.background_share)
    flat = (cards > 0) & (torch.rand(count, generator=rng) < recipe.card_share)
    source = _unit(photos)
    matrix = homographies(count, recipe, rng)
    views = warp(source, matrix, size, "reflection")
    if cut.any():
        zoom = uniform(count, *_ZOOM, rng) / uniform(count, *recipe.scale, rng)
        matrix *= torch.stack([zoom, zoom, torch.ones_like(zoom)], dim=1)[:, :, None]
    if flat.any():
        matrix[flat] = card_homographies(cards[flat], recipe, rng)
    if (placed := cut | flat).any():
        masks = torch.ones_like(source[placed, :1])
        masks[cut[placed]] = cut_out(source[cut])
        behind = warp(
            _unit(backgrounds[placed]),
            homographies(int(placed.sum()), recipe, rng),
            size,
            "reflection",
        )
        views[placed] = _composite(source[placed], masks, matrix[placed], behind)
    views = relight(views, recipe, rng) * 2 - 1
    return views.contiguous(memory_format=torch.channels_last)


def _unit(photos: Tensor) -> Tensor:
    """(N, S, S, 3) uint8 -> (N, 3, S, S) float32 in [0, 1]."""
    return photos.permute(0, 3, 1, 2).float() / 255


def _composite(objects: Tensor, masks: Tensor, matrix: Tensor, behind: Tensor) -> Tensor:
    """What ``masks`` (N, 1, S, S) keep of the objects, warped, before (N, 3, size, size)."""
    layer = warp(torch.cat([objects * masks, masks], dim=1), matrix, behind.shape[-1], "zeros")
    opacity = layer[:, 3:]
    # The colours were multiplied by the mask before, and fade at its edge as the mask does.
    return layer[:, :3] + behind * (1 - opacity)
