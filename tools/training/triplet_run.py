"""Training by triplets of persons or objects, watched on others; resumable to the step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from lab.files import replacing, sha256_of, write_whole
from lab.report.render_png import figure_png
from lab.report.results import Figure, Panel, Series
from lab.report.series import PERCENT, estimated
from lab.statistics.comparisons import object_weights
from lab.statistics.embedding_pairs import PairCounts, count_pairs, eer
from lab.statistics.intervals import Estimate
from tools.training.facenet import Normalisation, build
from tools.training.photos import Photos, TrainingPhotos, as_input, read_photos
from tools.training.quiet_keras import keras
from tools.training.triplet_config import TripletConfig, Triplets, read_triplet_config
from tools.training.triplets import triplet_loss

Row = dict[str, Any]
"""One evaluation: its step, the mean loss since the last, and what was watched."""
REPLICATES = 500
"""Of the bootstrap of the watched persons or objects."""
CHECKPOINT = "checkpoint.pt"
_BATCH = 32


class TripletTrainer:
    """Network and optimiser; ``step`` counts finished batches.

    Every batch draws from a generator seeded by the run's seed and its own number, so a resumed
    run continues exactly as an uninterrupted one would have.

    Raises
    ------
    ValueError
        The training photos show fewer persons or objects than a batch asks for.
    """

    def __init__(self, config: TripletConfig, training: TrainingPhotos) -> None:
        recipe = config.triplets
        shown = sum(objects for _, objects in training.counts.values())
        if recipe.identities > shown:
            raise ValueError(
                f"a batch of {recipe.identities} identities cannot be drawn from {shown}: lower "
                "identities in the configuration"
            )
        self._config, self._training = config, training
        keras.utils.set_random_seed(config.seed)
        norm = Normalisation(recipe.norm_momentum, recipe.norm_epsilon)
        self.network = build(recipe.network, config.input_size, recipe.dimensions, norm)
        self._optimiser = torch.optim.SGD(
            [variable.value for variable in self.network.trainable_variables],
            recipe.learning_rate,
            recipe.momentum,
            nesterov=recipe.nesterov,
        )
        self.step, self.seconds = 0, 0.0
        self.history: list[Row] = []

    def train_step(self) -> float:
        """One batch: draw, compare, update. Returns the loss, a mean over anchors and positives."""
        started = time.monotonic()
        recipe = self._config.triplets
        rng = np.random.default_rng([self._config.seed, 1, self.step])
        drawn = self._training.draw(recipe.identities, recipe.photos_each, rng)
        views = self._training.views(drawn.photos.T.ravel(), rng).permute(0, 2, 3, 1)
        identities = torch.from_numpy(drawn.objects.repeat(recipe.photos_each))
        for group in self._optimiser.param_groups:
            group["lr"] = recipe.learning_rate / (1 + recipe.decay * self.step)
        loss = triplet_loss(self.network(views, training=True), identities, recipe.margin)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        self.step += 1
        self.seconds += time.monotonic() - started
        return loss.item() / (len(identities) * (recipe.photos_each - 1))

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs."""
        return {
            "weights": [torch.from_numpy(array) for array in self.network.get_weights()],
            "optimiser": self._optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "history": self.history,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Continue from what ``state`` returned."""
        self.network.set_weights([tensor.numpy() for tensor in state["weights"]])
        self._optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]
        self.history = state["history"]


class Watch:
    """Verification of the watched sets, and what was gained over the network as it is given."""

    def __init__(self, dev: dict[str, Photos], seed: int, untrained: keras.Model) -> None:
        self._dev = {name: (as_input(each.pixels), each.objects) for name, each in dev.items()}
        self._weights = {
            name: object_weights(len(set(each.objects)), REPLICATES, seed)
            for name, each in dev.items()
        }
        self._untrained = self._counts(untrained)

    def __call__(self, network: keras.Model) -> Row:
        """EER by ``SET/eer``, how much of the untrained one's is gone by ``SET/gain``; the mean EER
        is the ``score``."""
        row: Row = {}
        for name, counts in self._counts(network).items():
            row[f"{name}/eer"] = asdict(counts.estimate(eer))
            row[f"{name}/gain"] = asdict(counts.gain(self._untrained[name], eer))
        return row | {"score": float(np.mean([row[f"{name}/eer"]["value"] for name in self._dev]))}

    def _counts(self, network: keras.Model) -> dict[str, PairCounts]:
        return {
            name: count_pairs(embed(network, pixels), list(objects), self._weights[name])
            for name, (pixels, objects) in self._dev.items()
        }


@torch.no_grad()
def embed(network: keras.Model, pixels: Tensor) -> np.ndarray:
    """Embeddings (N, D) of photos (N, 3, S, S) in [-1, 1]."""
    parts = pixels.permute(0, 2, 3, 1).split(_BATCH)
    return torch.cat([network(part, training=False) for part in parts]).cpu().numpy()


def run(
    trainer: TripletTrainer,
    watch: Watch,
    recipe: Triplets,
    out: Path,
    record: Callable[[TripletTrainer], None],
) -> None:
    """Train to the last step; after every evaluation keep networks and a checkpoint."""
    if not trainer.history:
        trainer.history.append({"step": 0, **watch(trainer.network)})
    recent: list[float] = []
    bar = tqdm(total=recipe.steps, initial=trainer.step, desc="train", unit="batch", disable=None)
    while trainer.step < recipe.steps:
        recent.append(trainer.train_step())
        bar.update()
        bar.set_postfix(loss=f"{recent[-1]:.3f}")
        last = trainer.step == recipe.steps
        if trainer.step % recipe.evaluate_every and not last:
            continue
        best = min(past["score"] for past in trainer.history)
        loss = float(np.mean(recent))
        trainer.history.append({"step": trainer.step, "loss": loss, **watch(trainer.network)})
        for name in ["best"] * (trainer.history[-1]["score"] < best) + ["final"] * last:
            save_network(trainer.network, out / f"{name}.keras")
        with replacing(out / CHECKPOINT) as stream:
            torch.save(trainer.state(), stream)
        record(trainer)
        recent.clear()
    bar.close()


def save_network(network: keras.Model, path: Path) -> None:
    """Write one ``.keras`` file, whole or not at all."""
    unfinished = path.with_suffix(".new.keras")
    network.save(unfinished)
    unfinished.replace(path)


def train_triplets(config_file: Path, photos: Path, out: Path) -> None:
    """The whole run into a folder: networks, checkpoint, ``training.json`` and ``curves.png``."""
    config = read_triplet_config(config_file)
    out.mkdir(parents=True, exist_ok=True)
    training = TrainingPhotos(config, photos)
    trainer = TripletTrainer(config, training)
    dev = {
        Path(source.file).stem: read_photos(source, photos, config.input_size, training=False)
        for source in config.dev
    }
    watch = Watch(dev, config.seed, trainer.network)
    if (out / CHECKPOINT).exists():
        trainer.resume(torch.load(out / CHECKPOINT, weights_only=True))
    files = sorted({source.file for source in (*config.training, *config.dev)})
    fixed = {
        "config": asdict(config),
        "parameters": trainer.network.count_params(),
        "photo_sets_sha256": {name: sha256_of(photos / name) for name in files},
        "training_photos_and_objects": training.counts,
        "torch": torch.__version__,
        "keras": keras.__version__,
    }

    def record(run: TripletTrainer) -> None:
        progress = {
            "minutes": round(run.seconds / 60, 1),
            "steps": run.step,
            "evaluations": run.history,
        }
        write_whole(out / "training.json", json.dumps(fixed | progress, indent=1) + "\n")
        plot(run.history, list(dev), out / "curves.png")

    run(trainer, watch, config.triplets, out, record)


def plot(history: list[Row], names: list[str], path: Path) -> None:
    """Loss and watched equal error rates against the step."""
    trained = history[1:]
    loss = Series(
        "loss",
        tuple(float(row["step"]) for row in trained),
        tuple(row["loss"] for row in trained),
    )
    rates = [
        estimated(
            name,
            [row["step"] for row in history],
            [Estimate(**row[f"{name}/eer"]) for row in history],
            PERCENT,
        )
        for name in names
    ]
    panels = (
        Panel("mean over anchors and positives", "step", "loss", (loss,), y_range=(0.0, None)),
        Panel("held out", "step", "EER (%)", tuple(rates), y_range=(0.0, None)),
    )
    figure = Figure("", "Triplet training", panels, columns=2)
    write_whole(path, figure_png(figure, path.parent.resolve().name))
