"""Weights of the Inception v3 graph as layer files have them, and what can be computed from them.

A *layer file* is an ``.npz`` with ``NAME/weights`` in HWIO order and ``NAME/bias`` for each
convolution of ``tools/conversion/inception_v3.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.errors import LayerFileError
from tools.conversion.inception_v3 import INPUT, NODES, Conv, Node

Layers = dict[str, NDArray[np.float32]]
"""A layer file in memory: ``NAME/weights`` HWIO and ``NAME/bias``."""


def read_layer_files(paths: Iterable[Path]) -> Layers:
    """Merge layer files (float16 or float32) into one; a later file wins.

    Raises
    ------
    LayerFileError
        A file is missing, not an ``.npz`` of plain arrays, or holds a value that is not finite.
    """
    layers: Layers = {}
    for path in paths:
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
                layers.update({key: archive[key].astype(np.float32) for key in archive.files})
        except Exception as error:  # zipfile, zlib and NumPy: many kinds for damaged files
            raise LayerFileError(f"{path} is not a layer file: {error}") from None
    if broken := [key for key, value in layers.items() if not np.isfinite(value).all()]:
        raise LayerFileError(f"{broken[0]} holds a value that is not finite")
    return layers


def random_layers(seed: int) -> Layers:
    """Full-width weights after He's initialisation: a network to time, not to use."""
    generator = np.random.default_rng(seed)
    channels, layers = {INPUT: 3}, Layers()
    for node in NODES:
        if isinstance(node, Conv):
            shape = (*node.kernel, channels[node.source], node.filters)
            deviation = np.float32(np.sqrt(2 / np.prod(shape[:3])))
            weights = generator.standard_normal(shape, dtype=np.float32) * deviation
            layers[f"{node.name}/weights"] = weights
            layers[f"{node.name}/bias"] = np.zeros(node.filters, np.float32)
            channels[node.name] = node.filters
        else:
            channels[node.name] = sum(channels[source] for source in node.sources)
    return layers


def computable(
    layers: Mapping[str, NDArray[np.float32]], nodes: Iterable[Node] = NODES
) -> tuple[list[Node], list[str]]:
    """The nodes that these weights allow, in order, and the convolutions whose weights are missing.

    A convolution that also waits for an earlier one is not counted as missing.
    """
    reached, allowed, missing = {INPUT}, list[Node](), list[str]()
    for node in nodes:
        if not reached >= set(node.sources):
            continue
        if isinstance(node, Conv) and f"{node.name}/weights" not in layers:
            missing.append(node.name)
            continue
        reached.add(node.name)
        allowed.append(node)
    return allowed, missing
