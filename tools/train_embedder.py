"""Train the default embedder: a slim Inception v3 that tells one object from another.

    python -m tools.train_embedder --config tools/train_embedder.toml \\
        --teacher DIR --photos DIR --out DIR

``--teacher`` holds the layer files (``*.npz``) of a full-width Inception v3, exact through
``mixed_8``; convolutions that ``mixed_9`` and ``mixed_10`` lack are filled in at random.
``--photos`` holds the photo sets that the configuration names. The run

1. reconstructs the student from the teacher by least squares, or starts from ``--student``
   (``start.npz``),
2. trains it to keep the teacher's feature maps and to tell objects apart, watching other photos
   (``best.npz`` whenever they do better, ``final.npz`` at the end, each with the learned
   ``*_projection.npz`` of the pooled last hidden layer; ``checkpoint.pt`` to resume),
3. records what it did in ``training.json`` and ``curves.png``.

Running the same command again continues where the last checkpoint was written.

A configuration with a table ``[triplets]``, such as ``tools/train_facenet.toml``, trains a network
of FaceNet from random weights instead (:mod:`tools.training.facenet`), without a teacher, into
``best.keras`` and ``final.keras``; it wants the extra ``train`` with Keras.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from lab.files import sha256_of
from tools.conversion.layer_files import read_layer_files
from tools.training.config import Config, read_config
from tools.training.evaluation import Watch
from tools.training.loop import Metrics, Trainer, run
from tools.training.network import Inception, Layers
from tools.training.photos import TrainingPhotos, read_dev
from tools.training.preparation import Known, Start, prepare
from tools.training.reconstruction import complete
from tools.training.triplet_config import is_triplet_config


def main() -> None:
    """Command-line entry point."""
    arguments = _arguments()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if is_triplet_config(arguments.config):
        from tools.training.triplet_run import train_triplets  # Keras, which nothing else wants

        train_triplets(arguments.config, arguments.photos, arguments.out)
        return
    config, out = read_config(arguments.config), arguments.out
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    teacher, filled = complete(
        read_layer_files(sorted(arguments.teacher.glob("*.npz"))), config.seed
    )
    training = TrainingPhotos(config, arguments.photos)
    start = _start(out / "start.pt", config, teacher, training, arguments.student)
    write_npz(out / "start.npz", start.layers | {"kept": start.kept.numpy()})

    trainer = Trainer(config, start, teacher, training)
    if (out / "checkpoint.pt").exists():
        trainer.resume(torch.load(out / "checkpoint.pt", weights_only=True))
    record = {
        "config": dataclasses.asdict(config),
        "started_from": arguments.student and sha256_of(arguments.student),
        "teacher_filled_at_random": filled,
        "silent_channels_drawn_anew": trainer.revived,
        "photo_sets_sha256": _checksums(config, arguments.photos),
        "training_photos_and_objects": training.counts,
        "torch": torch.__version__,
    }

    def save(is_best: bool) -> None:
        names = ["best"] * is_best + ["final"] * (trainer.step == trainer.steps)
        for name in names:
            write_network(out, name, start.kept, *trainer.averaged.module)
        progress = {
            "minutes": round(trainer.seconds / 60, 1),
            "steps": trainer.step,
            "evaluations": trainer.history,
        }
        (out / "training.json").write_text(json.dumps(record | progress, indent=1) + "\n", "utf-8")
        plot(trainer.history, out / "curves.png")
        torch.save(trainer.state(), out / "checkpoint.pt.new")
        (out / "checkpoint.pt.new").replace(out / "checkpoint.pt")

    watch = Watch(config, read_dev(config, arguments.photos), start)
    run(trainer, watch, config.optimisation.evaluate_every, save)


def write_network(
    folder: Path, name: str, kept: Tensor, student: Inception, projection: nn.Linear
) -> None:
    """Write a layer file, and beside it ``weight`` (512, D) and ``bias`` (512,) of the projection.

    The projection applies to the mean of ``mixed_10`` over space; float32. ``kept`` goes into the
    layer file: which of the teacher's ``mixed_8`` channels the student's imitate.
    """
    write_npz(folder / f"{name}.npz", student.layers() | {"kept": kept.numpy()})
    state = {key: tensor.numpy() for key, tensor in projection.state_dict().items()}
    write_npz(folder / f"{name}_projection.npz", state)


def write_npz(path: Path, arrays: Layers) -> None:
    """Write arrays whole or not at all."""
    unfinished = path.with_suffix(".new.npz")
    np.savez(unfinished, **arrays)  # type: ignore[arg-type]  # stubs: each could be an option
    unfinished.replace(path)


def plot(history: list[Metrics], path: Path) -> None:
    """Losses, and equal error rates of the watched sets, against the step."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    losses, rates = figure.subplots(1, 2)
    for name in ("mixed_8", "objects", "teacher", "decorrelation"):
        points = [(epoch["step"], epoch[name]) for epoch in history if name in epoch]
        losses.plot(*zip(*points, strict=True) if points else ([], []), marker=".", label=name)
    for name in (key for key in history[0] if key.endswith("mixed_10/learned")):
        points = [(epoch["step"], 100 * epoch[name]) for epoch in history]
        rates.plot(*zip(*points, strict=True), marker=".", label=name)
    losses.set(xlabel="step", title="mean loss since the last evaluation")
    rates.set(xlabel="step", title="equal error rate, %", yscale="log")
    for axes in (losses, rates):
        axes.legend(fontsize="small")
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def _start(
    path: Path, config: Config, teacher: Layers, training: TrainingPhotos, student: Path | None
) -> Start:
    """What training starts from: prepared once, then read back."""
    if not path.exists():
        known = None
        if student is not None:
            layers = read_layer_files([student])
            kept = layers.pop("kept").astype(np.int64)
            known = Known(layers, torch.from_numpy(kept))
        torch.save(prepare(config, teacher, training, known), path)
    return torch.load(path, weights_only=False)


def _checksums(config: Config, directory: Path) -> dict[str, str]:
    """SHA-256 of every photo set used, by name."""
    names = sorted({source.file for source in (*config.training, *config.dev)})
    return {name: sha256_of(directory / name) for name in names}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, help="folder of layer files; none for triplets")
    parser.add_argument("--photos", type=Path, required=True, help="folder of photo sets")
    parser.add_argument("--student", type=Path, help="an earlier run's result, to start from it")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, results")
    parser.add_argument("--threads", type=int, help="CPU threads (default: all cores)")
    arguments = parser.parse_args()
    if arguments.teacher is None and not is_triplet_config(arguments.config):
        parser.error(f"{arguments.config} needs --teacher")
    return arguments


if __name__ == "__main__":
    main()
