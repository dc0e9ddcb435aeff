"""Where a conversion's weights come from: the published ones, a Keras file, or layer files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LayerFileError
from lab.files import sha256_of
from tools.conversion.imagenet_weights import LICENCE, MD5, NAME, download, read_keras_weights
from tools.conversion.inception_v3 import KERAS_NODES, NODES, Node
from tools.conversion.layer_files import Layers, random_layers, read_layer_files

IMAGENET = "imagenet"
NOT_STATED = "not stated"
RANDOM_SEED = 0
_KERAS_SUFFIXES = (".h5", ".hdf5")


@dataclass(frozen=True, eq=False)
class Weights:
    """Weights and what a bundle's manifest and card say of them.

    Attributes
    ----------
    layers : weights and biases of each convolution
    nodes : the graph that they were trained in
    source : one line for the manifest
    licence : an SPDX identifier, or ``not stated``
    files : names and SHA-256 of the files read, in order
    """

    layers: Layers
    nodes: tuple[Node, ...]
    source: str
    licence: str
    files: tuple[tuple[str, str], ...] = ()


def load_weights(given: Sequence[str], sha256: str | None = None) -> Weights:
    """``imagenet``, the path of one Keras file (``.h5``), or paths of layer files (``.npz``).

    ``sha256`` is what the one file must have, on top of the published hash where there is one.

    Raises
    ------
    LayerFileError
        A file cannot be fetched or read, or is not the one that was asked for.
    """
    if list(given) == [IMAGENET]:
        return _keras(download(), sha256)
    paths = [Path(text) for text in given]
    if any(path.suffix.lower() in _KERAS_SUFFIXES for path in paths):
        if len(paths) > 1:
            raise LayerFileError(f"one Keras file holds all weights, {len(paths)} were given")
        return _keras(paths[0], sha256)
    if sha256 is not None and len(paths) > 1:
        raise LayerFileError(f"one SHA-256 does not check {len(paths)} files")
    layers = read_layer_files(paths)
    files = tuple((path.name, _digest(path, sha256)) for path in paths)
    source = f"Inception v3 converted from {' and '.join(name for name, _ in files)}"
    return Weights(layers, NODES, source, NOT_STATED, files)


def random_weights() -> Weights:
    """The full network with random weights, the same each time: to time, not to use."""
    return Weights(random_layers(RANDOM_SEED), NODES, "random weights: for timing only", NOT_STATED)


def _keras(path: Path, sha256: str | None) -> Weights:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LayerFileError(f"{path}: {error.strerror}") from None
    digest = _digest(path, sha256)
    published = hashlib.md5(content, usedforsecurity=False).hexdigest() == MD5
    kind = f"ImageNet weights of Keras Applications, {NAME}" if published else path.name
    return Weights(
        read_keras_weights(path),
        KERAS_NODES,
        f"Inception v3 converted from {kind}",
        LICENCE if published else NOT_STATED,
        ((path.name, digest),),
    )


def _digest(path: Path, expected: str | None) -> str:
    found = sha256_of(path)
    if expected is not None and found != expected.lower():
        raise LayerFileError(f"{path} has SHA-256 {found}, not {expected}: not used")
    return found
