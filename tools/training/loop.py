"""The training loop: a head on fixed views, then the whole student on fresh ones; resumable."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from tools.conversion.inception_v3 import NODES
from tools.training.config import Config, Optimisation
from tools.training.losses import MapDistillation, Queue, contrast, decorrelation
from tools.training.network import MIXED_8, TRUNK, Inception, Layers, global_mean
from tools.training.photos import TrainingPhotos
from tools.training.preparation import Start

Metrics = dict[str, float]


_REVIVE_VIEWS = 256
"""Fixed views on which a channel must fire once."""
EMBEDDING = 512
"""Components of the learned projection."""


@dataclass(frozen=True)
class Batch:
    """Two views of N objects, all first views before all second ones."""

    objects: Tensor
    """(N,) numbers, alike for the same object."""
    mixed_8: Tensor
    """The student's (2N, C, H, W) maps."""
    known: Tensor
    """The teacher's embeddings of what the views show, (2N, 256)."""
    target: Tensor | None = None
    """The teacher's ``mixed_8`` of the first N views, in the channels to imitate."""


class Trainer:
    """Student, losses, optimiser and averaged student; ``step`` counts finished batches.

    Every batch draws from a generator seeded by the run's seed and its own number, so a resumed
    run continues exactly as an uninterrupted one would have.
    """

    def __init__(
        self, config: Config, start: Start, teacher: Layers, training: TrainingPhotos
    ) -> None:
        self._config, self._start, self._training = config, start, training
        rng = torch.Generator().manual_seed(config.seed)
        self.student = Inception(start.layers)
        self.revived = self.student.revive(start.mixed_8[:_REVIVE_VIEWS].float(), rng)
        channels = self.student.head(start.mixed_8[:1].float()).shape[1]
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            self.projection = nn.Linear(channels, EMBEDDING)
            self._to_teacher = nn.Linear(channels, start.known.shape[1])
        # Compared as they will be: bits are cut from components of mean zero and equal deviation.
        self._standard = nn.BatchNorm1d(EMBEDDING, affine=False)
        self._standard_teacher = nn.BatchNorm1d(start.known.shape[1], affine=False)
        self._teacher = Inception(teacher, TRUNK).requires_grad_(False)
        self._distil = MapDistillation(start.deviation)
        self._queue = Queue(torch.zeros(0, EMBEDDING), torch.zeros(0, dtype=torch.int64))
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
        """One batch: draw, compare, update. Returns the losses."""
        started = time.monotonic()
        recipe = self._config.optimisation
        self.student.quantised = self.step >= self.steps - recipe.quantised_steps
        rng = np.random.default_rng([self._config.seed, 1, self.step])
        batch = self._fresh_batch(rng) if self.trunk_trains else self._fixed_batch(rng)
        losses = self._losses(batch)
        weights = {
            "mixed_8": recipe.mixed_8_weight,
            "teacher": recipe.teacher_weight,
            "decorrelation": recipe.decorrelation_weight,
        }
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
            "to_teacher": self._to_teacher.state_dict(),
            "queue": (self._queue.embeddings, self._queue.objects),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "averaged": self.averaged.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "history": self.history,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Continue from what ``state`` returned."""
        self.student.load_state_dict(state["student"])
        self.projection.load_state_dict(state["projection"])
        self._to_teacher.load_state_dict(state["to_teacher"])
        self._queue = Queue(*state["queue"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self.averaged.load_state_dict(state["averaged"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.history = state["history"]

    def _fixed_batch(self, rng: np.random.Generator) -> Batch:
        """Two of the fixed views each of some objects; neither trunk has to run."""
        network, start = self._config.network, self._start
        drawn = rng.choice(network.slots, self._config.optimisation.head_objects, replace=False)
        first = rng.integers(network.views, size=len(drawn))
        second = (first + rng.integers(1, network.views, size=len(drawn))) % network.views
        rows = np.concatenate([first, second]) * network.slots + np.tile(drawn, 2)
        known = start.known[start.photos[rows]]
        return Batch(start.objects[drawn], start.mixed_8[rows], known)

    def _fresh_batch(self, rng: np.random.Generator) -> Batch:
        """Two new views each of some objects; the teacher sees the first ones."""
        count = self._config.optimisation.joint_objects
        drawn = self._training.draw(count, 2, rng)
        views = self._training.views(drawn.photos.ravel(), rng)
        with torch.autocast("cpu", torch.bfloat16):
            wide = self._teacher.trunk(views[:count])
            mixed_8 = self.student.trunk(views)
        known = self._start.known[torch.from_numpy(drawn.photos.ravel())]
        return Batch(torch.from_numpy(drawn.objects), mixed_8, known, wide[:, self._start.kept])

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        with torch.autocast("cpu", torch.bfloat16):
            mixed_10 = self.student.head(batch.mixed_8)
        pooled = global_mean(mixed_10)
        recipe = self._config.optimisation
        found = self.projection(pooled)
        embeddings = functional.normalize(self._standard(found), dim=1)
        first, second = embeddings.chunk(2)
        imitated = functional.normalize(self._standard_teacher(self._to_teacher(pooled)), dim=1)
        known = functional.normalize(batch.known, dim=1)
        # The head alone changes too fast for its earlier embeddings to be of use.
        queue = self._queue if self.trunk_trains else None
        losses = {
            "objects": contrast(first, second, batch.objects, recipe.temperature, queue),
            "teacher": contrast(imitated, known, batch.objects.repeat(2), recipe.temperature),
            "decorrelation": decorrelation(*found.chunk(2)),
        }
        if batch.target is not None:
            losses["mixed_8"] = self._distil(batch.mixed_8[: len(first)], batch.target)
        self._queue = self._queue.push(embeddings, batch.objects.repeat(2), recipe.queue)
        return losses

    def _groups(self, recipe: Optimisation) -> list[dict[str, Any]]:
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
            {
                "params": [*self.projection.parameters(), *self._to_teacher.parameters()],
                "lr": recipe.projection_rate,
            },
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
            student, projection = trainer.averaged.module
            metrics = watch(student, projection, with_trunk)
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
