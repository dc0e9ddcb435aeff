"""A model loaded by its runtime: one tensor in, named tensors out. Bundles are not known here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.constants import RuntimeId
from ailock_sdk.embedding.model_file import SIGNATURE
from ailock_sdk.embedding.runtime import Runtime

_ONNX_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_NO_WEIGHTS_ELSEWHERE = "session.model_external_initializers_file_folder_path"


@dataclass(frozen=True)
class Tensor:
    """An input or an output: what the model says of it.

    Attributes
    ----------
    shape : tuple
        With the batch; a side that the model leaves open is no integer.
    dtype : type
    scale, zero_point : float, int
        Of an integer tensor: ``real = scale * (q - zero_point)``.
    """

    shape: tuple[Any, ...]
    dtype: np.dtype[Any]
    scale: float = 1.0
    zero_point: int = 0

    def fits(self, shape: Sequence[int]) -> bool:
        """Whether a tensor of ``shape`` may be this one."""
        return len(shape) == len(self.shape) and all(
            side == own for side, own in zip(shape, self.shape, strict=True) if isinstance(own, int)
        )


class Session(Protocol):
    """A loaded model; not for several threads at once."""

    input: Tensor
    outputs: dict[str, Tensor]

    def run(self, batch: NDArray[Any], outputs: Sequence[str]) -> dict[str, NDArray[Any]]:
        """The named outputs for an input of the input's shape and type."""


def open_session(model: bytes, runtime: Runtime, threads: int) -> Session:
    """Load a model.

    Raises
    ------
    ValueError
        It has not one input, or one of a type that is not served.
    Exception
        What the runtime raises for a model that it cannot load.
    """
    if runtime.id is RuntimeId.ONNXRUNTIME:
        return _OnnxSession(model, runtime, threads)
    return _TfliteSession(model, runtime, threads)


class _TfliteSession:
    def __init__(self, model: bytes, runtime: Runtime, threads: int) -> None:
        self._interpreter = runtime.module.Interpreter(model_content=model, num_threads=threads)
        self._interpreter.allocate_tensors()
        # It borrows from the interpreter, which is kept for that.
        self._signature: Any = self._interpreter.get_signature_runner(SIGNATURE)
        ((self._name, details),) = self._signature.get_input_details().items()
        self.input = _tensor(details)
        found = self._signature.get_output_details()
        self.outputs = {name: _tensor(details) for name, details in found.items()}

    def run(self, batch: NDArray[Any], outputs: Sequence[str]) -> dict[str, NDArray[Any]]:
        found: dict[str, NDArray[Any]] = self._signature(**{self._name: batch})
        return found


def _tensor(details: Mapping[str, Any]) -> Tensor:
    return Tensor(
        tuple(details["shape"].tolist()), np.dtype(details["dtype"]), *details["quantization"]
    )


class _OnnxSession:
    def __init__(self, model: bytes, runtime: Runtime, threads: int) -> None:
        options = runtime.module.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # it is told once, by the error
        options.add_session_config_entry(_NO_WEIGHTS_ELSEWHERE, "/nonexistent")
        self._session = runtime.module.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or inputs[0].type not in _ONNX_TYPES:
            found = ", ".join(f"{each.name} of {each.type}" for each in inputs)
            raise ValueError(f"it takes {found or 'nothing'}, not one tensor of floats")
        self._name = inputs[0].name
        self.input = _onnx_tensor(inputs[0])
        self.outputs = {each.name: _onnx_tensor(each) for each in self._session.get_outputs()}

    def run(self, batch: NDArray[Any], outputs: Sequence[str]) -> dict[str, NDArray[Any]]:
        found = self._session.run(list(outputs), {self._name: batch})
        return dict(zip(outputs, found, strict=True))


def _onnx_tensor(node: Any) -> Tensor:
    return Tensor(tuple(node.shape), np.dtype(_ONNX_TYPES.get(node.type, np.float32)))
