"""The projection file beside its manifest: what is overcomplete is found in the arrays."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ailock_sdk.embedding import Bundle, load_bundle
from ailock_sdk.errors import BundleError
from ailock_sdk.imageprint import load_projections
from tests.embedding.test_manifest import good

BITS, DIMENSIONS = 64, 64
Arrays = dict[str, NDArray[Any]]


def arrays() -> Arrays:
    weights = np.linalg.qr(np.random.default_rng(1).standard_normal((DIMENSIONS, BITS)))[0].T
    return {"pool_3/weights": weights.astype(np.float16), "pool_3/offsets": np.zeros(BITS)}


def packed(content: Arrays) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **content)  # type: ignore[arg-type]
    return stream.getvalue()


def bundle(folder: Path, projection: bytes, manifest: dict[str, Any] | None = None) -> Bundle:
    """A bundle in which everything is as its manifest says, but perhaps the arrays."""
    manifest = good() if manifest is None else manifest
    for name in manifest["files"]:
        content = projection if name == manifest["projection"] else b"\0"
        (folder / name).write_bytes(content)
        entry = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        manifest["files"][name] = entry
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return load_bundle(folder)


def refusal(folder: Path, projection: bytes, manifest: dict[str, Any] | None = None) -> str:
    with pytest.raises(BundleError) as caught:
        bundle(folder, projection, manifest)
    return str(caught.value)


def test_the_right_arrays_are_taken(tmp_path: Path) -> None:
    loaded = bundle(tmp_path, packed(arrays()))
    assert not loaded.profile("default").overcomplete
    assert load_projections(loaded.projection_path, ["pool_3"])["pool_3"].independent


@pytest.mark.parametrize(
    ("name", "spoil", "message"),
    [
        ("weights", lambda w: w[:-1], r"is float16 \(63, 64\), the manifest says .* \(64, 64\)"),
        ("weights", lambda w: np.vstack([w, w]), r"is float16 \(128, 64\)"),
        ("weights", lambda w: w[:, :-1], r"is float16 \(64, 63\)"),
        ("weights", lambda w: w[None], r"is float16 \(1, 64, 64\)"),
        ("weights", lambda w: w.astype(np.float32), "is float32"),
        ("weights", lambda w: w.astype(">f2"), "is >f2"),
        ("weights", lambda w: w.astype(object), "not a projection file"),
        ("offsets", lambda o: o[:-1], r"is float64 \(63,\)"),
        ("offsets", lambda o: o[None], r"is float64 \(1, 64\)"),
        ("offsets", lambda o: o.astype(np.float32), "is float32"),
        ("offsets", lambda o: None, "has no pool_3/offsets"),
    ],
)
def test_other_arrays_than_the_manifest_says_are_refused(
    tmp_path: Path, name: str, spoil: Callable[[NDArray[Any]], Any], message: str
) -> None:
    content = arrays()
    content[f"pool_3/{name}"] = spoil(content[f"pool_3/{name}"])
    with pytest.raises(BundleError, match=message):
        bundle(tmp_path, packed({k: v for k, v in content.items() if v is not None}))


def test_more_bits_than_the_window_are_overcomplete(tmp_path: Path) -> None:
    manifest = good()
    manifest["projections"]["pool_3"]["window"] = [0, 63]
    assert bundle(tmp_path, packed(arrays()), manifest).profile("default").overcomplete


@pytest.mark.parametrize("components", [8, 32, 63])
@pytest.mark.parametrize("spread", [1.0, 100.0])
def test_a_window_that_lies_is_found_in_the_weights(
    tmp_path: Path, components: int, spread: float
) -> None:
    """64 bits of fewer components, of whatever variances, are not independent."""
    rng = np.random.default_rng(2)
    directions = np.linalg.qr(rng.standard_normal((DIMENSIONS, components)))[0].T
    whitened = directions / np.geomspace(1, spread, components)[:, None]
    hyperplanes = rng.standard_normal((BITS, components))
    content = arrays()
    content["pool_3/weights"] = (hyperplanes @ whitened).astype(np.float16)
    loaded = bundle(tmp_path, packed(content))
    assert not loaded.profile("default").overcomplete  # as far as the manifest says
    assert not load_projections(loaded.projection_path, ["pool_3"])["pool_3"].independent


@pytest.mark.parametrize("spread", [1.0, 10.0, 100.0])
def test_orthonormal_hyperplanes_are_independent(tmp_path: Path, spread: float) -> None:
    rng = np.random.default_rng(3)
    directions = np.linalg.qr(rng.standard_normal((DIMENSIONS, BITS)))[0].T
    hyperplanes = np.linalg.qr(rng.standard_normal((BITS, BITS)))[0]
    content = arrays()
    whitened = directions / np.geomspace(1, spread, BITS)[:, None]
    content["pool_3/weights"] = (hyperplanes @ whitened).astype(np.float16)
    loaded = bundle(tmp_path, packed(content))
    assert load_projections(loaded.projection_path, ["pool_3"])["pool_3"].independent


def test_a_row_of_zeros_is_not_independent(tmp_path: Path) -> None:
    content = arrays()
    content["pool_3/weights"][5] = 0
    loaded = bundle(tmp_path, packed(content))
    assert not load_projections(loaded.projection_path, ["pool_3"])["pool_3"].independent


def claiming(shape: str) -> bytes:
    """A file whose weights say another shape than they have bytes for."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays().items():
            one = io.BytesIO()
            np.save(one, array)
            padded = shape.ljust(len("(64, 64)")).encode()
            archive.writestr(f"{name}.npy", one.getvalue().replace(b"(64, 64)", padded))
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK",
        b"not a zip file" * 100,
        packed(arrays())[:-30],
        packed(arrays())[100:],
        claiming("(9**9,)"),
        claiming("(-1, -1)"),
        claiming("(1e9, 1)"),
        claiming("()"),
        claiming("(64, 65)"),
    ],
    ids=["empty", "start", "text", "cut", "end", "power", "negative", "float", "scalar", "longer"],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert str(tmp_path) in refusal(tmp_path, content)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=4), st.integers(0, 9500), st.booleans())
def test_any_damage_ends_in_the_documented_error(
    tmp_path: Path, new: bytes, start: int, longer: bool
) -> None:
    content = packed(arrays())
    content = content[:start] + new + content[start + (0 if longer else len(new)) :]
    with suppress(BundleError):
        bundle(tmp_path, content)
    with suppress(BundleError):
        load_projections(tmp_path / "projection.npz", ["pool_3"])
