"""The descent of Struppek et al., "Learning to Break Deep Perceptual Hashing" (FAccT 2022).

Their settings are the defaults. Pixels are moved in [-1, 1], as there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from skimage.color import rgb2gray
from skimage.feature import canny
from torch import Tensor, nn

from benchmarks.attacks.gradient.likeness import Picture, Ssim
from benchmarks.attacks.gradient.recapture import as_picture, as_tensor

VARIANTS = STANDARD, EDGES, FEW_PIXELS = "standard", "edges", "few-pixels"
CANNY_DEVIATION_PIXELS = 3.0
PIXEL_LEARNING_RATE, PIXEL_STEPS, MAX_PIXELS = 1.0, 15, 150
"""Of few pixels: of each round that adds one, halved every five steps."""

Loss = Callable[[Tensor], Tensor]
"""Margins (N, lambda) to a scalar to be made small."""
Transform = Callable[[Tensor], Tensor]
"""Pictures (1, 3, H, W) in [0, 1] to what the pipeline gets to see."""
Watch = Callable[[Picture, int], bool]
"""Judges the bytes after so many steps by the real pipeline; whether it is enough."""


@dataclass(frozen=True)
class Recipe:
    """Adam's learning rate; weight of the SSIM, times ``ssim_decay`` each step; most steps."""

    learning_rate: float = 1e-3
    ssim_weight: float = 5.0
    ssim_decay: float = 1.0
    steps: int = 10_000
    check_every: int = 10
    max_pixels: int = MAX_PIXELS


@dataclass(frozen=True, eq=False)
class Descended:
    """``picture`` after ``steps``, which took ``seconds``; ``reached``: the watch was content."""

    picture: Picture
    steps: int
    seconds: float
    reached: bool


def attack(
    variant: str,
    copy: nn.Module,
    start: Picture,
    loss: Loss,
    watch: Watch,
    recipe: Recipe,
    transform: Transform | None = None,
) -> Descended:
    """Change ``start`` by one of :data:`VARIANTS` until the watch is content, or steps are out.

    Parameters
    ----------
    copy : pictures (N, 3, H, W) of 0 to 255 to margins
    transform : between the picture and the pipeline, if it is to survive one
    """
    began = time.perf_counter()
    descent = _Descent(copy, start, loss, recipe, transform or (lambda seen: seen))
    if variant == FEW_PIXELS:
        steps, reached = _few_pixels(descent, watch, recipe)
    else:
        mask = edge_mask(start) if variant == EDGES else None
        steps, reached = _all_pixels(descent, watch, recipe, mask)
    return Descended(descent.picture(), steps, time.perf_counter() - began, reached)


def edge_mask(picture: Picture) -> Tensor:
    """1 on the edges that Canny finds, float32 (H, W)."""
    edges = canny(rgb2gray(picture), sigma=CANNY_DEVIATION_PIXELS)
    return torch.from_numpy(edges.astype(np.float32))


class _Descent:
    def __init__(
        self, copy: nn.Module, start: Picture, loss: Loss, recipe: Recipe, transform: Transform
    ) -> None:
        self._copy, self._loss, self._transform = copy, loss, transform
        before = as_tensor(start)
        self._recipe, self._alike = recipe, Ssim(before)
        self.pixels = (before * 2 - 1).requires_grad_()
        self.step = 0

    def picture(self) -> Picture:
        return as_picture((self.pixels + 1) / 2)

    def gradients(self, alike: bool = True) -> Tensor:
        """Of the loss and, if the picture is to look alike, of the SSIM: into ``pixels.grad``."""
        self.pixels.grad = None
        seen = (self.pixels + 1) / 2
        total = self._loss(self._copy(self._transform(seen) * 255))
        recipe = self._recipe
        if alike and recipe.ssim_weight:
            weight = recipe.ssim_weight * recipe.ssim_decay**self.step
            total = total - weight * self._alike(seen)
        total.backward()
        assert self.pixels.grad is not None
        return self.pixels.grad

    def move(self, optimiser: torch.optim.Optimizer, mask: Tensor | None, alike: bool) -> None:
        gradient = self.gradients(alike)
        if mask is not None:
            gradient.mul_(mask)
        optimiser.step()
        with torch.no_grad():
            self.pixels.clamp_(-1, 1)
        self.step += 1


def _all_pixels(
    descent: _Descent, watch: Watch, recipe: Recipe, mask: Tensor | None
) -> tuple[int, bool]:
    optimiser = torch.optim.Adam([descent.pixels], recipe.learning_rate)
    while descent.step < recipe.steps:
        descent.move(optimiser, mask, alike=True)
        last = descent.step == recipe.steps
        if (descent.step % recipe.check_every == 0 or last) and watch(
            descent.picture(), descent.step
        ):
            return descent.step, True
    return descent.step, False


def _few_pixels(descent: _Descent, watch: Watch, recipe: Recipe) -> tuple[int, bool]:
    """Each round adds the pixel with the steepest gradient, and moves all that were added."""
    mask = torch.zeros_like(descent.pixels[:, :1])
    for _ in range(recipe.max_pixels):
        steepness = descent.gradients(alike=False).abs().sum(dim=1, keepdim=True)
        steepness[mask > 0] = -1
        mask.view(-1)[int(steepness.argmax())] = 1
        optimiser = torch.optim.Adam([descent.pixels], PIXEL_LEARNING_RATE)
        slower = torch.optim.lr_scheduler.StepLR(optimiser, step_size=5, gamma=0.5)
        for _ in range(PIXEL_STEPS):
            descent.move(optimiser, mask, alike=False)
            slower.step()
        if watch(descent.picture(), descent.step):
            return descent.step, True
    return descent.step, False


def collision_loss(target: np.ndarray, slack: float) -> Loss:
    """Mean hinge of the bits that differ from ``target``, bool (lambda,).

    A margin counts in units of the picture's own root mean square, so that weights mean the same
    for every bundle; it is to be ``slack`` beyond its hyperplane.
    """
    signs = torch.from_numpy(np.where(target, 1.0, -1.0).astype(np.float32))

    def loss(margins: Tensor) -> Tensor:
        return (slack - _unit(margins) * signs).clamp_min(0).mean()

    return loss


def evasion_loss(bits: np.ndarray) -> Loss:
    """Less the mean square difference of soft bits from ``bits``, bool (lambda,)."""
    wanted = torch.from_numpy(bits.astype(np.float32))

    def loss(margins: Tensor) -> Tensor:
        soft = torch.sigmoid(_unit(margins) * SOFT_BITS)
        return -(soft - wanted).square().mean()

    return loss


SOFT_BITS = 5 / 96**0.5
"""Theirs: five times the margins of 96 bits at unit length."""


def _unit(margins: Tensor) -> Tensor:
    return margins / margins.square().mean(dim=1, keepdim=True).sqrt().clamp_min(1e-12)
