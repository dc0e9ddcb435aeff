"""The float weights behind an int8 TFLite model: where a run may start, and a shipped one go on.

The converter renames and reorders what it writes, so nodes are found by the graph itself: backwards
from a named output, each operation against the node that it must be. Needs a TFLite runtime.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from tools.conversion.inception_v3 import INPUT, NODES, Concat, Conv, Pool
from tools.training.network import HEAD, MIXED_8, MIXED_10, Layers, convolutions

_OPERATIONS = {
    Conv: {"CONV_2D"},
    Pool: {"MAX_POOL_2D", "AVERAGE_POOL_2D"},
    Concat: {"CONCATENATION"},
}
_BY_NAME = {node.name: node for node in NODES}


class ForeignModelError(ValueError):
    """A model that is not an Inception v3 of ours; the text says where it differs."""


def read_tflite(path: Path) -> Layers:
    """A layer file's content, float32, of a model that puts out ``mixed_8`` or ``mixed_10``.

    What only the absent output needs is absent. Int8 weights come back as the multiples of their
    scale that they are, so the float network differs from the int8 one by its maps' rounding only.

    Raises
    ------
    ForeignModelError
        The model has neither output, or another graph.
    """
    # Imported late: training on a machine without a TFLite runtime starts from layer files.
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        str(path),
        # A delegate's operations would hide the ones that it replaced.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        # Reading a constant that a kernel has packed needs the original kept.
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    outputs = interpreter.get_signature_runner().get_output_details()
    producers = {
        int(operation["outputs"][0]): operation
        for operation in interpreter._get_ops_details()  # the only way to a model's graph
    }
    graph = _Graph(interpreter, producers)
    known = [name for name in (MIXED_8, MIXED_10) if name in outputs]
    if not known:
        raise ForeignModelError(f"{path}: no output {MIXED_8} or {MIXED_10}")
    for name in known:
        graph.match(name, int(outputs[name]["index"]))
    return graph.layers


class _Graph:
    """Operations matched with nodes so far, and the weights found."""

    def __init__(self, interpreter: Any, producers: dict[int, dict[str, Any]]) -> None:
        self.layers: Layers = {}
        self._interpreter, self._producers = interpreter, producers
        self._details = {d["index"]: d for d in interpreter.get_tensor_details()}

    def match(self, name: str, tensor: int) -> None:
        """Take what makes ``tensor`` for the node ``name``, and go on with its sources."""
        if name == INPUT or f"{name}/bias" in self.layers:
            return
        node, operation = _BY_NAME[name], self._producers.get(tensor)
        if operation is None or operation["op_name"] not in _OPERATIONS[type(node)]:
            found = "the input" if operation is None else operation["op_name"]
            raise ForeignModelError(f"{name}: a {type(node).__name__} expected, found {found}")
        inputs = [int(index) for index in operation["inputs"]]
        if isinstance(node, Concat):
            if len(inputs) != len(node.sources):
                raise ForeignModelError(f"{name}: {len(inputs)} parts, not {len(node.sources)}")
            for source, part in zip(node.sources, inputs, strict=True):
                self.match(source, part)
            return
        if isinstance(node, Conv):
            weights, bias = (self._constant(index) for index in inputs[1:])
            if weights.shape[1:3] != node.kernel:
                raise ForeignModelError(f"{name}: kernel {weights.shape[1:3]}, not {node.kernel}")
            self.layers[f"{name}/weights"] = weights.transpose(1, 2, 3, 0).copy()  # OHWI to HWIO
            self.layers[f"{name}/bias"] = bias
        self.match(node.source, inputs[0])

    def _constant(self, index: int) -> np.ndarray:
        """A constant tensor in float32; every scale of ours belongs to an output channel."""
        stored = self._interpreter.get_tensor(index)
        scales = self._details[index]["quantization_parameters"]["scales"]
        if not len(scales):
            return stored.astype(np.float32)
        shape = (-1,) + (1,) * (stored.ndim - 1)
        return (stored * scales.astype(np.float64).reshape(shape)).astype(np.float32)


def main() -> None:
    """Write the layers of a model that come after ``mixed_8``, which training on objects keeps."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("model", type=Path, help="a .tflite file that puts out mixed_10")
    parser.add_argument("--out", type=Path, required=True, help="layer file (.npz), float16")
    arguments = parser.parse_args()
    layers = read_tflite(arguments.model)
    names = [node.name for node in convolutions(HEAD)]
    kept: dict[str, Any] = {
        f"{name}/{part}": layers[f"{name}/{part}"].astype(np.float16)
        for name in names
        for part in ("weights", "bias")
    }
    np.savez(arguments.out, **kept)


if __name__ == "__main__":
    main()
