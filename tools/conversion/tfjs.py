"""A network of TensorFlow.js (a graph model) as a Keras file.

    python -m tools.conversion.tfjs model.json --out model.keras [--output NODE] [--caffe]

The packages that do this want old versions of TensorFlow. The format is a graph of TensorFlow in
JSON, with the weights in files beside it (tfjs-converter's "graph-model"); only nodes are read that
feed-forward image networks of convolutions have.
"""

from __future__ import annotations

import argparse
import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.command import run_module
from lab.errors import LayerFileError
from tools.conversion.quiet_tensorflow import keras

CAFFE_MEAN = (103.939, 116.779, 123.68)
"""Of ImageNet's blue, green and red, which networks that began in Caffe want taken off."""

Node = Mapping[str, Any]
Value = Any
"""A constant array, or what Keras computes."""


def read_weights(model: Path, document: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The weights by name, whole or in half precision in their files.

    Raises
    ------
    LayerFileError
        A file is missing or too short, or weights are quantised in another way.
    """
    found = {}
    for group in document["weightsManifest"]:
        try:
            raw = b"".join((model.parent / path).read_bytes() for path in group["paths"])
        except OSError as error:
            raise LayerFileError(f"{model}: its weights cannot be read: {error}") from None
        start = 0
        for entry in group["weights"]:
            stored = np.dtype(entry.get("quantization", entry)["dtype"])
            if stored not in (np.float32, np.float16, np.int32):
                raise LayerFileError(f"{model}: weights of {stored} are not read")
            count = int(np.prod(entry["shape"]))
            if start + count * stored.itemsize > len(raw):
                raise LayerFileError(f"{model}: the files of its weights are too short")
            values = np.frombuffer(raw, stored, count, start).reshape(entry["shape"])
            found[entry["name"]] = values.astype(entry["dtype"])
            start += count * stored.itemsize
    return found


def read_graph_model(model: Path, output: str | None = None, caffe: bool = False) -> keras.Model:
    """The network up to a node, by default the first output of its signature, or its last node.

    With ``caffe`` it takes RGB from 0 to 255, of which it makes BGR less :data:`CAFFE_MEAN`.

    Raises
    ------
    LayerFileError
        The file is none of TensorFlow.js, or has nodes that are not read here.
    """
    try:
        document = json.loads(model.read_text("utf-8"))
        nodes = document["modelTopology"]["node"]
    except (OSError, ValueError, KeyError, TypeError):
        raise LayerFileError(f"{model} is no graph model of TensorFlow.js") from None
    signature = document.get("signature", {}).get("outputs", {})
    wanted = output or (next(iter(signature.values()))["name"] if signature else nodes[-1]["name"])
    values: dict[str, Value] = dict(read_weights(model, document))
    by_name = {node["name"]: node for node in nodes}
    pixels = []

    def value(reference: str) -> Value:
        name = reference.split(":")[0]
        if name not in values:
            node = by_name.get(name)
            if node is None:
                raise LayerFileError(f"{model}: there is no node {name!r}")
            if node["op"] == "Placeholder":
                _, *shape = (int(side["size"]) for side in node["attr"]["shape"]["shape"]["dim"])
                pixels.append(keras.Input(shape, name="pixels"))
                values[name] = _from_caffe(pixels[-1]) if caffe else pixels[-1]
            elif node["op"] not in OPERATIONS:
                raise LayerFileError(f"{model}: {name}: {node['op']} is not read")
            else:
                given = [value(source) for source in node.get("input", ()) if source[0] != "^"]
                values[name] = OPERATIONS[node["op"]](node, *given)
        return values[name]

    result = value(wanted)
    if len(pixels) != 1:
        raise LayerFileError(f"{model}: {wanted} depends on {len(pixels)} inputs, not on one")
    return keras.Model(pixels[0], result, name=model.stem)


def _from_caffe(pixels: Value) -> Value:
    """As a convolution of one pixel: whatever reads the network knows that."""
    swap = np.eye(3, dtype=np.float32)[::-1].reshape(1, 1, 3, 3)
    layer = keras.layers.Conv2D(3, 1, name="bgr_less_mean")
    return _with_weights(layer, pixels, swap, -np.array(CAFFE_MEAN, np.float32))


def _convolve(node: Node, maps: Value, weights: NDArray[Any], bias: Value = None) -> Value:
    layer = keras.layers.Conv2D(weights.shape[3], weights.shape[:2], **_geometry(node, bias))
    return _with_weights(layer, maps, weights, bias)


def _convolve_depthwise(
    node: Node, maps: Value, weights: NDArray[Any], bias: Value = None
) -> Value:
    layer = keras.layers.DepthwiseConv2D(
        weights.shape[:2], depth_multiplier=weights.shape[3], **_geometry(node, bias)
    )
    return _with_weights(layer, maps, weights, bias)


def _multiply_matrix(node: Node, rows: Value, weights: NDArray[Any], bias: Value = None) -> Value:
    options = {"use_bias": bias is not None, "activation": _activation(node)}
    return _with_weights(keras.layers.Dense(weights.shape[1], **options), rows, weights, bias)


def _geometry(node: Node, bias: Value) -> dict[str, Any]:
    attributes = node["attr"]
    return {
        "strides": [int(step) for step in attributes["strides"]["list"]["i"][1:3]],
        "padding": _text(attributes["padding"]["s"]).lower(),
        "dilation_rate": [int(x) for x in attributes["dilations"]["list"]["i"][1:3]],
        "use_bias": bias is not None,
        "activation": _activation(node),
    }


def _activation(node: Node) -> str | None:
    """What is fused after the bias."""
    fused = [_text(s) for s in node["attr"].get("fused_ops", {}).get("list", {}).get("s", ())]
    after = [name for name in fused if name != "BiasAdd"]
    if any(name not in ("Relu", "Relu6") for name in after):
        raise LayerFileError(f"{node['name']}: fused {after[0]} is not read")
    return after[0].lower() if after else None


def _with_weights(layer: Any, maps: Value, weights: NDArray[Any], bias: Value) -> Value:
    result = layer(maps)
    layer.set_weights([weights] if bias is None else [weights, bias])
    return result


def _reduce(reduction: str) -> Callable[[Node, Value, NDArray[Any]], Value]:
    def apply(node: Node, values: Value, axes: NDArray[Any]) -> Value:
        keep = bool(node["attr"].get("keep_dims", {}).get("b", False))
        axis = tuple(int(a) for a in np.ravel(axes))
        return getattr(keras.ops, reduction)(values, axis=axis, keepdims=keep)

    return apply


def _elementwise(operation: str) -> Callable[..., Value]:
    """Keras's of this name; a constant beside a map counts as one."""
    return lambda node, *given: getattr(keras.ops, operation)(*given)


def _squeeze(node: Node, values: Value) -> Value:
    axes = node["attr"]["squeeze_dims"]["list"].get("i", ())
    return keras.ops.squeeze(values, axis=tuple(int(axis) for axis in axes))


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode("ascii")


OPERATIONS: Mapping[str, Callable[..., Value]] = {
    "Conv2D": _convolve,
    "_FusedConv2D": _convolve,
    "DepthwiseConv2dNative": _convolve_depthwise,
    "FusedDepthwiseConv2dNative": _convolve_depthwise,
    "MatMul": _multiply_matrix,
    "_FusedMatMul": _multiply_matrix,
    "Mean": _reduce("mean"),
    "Sum": _reduce("sum"),
    "Squeeze": _squeeze,
    "Add": _elementwise("add"),
    "AddV2": _elementwise("add"),
    "Sub": _elementwise("subtract"),
    "Mul": _elementwise("multiply"),
    "Maximum": _elementwise("maximum"),
    "Minimum": _elementwise("minimum"),
    "Abs": _elementwise("abs"),
    "Square": _elementwise("square"),
    "Rsqrt": _elementwise("rsqrt"),
    "Relu": _elementwise("relu"),
}


def main() -> int:
    """Command-line entry point."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", type=Path, help="model.json, its weights beside it")
    parser.add_argument("--out", type=Path, required=True, help="Keras file (.keras) to write")
    parser.add_argument("--output", help="node that gives the embedding")
    parser.add_argument(
        "--caffe", action="store_true", help="the network wants BGR less a mean: take RGB, 0 to 255"
    )
    parser.set_defaults(run=_run)
    return run_module("tools.conversion.tfjs", parser, None)


def _run(options: argparse.Namespace, command: str) -> int:
    network = read_graph_model(options.model, options.output, options.caffe)
    network.save(options.out)
    print(f"{options.out}: {network.input_shape[1:]} -> {network.output_shape[1:]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
