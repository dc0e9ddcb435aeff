"""One interpreter of a bundle's model: a view in, its pooled layers out (SPEC section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.embedding.bundle import Bundle
from ailock_sdk.embedding.manifest import InputContract, Output
from ailock_sdk.embedding.runtime import Runtime
from ailock_sdk.embedding.session import open_session
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
        self._path = bundle.model_path
        try:
            self._session = open_session(model, runtime, threads)
        except (SystemError, ImportError):  # how a module compiled for another NumPy fails
            raise RuntimeMissingError(
                f"{runtime.name} {runtime.version} does not work with NumPy {np.__version__}: "
                "pip install 'numpy<2', or ai-edge-litert where there is one"
            ) from None
        except MemoryError:
            raise
        except Exception as error:  # ONNX Runtime has a class of its own for each kind of damage
            # Delegates and operators fail with the interpreter's own multi-line text.
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise BundleError(f"{self._path} does not load: {reason}") from None
        self._channels_first = bundle.input.layout == "NCHW"
        self._input_table = self._values(bundle.input)
        self._outputs = sorted({one.output for each in self._layers.values() for one in each.parts})
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
        BundleError
            The model gives for these pixels what is no number, or another shape than it says.
        """
        values = self._input_table.take(pixels)
        if self._channels_first:
            values = np.ascontiguousarray(values.transpose(2, 0, 1))
        outputs = self._session.run(values[np.newaxis], self._outputs)
        return [
            np.concatenate([self._pooled(outputs, part) for part in self._layers[name].parts])
            for name in layers
        ]

    def _values(self, contract: InputContract) -> NDArray[Any]:
        """The tensor value of each of the 256 pixel values."""
        height, width = contract.height, contract.width
        expected = (1, 3, height, width) if self._channels_first else (1, height, width, 3)
        tensor = self._session.input
        if not tensor.fits(expected):
            raise BundleError(f"{self._path} takes {tensor.shape}, its manifest says {expected}")
        real = contract.low + np.arange(256) * (contract.high - contract.low) / 255.0
        if tensor.dtype.kind == "f":
            exact: NDArray[Any] = real.astype(tensor.dtype)
            return exact
        limits = np.iinfo(tensor.dtype)
        quantised = np.rint(real / np.float64(tensor.scale)) + tensor.zero_point
        values: NDArray[Any] = np.clip(quantised, limits.min, limits.max).astype(tensor.dtype)
        return values

    def _check_output(self, name: str, part: Output) -> None:
        tensor = self._session.outputs.get(part.output)
        if tensor is None:
            raise BundleError(f"layer {name!r}: the model has no output {part.output!r}")
        if not tensor.fits((1, *part.shape)):
            raise BundleError(
                f"layer {name!r}: the model gives {tensor.shape[1:]}, "
                f"the manifest says {part.shape}"
            )

    def _pooled(self, outputs: dict[str, NDArray[Any]], part: Output) -> NDArray[np.float32]:
        tensor = outputs[part.output]
        if tensor.shape != (1, *part.shape) or not np.isfinite(tensor).all():
            raise BundleError(
                f"{self._path} gives for a photo what is no embedding in {part.output!r}: "
                f"of shape {tensor.shape}, or not finite"
            )
        pooled = self._pool(tensor[0], part)
        if part.norm == "none":
            return pooled
        if part.offset is not None:
            above = pooled + np.float32(part.offset)
            if above.min() < 0:
                raise BundleError(
                    f"{self._path} gives negative numbers in {part.output!r}, whose root is taken"
                )
            return np.asarray(np.sqrt(above))
        exact = pooled.astype(np.float64)
        length = np.sqrt(np.sum(np.square(exact)))
        return pooled if length == 0 else np.asarray(exact / length, dtype=np.float32)

    def _pool(self, tensor: NDArray[Any], part: Output) -> NDArray[np.float32]:
        positions = 1
        if part.pooling == "mean":
            tensor = tensor.reshape(-1, part.shape[-1])  # (positions, D)
            positions = tensor.shape[0]
        if tensor.dtype.kind == "f":
            summed = tensor.sum(axis=0) if part.pooling == "mean" else tensor.ravel()
            return np.asarray(summed / np.float32(positions), dtype=np.float32)
        described = self._session.outputs[part.output]
        scale, zero_point = described.scale, described.zero_point
        # Integer sums are exact, so every platform gets the same embedding, bit for bit.
        if part.pooling == "mean":
            exact = tensor.sum(axis=0, dtype=np.int32) - np.int32(positions * zero_point)
        else:
            exact = tensor.ravel().astype(np.int32) - np.int32(zero_point)
        return np.asarray(exact.astype(np.float32) * np.float32(scale / positions))
