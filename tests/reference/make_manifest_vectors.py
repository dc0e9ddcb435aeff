"""Write tests/vectors/manifest.json: ``python -m tests.reference.make_manifest_vectors``.

Manifests of SPEC section 10, none of whose files are there. A list of
    comment   "the good one", or the one defect
    expect    "manifest", or the field that a reader names
    text      the manifest
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent.parent / "vectors" / "manifest.json"
SHA256 = "0" * 64
FILE = {"sha256": SHA256, "size_bytes": 1}


def good() -> dict[str, Any]:
    return {
        "format": "ailock-bundle/2",
        "name": "tiny",
        "version": "0",
        "licence": "Apache-2.0",
        "source": "made by a test",
        "subject": "objects",
        "files": {
            "model.tflite": {"sha256": SHA256, "size_bytes": 1},
            "projection.npz": {"sha256": SHA256, "size_bytes": 2},
            "self_test.png": {"sha256": SHA256, "size_bytes": 3},
        },
        "runtime": "tflite",
        "model": "model.tflite",
        "projection": "projection.npz",
        "input": {
            **{"height": 32, "width": 32, "low": -1, "high": 1.0, "crop": 0.8, "layout": "NHWC"},
            **{"fit": "crop", "filter": "bilinear", "decode": "reduced"},
        },
        "layers": {
            "pool_3": [
                {"output": "mixed_10", "shape": [2, 2, 64], "pooling": "mean", "norm": "none"}
            ],
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


def change(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    def apply(manifest: dict[str, Any]) -> None:
        for step in path[:-1]:
            manifest = manifest[step]
        manifest[path[-1]] = to

    return apply


def drop(*path: str | int) -> Callable[[dict[str, Any]], None]:
    def apply(manifest: dict[str, Any]) -> None:
        for step in path[:-1]:
            manifest = manifest[step]
        del manifest[path[-1]]

    return apply


def pool_3_output(key: str, to: Any) -> Callable[[dict[str, Any]], None]:
    return change("layers", "pool_3", 0, key, to=to)


def projection(key: str, to: Any) -> Callable[[dict[str, Any]], None]:
    return change("projections", "pool_3", key, to=to)


def profile(key: str, to: Any) -> Callable[[dict[str, Any]], None]:
    return change("profiles", "default", key, to=to)


def imageprints(to: Any) -> Callable[[dict[str, Any]], None]:
    return change("self_test", "imageprints", to=to)


BAD: dict[str, tuple[str, Callable[[dict[str, Any]], None]]] = {
    "format": ("format", change("format", to="ailock-bundle/1")),
    "unknown inner key": ("input.depth", change("input", "depth", to=3)),
    "huge input": ("input.height", change("input", "height", to=100_000)),
    "crop zero": ("input.crop", change("input", "crop", to=0)),
    "crop above one": ("input.crop", change("input", "crop", to=1.1)),
    "range reversed": ("input.low", change("input", "low", to=2)),
    "range empty": ("input.low", change("input", "low", to=1)),
    "path as file": ("files['../x']", change("files", "../x", to=FILE)),
    "dot file": ("files['.x']", change("files", ".x", to=FILE)),
    "manifest as file": ("files", change("files", "manifest.json", to=FILE)),
    "short sha256": (
        "files['model.tflite'].sha256",
        change("files", "model.tflite", "sha256", to="00"),
    ),
    "upper-case sha256": (
        "files['model.tflite'].sha256",
        change("files", "model.tflite", "sha256", to="A" * 64),
    ),
    "sha256 and a line": (
        "files['model.tflite'].sha256",
        change("files", "model.tflite", "sha256", to=SHA256 + "\n"),
    ),
    "huge size": (
        "files['model.tflite'].size_bytes",
        change("files", "model.tflite", "size_bytes", to=2**40 + 1),
    ),
    "model unlisted": ("model", change("model", to="other.tflite")),
    "projection unlisted": ("projection", change("projection", to="other.npz")),
    "projection missing": ("projection", change("projection", to=None)),
    "projection of no layer": (
        "projections.pool_4",
        change("projections", "pool_4", to=good()["projections"]["pool_3"]),
    ),
    "unknown pooling": ("layers.pool_3[0].pooling", pool_3_output("pooling", to="max")),
    "layer empty": ("layers.pool_3", change("layers", "pool_3", to=[])),
    "output twice": (
        "layers.pool_3",
        change("layers", "pool_3", to=good()["layers"]["pool_3"] * 2),
    ),
    "shape empty": ("layers.pool_3[0].shape", pool_3_output("shape", to=[])),
    "shape zero": ("layers.pool_3[0].shape[1]", pool_3_output("shape", to=[2, 0])),
    "shape huge": ("layers.both", change("layers", "both", 1, "shape", to=[2**10, 2**11])),
    "window reversed": ("projections.pool_3.window", projection("window", to=[64, 0])),
    "window empty": ("projections.pool_3.window", projection("window", to=[7, 7])),
    "window of three": ("projections.pool_3.window", projection("window", to=[0, 1, 2])),
    "window beyond the layer": ("projections.pool_3.window", projection("window", to=[0, 65])),
    "unknown kind": ("projections.pool_3.kind", projection("kind", to="magic")),
    "unknown hyperplanes": (
        "projections.pool_3.hyperplanes",
        projection("hyperplanes", to="random"),
    ),
    "unknown subject": ("subject", change("subject", to="pets")),
    "unknown runtime": ("runtime", change("runtime", to="torch")),
    "unknown layout": ("input.layout", change("input", "layout", to="CHWN")),
    "unknown fit": ("input.fit", change("input", "fit", to="pad")),
    "unknown filter": ("input.filter", change("input", "filter", to="lanczos")),
    "unknown decode": ("input.decode", change("input", "decode", to="half")),
    "unknown norm": ("layers.pool_3[0].norm", pool_3_output("norm", to="l1")),
    "root of what": ("layers.pool_3[0].offset", pool_3_output("norm", to="root")),
    "offset without a root": ("layers.pool_3[0].offset", pool_3_output("offset", to=0.5)),
    "offset of nothing": ("layers.pool_3[0].offset", pool_3_output("offset", to=0)),
    "mean of channels that come first": (
        "layers.pool_3[0].pooling",
        change("input", "layout", to="NCHW"),
    ),
    "part of a matrix": (
        "projections.pool_3.window",
        lambda m: m["projections"]["pool_3"].update(kind="matrix", window=[0, 63]),
    ),
    "components by given hyperplanes": (
        "projections.pool_3.hyperplanes",
        projection("hyperplanes", to="given"),
    ),
    "huge seed": ("projections.pool_3.seed", projection("seed", to=2**63)),
    "no bits": ("projections.pool_3.lambda_bits", projection("lambda_bits", to=0)),
    "many bits": ("projections.pool_3.lambda_bits", projection("lambda_bits", to=4097)),
    "profile name": (
        "profiles.Default",
        change("profiles", "Default", to=good()["profiles"]["default"]),
    ),
    "layer without projection": ("profiles.default.layers", profile("layers", to=["both"])),
    "no layers": ("profiles.default.layers", profile("layers", to=[])),
    "no segments": ("profiles.default.segments", profile("segments", to=[])),
    "layer twice": ("profiles.default.layers", profile("layers", to=["pool_3"] * 2)),
    "segment twice": ("profiles.default.segments", profile("segments", to=["whole"] * 2)),
    "tau above one": ("profiles.default.tau", profile("tau", to="1.5")),
    "tau without a digit": ("profiles.default.tau", profile("tau", to="")),
    "code of two": ("profiles.default.code", profile("code", to=[7, 4])),
    "self-test unlisted": ("self_test.photo", change("self_test", "photo", to="x.png")),
    "self-test not hex": ("self_test.imageprints.default", imageprints({"default": "zz" * 8})),
    "self-test short": ("self_test.imageprints.default", imageprints({"default": "00" * 7})),
    "self-test unknown profile": ("self_test.imageprints.other", imageprints({"other": "00"})),
}


def vectors() -> list[dict[str, str]]:
    found = [{"comment": "the good one", "expect": "manifest", "text": written(good())}]
    for comment, (field, spoil) in BAD.items():
        manifest = good()
        spoil(manifest)
        found.append({"comment": comment, "expect": field, "text": written(manifest)})
    for comment, (field, old, new) in BAD_TEXTS.items():
        whole = written(good())
        assert whole.count(old) == 1
        found.append({"comment": comment, "expect": field, "text": whole.replace(old, new)})
    return found


def written(manifest: dict[str, Any]) -> str:
    return json.dumps(manifest, separators=(",", ":"))


BAD_TEXTS = {
    "a key twice": ("name", '"name":"tiny"', '"name":"tiny","name":"tiny"'),
    "1.0 for an integer": ("input.height", '"height":32', '"height":32.0'),
    "true for a number": ("input.low", '"low":-1', '"low":true'),
    "NaN": ("input.low", '"low":-1', '"low":NaN'),
    "a lone surrogate": ("source", '"made by a test"', '"\\ud800"'),
    "an integer of more than 64 bits": (
        "projections.pool_3.seed",
        '"seed":1',
        '"seed":1' + 20 * "0",
    ),
}
"""What an object of Python does not show: field, and what stands in the text in place of what."""


def vectors_text() -> str:
    return json.dumps(vectors(), indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(vectors_text(), "ascii")
