"""The training loop: a head on fixed views, then the whole student on fresh ones; resumable."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from tools.inception_v3 import NODES
from tools.training.config import Config, Optimisation
from tools.training.losses import MapDistillation, contrast
from tools.training.network import MIXED_8, MIXED_10, Inception, Layers, global_mean
from tools.training.photos import TrainingPhotos
from tools.training.preparation import Start

Metrics = dict[str, float]


@dataclass(frozen=True)
class Batch:
    """Two views of N objects, all first views before all second ones."""

    mixed_8: Tensor
    """The student's (2N, C, H, W) maps."""
    targets: dict[str, Tensor]
    """The teacher's maps, in the channels to imitate, by layer."""
    known: Tensor
    """The teacher's embeddings, (2N, 256)."""


class Trainer:
    """Student, losses, optimiser and averaged student; ``step`` counts finished batches.

    Every batch draws from a generator seeded by the run's seed and its own number, so a resumed
    run continues exactly as an uninterrupted one would have.
    """

    def __init__(
        self, config: Config, start: Start, teacher: Layers, training: TrainingPhotos
    ) -> None:
        self._config, self._start, self._training = config, start, training
        self.student = Inception(start.layers)
        self.projection = nn.Linear(*start.projection.weight.shape[::-1])
        self.projection.load_state_dict(start.projection.state_dict())
        self._teacher = Inception(teacher).requires_grad_(False)
        self._distil = {name: MapDistillation(start.deviation[name]) for name in start.deviation}
        recipe = config.optimisation
        self._optimiser = torch.optim.AdamW(
            self._groups(recipe), weight_decay=recipe.weight_decay, betas=(0.9, 0.98)
        )
        shares = (_trunk_share, _head_share, _head_share)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimiser, [lambda step, share=share: share(step, recipe) for share in shares]
        )
        average = get_ema_multi_avg_fn(recipe.average_decay)
        self.averaged = AveragedModel(
            nn.ModuleList([self.student, self.projection]), multi_avg_fn=average
        )
        self.step = 0
        self.seconds = 0.0
        self.history: list[Metrics] = []

    @property
    def steps(self) -> int:
        """Batches in the whole run."""
        return self._config.optimisation.head_steps + self._config.optimisation.joint_steps

    @property
    def trunk_trains(self) -> bool:
        """Whether the next batch changes more than the head."""
        return self.step >= self._config.optimisation.head_steps

    def train_step(self) -> Metrics:
        """One batch: draw, compare with the teacher, update. Returns the losses."""
        started = time.monotonic()
        rng = np.random.default_rng([self._config.seed, 1, self.step])
        batch = self._fresh_batch(rng) if self.trunk_trains else self._fixed_batch(rng)
        losses = self._losses(batch)
        recipe = self._config.optimisation
        weights = {MIXED_8: recipe.mixed_8_weight, MIXED_10: recipe.mixed_10_weight}
        total = sum(weights.get(name, 1.0) * loss for name, loss in losses.items())
        self._optimiser.zero_grad(set_to_none=True)
        total.backward()
        self._optimiser.step()
        self._schedule.step()
        self.averaged.update_parameters(nn.ModuleList([self.student, self.projection]))
        self.step += 1
        self.seconds += time.monotonic() - started
        return {name: loss.item() for name, loss in losses.items()}

    def state(self) -> dict[str, object]:
        """Everything that a resumed run needs, besides what it starts from."""
        return {
            "student": self.student.state_dict(),
            "projection": self.projection.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "averaged": self.averaged.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "history": self.history,
        }

    def resume(self, state: dict) -> None:
        """Continue from what ``state`` returned."""
        self.student.load_state_dict(state["student"])
        self.projection.load_state_dict(state["projection"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self.averaged.load_state_dict(state["averaged"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.history = state["history"]

    def _fixed_batch(self, rng: np.random.Generator) -> Batch:
        """Two of the fixed views each of some objects; neither trunk has to run."""
        network, start = self._config.network, self._start
        drawn = rng.choice(network.objects, self._config.optimisation.head_objects, replace=False)
        first = rng.integers(network.views, size=len(drawn))
        second = (first + rng.integers(1, network.views, size=len(drawn))) % network.views
        rows = np.concatenate([first, second]) * network.objects + np.tile(drawn, 2)
        return Batch(start.mixed_8[rows], {MIXED_10: start.mixed_10[rows]}, start.known[rows])

    def _fresh_batch(self, rng: np.random.Generator) -> Batch:
        """Two new views each of some objects, through both trunks."""
        chosen = self._training.draw(self._config.optimisation.joint_objects, 2, rng)
        views = self._training.views(chosen.ravel(), rng)
        kept = self._start.kept
        with torch.autocast("cpu", torch.bfloat16):
            wide_8, wide_10 = self._teacher(views)
            mixed_8 = self.student.trunk(views)
        targets = {MIXED_8: wide_8[:, kept[MIXED_8]], MIXED_10: wide_10[:, kept[MIXED_10]]}
        return Batch(mixed_8, targets, self._start.target(global_mean(wide_8)).detach())

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        with torch.autocast("cpu", torch.bfloat16):
            maps = {MIXED_8: batch.mixed_8, MIXED_10: self.student.head(batch.mixed_8)}
        losses = {
            name: self._distil[name](maps[name], target) for name, target in batch.targets.items()
        }
        embeddings = functional.normalize(self.projection(global_mean(maps[MIXED_10])), dim=1)
        first, second = embeddings.chunk(2)
        known_first, known_second = functional.normalize(batch.known, dim=1).chunk(2)
        temperature = self._config.optimisation.temperature
        losses["objects"] = contrast(first, second, temperature)
        # Crosswise: the teacher's view of the *other* photo teaches what the teacher knows.
        losses["teacher"] = (
            contrast(first, known_second, temperature) + contrast(second, known_first, temperature)
        ) / 2
        return losses

    def _groups(self, recipe: Optimisation) -> list[dict]:
        """Parameter groups by learning rate; the frozen layers get no gradient at all."""
        names = [node.name for node in NODES]
        frozen, last = names.index(recipe.freeze_through), names.index(MIXED_8)
        trunk: list[nn.Parameter] = []
        head: list[nn.Parameter] = []
        for name, conv in self.student.convs.items():
            place = names.index(name)
            if place <= frozen:
                conv.requires_grad_(False)
            else:
                (trunk if place < last else head).extend(conv.parameters())
        return [
            {"params": trunk, "lr": recipe.trunk_rate},
            {"params": head, "lr": recipe.head_rate},
            {"params": list(self.projection.parameters()), "lr": recipe.projection_rate},
        ]


def run(
    trainer: Trainer,
    watch: Callable[[Inception, nn.Linear, bool], Metrics],
    evaluate_every: int,
    save: Callable[[bool], None],
) -> None:
    """Train to the last step; after every evaluation ``save(is_best)``.

    ``watch`` gets the averaged student and projection, and whether the trunk has been trained.
    """
    if not trainer.history:
        metrics = watch(trainer.student, trainer.projection, False)
        trainer.history.append({"step": 0, **metrics})
    recent: list[Metrics] = []
    bar = tqdm(total=trainer.steps, initial=trainer.step, desc="train", unit="batch", disable=None)
    while trainer.step < trainer.steps:
        with_trunk = trainer.trunk_trains
        recent.append(trainer.train_step())
        bar.update()
        bar.set_postfix({name: f"{value:.3f}" for name, value in recent[-1].items()})
        if trainer.step % evaluate_every == 0 or trainer.step == trainer.steps:
            metrics = watch(*trainer.averaged.module, with_trunk)
            best = min(past["score"] for past in trainer.history)
            trainer.history.append({"step": trainer.step, **_mean(recent), **metrics})
            save(metrics["score"] < best)
            recent.clear()
    bar.close()


def _mean(rows: list[Metrics]) -> Metrics:
    """Mean of each loss over the batches that had it."""
    names = {name for row in rows for name in row}
    return {n: float(np.mean([row[n] for row in rows if n in row])) for n in sorted(names)}


def _trunk_share(step: int, recipe: Optimisation) -> float:
    """Share of the trunk's rate: nothing while the head trains alone."""
    joint = step - recipe.head_steps
    return _warm_cosine(joint, recipe.joint_steps, recipe.warmup_steps) if joint >= 0 else 0.0


def _head_share(step: int, recipe: Optimisation) -> float:
    """Share of the head's rate: whole while it trains alone, gentle together with the trunk."""
    if step < recipe.head_steps:
        return _warm_cosine(step, recipe.head_steps, recipe.warmup_steps)
    return recipe.joint_share * _trunk_share(step, recipe)


def _warm_cosine(step: int, steps: int, warmup: int) -> float:
    """Linear warm-up, then half a cosine to zero."""
    if step < warmup:
        return (step + 1) / warmup
    return (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, steps - warmup)))) / 2
