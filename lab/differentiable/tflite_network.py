"""A TFLite model as a PyTorch module: its graph walked with its dequantised weights.

Where the model rounds a map to int8, so does the copy, letting gradients pass: it stays within a
few bits of the real pipeline, where a float copy strays.

References
----------
tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from ai_edge_litert import schema_py_generated as schema
from torch import Tensor, nn
from torch.nn import functional

from lab.errors import LayerFileError

SIGNATURE = b"serving_default"
_DTYPES = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT8: np.int8,
    schema.TensorType.UINT8: np.uint8,
}
_BYTES = (schema.TensorType.INT8, schema.TensorType.UINT8)
_OPERATORS = {
    number: name for name, number in vars(schema.BuiltinOperator).items() if name.isupper()
}
_CHANNELS_FIRST = {0: 0, 1: 2, 2: 3, 3: 1}
"""Axes of TFLite's (N, H, W, C) in PyTorch's (N, C, H, W)."""


class TfliteNetwork(nn.Module):
    """Some outputs of a TFLite model with one photo as its input.

    Parameters
    ----------
    model : the file
    outputs : names in the signature ``serving_default``

    Raises
    ------
    LayerFileError
        The file is no such model, or has an operator that the copy does not know.
    """

    def __init__(self, model: bytes, outputs: Sequence[str]) -> None:
        super().__init__()
        try:
            parsed = schema.ModelT.InitFromPackedBuf(model, 0)
            signature = next(s for s in parsed.signatureDefs if s.signatureKey == SIGNATURE)
        except Exception as error:  # of flatbuffers: many kinds for damaged files
            raise LayerFileError(f"not a TFLite model with {SIGNATURE!r}: {error}") from None
        graph = parsed.subgraphs[signature.subgraphIndex]
        self._tensors, self._constants = graph.tensors, parsed.buffers
        named = {one.name.decode(): one.tensorIndex for one in signature.outputs}
        self._outputs = [named[name] for name in outputs]
        (self._input,) = (one.tensorIndex for one in signature.inputs)
        self._steps = [
            (operator, _name(parsed, operator)) for operator in _needed(graph, self._outputs)
        ]
        for _, name in self._steps:
            if name not in _KNOWN:
                raise LayerFileError(f"the copy does not know the TFLite operator {name}")
        for operator, name in self._steps:
            for index in map(int, operator.inputs):
                if index >= 0 and self._is_constant(index):
                    constant = torch.from_numpy(self._constant(index))
                    if name in _PAIRWISE and len(self._tensors[operator.outputs[0]].shape) == 4:
                        constant = _as_map(constant)
                    self.register_buffer(f"tensor_{index}", constant)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Pixels (N, 3, H, W) in the contract's range -> each output as the model gives it."""
        maps = {self._input: self._rounded(self._input, pixels)}
        for operator, name in self._steps:
            inputs = [int(index) for index in operator.inputs if index >= 0]
            given = [maps[i] if i in maps else getattr(self, f"tensor_{i}") for i in inputs]
            made = _KNOWN[name](operator.builtinOptions, *given)
            (index,) = operator.outputs
            maps[index] = self._rounded(index, made)
        made = [maps[index] for index in self._outputs]
        return [each.permute(0, 2, 3, 1) if each.ndim == 4 else each for each in made]

    def _rounded(self, index: int, made: Tensor) -> Tensor:
        tensor = self._tensors[index]
        if tensor.type not in _BYTES:
            return made
        low, high = (-128, 127) if tensor.type == schema.TensorType.INT8 else (0, 255)
        scale, zero = float(tensor.quantization.scale[0]), int(tensor.quantization.zeroPoint[0])
        return torch.fake_quantize_per_tensor_affine(made, scale, zero, low, high)

    def _is_constant(self, index: int) -> bool:
        data = self._constants[self._tensors[index].buffer].data
        return data is not None and len(data) > 0

    def _constant(self, index: int) -> np.ndarray:
        """A constant in float32, or in int64 where it counts; each scale has its channel."""
        tensor = self._tensors[index]
        stored = np.asarray(self._constants[tensor.buffer].data, dtype=np.uint8).tobytes()
        array = np.frombuffer(stored, _DTYPES[tensor.type]).reshape(tensor.shape)
        quantised = tensor.quantization
        if quantised is None or quantised.scale is None or not len(quantised.scale):
            whole = tensor.type == schema.TensorType.INT32
            return array.astype(np.int64 if whole else np.float32)
        shape = _along(array, quantised)
        scales, zeros = np.reshape(quantised.scale, shape), np.reshape(quantised.zeroPoint, shape)
        return ((array.astype(np.float64) - zeros) * scales).astype(np.float32)


def _along(array: np.ndarray, quantised: Any) -> tuple[int, ...]:
    """The shape of scales that meets an array along its quantised dimension."""
    if len(quantised.scale) == 1:
        return (1,) * array.ndim
    return tuple(-1 if i == quantised.quantizedDimension else 1 for i in range(array.ndim))


def _name(model: Any, operator: Any) -> str:
    code = model.operatorCodes[operator.opcodeIndex]
    return _OPERATORS[max(code.builtinCode, code.deprecatedBuiltinCode)]


def _needed(graph: Any, outputs: Sequence[int]) -> list[Any]:
    """The operators that lead to ``outputs``, in their order."""
    wanted, found = set(outputs), []
    for operator in reversed(graph.operators):
        if wanted.intersection(operator.outputs):
            found.append(operator)
            wanted.update(operator.inputs)
    return found[::-1]


# --- operators: options and tensors in, a tensor out; maps are (N, C, H, W) ------------------


def _activated(options: Any, made: Tensor) -> Tensor:
    kinds = schema.ActivationFunctionType
    kind = getattr(options, "fusedActivationFunction", kinds.NONE)
    if kind == kinds.NONE:
        return made
    if kind == kinds.RELU:
        return functional.relu(made)
    if kind == kinds.RELU6:
        return functional.relu6(made)
    raise LayerFileError(f"the copy does not know TFLite's activation function {kind}")


def _padded(options: Any, maps: Tensor, kernel: Sequence[int], value: float) -> Tensor:
    if options.padding == schema.Padding.VALID:
        return maps
    around = []
    for length, step, side in zip(maps.shape[2:], _strides(options), kernel, strict=True):
        missing = max(0, (-(-length // step) - 1) * step + side - length)
        around.append((missing // 2, missing - missing // 2))
    return functional.pad(maps, (*around[1], *around[0]), value=value)


def _strides(options: Any) -> tuple[int, int]:
    return options.strideH, options.strideW


def _conv(options: Any, maps: Tensor, weights: Tensor, bias: Tensor | None = None) -> Tensor:
    if options.dilationHFactor != 1 or options.dilationWFactor != 1:
        raise LayerFileError("the copy does not know dilated convolutions")
    kernels = weights.permute(0, 3, 1, 2)  # OHWI
    padded = _padded(options, maps, kernels.shape[2:], 0.0)
    groups = maps.shape[1] // kernels.shape[1]
    return _activated(
        options, functional.conv2d(padded, kernels, bias, _strides(options), groups=groups)
    )


def _depthwise(options: Any, maps: Tensor, weights: Tensor, bias: Tensor | None = None) -> Tensor:
    return _conv(options, maps, weights.permute(3, 1, 2, 0), bias)  # 1HWC, one channel each


def _max_pool(options: Any, maps: Tensor) -> Tensor:
    kernel = (options.filterHeight, options.filterWidth)
    padded = _padded(options, maps, kernel, -torch.inf)
    return _activated(options, functional.max_pool2d(padded, kernel, _strides(options)))


def _average_pool(options: Any, maps: Tensor) -> Tensor:
    """The padding counts for nothing."""
    kernel = (options.filterHeight, options.filterWidth)
    there = torch.ones_like(maps[:1, :1])
    summed, counted = (
        functional.avg_pool2d(_padded(options, x, kernel, 0.0), kernel, _strides(options))
        for x in (maps, there)
    )
    return _activated(options, summed / counted)


def _concatenated(options: Any, *parts: Tensor) -> Tensor:
    axis = options.axis % parts[0].ndim
    axis = _CHANNELS_FIRST[axis] if parts[0].ndim == 4 else axis
    return _activated(options, torch.cat(parts, dim=axis))


def _as_map(constant: Tensor) -> Tensor:
    """(..., C) as it meets maps."""
    full = constant.reshape((1,) * (4 - constant.ndim) + tuple(constant.shape))
    return full.permute(0, 3, 1, 2)


def _pairwise(operation: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    def applied(options: Any, a: Tensor, b: Tensor) -> Tensor:
        return _activated(options, operation(a, b))

    return applied


def _mean(options: Any, maps: Tensor, axes: Tensor) -> Tensor:
    where = [_CHANNELS_FIRST[int(a) % 4] if maps.ndim == 4 else int(a) for a in axes.flatten()]
    return maps.mean(dim=where, keepdim=options.keepDims)


def _fully_connected(
    options: Any, given: Tensor, weights: Tensor, bias: Tensor | None = None
) -> Tensor:
    rows = given.permute(0, 2, 3, 1) if given.ndim == 4 else given
    return _activated(options, functional.linear(rows.flatten(1), weights, bias))


def _unchanged(_: Any, given: Tensor) -> Tensor:
    return given  # rounding to what comes out is the tensor's own


_PAIRWISE = {"ADD": _pairwise(torch.add), "MUL": _pairwise(torch.mul)}
_KNOWN: dict[str, Callable[..., Tensor]] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "MAX_POOL_2D": _max_pool,
    "AVERAGE_POOL_2D": _average_pool,
    "CONCATENATION": _concatenated,
    **_PAIRWISE,
    "MEAN": _mean,
    "FULLY_CONNECTED": _fully_connected,
    "QUANTIZE": _unchanged,
    "DEQUANTIZE": _unchanged,
}
