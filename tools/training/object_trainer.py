"""Steps of training on objects before changing backgrounds; resumable to the step.

What is compared in training is what is compared in use: the margins of the mean of ``mixed_8``,
each bent towards its sign, for only the sign becomes a bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from tools.training.losses import MapDistillation, Queue, contrast, decorrelation, grid_contrast
from tools.training.network import Inception
from tools.training.object_batches import ObjectBatch
from tools.training.object_config import ObjectOptimisation
from tools.training.printer import Printer, bent
from tools.training.starts import Student

Metrics = dict[str, float]
RGB = 3
_BATCH = 32


@torch.no_grad()
def deviation_of(printer: Printer, general: Tensor, device: torch.device) -> Tensor:
    """Deviation (C,) of each ``mixed_8`` channel over photos (N, 3, S, S)."""
    maps = [printer.free(printer.frozen(batch.to(device))) for batch in general.split(_BATCH)]
    return torch.cat(maps).float().permute(1, 0, 2, 3).flatten(1).std(dim=1)


class ObjectTrainer:
    """Student, losses, optimiser and averaged student; ``step`` counts finished batches.

    Parameters
    ----------
    start : what is trained, and with its weights as they are, the teacher of whole photos
    deviation : (C,) of the teacher's ``mixed_8``, from :func:`deviation_of`
    """

    def __init__(
        self, recipe: ObjectOptimisation, start: Student, deviation: Tensor, device: torch.device
    ) -> None:
        self.recipe, self.device = recipe, device
        self.printer = Printer(start, recipe.freeze_through).to(device)
        self.teacher = Printer(start, recipe.freeze_through).to(device).requires_grad_(False)
        self._distil = MapDistillation(deviation).to(device)
        self.optimiser = torch.optim.AdamW(
            [
                {"params": list(self._trained(self.printer.network)), "lr": recipe.trunk_rate},
                {"params": list(self.printer.project.parameters()), "lr": recipe.projection_rate},
            ],
            weight_decay=recipe.weight_decay,
            betas=(0.9, 0.99),
        )
        self._rates = [group["lr"] for group in self.optimiser.param_groups]
        average = get_ema_multi_avg_fn(recipe.average_decay)
        self.averaged = AveragedModel(self.printer, multi_avg_fn=average)
        self.queue = self._no_queue()
        self.step, self.seconds = 0, 0.0

    def train_step(self, batch: ObjectBatch) -> Metrics:
        """One batch: compare and update. Returns the losses."""
        started = time.monotonic()
        recipe = self.recipe
        share = warm_cosine(self.step, recipe.steps, recipe.warmup_steps)
        for group, rate in zip(self.optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * share
        self.printer.network.quantised = self.step >= recipe.steps - recipe.quantised_steps
        losses = self._losses(batch.to(self.device))
        weights = {
            "grid": recipe.grid_weight,
            "keep": recipe.keep_weight,
            "decorrelation": recipe.decorrelation_weight,
        }
        total = sum(weights.get(name, 1.0) * loss for name, loss in losses.items())
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        self.optimiser.step()
        self.averaged.update_parameters(self.printer)
        self.step += 1
        self.seconds += time.monotonic() - started
        return {name: loss.item() for name, loss in losses.items()}

    def through_frozen(self, batch: ObjectBatch) -> ObjectBatch:
        """A batch of pixels as the maps that the trained part starts from.

        The teacher's, for its weights are the same, and are not rounded in the last steps.
        """
        return replace(batch, views=self.teacher.frozen(batch.views.to(self.device)))

    def _losses(self, batch: ObjectBatch) -> dict[str, Tensor]:
        scenes, pairs = len(batch.objects), len(batch.paired)
        first = slice(scenes, scenes + pairs)
        if batch.views.shape[1] == RGB:
            batch = self.through_frozen(batch)
        with torch.no_grad():
            known = self.teacher.free(batch.views[first])
        maps = self.printer.free(batch.views)
        margins = self.printer.project(self.printer.pooled(maps))
        # As the bits will be cut: from components of mean zero and equal deviation over photos.
        usual = margins[scenes:]
        prints = bent((margins - usual.mean(dim=0)) / usual.std(dim=0).clamp(min=1e-4))
        one, other = prints[first], prints[scenes + pairs :]
        temperature = self.recipe.temperature
        losses = {
            "grid": grid_contrast(prints[:scenes], batch.objects, batch.backgrounds, temperature),
            "pairs": contrast(one, other, batch.paired, temperature, self.queue),
            "keep": self._distil(maps[first], known),
            "decorrelation": decorrelation(margins[first], margins[scenes + pairs :]),
        }
        self.queue = self.queue.push(prints[scenes:], batch.paired.repeat(2), self.recipe.queue)
        return losses

    def _no_queue(self) -> Queue:
        count = self.printer.project.out_features
        numbers = torch.zeros(0, dtype=torch.int64, device=self.device)
        return Queue(torch.zeros(0, count, device=self.device), numbers)

    @staticmethod
    def _trained(network: Inception) -> Iterator[nn.Parameter]:
        return (parameter for parameter in network.parameters() if parameter.requires_grad)


def warm_cosine(step: int, steps: int, warmup: int) -> float:
    """Share of a rate: linear warm-up, then half a cosine to zero."""
    if step < warmup:
        return (step + 1) / warmup
    return (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, steps - warmup)))) / 2
