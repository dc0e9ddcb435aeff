"""Grids of scenes: every object before every background, as training that forbids the shortcut.

In a grid, photos of one object agree in nothing but the object, and photos of one background agree
in everything but the object. Each cell's background is re-framed a little, as a hand moves a
camera, so that not even the background's pixels stay where they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from tools.training.augmentation import Augmentation, homographies, relight, uniform, warp
from tools.training.cutouts import CutOuts

_SHADE = 28
"""Side of the grid on which shadows are blurred."""


@dataclass(frozen=True)
class SceneRecipe:
    """How a grid is laid out; a share is a probability."""

    objects: int
    backgrounds: int
    side: tuple[float, float]
    """An object's longer side, in sides of the view."""
    shift: float
    """How far an object may lie from the centre, in what its size leaves free."""
    background_scale: tuple[float, float]
    """Side of the part of a background that is in view, in its sides."""
    reframe: float
    """How far a cell's view of the background is moved and zoomed, in half sides."""
    reframe_degrees: float
    """Deviation of a cell's turn of the background."""
    shadow: float
    """Darkest contact shadow below an object."""


@dataclass(frozen=True)
class Grid:
    """``views`` (B * O, 3, S, S) in [-1, 1]; row ``b * O + o`` shows object o on background b."""

    views: Tensor
    objects: Tensor
    """(B * O,) numbers, alike for the same object."""
    backgrounds: Tensor
    """(B * O,) numbers, alike for the same background."""


class Scenes:
    """What grids are drawn from.

    Parameters
    ----------
    sources : objects by source, with each source's share of the grids
    backgrounds : uint8 (M, S, S, 3)
    """

    def __init__(
        self, sources: list[tuple[CutOuts, float]], backgrounds: NDArray[np.uint8]
    ) -> None:
        self._sources = [cut_outs for cut_outs, _ in sources]
        weights = np.array([weight for _, weight in sources])
        self._shares = weights / weights.sum()
        counts = [int(cut_outs.objects.max()) + 1 for cut_outs in self._sources]
        self._first = np.concatenate([[0], np.cumsum(counts)])
        self._backgrounds = backgrounds

    def grid(
        self, size: int, layout: SceneRecipe, recipe: Augmentation, rng: np.random.Generator
    ) -> Grid:
        """One grid; its objects come from one source, where they are hardest to tell apart."""
        drawn = int(rng.choice(len(self._sources), p=self._shares))
        source = self._sources[drawn]
        names = rng.choice(int(source.objects.max()) + 1, layout.objects, replace=False)
        # Another photo of the object in each cell, where there are several.
        photos = np.stack(
            [
                np.resize(rng.permutation(np.flatnonzero(source.objects == n)), layout.backgrounds)
                for n in names
            ],
            axis=1,
        ).ravel()
        behind = rng.choice(len(self._backgrounds), layout.backgrounds, replace=False)
        behind = behind.repeat(layout.objects)
        seed = torch.Generator().manual_seed(int(rng.integers(2**62)))
        places = _reframed(layout, recipe, seed)
        cells = warp(_unit(self._backgrounds[behind]), places, size, "reflection")
        cells = _placed(source, photos, cells, layout, recipe, seed)
        views = relight(cells, recipe, seed) * 2 - 1
        objects = torch.from_numpy(np.tile(names + self._first[drawn], layout.backgrounds))
        return Grid(
            views.contiguous(memory_format=torch.channels_last), objects, torch.from_numpy(behind)
        )


def _reframed(layout: SceneRecipe, recipe: Augmentation, rng: torch.Generator) -> Tensor:
    """(B * O, 3, 3) view to background coordinates: one frame a background, moved in each cell."""
    count = layout.backgrounds * layout.objects
    framing = _without_turns(recipe, layout)
    frames = homographies(layout.backgrounds, framing, rng).repeat_interleave(layout.objects, 0)
    angle = torch.randn(count, generator=rng) * math.radians(layout.reframe_degrees)
    zoom = uniform(count, -layout.reframe, layout.reframe, rng).exp()
    move = torch.zeros(count, 3, 3)
    move[:, 0, 0], move[:, 0, 1] = zoom * angle.cos(), -zoom * angle.sin()
    move[:, 1, 0], move[:, 1, 1] = zoom * angle.sin(), zoom * angle.cos()
    move[:, 0, 2] = uniform(count, -layout.reframe, layout.reframe, rng)
    move[:, 1, 2] = uniform(count, -layout.reframe, layout.reframe, rng)
    move[:, 2, 2] = 1
    return frames @ move


def _without_turns(recipe: Augmentation, layout: SceneRecipe) -> Augmentation:
    """Backgrounds are seen upright: what is turned by hand is the object or the whole photo."""
    return replace(recipe, quarter_turn_share=0.0, scale=layout.background_scale)


def _placed(
    source: CutOuts,
    photos: NDArray[np.int_],
    cells: Tensor,
    layout: SceneRecipe,
    recipe: Augmentation,
    rng: torch.Generator,
) -> Tensor:
    """The objects of ``photos`` (N,) in ``cells`` (N, 3, S, S), each with a soft shadow."""
    pixels = _unit(source.pixels[photos])
    if len(source.masks):
        masks = torch.from_numpy(source.masks[photos])[:, None].float() / 255
    else:
        masks = torch.ones_like(pixels[:, :1])
    matrix = _places(
        torch.from_numpy(source.boxes[photos]), bool(len(source.masks)), layout, recipe, rng
    )
    layer = warp(torch.cat([pixels * masks, masks], dim=1), matrix, cells.shape[-1], "zeros")
    opacity = layer[:, 3:]
    shade = _spread(opacity)
    depth = uniform(len(cells), 0, layout.shadow, rng).view(-1, 1, 1, 1)
    return layer[:, :3] + cells * (1 - depth * shade) * (1 - opacity)


def _spread(opacity: Tensor) -> Tensor:
    """What an object darkens around it: its outline, blurred on a coarse grid, which is cheap."""
    coarse = functional.interpolate(opacity, (_SHADE, _SHADE), mode="area")
    coarse = functional.avg_pool2d(coarse, 3, 1, 1)
    return functional.interpolate(coarse, opacity.shape[-2:], mode="bilinear", align_corners=False)


def _places(
    boxes: Tensor, masked: bool, layout: SceneRecipe, recipe: Augmentation, rng: torch.Generator
) -> Tensor:
    """(N, 3, 3): view to photo coordinates that put each object's box somewhere in the view."""
    count = len(boxes)
    angle = torch.randn(count, generator=rng) * math.radians(recipe.rotation_sigma)
    turned = torch.rand(count, generator=rng) < recipe.quarter_turn_share
    angle = angle + turned * torch.randint(1, 4, (count,), generator=rng) * (math.pi / 2)
    side = uniform(count, *layout.side, rng)
    free = layout.shift * (1 - side).clamp(min=0.05)
    centre = torch.stack([uniform(count, -1, 1, rng) * free for _ in range(2)], dim=1)
    if masked:
        # As the photo shows it: both axes by the longer half side.
        across = down = boxes[:, 2:].amax(dim=1) / side
    else:
        # The whole photo, stretched to its half sides, the longer of which is ``side``.
        longer = boxes[:, 2:].amax(dim=1)
        across, down = longer / (boxes[:, 2] * side), longer / (boxes[:, 3] * side)
    matrix = torch.zeros(count, 3, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = across * angle.cos(), -across * angle.sin()
    matrix[:, 1, 0], matrix[:, 1, 1] = down * angle.sin(), down * angle.cos()
    moved = matrix[:, :2, :2] @ centre[:, :, None]
    matrix[:, :2, 2:] = boxes[:, :2, None] * masked - moved
    matrix[:, 2, :2] = uniform(2 * count, -1, 1, rng).view(count, 2) * recipe.perspective
    matrix[:, 2, 2] = 1
    return matrix


def _unit(photos: NDArray[np.uint8]) -> Tensor:
    """(N, S, S, 3) uint8 -> (N, 3, S, S) float32 in [0, 1]."""
    return torch.from_numpy(photos).permute(0, 3, 1, 2).float() / 255
