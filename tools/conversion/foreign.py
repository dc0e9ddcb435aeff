"""Networks of the user's own, Keras or ONNX: from RGB pictures to one vector, as SavedModels."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import onnx

from ailock_sdk.embedding import quiet_stderr
from lab.errors import LayerFileError
from tools.conversion.quantisation import export
from tools.conversion.quiet_tensorflow import keras, tf

with quiet_stderr():
    import onnx2tf

OUTPUT = "embedding"
"""What the signature ``serving_default`` calls the vector."""
ONNX_SUFFIX = ".onnx"
_CHANNELS = 3


@dataclass(frozen=True)
class Foreign:
    """A network as a SavedModel in ``folder``, which takes float32 (1, height, width, 3)."""

    folder: str
    height: int
    width: int
    dimensions: int


def from_file(path: Path, folder: str) -> Foreign:
    """A Keras model (``.keras``, ``.h5``) or ONNX network (``.onnx``).

    Raises
    ------
    LayerFileError
        It does not load, or is no network from one RGB picture to one vector.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LayerFileError(f"{path}: {error.strerror}") from None
    if path.suffix.lower() == ONNX_SUFFIX:
        return from_onnx(content, folder, str(path))
    return _from_keras(path, folder)


def from_onnx(content: bytes, folder: str, name: str) -> Foreign:
    """An ONNX network, channels first, whose pictures become channels last; errors say ``name``.

    Raises
    ------
    LayerFileError
        As :func:`from_file`.
    """
    try:
        network = onnx.load_model_from_string(content)
        onnx.checker.check_model(network)
    except Exception as error:
        raise LayerFileError(f"{name} is no ONNX network that loads: {_first(error)}") from None
    shapes = _shapes(network.graph)
    outputs = {one.name for one in network.graph.output}  # Apple's has its one output twice
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][1] != _CHANNELS or len(outputs) != 1:
        raise LayerFileError(
            f"{name} takes {', '.join(map(str, shapes))} and has {len(outputs)} outputs: not from "
            "one RGB picture, channels first, to one vector"
        )
    ((_, _, height, width),) = shapes
    if not height * width:
        raise LayerFileError(f"{name} takes pictures of any size: export it with a fixed one")
    with tempfile.TemporaryDirectory() as aside, _quiet():
        given = Path(aside) / "model.onnx"
        given.write_bytes(content)
        try:
            # It would fetch pictures from the net to check itself with.
            with mock.patch.object(onnx2tf.onnx2tf, "download_test_image_data", _sample):
                converted = onnx2tf.convert(
                    input_onnx_file_path=str(given),
                    output_folder_path=aside,
                    batch_size=1,
                    not_use_onnxsim=True,
                    disable_model_save=True,
                    non_verbose=True,
                )
            dimensions = _save(converted, folder, height, width)
        except (Exception, SystemExit) as error:
            raise LayerFileError(f"{name} does not convert: {_first(error)}") from None
    return Foreign(folder, height, width, dimensions)


def _sample() -> Any:
    return np.random.default_rng(0).random((20, 128, 128, _CHANNELS), np.float32)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Drop the converter's notes, of which standard output gets some too."""
    with open(os.devnull, "w") as sink, contextlib.redirect_stdout(sink), quiet_stderr():
        yield


def _save(model: Any, folder: str, height: int, width: int) -> int:
    """Write a callable with our own names as a SavedModel; returns the vector's length."""

    @tf.function(
        input_signature=[tf.TensorSpec((1, height, width, _CHANNELS), tf.float32, "image")]
    )
    def serve(image: Any) -> dict[str, Any]:
        found = model(image)
        vector = found[0] if isinstance(found, (list, tuple)) else found
        return {OUTPUT: tf.reshape(vector, (1, -1))}

    module = tf.Module()
    module.model, module.serve = model, serve
    tf.saved_model.save(module, folder, signatures=serve)
    return int(serve.get_concrete_function().structured_outputs[OUTPUT].shape[-1])


def _from_keras(path: Path, folder: str) -> Foreign:
    try:
        with quiet_stderr():
            model = keras.models.load_model(path, compile=False)
    except Exception as error:
        raise LayerFileError(f"{path} is no Keras model that loads: {_first(error)}") from None
    # The SDK takes lengths in float: inside an int8 network they would have seven bits.
    vector, layers = model.outputs[0], list(model.layers)
    while layers and isinstance(layers[-1], keras.layers.UnitNormalization):
        vector = layers.pop().input
    taken = model.input_shape
    picture = isinstance(taken, tuple) and len(taken) == 4 and taken[3] == _CHANNELS
    if not picture or len(model.outputs) != 1 or len(vector.shape) != 2:
        raise LayerFileError(
            f"{path} takes {taken} and gives {model.output_shape}: not from one RGB picture, "
            "channels last, to one vector"
        )
    if taken[1] is None or taken[2] is None:
        raise LayerFileError(f"{path} takes pictures of any size: save it with a fixed one")
    height, width = int(taken[1]), int(taken[2])
    image = keras.Input((height, width, _CHANNELS), batch_size=1, name="image")
    found = keras.Model(model.inputs, vector)(image)
    export(keras.Model(image, {OUTPUT: found}), folder)
    return Foreign(folder, height, width, int(found.shape[-1]))


def _shapes(graph: Any) -> list[tuple[int, ...]]:
    """Of the inputs that are no constants; open sides are 0."""
    constants = {one.name for one in graph.initializer}
    return [
        tuple(side.dim_value for side in value.type.tensor_type.shape.dim)
        for value in graph.input
        if value.name not in constants
    ]


def _first(error: BaseException) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
