"""The Inception v3 graph walked in Keras, at whatever width the layer file has."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.conversion.convert_tensorflow import keras
from tools.conversion.inception_v3 import INPUT, NODES, POOL_3, Concat, Conv, Node, Pool

Layers = dict[str, NDArray[np.float32]]
"""A layer file in memory: ``NAME/weights`` HWIO and ``NAME/bias``."""
LAST_MAP = NODES[-1].name
"""The feature map whose mean is ``pool_3``."""


class LayerFileError(Exception):
    """A layer file is missing or damaged, or lacks what is asked of it."""


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
            with np.load(path, allow_pickle=False) as archive:
                layers.update({key: archive[key].astype(np.float32) for key in archive.files})
        except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
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
        elif isinstance(node, Concat):
            channels[node.name] = sum(channels[source] for source in node.sources)
        else:
            channels[node.name] = channels[node.source]
    return layers


def computable(
    layers: Mapping[str, NDArray[np.float32]], nodes: Iterable[Node] = NODES
) -> tuple[list[Node], list[str]]:
    """The nodes that these weights allow, in order, and the convolutions whose weights are missing.

    A convolution that also waits for an earlier one is not counted as missing.
    """
    reached, allowed, missing = {INPUT}, list[Node](), list[str]()
    for node in nodes:
        if not reached >= set(node.sources if isinstance(node, Concat) else (node.source,)):
            continue
        if isinstance(node, Conv) and f"{node.name}/weights" not in layers:
            missing.append(node.name)
            continue
        reached.add(node.name)
        allowed.append(node)
    return allowed, missing


def build_model(
    layers: Mapping[str, NDArray[np.float32]],
    side: int,
    outputs: Sequence[str],
    nodes: Iterable[Node] = NODES,
) -> keras.Model:
    """The network from RGB in [-1, 1], float32 (1, side, side, 3), to the named nodes.

    ``outputs`` are node names, or ``pool_3`` for the mean of the last map over its positions; the
    model returns a dictionary keyed by :func:`output_name`. The walk ends where weights end.

    Raises
    ------
    LayerFileError
        An output needs weights that are not there, or weights do not fit the graph.
    """
    photo = keras.Input((side, side, 3), batch_size=1, name=INPUT)
    maps = {INPUT: photo}
    allowed, missing = computable(layers, nodes)
    for node in allowed:
        maps[node.name] = _apply(node, maps, layers)
    known = maps.keys() | ({POOL_3} if LAST_MAP in maps else set())
    if unknown := [name for name in outputs if name not in known]:
        reason = f"the weights lack {', '.join(missing)}" if missing else "there is no such node"
        raise LayerFileError(f"no output {unknown[0]!r}: {reason}")
    return keras.Model(photo, {output_name(name): _output(name, maps) for name in outputs})


def output_name(node: str) -> str:
    """The node's name in a TFLite signature, where ``/`` is not allowed."""
    return node.replace("/", "_")


def _output(name: str, maps: Mapping[str, keras.KerasTensor]) -> keras.KerasTensor:
    """A node's map; ``pool_3`` is the last one's mean over its positions."""
    if name == POOL_3:
        return keras.layers.GlobalAveragePooling2D(name=POOL_3)(maps[LAST_MAP])
    return maps[name]


def _apply(
    node: Node, maps: Mapping[str, keras.KerasTensor], layers: Mapping[str, NDArray[np.float32]]
) -> keras.KerasTensor:
    name = output_name(node.name)
    if isinstance(node, Concat):
        return keras.layers.Concatenate(name=name)([maps[source] for source in node.sources])
    padding = "same" if node.same else "valid"
    if isinstance(node, Pool):
        kinds = {"max": keras.layers.MaxPooling2D, "avg": keras.layers.AveragePooling2D}
        # TensorFlow's averages leave the padding out, as the graph asks.
        return kinds[node.kind](3, node.stride, padding, name=name)(maps[node.source])
    return _convolve(node, padding, maps[node.source], layers)


def _convolve(
    node: Conv, padding: str, source: keras.KerasTensor, layers: Mapping[str, NDArray[np.float32]]
) -> keras.KerasTensor:
    weights, bias = layers[f"{node.name}/weights"], layers.get(f"{node.name}/bias")
    filters = weights.shape[-1]
    expected = (*node.kernel, source.shape[-1], filters)
    if bias is None or weights.shape != expected or bias.shape != (filters,):
        raise LayerFileError(
            f"{node.name}: weights are {weights.shape}, the graph needs {expected} and a bias"
        )
    layer = keras.layers.Conv2D(
        filters, node.kernel, node.stride, padding, activation="relu", name=node.name
    )
    result = layer(source)
    layer.set_weights([weights, bias])
    return result
