"""Bundles on disk: verification, the fingerprint, and the search order."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ailock_sdk.constants import RuntimeId
from ailock_sdk.doctor import examine
from ailock_sdk.embedding import (
    DEFAULT_BUNDLE,
    Bundle,
    Embedder,
    Runtime,
    choose_runtime,
    find_bundle,
    find_bundle_for,
    list_bundles,
    load_bundle,
)
from ailock_sdk.errors import BundleError, RecordMismatchError, RuntimeMissingError
from tests.bundles import copy_bundle, turn_bits_over
from tests.make_vectors import VECTOR_PATH


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the default bundle that a test may damage."""
    return copy_bundle(tmp_path / "bundles" / DEFAULT_BUNDLE)


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
def test_damaged_files_are_refused(
    folder: Path, name: str, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    monkeypatch.setenv("AILOCK_MODELS", str(folder.parent))
    with pytest.raises(BundleError, match=name):  # found by name, the model is checked when read
        Embedder(find_bundle(DEFAULT_BUNDLE), threads=1)
    if name == "model.tflite":
        bundle = find_bundle(DEFAULT_BUNDLE)
        bundle.read_ahead()
        with pytest.raises(BundleError, match=name):
            bundle.read_model()


def test_no_bundle_there(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"manifest\.json"):
        load_bundle(tmp_path)


def test_bundles_of_the_environment_come_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_bundle(DEFAULT_BUNDLE).path != folder
    monkeypatch.setenv("AILOCK_MODELS", str(folder.parent))
    assert find_bundle(DEFAULT_BUNDLE).path == folder
    assert list_bundles()[DEFAULT_BUNDLE] == folder


def test_bundles_are_found_by_what_their_profiles_take(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = find_bundle(DEFAULT_BUNDLE)
    (wanted, *_) = shipped.fingerprints.values()
    turn_bits_over(folder)
    monkeypatch.setenv("AILOCK_MODELS", str(folder.parent))
    turned = find_bundle(DEFAULT_BUNDLE)
    assert turned.path == folder
    (other, *_) = turned.fingerprints.values()
    assert find_bundle_for(other).path == folder
    assert find_bundle_for(wanted).path == shipped.path  # though the first of its name is another
    with pytest.raises(RecordMismatchError, match=f"fingerprint {'00' * 8}, which none") as caught:
        find_bundle_for(bytes(32))
    assert str(folder.parent / "NAME-VERSION") in str(caught.value)


def test_what_cannot_be_read_is_passed_over_and_what_was_altered_is_not_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AILOCK_MODELS", str(folder.parent))
    turn_bits_over(folder)
    (wanted, *_) = load_bundle(folder).fingerprints.values()
    for name, text in (("a-broken", "{"), ("b-empty", "")):
        (folder.parent / name).mkdir()
        (folder.parent / name / "manifest.json").write_text(text)
    assert find_bundle_for(wanted).path == folder
    altered = folder.rename(folder.parent / "c-altered")
    model = bytearray((altered / "model.tflite").read_bytes())
    model[-1] ^= 1
    (altered / "model.tflite").write_bytes(model)
    with pytest.raises(BundleError, match=r"c-altered/model\.tflite was altered"):
        find_bundle_for(wanted)
    copy = turn_bits_over(copy_bundle(folder.parent / "d-whole"))
    assert find_bundle_for(wanted).path == copy


def test_the_search_reads_no_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the fitting bundle's: an unlock must not wait for all the others' megabytes."""
    monkeypatch.setenv("AILOCK_MODELS", str(folder.parent))
    turn_bits_over(folder)
    read: list[Path] = []

    def load(path: Path) -> Bundle:
        read.append(path)
        return load_bundle(path)

    monkeypatch.setattr("ailock_sdk.embedding.installed.load_bundle", load)
    shipped = json.loads(VECTOR_PATH.read_text("utf-8"))["fingerprint"]
    assert read == [find_bundle_for(bytes.fromhex(shipped)).path] != [folder]


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
        embedder = Embedder(bundle, threads, at_once)
        for _ in range(3):
            for a, b in zip(alone, embedder.embed_mean(views, layers), strict=True):
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


def test_row_22_a_runtime_made_for_another_numpy_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """As tflite-runtime 2.14 fails under NumPy 2, when its first interpreter is built."""

    def interpreter(**_: object) -> None:
        raise SystemError("CreateWrapperFromBuffer returned a result with an exception set")

    broken = Runtime(RuntimeId.AI_EDGE_LITERT, SimpleNamespace(Interpreter=interpreter))
    monkeypatch.setattr("ailock_sdk.embedding.embedder.choose_runtime", lambda _: broken)
    with pytest.raises(RuntimeMissingError, match=r"does not work with NumPy .*'numpy<2'"):
        Embedder(find_bundle(DEFAULT_BUNDLE))
    findings = {f.what: f for f in examine(Path("no vault"), Path("no pepper"))}
    assert "does not work with NumPy" in findings[f"self-test {DEFAULT_BUNDLE}"].detail
    assert not findings[f"self-test {DEFAULT_BUNDLE}"].ok


def test_a_foreign_models_folder_beside_an_installed_package_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in site-packages beside the package is not ours."""
    package = tmp_path / "site-packages" / "ailock_sdk"
    for models in (package / "models" / "ours", package.parent / "models" / "foreign"):
        models.mkdir(parents=True)
        (models / "manifest.json").write_text("{}", "utf-8")
    module = package / "embedding" / "installed.py"
    monkeypatch.setattr("ailock_sdk.embedding.installed.__file__", str(module))
    assert "ours" in list_bundles()
    assert "foreign" not in list_bundles()
