"""What training starts from: the reconstructed student, and the teacher's maps of fixed views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from tools.inception_v3 import INPUT
from tools.training.config import Config
from tools.training.losses import least_squares, linear
from tools.training.network import HEAD, MIXED_8, MIXED_10, TRUNK, Inception, Layers, global_mean
from tools.training.photos import TrainingPhotos, as_input, as_pixels
from tools.training.projections import discriminant
from tools.training.reconstruction import Maps, reconstruct

BATCH = 32
"""Images at once where no gradient is needed."""
_PROJECTION_RIDGE = 0.01


@dataclass(frozen=True)
class Start:
    """The student before training, and the fixed views that its head is trained on.

    View ``v`` of object ``o`` is row ``v * objects + o`` of everything that has a row a view.
    """

    layers: Layers
    kept: dict[str, Tensor]
    """Indices of the teacher's channels that the student's ``mixed_8`` and ``mixed_10`` imitate."""
    deviation: dict[str, Tensor]
    """Deviations of those channels over the views, float32."""
    projection: nn.Linear
    """The student's pooled ``mixed_10`` -> ``target`` of the teacher's pooled ``mixed_8``."""
    target: nn.Linear
    views: np.ndarray
    """(N, S, S, 3) uint8."""
    mixed_8: Tensor
    """The student's maps of the views, (N, C, H, W) bfloat16."""
    mixed_10: Tensor
    """The teacher's maps of the views in the channels to imitate, (N, C, H, W) bfloat16."""
    known: Tensor
    """``target`` of the views, (N, 256) float32."""


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


def prepare(config: Config, teacher: Layers, training: TrainingPhotos) -> Start:
    """Reconstruct the trunk on general photos, then what follows on views; minutes, not hours."""
    rng = np.random.default_rng([config.seed, 0])
    layers, kept = _reconstruct_trunk(config, teacher, training, rng)
    chosen = training.draw(config.network.objects, config.network.views, rng).ravel()
    views = np.concatenate(
        [
            as_pixels(training.views(chosen[i : i + BATCH], rng))
            for i in tqdm(range(0, len(chosen), BATCH), "views", unit="batch", disable=None)
        ]
    )
    wide = trunk_maps(Inception(teacher, TRUNK), views, "teacher's trunk")
    narrow = trunk_maps(Inception(layers, TRUNK), views, "student's trunk")
    return prepare_head(config, teacher, layers, kept, views, wide, narrow)


def prepare_head(
    config: Config,
    teacher: Layers,
    trunk: Layers,
    kept: Tensor,
    views: np.ndarray,
    wide: Tensor,
    narrow: Tensor,
) -> Start:
    """Reconstruct the head from the ``mixed_8`` maps of views, teacher's and student's.

    ``kept`` are the teacher's ``mixed_8`` channels that the student's imitate.
    """
    recipe = config.network
    maps = Maps({MIXED_8: wide.float()}, {MIXED_8: narrow.float()}, {MIXED_8: kept})
    head = reconstruct(HEAD, teacher, maps, recipe.head_width, recipe.head_samples, config.seed)
    pooled = global_mean(wide).double().numpy()
    by_object = pooled.reshape(recipe.views, -1, pooled.shape[1]).swapaxes(0, 1)
    embed = discriminant(by_object)
    target = linear(embed.matrix, -embed.mean @ embed.matrix)
    student = global_mean(maps.narrow[MIXED_10]).double().numpy()
    to_imitate = {MIXED_8: wide[:, kept], MIXED_10: maps.wide[MIXED_10][:, maps.kept[MIXED_10]]}
    with torch.no_grad():
        known = target(global_mean(wide))
    return Start(
        layers=trunk | head,
        kept={name: maps.kept[name] for name in to_imitate},
        deviation={name: _deviation(features) for name, features in to_imitate.items()},
        projection=least_squares(student, embed(pooled), _PROJECTION_RIDGE),
        target=target,
        views=views,
        mixed_8=narrow,
        mixed_10=to_imitate[MIXED_10].bfloat16(),
        known=known,
    )


def _reconstruct_trunk(
    config: Config, teacher: Layers, training: TrainingPhotos, rng: np.random.Generator
) -> tuple[Layers, Tensor]:
    """The student's layers through ``mixed_8``, and the teacher's channels kept there."""
    recipe = config.network
    pixels = training.general(recipe.trunk_photos, rng)
    maps = Maps({INPUT: pixels}, {INPUT: pixels}, {INPUT: torch.arange(pixels.shape[1])})
    layers = reconstruct(
        TRUNK, teacher, maps, recipe.trunk_width, recipe.trunk_samples, config.seed
    )
    return layers, maps.kept[MIXED_8]


def _deviation(features: Tensor) -> Tensor:
    """Deviation of each channel of (N, C, H, W), float32."""
    return features.float().permute(1, 0, 2, 3).flatten(1).std(dim=1)
