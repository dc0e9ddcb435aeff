"""One interpreter of a bundle's model: a view in, its pooled layers out (SPEC section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.embedding.bundle import Bundle
from ailock_sdk.embedding.manifest import Output
from ailock_sdk.embedding.model_file import SIGNATURE
from ailock_sdk.embedding.runtime import Runtime
from ailock_sdk.errors import BundleError, RuntimeMissingError


class Network:
    """A loaded model, kept warm; not for several threads at once.

    Parameters
    ----------
    bundle : Bundle
        The contract.
    model : bytes
        The bundle's model, or what of it leads to ``layers``; several interpreters share it.
    layers : sequence of str
        Names of layers of the bundle that will be asked for.
    runtime : Runtime
        The interpreter to use.
    threads : int
        CPU threads, at least 1.

    Raises
    ------
    BundleError
        The model does not load, or is not what the manifest says.
    RuntimeMissingError
        The interpreter was made for another version of NumPy.
    """

    def __init__(
        self, bundle: Bundle, model: bytes, layers: Sequence[str], runtime: Runtime, threads: int
    ) -> None:
        self._layers = {name: bundle.layers[name] for name in layers}
        try:
            interpreter = runtime.interpreter_class(model_content=model, num_threads=threads)
            interpreter.allocate_tensors()
            self._signature: Any = interpreter.get_signature_runner(SIGNATURE)
        except (SystemError, ImportError):  # how a module compiled for another NumPy fails
            raise RuntimeMissingError(
                f"{runtime.name} {runtime.version} does not work with NumPy {np.__version__}: "
                "pip install 'numpy<2', or ai-edge-litert where there is one"
            ) from None
        except (ValueError, RuntimeError) as error:
            # Delegates and operators fail with the interpreter's own multi-line text.
            reason = str(error).splitlines()[0]
            raise BundleError(f"{bundle.model_path} does not load: {reason}") from None
        self._interpreter = interpreter  # the signature runner borrows from it
        self._input_name, self._input_table = self._input(bundle)
        self._outputs = self._signature.get_output_details()
        for name, layer in self._layers.items():
            for part in layer.parts:
                self._check_output(name, part)

    def embed(self, pixels: NDArray[np.uint8], layers: Sequence[str]) -> list[NDArray[np.float32]]:
        """Embeddings of one view.

        Parameters
        ----------
        pixels : ndarray, uint8, shape (height, width, 3)
            RGB, 0 to 255, of exactly the contract's size.
        layers : sequence of str
            Names of layers of the bundle.

        Returns
        -------
        list of ndarray, float32, shape (D,)
            In the order of ``layers``; D is the layer's.

        Raises
        ------
        KeyError
            A layer that was not announced.
        """
        outputs = self._signature(**{self._input_name: self._input_table.take(pixels)[np.newaxis]})
        return [
            np.concatenate([self._pool(outputs, part) for part in self._layers[name].parts])
            for name in layers
        ]

    def _input(self, bundle: Bundle) -> tuple[str, NDArray[Any]]:
        """The input's name, and the tensor value of each of the 256 pixel values."""
        contract = bundle.input
        ((name, details),) = self._signature.get_input_details().items()
        expected = (1, contract.height, contract.width, 3)
        if tuple(details["shape"]) != expected:
            raise BundleError(
                f"{bundle.model_path} takes {tuple(details['shape'])}, its manifest says {expected}"
            )
        real = contract.low + np.arange(256) * (contract.high - contract.low) / 255.0
        dtype = np.dtype(details["dtype"])
        if dtype.kind == "f":
            return name, real.astype(dtype)
        scale, zero_point = details["quantization"]
        limits = np.iinfo(dtype)
        quantised = np.rint(real / np.float64(scale)) + zero_point
        return name, np.clip(quantised, limits.min, limits.max).astype(dtype)

    def _check_output(self, name: str, part: Output) -> None:
        details = self._outputs.get(part.output)
        if details is None:
            raise BundleError(f"layer {name!r}: the model has no output {part.output!r}")
        if tuple(details["shape"]) != (1, *part.shape):
            raise BundleError(
                f"layer {name!r}: the model gives {tuple(details['shape'])[1:]}, "
                f"the manifest says {part.shape}"
            )

    def _pool(self, outputs: dict[str, NDArray[Any]], part: Output) -> NDArray[np.float32]:
        tensor = outputs[part.output][0]
        details = self._outputs[part.output]
        positions = 1
        if part.pooling == "mean":
            tensor = tensor.reshape(-1, part.shape[-1])  # (positions, D)
            positions = tensor.shape[0]
        if tensor.dtype.kind == "f":
            summed = tensor.sum(axis=0) if part.pooling == "mean" else tensor.ravel()
            return np.asarray(summed / np.float32(positions), dtype=np.float32)
        scale, zero_point = details["quantization"]
        # Integer sums are exact, so every platform gets the same embedding, bit for bit.
        if part.pooling == "mean":
            exact = tensor.sum(axis=0, dtype=np.int32) - np.int32(positions * zero_point)
        else:
            exact = tensor.ravel().astype(np.int32) - np.int32(zero_point)
        return np.asarray(exact.astype(np.float32) * np.float32(scale / positions))
