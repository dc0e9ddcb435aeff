"""The arrays of a bundle's projection file: what the manifest says of them, and their hashes."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ailock_sdk.embedding.manifest import Layer, ProjectionSpec
from ailock_sdk.errors import BundleError
from ailock_sdk.limits import DEFAULT_LIMITS, Limits

_DIRECTORY_BYTES_MAX = 1024 * 1024
_TAIL_BYTES = 65_557
"""Where a zip file's end record lies: 22 bytes and a comment."""

ArrayFacts = tuple[tuple[int, ...], "np.dtype[np.generic]"]
"""Shape and type of an array."""


def check_projection_file(
    path: Path,
    projections: Mapping[str, ProjectionSpec],
    layers: Mapping[str, Layer],
    limits: Limits = DEFAULT_LIMITS,
) -> None:
    """Refuse a file that does not hold the arrays of ``projections``; only their heads are read.

    A layer's weights are float16, of a matrix float32, (lambda, D), its offsets float64 (lambda,).
    What then counts as overcomplete is true of the arrays that are used, not of a manifest beside
    them.

    Parameters
    ----------
    path : Path
    projections : mapping of str to ProjectionSpec
        By layer, as the manifest has them.
    layers : mapping of str to Layer
    limits : Limits

    Raises
    ------
    BundleError
        The file is damaged, lacks an array, or holds one of another shape or type; or its arrays
        are above ``limits.projection_bytes``.
    """
    try:
        found = _heads(path, limits.projection_bytes)
    except Exception as error:  # zipfile, zlib and NumPy: many kinds for damaged files
        raise BundleError(f"{path} is not a projection file: {error}") from None
    for name, spec in projections.items():
        weights = (spec.lambda_bits, layers[name].dimensions), spec.weights_dtype
        offsets = (spec.lambda_bits,), np.dtype(np.float64)
        for array, expected in ((f"{name}/weights", weights), (f"{name}/offsets", offsets)):
            if array not in found:
                raise BundleError(f"projections.{name}: {path} has no {array}")
            if found[array] != expected:
                raise BundleError(
                    f"projections.{name}: {array} in {path} is {_text(found[array])}, "
                    f"the manifest says {_text(expected)}"
                )


def projection_hashes(path: Path, layers: Iterable[str]) -> dict[str, dict[str, str]]:
    """SHA-256 of each layer's ``weights`` and ``offsets``, hexadecimal (SPEC section 10).

    It is of the values, so that packing a file anew, or for another layer, changes none.

    Raises
    ------
    BundleError
        The file is damaged, or lacks an array.
    """
    try:
        _heads(path, DEFAULT_LIMITS.projection_bytes)  # of a bundle that nobody has checked yet
        with np.load(path, allow_pickle=False) as arrays:
            return {
                layer: {
                    "weights": _sha256(arrays[f"{layer}/weights"]),
                    "offsets": _sha256(arrays[f"{layer}/offsets"]),
                }
                for layer in layers
            }
    except Exception as error:  # zipfile, zlib and NumPy: many kinds for damaged files
        raise BundleError(f"{path} is not a projection file: {error}") from None


def _sha256(array: np.ndarray) -> str:
    little = array.dtype.newbyteorder("<")
    return hashlib.sha256(np.ascontiguousarray(array, little).data).hexdigest()


def _heads(path: Path, most_bytes: int) -> dict[str, ArrayFacts]:
    """Shape and type of every array of an ``.npz`` file, by name, if they fit into memory."""
    if path.stat().st_size > most_bytes + _DIRECTORY_BYTES_MAX:
        raise ValueError(f"it is above {most_bytes / 2**20:.3g} MiB")
    _check_directory(path)
    found: dict[str, ArrayFacts] = {}
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > most_bytes:
            raise ValueError(f"its arrays are above {most_bytes / 2**20:.3g} MiB")
        for entry in archive.infolist():
            with archive.open(entry) as stream:
                version = np.lib.format.read_magic(stream)
                if version != (1, 0):
                    raise ValueError(f"{entry.filename} is of another version of NumPy's format")
                shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
                length = entry.file_size - stream.tell()
            if dtype.hasobject or length != dtype.itemsize * np.prod(shape, dtype=object):
                raise ValueError(f"{entry.filename} has another length than its shape")
            name = entry.filename.removesuffix(".npy")
            if name in found:
                raise ValueError(f"{name} is there twice")
            found[name] = shape, dtype
    return found


def _check_directory(path: Path) -> None:
    """Refuse a zip file whose list of entries, which ``zipfile`` reads at once, is very long."""
    with path.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - _TAIL_BYTES))
        tail = stream.read()
    at = tail.rfind(b"PK\5\6")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at < 0 or length > _DIRECTORY_BYTES_MAX or b"PK\6\7" in tail[max(0, at - 20) : at]:
        raise ValueError("it is no zip file, or one of very many entries")


def _text(facts: ArrayFacts) -> str:
    shape, dtype = facts
    return f"{dtype} {shape}"
