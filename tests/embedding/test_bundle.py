"""Bundles on disk: verification, the fingerprint, and the search order."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ailock_sdk.embedding import (
    DEFAULT_BUNDLE,
    Bundle,
    Embedder,
    choose_runtime,
    find_bundle,
    list_bundles,
    load_bundle,
)
from ailock_sdk.errors import BundleError, RuntimeMissingError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the default bundle that a test may damage."""
    copy = tmp_path / "bundles" / DEFAULT_BUNDLE
    shutil.copytree(find_bundle(DEFAULT_BUNDLE).path, copy)
    return copy


def edit(folder: Path, *path: str, to: object) -> Bundle:
    manifest = json.loads((folder / "manifest.json").read_text())
    entry = manifest
    for step in path[:-1]:
        entry = entry[step]
    entry[path[-1]] = to
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return load_bundle(folder)


def test_default_bundle_keeps_its_promises() -> None:
    bundle = find_bundle(DEFAULT_BUNDLE)
    assert bundle.model_path.stat().st_size <= 12_000_000
    assert {"pool_3", "mixed_8/pool"} <= bundle.layers.keys()
    profile = bundle.profile("default")
    assert not profile.overcomplete
    assert bundle.self_test is not None
    assert "default" in bundle.self_test.imageprints
    assert (bundle.path / "CARD.md").stat().st_size > 1000


@pytest.mark.parametrize("name", ["model.tflite", "projection.npz"])
@pytest.mark.parametrize("damage", ["missing", "longer", "altered"])
def test_damaged_files_are_refused(folder: Path, name: str, damage: str) -> None:
    path = folder / name
    data = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
    elif damage == "longer":
        path.write_bytes(data + b"\0")
    else:
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    with pytest.raises(BundleError, match=name):
        load_bundle(folder)


def test_no_bundle_there(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"manifest\.json"):
        load_bundle(tmp_path)


def test_fingerprint_changes_with_what_changes_imageprints_only(folder: Path) -> None:
    original = edit(folder, "profiles", "default", "looks", to=[[1.0, 0]]).fingerprint
    assert len(original) == 32
    assert edit(folder, "source", to="another text").fingerprint == original
    assert edit(folder, "profiles", "default", "tau", to="0.9999").fingerprint == original
    assert edit(folder, "profiles", "default", "looks", to=[[1, 0]]).fingerprint == original
    assert edit(folder, "profiles", "default", "calibration", to={}).fingerprint == original
    assert edit(folder, "input", "crop", to=0.123).fingerprint != original


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("looks", [[0.999, 0]]),
        ("looks", [[0.999, 2]]),
        ("reference_looks", [[0.999, 0]]),
        ("segments", ["centre"]),
    ],
)
def test_fingerprint_changes_with_what_a_profile_looks_at(
    folder: Path, key: str, value: object
) -> None:
    original = load_bundle(folder).fingerprint
    assert edit(folder, "profiles", "default", key, to=value).fingerprint != original


def test_fingerprint_is_the_specified_hash() -> None:
    """SPEC section 10, written out: text, not the code that makes it."""
    bundle = find_bundle(DEFAULT_BUNDLE)
    manifest = json.loads((bundle.path / "manifest.json").read_text())
    contract = {
        "files": {
            name: manifest["files"][name]["sha256"] for name in ("model.tflite", "projection.npz")
        },
        "input": manifest["input"],
        "layers": manifest["layers"],
        "profiles": {
            name: {key: profile[key] for key in ("layers", "segments", "looks", "reference_looks")}
            for name, profile in manifest["profiles"].items()
        },
    }
    text = json.dumps(contract, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(b"ailock/v1/bundle-fingerprint" + text.encode("ascii")).digest()
    assert bundle.fingerprint == digest


def test_bundles_of_the_environment_come_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_bundle(DEFAULT_BUNDLE).path != folder
    monkeypatch.setenv("AILOCK_MODELS", str(folder.parent))
    assert find_bundle(DEFAULT_BUNDLE).path == folder
    assert list_bundles()[DEFAULT_BUNDLE] == folder


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("input",), {"height": 64, "width": 64, "low": -1.0, "high": 1.0, "crop": 1.0}, "takes"),
        (("layers", "pool_3", 0, "output"), "no_such_output", "no output"),
        (("layers", "pool_3", 0, "shape"), [1, 2, 3], "manifest says"),
    ],
)
def test_model_must_fit_its_manifest(
    folder: Path, path: tuple[str, ...], value: object, message: str
) -> None:
    with pytest.raises(BundleError, match=message):
        Embedder(edit(folder, *path, to=value), threads=1)


def test_not_a_model(folder: Path) -> None:
    junk = b"not a flatbuffer" * 64
    (folder / "model.tflite").write_bytes(junk)
    entry = {"sha256": hashlib.sha256(junk).hexdigest(), "size_bytes": len(junk)}
    with pytest.raises(BundleError, match="does not load"):
        Embedder(edit(folder, "files", "model.tflite", to=entry), threads=1)


def test_embeddings_are_float32_and_the_same_for_any_number_of_threads() -> None:
    bundle = find_bundle(DEFAULT_BUNDLE)
    contract = bundle.input
    pixels = np.random.default_rng(3).integers(
        0, 256, (contract.height, contract.width, 3), dtype=np.uint8
    )
    layers = list(bundle.layers)
    one, two = (Embedder(bundle, threads).embed(pixels, layers) for threads in (1, 2))
    for name, a, b in zip(layers, one, two, strict=True):
        assert a.dtype == np.float32
        assert a.shape == (bundle.layers[name].dimensions,)
        assert np.ptp(a) > 0
        np.testing.assert_array_equal(a, b)


def test_mean_of_views_is_summed_in_order_in_float32_and_divided_once() -> None:
    bundle = find_bundle(DEFAULT_BUNDLE)
    embedder = Embedder(bundle, threads=1)
    shape = (3, bundle.input.height, bundle.input.width, 3)
    views = list(np.random.default_rng(4).integers(0, 256, shape, dtype=np.uint8))
    layers = list(bundle.layers)
    each = [embedder.embed(view, layers) for view in views]
    means = embedder.embed_mean(views, layers)
    for mean, a, b, c in zip(means, *each, strict=True):
        assert mean.dtype == np.float32
        np.testing.assert_array_equal(mean, ((a + b) + c) / np.float32(3))
    for mean, alone in zip(embedder.embed_mean(views[:1], layers), each[0], strict=True):
        np.testing.assert_array_equal(mean, alone)
    with pytest.raises(ValueError, match="at least one view"):
        embedder.embed_mean([], layers)
    with pytest.raises(ValueError, match="pixels are uint8"):
        embedder.embed_mean([views[0], views[1][1:]], layers)


def test_views_at_once_change_no_bit() -> None:
    bundle = find_bundle(DEFAULT_BUNDLE)
    shape = (5, bundle.input.height, bundle.input.width, 3)
    views = list(np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8))
    layers = list(bundle.layers)
    alone = Embedder(bundle, threads=1, at_once=4).embed_mean(views, layers)
    for threads, at_once in ((2, 2), (3, 2), (3, 3), (4, 8)):
        together = Embedder(bundle, threads, at_once).embed_mean(views, layers)
        for a, b in zip(alone, together, strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="at least 1"):
        Embedder(bundle, threads=0)
    with pytest.raises(ValueError, match="at least 1"):
        Embedder(bundle, threads=1, at_once=0)


def test_a_failing_view_leaves_the_embedder_usable() -> None:
    bundle = find_bundle(DEFAULT_BUNDLE)
    embedder = Embedder(bundle, threads=2, at_once=2)
    view = np.zeros((bundle.input.height, bundle.input.width, 3), np.uint8)
    with pytest.raises(KeyError):
        embedder.embed_mean([view] * 3, ["no-such-layer"])
    assert len(embedder.embed_mean([view] * 3, list(bundle.layers))) == len(bundle.layers)


def test_pixels_are_checked() -> None:
    embedder = Embedder(find_bundle(DEFAULT_BUNDLE), threads=1)
    contract = embedder.bundle.input
    for wrong in (
        np.zeros((contract.height, contract.width, 3), np.float32),
        np.zeros((contract.height, contract.width, 4), np.uint8),
        np.zeros((contract.height + 1, contract.width, 3), np.uint8),
    ):
        with pytest.raises(ValueError, match="pixels are uint8"):
            embedder.embed(wrong, ["pool_3"])


def test_a_missing_runtime_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    choose_runtime.cache_clear()
    monkeypatch.setattr("importlib.import_module", absent)
    try:
        with pytest.raises(RuntimeMissingError, match="pip install ai-edge-litert"):
            choose_runtime()
    finally:
        choose_runtime.cache_clear()
