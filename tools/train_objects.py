"""Train on: a print of the object, not of the scene.

    python -m tools.train_objects --config tools/train_objects.toml \\
        --student models/inception_v3_slim --photos DIR --out DIR

``--student`` is a bundle's folder, a ``.tflite`` model or a ``.npz`` layer file: the shipped
network, an earlier run's result, or the reconstruction that ``tools.train_embedder`` writes first
(``start.npz``). ``--photos`` is a folder of photo sets, or one packed file of them
(``tools.training.pack``). The run

1. draws grids of objects times backgrounds, and pairs of whole photos,
2. trains the trunk through ``mixed_8`` and a projection of its mean to tell objects apart on
   whatever background, and to keep the maps of the network it starts from in whole photos,
3. watches same-place, changed-background and targeted photos: ``best.npz`` whenever all of them
   together do better (``tools.training.watch``), ``final.npz`` at the end, both float16,
4. records what it did in ``training.json`` and ``curves.png``.

The same command on a machine with a GPU uses it; running it again continues from the checkpoint.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from lab.files import replacing, sha256_of, write_whole
from lab.report.render_png import figure_png
from lab.report.results import Figure, Panel, Series
from lab.report.series import PERCENT
from tools.training.checkpoints import load_checkpoint, save_checkpoint
from tools.training.kept import Again, Kept
from tools.training.object_batches import Ahead, ObjectBatch, ObjectBatches
from tools.training.object_config import ObjectConfig, read_object_config
from tools.training.object_trainer import Metrics, ObjectTrainer, deviation_of
from tools.training.printer import Printer
from tools.training.starts import (
    PROJECTION_BIAS,
    PROJECTION_WEIGHT,
    ROOT_OFFSET,
    Student,
    open_student,
    with_projection,
)
from tools.training.watch import Watch, Watched, as_maps, photos_of, read_watched, whole_looks

SCALE_PHOTOS, PROJECTION_PHOTOS = 384, 800
"""Ordinary photos on which maps and margins are scaled, and a projection is fitted if need be."""
LOSSES = ("grid", "pairs", "keep", "decorrelation")


def main() -> None:
    """Command-line entry point."""
    arguments = _arguments()
    config, out = read_object_config(arguments.config), arguments.out
    out.mkdir(parents=True, exist_ok=True)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    photos = _unpacked(arguments.photos, out)
    start = open_student(arguments.student)
    if start.weight is None:
        general = ObjectBatches(config, photos).general(PROJECTION_PHOTOS)
        start = with_projection(start, general)
    record = {
        "config": dataclasses.asdict(config),
        "started_from": sha256_of(_model_file(arguments.student)),
        "photo_sets_sha256": {name: sha256_of(photos / name) for name in config.files},
        "device": str(device),
        "torch": torch.__version__,
    }
    prepared = _prepared(config, photos, start, device, out / "kept.pt")
    trainer = ObjectTrainer(config.optimisation, start, prepared.deviation, device)
    history = load_checkpoint(trainer, out / "checkpoint") or []
    watch = Watch(prepared.sets, prepared.general, device)
    run(trainer, prepared.draw, watch, history, out, record)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What a run needs besides its trainer: batches by step, watched sets, looks at ordinary
    photos, and the scale of ``mixed_8``."""

    draw: Callable[[int], ObjectBatch]
    sets: list[Watched]
    general: Tensor
    deviation: Tensor


def _prepared(
    config: ObjectConfig, photos: Path, start: Student, device: torch.device, file: Path
) -> Prepared:
    """Read the photos; where batches are kept, draw them once and read ``file`` ever after."""
    recipe = config.optimisation
    printer = Printer(start, recipe.freeze_through).to(device)
    if not (recipe.kept_batches and file.exists()):
        batches = ObjectBatches(config, photos)
        general = batches.general(SCALE_PHOTOS)
        deviation, looks = deviation_of(printer, general, device), whole_looks(general)
        sets = read_watched(config.watch, photos, config.input_size)
        if not recipe.kept_batches:
            return Prepared(batches, sets, looks, deviation)
        bar = tqdm(range(recipe.kept_batches), "keep", unit="batch", disable=None)
        drawn = map(batches, bar)
        maps = [replace(b, views=printer.frozen(b.views.to(device)).cpu()) for b in drawn]
        watched = [as_maps(printer, watched.looks, device) for watched in sets]
        Kept(maps, watched, as_maps(printer, looks, device), deviation.cpu()).save(file)
    kept = Kept.load(file)
    sets = [
        Watched(source, maps, photos_of(source, photos).objects)
        for source, maps in zip(config.watch, kept.watched, strict=True)
    ]
    return Prepared(Again(kept.batches, config.seed), sets, kept.general, kept.deviation)


def run(
    trainer: ObjectTrainer,
    batches: Callable[[int], ObjectBatch],
    watch: Watch,
    history: list[Metrics],
    out: Path,
    record: dict[str, object],
) -> None:
    """Train to the last step; evaluate, keep and record every now and then."""
    recipe = trainer.recipe
    if not history:
        history.append({"step": 0, **watch(trainer.averaged.module)})
        _record(out, record, trainer, history)
    following, recent = Ahead(batches, trainer.step), []
    bar = tqdm(total=recipe.steps, initial=trainer.step, desc="train", unit="batch", disable=None)
    while trainer.step < recipe.steps:
        recent.append(trainer.train_step(following()))
        bar.update()
        last = trainer.step == recipe.steps
        if trainer.step % recipe.evaluate_every and not last:
            continue
        best = min(past["score"] for past in history)
        losses = {name: float(np.mean([row[name] for row in recent])) for name in LOSSES}
        history.append({"step": trainer.step, **losses, **watch(trainer.averaged.module)})
        names = [f"step_{trainer.step}", *["best"] * (history[-1]["score"] < best)]
        names += ["final"] * last
        for name in names:
            write_student(out / f"{name}.npz", trainer.averaged.module.student())
        save_checkpoint(trainer, history, out / "checkpoint")
        _record(out, record, trainer, history)
        recent.clear()
    following.close()
    bar.close()


def write_student(path: Path, student: Student) -> None:
    """Write a layer file with its projection in float16, whole or not at all."""
    arrays = dict(student.layers)
    if student.weight is not None and student.bias is not None:
        arrays |= {PROJECTION_WEIGHT: student.weight, PROJECTION_BIAS: student.bias}
        if student.offset is not None:
            arrays[ROOT_OFFSET] = np.float32(student.offset)
    halves: dict[str, Any] = {name: array.astype(np.float16) for name, array in arrays.items()}
    with replacing(path) as stream:
        np.savez(stream, **halves)


def plot(history: list[Metrics], path: Path) -> None:
    """Losses, and what is refused and let in of the watched sets, against the step."""
    watched = [name for name in history[-1] if "/" in name or name == "score"]
    let_in = [name for name in watched if name.endswith("_kind")]
    refused = [name for name in watched if name not in let_in]
    panels = (
        _panel(history, LOSSES, 1.0, "mean loss since the last evaluation", "loss"),
        _panel(history, refused, PERCENT, "owners refused, EER and score", "%"),
        _panel(history, let_in, PERCENT, "others on the owner's background let in", "%"),
    )
    figure = Figure("", "Training watched on three kinds of photos", panels)
    write_whole(path, figure_png(figure, path.parent.resolve().name))


def _panel(
    history: list[Metrics], names: Sequence[str], unit: float, title: str, y_label: str
) -> Panel:
    series = []
    for name in names:
        points = [(float(row["step"]), unit * row[name]) for row in history if name in row]
        steps, values = zip(*points, strict=True) if points else ((), ())
        series.append(Series(name, steps, values))
    return Panel(title, "step", y_label, tuple(series), y_range=(0.0, None))


def _record(
    out: Path, record: dict[str, object], trainer: ObjectTrainer, history: list[Metrics]
) -> None:
    progress = {
        "minutes": round(trainer.seconds / 60, 1),
        "steps": trainer.step,
        "evaluations": history,
    }
    (out / "training.json").write_text(json.dumps(record | progress, indent=1) + "\n", "utf-8")
    plot(history, out / "curves.png")


def _unpacked(photos: Path, out: Path) -> Path:
    """The folder of photo sets: given, or unpacked from one file into the run's folder."""
    if photos.is_dir():
        return photos
    folder = out / "photos"
    with zipfile.ZipFile(photos) as archive:
        archive.extractall(folder)
    return folder


def _model_file(student: Path) -> Path:
    """The file whose checksum says what a run started from."""
    if not student.is_dir():
        return student
    manifest = json.loads((student / "manifest.json").read_text("utf-8"))
    return student / str(manifest["model"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add = parser.add_argument
    add("--config", type=Path, required=True)
    add("--student", type=Path, required=True, help="bundle folder, .tflite or .npz to start from")
    add("--photos", type=Path, required=True, help="folder of photo sets, or a packed file of them")
    add("--out", type=Path, required=True, help="folder for checkpoints, results")
    add("--device", help="such as cpu or cuda (default: a GPU if there is one)")
    add("--threads", type=int, help="CPU threads of a step; views are drawn by one more")
    return parser.parse_args()


if __name__ == "__main__":
    main()
