"""An ONNX model as a PyTorch module: its graph walked node by node.

Converters exist, but they bring torchvision, which wants a PyTorch of its own; the networks of
perceptual hashes need a dozen operators.

References
----------
https://onnx.ai/onnx/operators/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from lab.errors import LayerFileError

Attributes = dict[str, Any]


class OnnxNetwork(nn.Module):
    """Some outputs of an ONNX model with one photo as its input.

    Parameters
    ----------
    model : the file
    outputs : names of the graph's outputs
    layout : of its input, "NCHW" or "NHWC"

    Raises
    ------
    LayerFileError
        The file is no such model, or has an operator that the copy does not know.
    """

    def __init__(self, model: bytes, outputs: Sequence[str], layout: str) -> None:
        super().__init__()
        try:
            graph = onnx.load_from_string(model).graph
        except Exception as error:  # protobuf's own kinds, which change between its versions
            raise LayerFileError(f"not an ONNX model: {error}") from None
        self._outputs, self._layout, self._names = outputs, layout, dict[str, str]()
        for number, tensor in enumerate(graph.initializer):
            self._names[tensor.name] = f"tensor_{number}"
            values = torch.from_numpy(numpy_helper.to_array(tensor).copy())
            self.register_buffer(f"tensor_{number}", values)
        (self._input,) = {each.name for each in graph.input} - set(self._names)
        self._steps = []
        for node in graph.node:
            if node.op_type not in _KNOWN:
                raise LayerFileError(f"the copy does not know the ONNX operator {node.op_type}")
            given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            self._steps.append((node.op_type, given, list(node.input), node.output[0]))

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Pixels (N, 3, H, W) in the contract's range -> each output as the model gives it."""
        views = pixels if self._layout == "NCHW" else pixels.permute(0, 2, 3, 1)
        found: dict[str, Tensor] = {self._input: views}
        found |= {name: getattr(self, buffer) for name, buffer in self._names.items()}
        for kind, attributes, inputs, output in self._steps:
            given = [found[name] if name else None for name in inputs]
            found[output] = _KNOWN[kind](attributes, *given)
        return [found[name] for name in self._outputs]


def _padded(attributes: Attributes, maps: Tensor, kernel: Sequence[int], value: float) -> Tensor:
    if set(attributes.get("dilations", [1])) != {1} or attributes.get("ceil_mode"):
        raise LayerFileError("the copy does not know dilated windows, nor ceil_mode")
    kind = attributes.get("auto_pad", b"NOTSET")
    if kind == b"NOTSET":
        top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
        return functional.pad(maps, (left, right, top, bottom), value=value)
    if kind == b"VALID":
        return maps
    around: list[int] = []
    for length, step, side in zip(maps.shape[2:], _strides(attributes), kernel, strict=True):
        missing = max(0, (-(-length // step) - 1) * step + side - length)
        before = missing // 2 if kind == b"SAME_UPPER" else missing - missing // 2
        around = [before, missing - before, *around]  # the last axis first
    return functional.pad(maps, around, value=value)


def _strides(attributes: Attributes) -> Sequence[int]:
    strides: Sequence[int] = attributes.get("strides", [1, 1])
    return strides


def _conv(attributes: Attributes, maps: Tensor, weights: Tensor, bias: Any = None) -> Tensor:
    padded = _padded(attributes, maps, weights.shape[2:], 0.0)
    groups = attributes.get("group", 1)
    return functional.conv2d(padded, weights, bias, tuple(_strides(attributes)), groups=groups)


def _average_pool(attributes: Attributes, maps: Tensor) -> Tensor:
    kernel, strides = attributes["kernel_shape"], _strides(attributes)
    there = torch.ones_like(maps[:1, :1])
    counted = _padded(attributes, there, kernel, float(attributes.get("count_include_pad", 0)))
    summed = functional.avg_pool2d(_padded(attributes, maps, kernel, 0.0), kernel, strides)
    return summed / functional.avg_pool2d(counted, kernel, strides)


def _max_pool(attributes: Attributes, maps: Tensor) -> Tensor:
    kernel = attributes["kernel_shape"]
    padded = _padded(attributes, maps, kernel, -torch.inf)
    return functional.max_pool2d(padded, kernel, _strides(attributes))


def _instance_norm(attributes: Attributes, maps: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    return functional.instance_norm(
        maps, weight=scale, bias=bias, eps=attributes.get("epsilon", 1e-5)
    )


def _batch_norm(
    attributes: Attributes, maps: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, var: Tensor
) -> Tensor:
    epsilon = attributes.get("epsilon", 1e-5)
    return functional.batch_norm(maps, mean, var, scale, bias, training=False, eps=epsilon)


def _clip(attributes: Attributes, given: Tensor, low: Any = None, high: Any = None) -> Tensor:
    low = attributes.get("min") if low is None else low
    high = attributes.get("max") if high is None else high
    return given.clamp(low, high)


def _gemm(attributes: Attributes, a: Tensor, b: Tensor, c: Any = None) -> Tensor:
    a = a.T if attributes.get("transA") else a
    b = b.T if attributes.get("transB") else b
    product = attributes.get("alpha", 1.0) * (a @ b)
    return product if c is None else product + attributes.get("beta", 1.0) * c


def _flatten(attributes: Attributes, given: Tensor) -> Tensor:
    if attributes.get("axis", 1) != 1:
        raise LayerFileError("the copy knows Flatten of axis 1 only")
    return given.flatten(1)


_KNOWN: dict[str, Callable[..., Tensor]] = {
    "Add": lambda _, a, b: a + b,
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Clip": _clip,
    "Concat": lambda attributes, *parts: torch.cat(parts, attributes["axis"]),
    "Conv": _conv,
    "Flatten": _flatten,
    "Gemm": _gemm,
    "GlobalAveragePool": lambda _, maps: maps.mean(dim=(2, 3), keepdim=True),
    "InstanceNormalization": _instance_norm,
    "MaxPool": _max_pool,
    "Mul": lambda _, a, b: a * b,
    "Relu": lambda _, given: functional.relu(given),
}
