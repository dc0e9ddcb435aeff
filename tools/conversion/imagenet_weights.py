"""The ImageNet weights that Keras publishes, as layers: batch normalisation folded in."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lab.errors import LayerFileError
from tools.conversion.inception_v3 import KERAS_NODES, Conv, Node
from tools.conversion.layer_files import Layers
from tools.conversion.quiet_tensorflow import keras

NAME = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
URL = f"https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/{NAME}"
MD5 = "bcbd6486424b2319ff4ef7d526e38f63"
"""The hash that Keras publishes for the file, in ``keras.applications.inception_v3``.

MD5 no longer stops its author from making two files of one hash; it still stops anybody else from
making another file of this one (a second preimage).
"""
LICENCE = "Apache-2.0"
"""Of the weights, by the documentation of Keras Applications."""

_SIDE = 299
_STALL_S = 30.0
"""How long the network may keep silent."""


def download() -> Path:
    """The published file, from the Keras cache or the network, checked by :data:`MD5`.

    Raises
    ------
    LayerFileError
        The file cannot be fetched, or has another hash.
    """
    if not sys.stderr.isatty():
        keras.utils.disable_interactive_logging()
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_STALL_S)  # Keras sets none
    try:
        with contextlib.redirect_stdout(sys.stderr):  # a result belongs there, progress does not
            path = keras.utils.get_file(
                NAME,
                URL,
                cache_dir=os.environ.get("KERAS_HOME"),  # Keras would read it when imported only
                cache_subdir="models",
                file_hash=MD5,
            )
    except ValueError:
        raise LayerFileError(
            f"{URL} was downloaded but its MD5 is not the published {MD5}: not used"
        ) from None
    except Exception as error:  # Keras raises a bare Exception for every failed download
        raise LayerFileError(
            f"the ImageNet weights cannot be downloaded: {_one_line(error)}: "
            f"fetch {NAME} elsewhere and give it with --weights"
        ) from None
    finally:
        socket.setdefaulttimeout(before)
    return Path(path)


def read_keras_weights(path: Path) -> Layers:
    """Layers of a Keras weights file of Inception v3 (``.h5``), with or without the classifier.

    Raises
    ------
    LayerFileError
        The file is missing or damaged, or holds the weights of another network.
    """
    reason = ""
    for include_top in (False, True):
        model = keras.applications.InceptionV3(
            include_top=include_top, weights=None, input_shape=(_SIDE, _SIDE, 3)
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of containers that hold no weights
                model.load_weights(path)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            reason = reason or _one_line(error)
            continue
        layers = fold(model)
        if broken := [key for key, value in layers.items() if not np.isfinite(value).all()]:
            raise LayerFileError(f"{path}: {broken[0]} holds a value that is not finite")
        return layers
    raise LayerFileError(f"{path} does not hold Keras weights of Inception v3: {reason}")


def fold(model: keras.Model) -> Layers:
    """Layers of ``keras.applications.InceptionV3``, each batch normalisation in its convolution.

    ``y = (conv(x) - mean) / sqrt(variance + epsilon) + beta`` is one convolution with a bias.
    """
    convolutions = _in_order_of_creation(model, keras.layers.Conv2D)
    normalisations = _in_order_of_creation(model, keras.layers.BatchNormalization)
    layers = Layers()
    for name, convolution, normalisation in zip(
        _names(), convolutions, normalisations, strict=True
    ):
        (kernel,) = convolution.get_weights()
        beta, mean, variance = (np.float64(w) for w in normalisation.get_weights())
        scale = 1 / np.sqrt(variance + normalisation.epsilon)
        layers[f"{name}/weights"] = np.float32(kernel * scale)
        layers[f"{name}/bias"] = np.float32(beta - mean * scale)
    return layers


def _in_order_of_creation(model: keras.Model, kind: type[keras.Layer]) -> list[keras.Layer]:
    """The layers of a kind; their names end in a number that counts up, the first may have none."""

    def number(layer: keras.Layer) -> int:
        digits = layer.name.rpartition("_")[2]
        return int(digits) if digits.isdigit() else 0

    return sorted((layer for layer in model.layers if isinstance(layer, kind)), key=number)


def _names() -> list[str]:
    """Our names of the convolutions in the order in which Keras creates them.

    Keras finishes one branch of a block before it begins the next: that is a walk from the last
    node backwards, each node after its sources.
    """
    by_name = {node.name: node for node in KERAS_NODES}
    seen: set[str] = set()

    def walk(node: Node) -> Iterator[str]:
        for source in node.sources:
            if source in by_name and source not in seen:
                seen.add(source)
                yield from walk(by_name[source])
        if isinstance(node, Conv):
            yield node.name

    return list(walk(KERAS_NODES[-1]))


def _one_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
