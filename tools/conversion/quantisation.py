"""A Keras model to TFLite, in float32, float16 or int8.

Int8 means int8 everywhere: per-channel weights, int8 activations, int8 in and out.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.embedding import quiet_stderr
from tools.conversion.manifest import FLOAT32, HIGH, LOW
from tools.conversion.quiet_tensorflow import keras, tf


def convert(model: keras.Model, precision: str, photos: NDArray[np.uint8]) -> bytes:
    """A Keras model as TFLite bytes with the signature ``serving_default``.

    ``photos`` (N, H, W, 3) uint8 RGB set the activation ranges; only int8 reads them.
    """
    with tempfile.TemporaryDirectory() as folder:
        export(model, folder)
        return convert_saved_model(folder, precision, photos)


def export(model: keras.Model, folder: str) -> None:
    """A Keras model as a SavedModel."""
    with quiet_stderr():
        model.export(folder, format="tf_saved_model", verbose=False)


def convert_saved_model(
    folder: str,
    precision: str,
    photos: NDArray[np.uint8],
    low: float = LOW,
    high: float = HIGH,
) -> bytes:
    """As :func:`convert`, of a SavedModel's signature; pixels are ``low`` to ``high`` to it."""

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for pixels in tqdm(photos, "activation ranges", unit="photo", disable=None, file=terminal):
            yield [np.float32(low + pixels[np.newaxis] * ((high - low) / 255))]

    # The converter's own notes are dropped, the bar is not.
    with os.fdopen(os.dup(2), "w") as terminal, quiet_stderr():
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if precision != FLOAT32:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if precision == "int8":
            converter.representative_dataset = representative
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
        content: bytes = converter.convert()
    return content
