"""The Inception v3 graph walked in Keras, at whatever width the layer file has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lab.errors import LayerFileError
from tools.conversion.inception_v3 import (
    INPUT,
    LAST_MAP,
    NODES,
    POOL_3,
    Concat,
    Conv,
    Node,
    Pool,
    output_name,
)
from tools.conversion.layer_files import computable
from tools.conversion.quiet_tensorflow import keras


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
