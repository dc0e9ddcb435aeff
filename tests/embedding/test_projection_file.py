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
from ailock_sdk.embedding.bundle import read_bundle
from ailock_sdk.errors import BundleError
from ailock_sdk.imageprint import load_projections
from ailock_sdk.limits import Limits
from tests.reference.make_manifest_vectors import good

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


def bomb(shape: tuple[int, int]) -> bytes:
    """A small file of large arrays, all zero."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, full in (("weights", shape), ("offsets", shape[:1])):
            dtype = np.dtype("<f2" if name == "weights" else "<f8")
            with archive.open(f"pool_3/{name}.npy", "w") as entry:
                header = {"descr": dtype.str, "fortran_order": False, "shape": full}
                np.lib.format.write_array_header_1_0(entry, header)
                for _ in range(full[0]):
                    entry.write(bytes(dtype.itemsize * int(np.prod(full[1:], dtype=int))))
    return stream.getvalue()


def test_what_an_npz_orders_has_a_ceiling(tmp_path: Path) -> None:
    """4 GiB in 4 MB, the shape as the manifest says; also where nobody has checked the file."""
    manifest = good()
    manifest["layers"]["pool_3"][0].update(shape=[2**17], pooling="flatten")
    manifest["projections"]["pool_3"]["lambda_bits"] = 1100
    manifest["self_test"] = None
    assert "its arrays are above 256 MiB" in refusal(tmp_path, bomb((1100, 2**17)), manifest)
    with pytest.raises(BundleError, match="its arrays are above 256 MiB"):
        _ = read_bundle(tmp_path).fingerprints


def test_the_callers_ceiling_is_looked_at(tmp_path: Path) -> None:
    bundle(tmp_path, packed(arrays()))
    length = 64 * 64 * 2 + 64 * 8 + 2 * 128
    load_bundle(tmp_path, Limits(projection_bytes=length))
    for most in (length - 1, 1):
        with pytest.raises(BundleError, match=r"above .* MiB"):
            load_bundle(tmp_path, Limits(projection_bytes=most))


def test_very_many_entries_are_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number}", b"")
    monkeypatch.setattr(zipfile.ZipFile, "infolist", None)
    assert "very many entries" in refusal(tmp_path, stream.getvalue())


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [["x", "x"], ["x", "x.npy"], ["x.npy", "x.npy"]])
def test_a_name_that_is_there_twice_is_refused(tmp_path: Path, names: list[str]) -> None:
    """Readers differ in which one they take."""
    stream = io.BytesIO(packed(arrays()))
    with zipfile.ZipFile(stream, "a") as archive:
        for name in names:
            one = io.BytesIO()
            np.save(one, np.zeros(3))
            archive.writestr(name, one.getvalue())
    assert "there twice" in refusal(tmp_path, stream.getvalue())


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
        _ = read_bundle(tmp_path).fingerprints
    with suppress(BundleError):
        load_projections(tmp_path / "projection.npz", ["pool_3"])
