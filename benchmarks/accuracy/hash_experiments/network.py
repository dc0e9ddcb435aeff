"""The thesis' network, input-256-512-256-output, trained on bits and tested on others.

Every history is kept in a file, whose key is all that it depends on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from lab.files import replacing, stored_arrays

HIDDEN = 256, 512, 256
DROPOUT = 0.2
EPSILON = 1e-7
"""Keras's of Adam. With PyTorch's own a network that knew its training by heart fell apart."""
CURVES = "training_loss", "training_accuracy", "test_loss", "test_accuracy"


@dataclass(frozen=True)
class Settings:
    """Of the training: Adam at 1e-3, the last epoch counts."""

    epochs: int
    batch: int
    seed: int


@dataclass(frozen=True, eq=False)
class History:
    """What came of a training.

    Attributes
    ----------
    curves : float64 (E,) by name, each one of ``CURVES``; both accuracies without dropout
    predicted : int64 (T,), the class of each test input after the last epoch
    """

    curves: dict[str, NDArray[np.float64]]
    predicted: NDArray[np.int64]


def network(inputs: int, classes: int) -> nn.Sequential:
    """One output for two classes, otherwise one for each (one-hot)."""
    widths = (inputs, *HIDDEN)
    layers: list[nn.Module] = []
    for before, after in zip(widths, HIDDEN, strict=False):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout(DROPOUT), nn.Linear(HIDDEN[-1], _outputs(classes)))


def history(
    inputs: NDArray[np.uint8],
    classes: NDArray[np.int64],
    training: NDArray[np.bool_],
    settings: Settings,
    cache: Path,
    label: str,
) -> History:
    """Train on some inputs and test on the others, or read what came of it.

    Parameters
    ----------
    inputs : bits, (N, D)
    classes : of each, 0 .. C - 1, (N,)
    training : which are trained on, (N,)
    cache : folder of one ``.npz`` for each training; delete it to start afresh
    label : of the progress bar
    """
    digest = hashlib.sha256()
    for array in (inputs, classes, training):
        digest.update(f"{array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).data)
    key = json.dumps(
        {
            "format": "ailock-hash-network/1",
            "arrays": digest.hexdigest(),
            "settings": vars(settings),
            "network": [HIDDEN, DROPOUT, EPSILON],
            "torch": torch.__version__,
        }
    )
    file = cache / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    stored = stored_arrays(file)
    if stored is not None and str(stored.get("key")) == key:
        return History({name: stored[name] for name in CURVES}, stored["predicted"])
    found = _train(inputs, classes, training, settings, label)
    with replacing(file) as stream:
        arrays: dict[str, Any] = {
            "key": np.array(key),
            "predicted": found.predicted,
            **found.curves,
        }
        np.savez(stream, **arrays)
    return found


def _train(
    inputs: NDArray[np.uint8],
    classes: NDArray[np.int64],
    training: NDArray[np.bool_],
    settings: Settings,
    label: str,
) -> History:
    count = int(classes.max()) + 1
    x, y = torch.from_numpy(inputs.astype(np.float32)), torch.from_numpy(classes)
    parts = {
        name: (x[torch.from_numpy(mask)], y[torch.from_numpy(mask)])
        for name, mask in (("training", training), ("test", ~training))
    }
    own_x, own_y = parts["training"]
    curves: dict[str, list[float]] = {name: [] for name in CURVES}
    predicted = own_y
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        model = network(inputs.shape[1], count)
        optimiser = torch.optim.Adam(
            model.parameters(), eps=EPSILON, fused=True
        )  # fused: half the time
        for _ in tqdm(range(settings.epochs), label, unit="epoch", disable=None):
            model.train()
            for chosen in torch.randperm(len(own_x)).split(settings.batch):
                optimiser.zero_grad()
                _loss(model(own_x[chosen]), own_y[chosen]).backward()
                optimiser.step()
            model.eval()
            with torch.no_grad():
                for name, (some_x, some_y) in parts.items():
                    outputs = model(some_x)
                    predicted = _predicted(outputs)  # those of the test last
                    curves[f"{name}_loss"].append(_loss(outputs, some_y).item())
                    curves[f"{name}_accuracy"].append((predicted == some_y).double().mean().item())
    return History({name: np.array(each) for name, each in curves.items()}, predicted.numpy())


def _outputs(classes: int) -> int:
    return 1 if classes == 2 else classes


def _loss(outputs: Tensor, classes: Tensor) -> Tensor:
    if outputs.shape[1] == 1:
        return functional.mse_loss(outputs[:, 0].sigmoid(), classes.float())
    return functional.cross_entropy(outputs, classes)


def _predicted(outputs: Tensor) -> Tensor:
    if outputs.shape[1] == 1:
        return (outputs[:, 0] >= 0).long()
    return outputs.argmax(dim=1)
