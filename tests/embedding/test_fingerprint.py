"""The fingerprint of a profile: changed by all that its bits depend on, and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ailock_sdk.embedding import Bundle, find_bundle, load_bundle
from ailock_sdk.errors import BundleError
from tests.bundles import Arrays, copy_bundle, edit_manifest, edit_projection, replace_file
from tests.reference.fingerprint import fingerprint as reference_fingerprint

Manifest = dict[str, Any]
Change = Callable[[Path], object]
OTHER = "pool_3"
"""A layer that the default profile does not use."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the default bundle with the default profile alone, of the layer as it is."""
    folder = copy_bundle(tmp_path / "bundle")

    def keep_default(manifest: Manifest) -> None:
        for field in ("norm", "offset"):
            manifest["layers"][used_layer(manifest)][0].pop(field, None)
        for entries in (manifest["profiles"], manifest["self_test"]["imageprints"]):
            for name in set(entries) - {"default"}:
                del entries[name]

    edit_manifest(folder, keep_default)
    return folder


def used_layer(manifest: Manifest) -> str:
    (layer,) = manifest["profiles"]["default"]["layers"]
    return str(layer)


def project(folder: Path, layer: str, like: str | None = None, seed: int = 5) -> None:
    """Give ``layer`` a projection, drawn anew or ``like`` that of another of its dimensions."""
    bundle = load_bundle(folder)
    shape = 64, bundle.layers[layer].dimensions
    drawn = np.random.default_rng(seed).standard_normal(shape).astype(np.float16)

    def add(arrays: Arrays) -> None:
        for kind, made in (("weights", drawn), ("offsets", np.zeros(len(drawn)))):
            arrays[f"{layer}/{kind}"] = arrays[f"{like}/{kind}"] if like else made

    spec: Manifest = {
        "kind": "pca",
        "window": [0, 64],
        "hyperplanes": "orthonormal",
        "seed": seed,
        "lambda_bits": 64,
    }
    edit_projection(folder, add)
    edit_manifest(
        folder,
        lambda m: m["projections"].update(
            {layer: dict(m["projections"][like]) if like else spec},
        ),
    )


def in_manifest(change: Callable[[Manifest], object]) -> Change:
    return lambda folder: edit_manifest(folder, change)


def in_profile(**fields: object) -> Change:
    return in_manifest(lambda m: m["profiles"]["default"].update(fields))


def in_input(**fields: object) -> Change:
    return in_manifest(lambda m: m["input"].update(fields))


def in_output(**fields: object) -> Change:
    return in_manifest(lambda m: m["layers"][used_layer(m)][0].update(fields))


def in_array(kind: str, change: Callable[[np.ndarray], np.ndarray]) -> Change:
    def apply(folder: Path) -> None:
        layer = used_layer(json.loads((folder / "manifest.json").read_text("utf-8")))

        def replace(arrays: Arrays) -> None:
            arrays[f"{layer}/{kind}"] = change(arrays[f"{layer}/{kind}"])

        edit_projection(folder, replace)

    return apply


def nudge(array: np.ndarray) -> np.ndarray:
    """The least change of one value."""
    array = array.copy()
    array.flat[-1] = np.nextafter(array.flat[-1], np.inf, dtype=array.dtype)
    return array


def as_matrix(folder: Path) -> None:
    """The same values in float32, which are other bytes."""
    folder_manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    layer = used_layer(folder_manifest)
    in_array("weights", lambda array: array.astype(np.float32))(folder)
    (part,) = folder_manifest["layers"][layer]
    edit_manifest(
        folder,
        lambda m: m["projections"][layer].update(kind="matrix", window=[0, part["shape"][-1]]),
    )


def add_profile(folder: Path) -> None:
    project(folder, OTHER)
    entry = {
        "layers": [OTHER],
        "segments": ["centre"],
        "looks": [[0.5, 0]],
        "reference_looks": [[0.5, 0]],
        "tau": "0.7000",
        "code": [4, 4, 2],
        "calibration": {},
    }
    edit_manifest(folder, lambda m: m["profiles"].update({"another": entry}))


def rename_layer(folder: Path) -> None:
    layer = used_layer(json.loads((folder / "manifest.json").read_text("utf-8")))

    def in_arrays(arrays: Arrays) -> None:
        for kind in ("weights", "offsets"):
            arrays[f"renamed/{kind}"] = arrays.pop(f"{layer}/{kind}")

    def everywhere(manifest: Manifest) -> None:
        for part in ("layers", "projections"):
            manifest[part]["renamed"] = manifest[part].pop(layer)
        manifest["profiles"]["default"]["layers"] = ["renamed"]

    edit_projection(folder, in_arrays)
    edit_manifest(folder, everywhere)


def drop_all_but_the_used_layer(folder: Path) -> None:
    edit_manifest(folder, lambda m: m.update(layers={used_layer(m): m["layers"][used_layer(m)]}))


def use_a_second_layer(folder: Path) -> None:
    project(folder, OTHER)
    edit_manifest(
        folder,
        lambda m: (
            m.update(self_test=None)
            or m["profiles"]["default"].update(layers=[used_layer(m), OTHER])
        ),
    )


CHANGES_NOTHING: dict[str, Change] = {
    "name of the bundle": in_manifest(lambda m: m.update(name="another")),
    "version": in_manifest(lambda m: m.update(version="9.9.9")),
    "licence": in_manifest(lambda m: m.update(licence="another")),
    "source": in_manifest(lambda m: m.update(source="another")),
    "tau": in_profile(tau="0.9999"),
    "code": in_profile(code=[7, 4, 3]),
    "calibration": in_profile(calibration={}),
    "1 for 1.0": in_profile(looks=[[1, 0], [0.65, 2]]),
    "no self-test": in_manifest(lambda m: m.update(self_test=None)),
    "how the projection was made": in_manifest(
        lambda m: m["projections"][used_layer(m)].update(kind="pca", seed=1)
    ),
    "compressed": lambda folder: edit_projection(folder, len, np.savez_compressed),
    "columns first": in_array("weights", np.asfortranarray),
    "arrays of an unused layer": lambda folder: project(folder, OTHER),
    "unused layers removed": drop_all_but_the_used_layer,
    "an unused layer's pooling": in_manifest(
        lambda m: m["layers"][OTHER][0].update(pooling="flatten")
    ),
    "another profile": add_profile,
    "name of the layer": rename_layer,
    "defaults written out": in_manifest(
        lambda m: (
            m.update(subject="objects", runtime="tflite")
            or m["input"].update(layout="NHWC", fit="crop", filter="bilinear", decode="reduced")
            or m["layers"][used_layer(m)][0].update(norm="none")
        )
    ),
    "subject": in_manifest(lambda m: m.update(subject="faces")),
    "another file": lambda folder: replace_file(folder, "model_float32.tflite", b"unused"),
}

CHANGES_BITS: dict[str, Change] = {
    "model": lambda folder: replace_file(folder, "model.tflite", b"another model"),
    "height": in_input(height=240),
    "width": in_input(width=240),
    "low": in_input(low=-1.0000001),
    "high": in_input(high=1.0000001),
    "crop": in_input(crop=0.999),
    "fit": in_input(fit="stretch"),
    "filter": in_input(filter="bicubic"),
    "decode": in_input(decode="full"),
    "norm": in_output(norm="l2"),
    "root": in_output(norm="root", offset=0.04),
    "root of more": in_output(norm="root", offset=0.05),
    "layout": lambda folder: edit_manifest(
        folder,
        lambda m: (
            m["input"].update(layout="NCHW")
            or m.update(layers={used_layer(m): m["layers"][used_layer(m)]})
            or m["layers"][used_layer(m)][0].update(shape=[1016], pooling="flatten")
        ),
    ),
    "a matrix": lambda folder: as_matrix(folder),
    "output": in_output(output="mixed_10"),
    "shape": in_output(shape=[5, 1, 5, 1016]),
    "pooling": lambda folder: edit_manifest(
        folder,
        lambda m: m["layers"][used_layer(m)][0].update(shape=[1016], pooling="flatten"),
    ),
    "weights": in_array("weights", nudge),
    "offsets": in_array("offsets", nudge),
    "order of rows": in_array("weights", lambda array: array[::-1]),
    "segments": in_profile(segments=["centre"]),
    "a look's fraction": in_profile(looks=[[1.0, 0], [0.64, 2]]),
    "a look's turns": in_profile(looks=[[1.0, 0], [0.65, 1]]),
    "order of looks": in_profile(looks=[[0.65, 2], [1.0, 0]]),
    "fewer looks": in_profile(looks=[[1.0, 0]]),
    "a reference look's fraction": in_profile(reference_looks=[[0.999, 0]]),
    "reference looks like looks": in_profile(reference_looks=[[1.0, 0], [0.65, 2]]),
    "a second layer": use_a_second_layer,
}


def of(bundle: Bundle) -> bytes:
    """The default profile's fingerprint, which the reference agrees with."""
    found = bundle.fingerprints["default"]
    assert found == reference_fingerprint(bundle.path, "default")
    return found


def test_the_default_bundle_s_is_the_specified_hash() -> None:
    bundle = find_bundle("inception_v3_slim")
    assert len(of(bundle)) == 32
    for name, found in bundle.fingerprints.items():
        assert found == reference_fingerprint(bundle.path, name)


@pytest.mark.parametrize("change", CHANGES_NOTHING)
def test_it_stays_with(folder: Path, change: str) -> None:
    original, before = of(load_bundle(folder)), contents(folder)
    CHANGES_NOTHING[change](folder)
    assert contents(folder) != before
    assert of(load_bundle(folder)) == original


@pytest.mark.parametrize("change", CHANGES_BITS)
def test_it_changes_with(folder: Path, change: str) -> None:
    in_manifest(lambda m: m.update(self_test=None))(folder)  # it would have another length
    in_profile(looks=[[1.0, 0], [0.65, 2]], reference_looks=[[1.0, 0]])(folder)  # any input fits
    original = of(load_bundle(folder))
    CHANGES_BITS[change](folder)
    assert of(load_bundle(folder)) != original


def test_every_change_gives_another(tmp_path: Path) -> None:
    """No two things are told apart by their place alone: weights for offsets, looks for looks."""
    looks, others = [[1.0, 0]], [[0.5, 1]]
    found = set()
    for number, fields in enumerate(
        ({"looks": looks, "reference_looks": others}, {"looks": others, "reference_looks": looks})
    ):
        folder = copy_bundle(tmp_path / str(number))
        in_profile(**fields)(folder)
        found.add(of(load_bundle(folder)))
    assert len(found) == 2


def test_profiles_that_make_the_same_bits_share_one(folder: Path) -> None:
    edit_manifest(
        folder,
        lambda m: m["profiles"].update(
            strict={**m["profiles"]["default"], "tau": "0.9000", "code": [7, 4, 3]}
        ),
    )
    bundle = load_bundle(folder)
    assert bundle.fingerprints["strict"] == of(bundle)


def test_layers_enter_in_the_profile_s_order(folder: Path) -> None:
    use_a_second_layer(folder)
    one = of(load_bundle(folder))
    edit_manifest(folder, lambda m: m["profiles"]["default"]["layers"].reverse())
    assert of(load_bundle(folder)) != one


def test_a_bundle_without_profiles_has_none(folder: Path) -> None:
    edit_manifest(
        folder, lambda m: m.update(projection=None, projections={}, profiles={}, self_test=None)
    )
    assert load_bundle(folder).fingerprints == {}


def test_a_damaged_projection_is_named(folder: Path) -> None:
    bundle = load_bundle(folder)
    (folder / "projection.npz").write_bytes(b"PK nothing")
    with pytest.raises(BundleError, match=r"projection\.npz is not a projection file"):
        _ = bundle.fingerprints


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
