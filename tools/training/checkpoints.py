"""Checkpoints in half precision, from which a run goes on as if it had never stopped.

Writing a checkpoint rounds the run itself to what was written: so a resumed run and one that was
not interrupted are equal step for step, though no file holds more than 16 bits a number. Weights
are float16, whose rounding is far below int8's; the optimiser's moments are bfloat16, for squares
of small gradients are too small for float16.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tools.training.losses import Queue
from tools.training.object_trainer import ObjectTrainer

_RUN = "run.json"
_MOMENTS = ("exp_avg", "exp_avg_sq")


def save_checkpoint(trainer: ObjectTrainer, history: list[dict[str, Any]], folder: Path) -> None:
    """Write ``folder``, whole or not at all, and round the run to it."""
    unfinished = folder.with_name(folder.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    torch.save(_rounded(trainer.printer), unfinished / "student.pt")
    torch.save(_rounded(trainer.averaged.module), unfinished / "average.pt")
    for name in _MOMENTS:
        torch.save(_rounded_moments(trainer, name), unfinished / f"{name}.pt")
    queue = trainer.queue
    embeddings = queue.embeddings.to(torch.float16)
    trainer.queue = Queue(embeddings.float(), queue.objects)
    torch.save({"embeddings": embeddings, "objects": queue.objects}, unfinished / "queue.pt")
    run = {"step": trainer.step, "seconds": trainer.seconds, "history": history}
    (unfinished / _RUN).write_text(json.dumps(run) + "\n", "utf-8")
    # A folder cannot replace another at once: what is cut off between the two is the old one.
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)
    unfinished.replace(folder)
    shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(trainer: ObjectTrainer, folder: Path) -> list[dict[str, Any]] | None:
    """Bring a fresh trainer to where ``folder`` was written; its history, if there is one."""
    if not folder.exists():
        folder = folder.with_name(folder.name + ".old")
    if not folder.exists():
        return None

    def read(name: str) -> Any:
        return torch.load(folder / name, map_location=trainer.device, weights_only=True)

    run = json.loads((folder / _RUN).read_text("utf-8"))
    trainer.step, trainer.seconds = run["step"], run["seconds"]
    trainer.printer.load_state_dict(read("student.pt"))
    trainer.averaged.module.load_state_dict(read("average.pt"))
    trainer.averaged.n_averaged.fill_(trainer.step)
    moments = {name: read(f"{name}.pt") for name in _MOMENTS}
    for index, parameter in enumerate(_trained(trainer)):
        trainer.optimiser.state[parameter] = {
            "step": torch.tensor(float(trainer.step)),
            **{name: moments[name][index].float() for name in _MOMENTS},
        }
    queue = read("queue.pt")
    trainer.queue = Queue(queue["embeddings"].float(), queue["objects"])
    history: list[dict[str, Any]] = run["history"]
    return history


@torch.no_grad()
def _rounded(module: nn.Module) -> dict[str, Tensor]:
    """The state in float16, to which the module's own is rounded."""
    rounded = {}
    for name, tensor in module.state_dict().items():
        rounded[name] = tensor.to(torch.float16)
        tensor.copy_(rounded[name])
    return rounded


@torch.no_grad()
def _rounded_moments(trainer: ObjectTrainer, name: str) -> list[Tensor]:
    """One moment of every trained parameter in bfloat16, to which it is rounded."""
    rounded = []
    for parameter in _trained(trainer):
        moment = trainer.optimiser.state[parameter][name]
        rounded.append(moment.to(torch.bfloat16))
        moment.copy_(rounded[-1])
    return rounded


def _trained(trainer: ObjectTrainer) -> list[nn.Parameter]:
    return [p for group in trainer.optimiser.param_groups for p in group["params"]]
