"""manifest.json: every rule of SPEC section 10 has a manifest that breaks only it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from ailock_sdk.embedding.manifest import parse_manifest
from ailock_sdk.errors import BundleError
from ailock_sdk.profiles import Look

SHA256 = "0" * 64


def good() -> dict[str, Any]:
    return {
        "format": "ailock-bundle/2",
        "name": "tiny",
        "version": "0",
        "licence": "Apache-2.0",
        "source": "made by a test",
        "files": {
            "model.tflite": {"sha256": SHA256, "size_bytes": 1},
            "projection.npz": {"sha256": SHA256, "size_bytes": 2},
            "self_test.png": {"sha256": SHA256, "size_bytes": 3},
        },
        "model": "model.tflite",
        "projection": "projection.npz",
        "input": {"height": 32, "width": 32, "low": -1, "high": 1.0, "crop": 0.8},
        "layers": {
            "pool_3": [{"output": "mixed_10", "shape": [2, 2, 64], "pooling": "mean"}],
            "both": [
                {"output": "mixed_10", "shape": [2, 2, 64], "pooling": "mean"},
                {"output": "mixed_8_pool", "shape": [2, 2, 8], "pooling": "flatten"},
            ],
        },
        "projections": {
            "pool_3": {
                "kind": "discriminant",
                "window": [0, 64],
                "hyperplanes": "orthonormal",
                "seed": 1,
                "lambda_bits": 64,
            }
        },
        "profiles": {
            "default": {
                "layers": ["pool_3"],
                "segments": ["whole"],
                "looks": [[1, 0]],
                "reference_looks": [[1.0, 0], [0.65, 3], [0.65, 0]],
                "tau": "0.7000",
                "code": [5, 2, 1],
                "calibration": {"fmr": 0.001, "photos": "made up"},
            }
        },
        "self_test": {"photo": "self_test.png", "imageprints": {"default": "00" * 8}},
    }


def encode(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_good_manifest_is_read() -> None:
    manifest = parse_manifest(encode(good()))
    assert manifest.layers["pool_3"].dimensions == 64
    assert manifest.layers["both"].dimensions == 64 + 32
    profile = manifest.profiles["default"]
    assert (profile.tau, profile.code, profile.overcomplete) == ("0.7000", (5, 2, 1), False)
    assert profile.looks == (Look(1.0, 0),)
    assert profile.reference_looks == (Look(1.0, 0), Look(0.65, 3), Look(0.65, 0))
    assert manifest.self_test is not None
    assert manifest.self_test.imageprints["default"] == bytes(8)


@pytest.mark.parametrize(
    ("key", "value"), [("lambda_bits", 65), ("hyperplanes", "gaussian"), ("window", [1, 64])]
)
def test_overcomplete_projections_are_known(key: str, value: Any) -> None:
    manifest = good()
    manifest["projections"]["pool_3"][key] = value
    assert parse_manifest(encode(manifest)).profiles["default"].overcomplete


def change(*path: str, to: Any) -> Callable[[dict[str, Any]], None]:
    def apply(manifest: dict[str, Any]) -> None:
        for step in path[:-1]:
            manifest = manifest[step]
        manifest[path[-1]] = to

    return apply


def drop(*path: str) -> Callable[[dict[str, Any]], None]:
    def apply(manifest: dict[str, Any]) -> None:
        for step in path[:-1]:
            manifest = manifest[step]
        del manifest[path[-1]]

    return apply


BAD: dict[str, Callable[[dict[str, Any]], None]] = {
    "format": change("format", to="ailock-bundle/1"),
    "no name": drop("name"),
    "unknown key": change("colour", to="blue"),
    "unknown inner key": change("input", "depth", to=3),
    "number for text": change("version", to=1),
    "boolean for number": change("input", "height", to=True),
    "huge input": change("input", "height", to=100_000),
    "crop zero": change("input", "crop", to=0),
    "crop above one": change("input", "crop", to=1.1),
    "range reversed": change("input", "low", to=2),
    "path as file": change("files", "../x", to={"sha256": SHA256, "size_bytes": 1}),
    "manifest as file": change("files", "manifest.json", to={"sha256": SHA256, "size_bytes": 1}),
    "short sha256": change("files", "model.tflite", "sha256", to="00"),
    "upper-case sha256": change("files", "model.tflite", "sha256", to="A" * 64),
    "negative size": change("files", "model.tflite", "size_bytes", to=-1),
    "model unlisted": change("model", to="other.tflite"),
    "projection unlisted": change("projection", to="other.npz"),
    "projection missing": change("projection", to=None),
    "projection of no layer": change("projections", "pool_4", to=good()["projections"]["pool_3"]),
    "unknown pooling": change("layers", "pool_3", 0, "pooling", to="max"),
    "layer empty": change("layers", "pool_3", to=[]),
    "layer no list": change("layers", "pool_3", to={"output": "mixed_10"}),
    "output twice": change("layers", "pool_3", to=good()["layers"]["pool_3"] * 2),
    "shape empty": change("layers", "pool_3", 0, "shape", to=[]),
    "shape zero": change("layers", "pool_3", 0, "shape", to=[2, 0]),
    "shape text": change("layers", "pool_3", 0, "shape", to=["2"]),
    "window reversed": change("projections", "pool_3", "window", to=[64, 0]),
    "window of three": change("projections", "pool_3", "window", to=[0, 1, 2]),
    "unknown kind": change("projections", "pool_3", "kind", to="magic"),
    "unknown hyperplanes": change("projections", "pool_3", "hyperplanes", to="random"),
    "no bits": change("projections", "pool_3", "lambda_bits", to=0),
    "profile name": change("profiles", "Default", to=good()["profiles"]["default"]),
    "profile without projection": change("profiles", "default", "layers", to=["mixed_8/pool"]),
    "profile without layers": change("profiles", "default", "layers", to=[]),
    "tau as number": change("profiles", "default", "tau", to=0.7),
    "tau above one": change("profiles", "default", "tau", to="1.5"),
    "code of two": change("profiles", "default", "code", to=[7, 4]),
    "calibration nested": change("profiles", "default", "calibration", to={"fmr": [1]}),
    "self-test unlisted": change("self_test", "photo", to="x.png"),
    "self-test not hex": change("self_test", "imageprints", to={"default": "zz"}),
    "self-test unknown profile": change("self_test", "imageprints", to={"other": "00"}),
}


@pytest.mark.parametrize("defect", BAD)
def test_one_defect_is_refused(defect: str) -> None:
    manifest = copy.deepcopy(good())
    BAD[defect](manifest)
    with pytest.raises(BundleError):
        parse_manifest(encode(manifest))


BAD_LOOKS: dict[str, tuple[Any, str]] = {
    "null": (None, "wrong type"),
    "object": ({}, "wrong type"),
    "none": ([], "1 to 16"),
    "too many": ([[i / 17, 0] for i in range(1, 18)], "1 to 16"),
    "repeated": ([[0.5, 1], [1.0, 0], [0.5, 1]], "repeat a look"),
    "repeated as an integer": ([[1.0, 0], [1, 0]], "repeat a look"),
    "flat": ([1.0, 0], r"a list of \[fraction"),
    "one number": ([[1.0]], r"a list of \[fraction"),
    "three numbers": ([[1.0, 0, 0]], r"a list of \[fraction"),
    "text": ([["1.0", 0]], r"a list of \[fraction"),
    "turns as a float": ([[1.0, 0.0]], r"a list of \[fraction"),
    "turns as a boolean": ([[1.0, True]], r"a list of \[fraction"),
    "fraction as a boolean": ([[True, 0]], r"a list of \[fraction"),
    "fraction zero": ([[0, 0]], "fraction"),
    "fraction above one": ([[1.0001, 0]], "fraction"),
    "fraction beyond a float": ([[10**400, 0]], "fraction"),
    "fraction not a number": ([[float("nan"), 0]], "fraction"),
    "negative turns": ([[1.0, -1]], "quarter turns"),
    "four turns": ([[1.0, 4]], "quarter turns"),
}


@pytest.mark.parametrize("key", ["looks", "reference_looks"])
@pytest.mark.parametrize("defect", BAD_LOOKS)
def test_looks_are_checked_and_the_error_names_them(key: str, defect: str) -> None:
    manifest = good()
    manifest["profiles"]["default"][key], message = BAD_LOOKS[defect]
    with pytest.raises(BundleError, match=rf"default'?: '?{key}\b.*{message}"):
        parse_manifest(encode(manifest))


@pytest.mark.parametrize("key", ["looks", "reference_looks"])
def test_looks_are_required(key: str) -> None:
    manifest = good()
    del manifest["profiles"]["default"][key]
    with pytest.raises(BundleError, match=f"profiles.default: '{key}' is missing"):
        parse_manifest(encode(manifest))


def test_odd_turns_need_a_square_input() -> None:
    manifest = good()
    manifest["input"]["width"] = 48
    with pytest.raises(BundleError, match="'reference_looks': odd turns"):
        parse_manifest(encode(manifest))
    manifest["profiles"]["default"]["reference_looks"] = [[1.0, 2]]
    parse_manifest(encode(manifest))


@pytest.mark.parametrize(
    "raw",
    [b"", b"null", b"[]", b"{", b"\xff", b"[" * 100_000, b'{"format": "a", "format": "b"}'],
    ids=["empty", "null", "list", "cut", "not utf-8", "deep", "repeated key"],
)
def test_not_a_manifest(raw: bytes) -> None:
    with pytest.raises(BundleError):
        parse_manifest(raw)
