"""What training starts from: the reconstructed student, and the teacher's maps of fixed views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from tools.conversion.inception_v3 import INPUT
from tools.training.config import Config
from tools.training.losses import linear
from tools.training.network import HEAD, MIXED_8, TRUNK, Inception, Layers, global_mean
from tools.training.photos import TrainingPhotos, as_input, as_pixels
from tools.training.projections import discriminant
from tools.training.reconstruction import Maps, reconstruct

BATCH = 32
"""Images at once where no gradient is needed."""


@dataclass(frozen=True)
class Known:
    """A student's layers, and the teacher's ``mixed_8`` channels that its own imitate."""

    layers: Layers
    kept: Tensor


@dataclass(frozen=True)
class Start:
    """The student before training, and the fixed views that its head is trained on.

    View ``v`` of slot ``s`` is row ``v * slots + s`` of everything that has a row a view.
    """

    layers: Layers
    kept: Tensor
    """Indices of the teacher's channels that the student's ``mixed_8`` imitates."""
    deviation: Tensor
    """Deviations of those channels over the watched views, float32."""
    target: nn.Linear
    """The teacher's pooled ``mixed_8`` -> 256 discriminant components."""
    objects: Tensor
    """(slots,) numbers, alike for the same object."""
    photos: Tensor
    """(N,) index of the photo that a view shows."""
    watched: np.ndarray
    """Rows of the views that are watched, all views of each watched slot in the views' order."""
    watched_pixels: np.ndarray
    """Those views, (W, S, S, 3) uint8."""
    mixed_8: Tensor
    """The student's maps of the views, (N, C, H, W) bfloat16."""
    known: Tensor
    """``target`` of every training photo, as it is: (photos, 256) float32."""


@torch.no_grad()
def in_batches(function: Callable[[Tensor], Tensor], inputs: Tensor, task: str) -> Tensor:
    """``function`` over (N, ...) inputs, a batch at a time; computed and returned in bfloat16."""
    with torch.autocast("cpu", torch.bfloat16):
        batches = tqdm(inputs.split(BATCH), task, unit="batch", leave=False, disable=None)
        return torch.cat([function(batch).bfloat16() for batch in batches])


def trunk_maps(network: Inception, pixels: np.ndarray, task: str) -> Tensor:
    """``mixed_8`` of (N, S, S, 3) uint8: (N, C, H, W) bfloat16."""

    def trunk(rows: Tensor) -> Tensor:
        return network.trunk(as_input(pixels[rows.numpy()]))

    return in_batches(trunk, torch.arange(len(pixels)), task)


def prepare(
    config: Config, teacher: Layers, training: TrainingPhotos, known: Known | None
) -> Start:
    """Reconstruct the student, or take ``known``; draw the fixed views. Minutes, not hours."""
    rng = np.random.default_rng([config.seed, 0])
    recipe = config.network
    trunk = known or _reconstruct_trunk(config, teacher, training, rng)
    drawn = training.draw_often(recipe.slots, recipe.views, rng)
    chosen = drawn.photos.ravel()
    views = np.concatenate(
        [
            as_pixels(training.views(chosen[i : i + BATCH], rng))
            for i in tqdm(range(0, len(chosen), BATCH), "views", unit="batch", disable=None)
        ]
    )
    watched = np.arange(recipe.views)[:, None] * recipe.slots + np.arange(recipe.watch_slots)
    watched = watched.ravel()
    full = Inception(teacher, TRUNK)
    wide = trunk_maps(full, views[watched], "teacher's trunk")
    narrow = trunk_maps(Inception(trunk.layers, TRUNK), views, "student's trunk")
    layers = trunk.layers
    if known is None:
        seen = Maps(
            {MIXED_8: wide.float()},
            {MIXED_8: narrow[watched].float()},
            {MIXED_8: trunk.kept},
        )
        layers = layers | reconstruct(
            HEAD, teacher, seen, recipe.head_width, recipe.head_samples, config.seed
        )
    pooled = global_mean(wide).double().numpy()
    embed = discriminant(pooled.reshape(recipe.views, -1, pooled.shape[1]).swapaxes(0, 1))
    target = linear(embed.matrix, -embed.mean @ embed.matrix)
    return Start(
        layers=layers,
        kept=trunk.kept,
        deviation=wide[:, trunk.kept].float().permute(1, 0, 2, 3).flatten(1).std(dim=1),
        target=target,
        objects=torch.from_numpy(drawn.objects),
        watched=watched,
        watched_pixels=views[watched],
        mixed_8=narrow,
        photos=torch.from_numpy(chosen),
        known=_embed_clean(full, target, training),
    )


@torch.no_grad()
def _embed_clean(teacher: Inception, target: nn.Linear, training: TrainingPhotos) -> Tensor:
    """``target`` of the teacher's view of every training photo: (photos, 256) float32."""

    def embed(rows: Tensor) -> Tensor:
        return global_mean(teacher.trunk(as_input(training.clean(rows.numpy()))))

    # Rounding to bfloat16 would be coarse after the projection's subtraction of the mean.
    return target(in_batches(embed, torch.arange(len(training)), "teacher's photos").float())


def _reconstruct_trunk(
    config: Config, teacher: Layers, training: TrainingPhotos, rng: np.random.Generator
) -> Known:
    recipe = config.network
    pixels = training.general(recipe.trunk_photos, rng)
    maps = Maps({INPUT: pixels}, {INPUT: pixels}, {INPUT: torch.arange(pixels.shape[1])})
    layers = reconstruct(
        TRUNK, teacher, maps, recipe.trunk_width, recipe.trunk_samples, config.seed
    )
    return Known(layers, maps.kept[MIXED_8])
