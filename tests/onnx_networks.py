"""Small ONNX networks: such as NeuralHash's in shape, made by tests."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE, CELL = 360, 45
DIMENSIONS, BITS = 128, 96
Array = NDArray[np.float32]


def model(
    nodes: list[Any], given: list[Any], taken: list[Any], constants: dict[str, Array] | None = None
) -> onnx.ModelProto:
    """A network that older runtimes read too."""
    tensors = [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, "small", taken, given, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def tensor(name: str, *shape: int | str, kind: int = TensorProto.FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def of_means(weights: Array, side: int = SIDE, outputs: int = DIMENSIONS) -> onnx.ModelProto:
    """Weighted sums of the means of 8 x 8 cells; ``weights`` (outputs, 3, 8, 8)."""
    cell = side // 8
    pool = helper.make_node("AveragePool", ["image"], ["cells"], kernel_shape=[cell] * 2)
    pool.attribute.append(helper.make_attribute("strides", [cell] * 2))
    return model(
        [pool, helper.make_node("Conv", ["cells", "weights"], ["leaf/logits"])],
        [tensor("leaf/logits", 1, outputs, 1, 1)],
        [tensor("image", 1, 3, side, side)],
        {"weights": weights.astype(np.float32)},
    )


def random_weights(seed: int = 0) -> Array:
    drawn = np.random.default_rng(seed).standard_normal((DIMENSIONS, 3, 8, 8)).astype(np.float32)
    return drawn - drawn.mean(axis=(2, 3), keepdims=True)  # so that brightness alone is no bit


def random_matrix(seed: int = 1) -> Array:
    return np.random.default_rng(seed).standard_normal((BITS, DIMENSIONS)).astype(np.float32)


def seed_file(matrix: Array, **header: Any) -> bytes:
    """A matrix behind a header as Apple's file has it."""
    said = {"magic": b"KRYSIA", "rows": BITS, "columns": DIMENSIONS, "values": BITS * DIMENSIONS}
    said |= header
    head = bytearray(128)
    head[0x0A:0x10] = said["magic"]
    struct.pack_into("<f", head, 0x28, said["rows"])
    struct.pack_into("<f", head, 0x54, said["columns"])
    struct.pack_into("<Q", head, 0x78, said["values"])
    return bytes(head) + matrix.astype("<f4").tobytes()


def write_files(
    folder: Path, weights: Array | None = None, matrix: Array | None = None
) -> tuple[Path, Path]:
    """The two files that NeuralHash is imported from."""
    network, seed = folder / "model.onnx", folder / "seed1.dat"
    chosen = random_weights() if weights is None else weights
    network.write_bytes(of_means(chosen).SerializeToString())
    seed.write_bytes(seed_file(random_matrix() if matrix is None else matrix))
    return network, seed
