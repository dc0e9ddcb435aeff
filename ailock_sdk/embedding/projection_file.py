"""The arrays of a bundle's projection file: what the manifest says of them, and their hashes."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ailock_sdk.embedding.manifest import Layer, ProjectionSpec
from ailock_sdk.errors import BundleError

ArrayFacts = tuple[tuple[int, ...], "np.dtype[np.generic]"]
"""Shape and type of an array."""


def check_projection_file(
    path: Path, projections: Mapping[str, ProjectionSpec], layers: Mapping[str, Layer]
) -> None:
    """Refuse a file that does not hold the arrays of ``projections``; only their heads are read.

    A layer's weights are float16 (lambda, D), its offsets float64 (lambda,). What then counts as
    overcomplete is true of the arrays that are used, not of a manifest beside them.

    Raises
    ------
    BundleError
        The file is damaged, lacks an array, or holds one of another shape or type.
    """
    try:
        found = _heads(path)
    except Exception as error:  # zipfile, zlib and NumPy: many kinds for damaged files
        raise BundleError(f"{path} is not a projection file: {error}") from None
    for name, spec in projections.items():
        weights = (spec.lambda_bits, layers[name].dimensions), np.dtype(np.float16)
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
        with np.load(path, allow_pickle=False) as arrays:
            return {
                layer: {
                    "weights": _sha256(arrays[f"{layer}/weights"], "<f2"),
                    "offsets": _sha256(arrays[f"{layer}/offsets"], "<f8"),
                }
                for layer in layers
            }
    except Exception as error:  # zipfile, zlib and NumPy: many kinds for damaged files
        raise BundleError(f"{path} is not a projection file: {error}") from None


def _sha256(array: np.ndarray, dtype: str) -> str:
    return hashlib.sha256(np.ascontiguousarray(array, dtype).data).hexdigest()


def _heads(path: Path) -> dict[str, ArrayFacts]:
    """Shape and type of every array of an ``.npz`` file, by name."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            with archive.open(entry) as stream:
                version = np.lib.format.read_magic(stream)
                if version != (1, 0):
                    raise ValueError(f"{entry.filename} is of another version of NumPy's format")
                shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
                length = entry.file_size - stream.tell()
            if dtype.hasobject or length != dtype.itemsize * np.prod(shape, dtype=object):
                raise ValueError(f"{entry.filename} has another length than its shape")
            found[entry.filename.removesuffix(".npy")] = shape, dtype
    return found


def _text(facts: ArrayFacts) -> str:
    shape, dtype = facts
    return f"{dtype} {shape}"
