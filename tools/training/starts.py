"""What a run on objects starts from: a bundle, its model, or a layer file, with a projection."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tools.conversion.layer_files import read_layer_files
from tools.training.dequantise import read_tflite
from tools.training.network import (
    MIXED_8,
    TRUNK,
    Inception,
    Layers,
    convolutions,
    global_mean,
)
from tools.training.projections import whitened_pca

PROJECTION_WEIGHT, PROJECTION_BIAS = "projection/weight", "projection/bias"
"""In a layer file: (K, C) and (K,), pooled ``mixed_8`` to margins."""
ROOT_OFFSET = "projection/offset"
"""In a layer file: (), of the pooled maps' root, if the projection takes that."""

MARGINS = 512
_PARTS = ("weights", "bias")
_BATCH = 32


@dataclass(frozen=True)
class Student:
    """A network through ``mixed_8``, and the projection of its mean, if it has one.

    Attributes
    ----------
    layers : the trunk's layer file
    weight, bias : float32 (K, C) and (K,): ``weight @ pooled + bias`` are the margins; or None
    offset : pooled is the root of the mean plus this (SPEC section 2), or None: the mean
    """

    layers: Layers
    weight: np.ndarray | None = None
    bias: np.ndarray | None = None
    offset: float | None = None


def open_student(path: Path) -> Student:
    """Read ``path``: a bundle's folder, a ``.tflite`` model, or a ``.npz`` layer file.

    A bundle's projection of ``mixed_8`` comes with it, so that the run starts at its figures; a
    layer file may hold one (:data:`PROJECTION_WEIGHT`). Layers after ``mixed_8`` are left out.
    """
    if path.is_dir():
        manifest = json.loads((path / "manifest.json").read_text("utf-8"))
        layers = read_tflite(path / manifest["model"])
        with np.load(path / manifest["projection"]) as arrays:
            weight = arrays[f"{MIXED_8}/weights"].astype(np.float32)
            bias = -arrays[f"{MIXED_8}/offsets"].astype(np.float32)
        offset = manifest["layers"][MIXED_8][0].get("offset")
        return Student(_trunk(layers), weight, bias, offset)
    if path.suffix == ".tflite":
        return Student(_trunk(read_tflite(path)))
    layers = read_layer_files([path])
    if PROJECTION_WEIGHT not in layers:
        return Student(_trunk(layers))
    offset = float(layers[ROOT_OFFSET]) if ROOT_OFFSET in layers else None
    return Student(_trunk(layers), layers[PROJECTION_WEIGHT], layers[PROJECTION_BIAS], offset)


def _trunk(layers: Layers) -> Layers:
    names = [node.name for node in convolutions(TRUNK)]
    return {f"{name}/{part}": layers[f"{name}/{part}"] for name in names for part in _PARTS}


@torch.no_grad()
def with_projection(student: Student, photos: Tensor) -> Student:
    """The student with its whitened principal components over ``photos`` (N, 3, S, S)."""
    network = Inception(student.layers, TRUNK)
    pooled = torch.cat([global_mean(network.trunk(batch)) for batch in photos.split(_BATCH)])
    count = min(MARGINS, pooled.shape[1], len(pooled) - 1)
    fitted = whitened_pca(pooled.double().numpy(), count)
    weight = fitted.matrix.T.astype(np.float32)
    return Student(student.layers, weight, (-fitted.mean @ fitted.matrix).astype(np.float32))
