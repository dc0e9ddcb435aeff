"""Layer files to a TFLite model and the first manifest of its bundle (SPEC section 10).

    python -m tools.convert_tflite --weights layers.npz --input 224 \\
        --outputs mixed_10 mixed_8/pool --representative photos.zip --out models/NAME

Int8 means int8 everywhere: per-channel weights, int8 activations, int8 in and out; activation
ranges come from representative photos that take the SDK's own path from photo to pixels.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# TensorFlow reads this when it is imported; its start-up notes would bury our own lines.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.embedding import Embedder, load_bundle
from ailock_sdk.errors import AilockError
from tools.bundle_files import MODEL, Manifest, list_file, read_manifest, write_manifest
from tools.embeddings import InputView, view_pixels
from tools.inception_v3 import POOL_3
from tools.keras_inception import (
    LAST_MAP,
    LayerFileError,
    build_model,
    output_name,
    random_layers,
    read_layer_files,
)
from tools.photo_sets import PhotoSetError, open_photo_set

LOW, HIGH = -1.0, 1.0
"""What the graph takes for pixel values 0 and 255."""
PRECISIONS = ("int8", "float16", "float32")
RANDOM_SEED = 0
CHECK_PHOTOS = 32
"""Photos on which the converted model is compared with the float one."""


@dataclass(frozen=True)
class Agreement:
    """How near one layer's converted embeddings come to the float network's, by cosine."""

    layer: str
    mean: float
    lowest: float


def convert(model: keras.Model, precision: str, photos: NDArray[np.uint8]) -> bytes:
    """A Keras model as TFLite bytes with the signature ``serving_default``.

    ``photos`` (N, H, W, 3) uint8 RGB set the activation ranges; only int8 reads them.
    """

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for pixels in tqdm(photos, desc="activation ranges", unit="photo", disable=None):
            yield [_network_input(pixels)]

    with tempfile.TemporaryDirectory() as folder:
        model.export(folder, format="tf_saved_model", verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if precision == "int8":
            converter.representative_dataset = representative
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.int8
            converter.inference_output_type = tf.int8
        content: bytes = converter.convert()
    return content


def describe(model: keras.Model, outputs: Sequence[str], crop: float) -> Manifest:
    """The manifest of a bundle that has a model and nothing else yet."""
    _, height, width, _ = model.inputs[0].shape
    layers = {}
    for node in outputs:
        # ai.lock's "last hidden layer" is the mean of the last map: pooled exactly, by the SDK.
        layer = POOL_3 if node == LAST_MAP else node
        shape = list(model.output[output_name(node)].shape[1:])
        layers[layer] = {"output": output_name(node), "shape": shape, "pooling": "mean"}
    return {
        "format": "ailock-bundle/1",
        "files": {},
        "model": MODEL,
        "projection": None,
        "input": {"height": height, "width": width, "low": LOW, "high": HIGH, "crop": crop},
        "layers": layers,
        "projections": {},
        "profiles": {},
        "self_test": None,
    }


def compare(model: keras.Model, bundle_folder: Path, photos: NDArray[np.uint8]) -> list[Agreement]:
    """Embeddings of the bundle's model, by the SDK, against the float network's."""
    bundle = load_bundle(bundle_folder)
    embedder = Embedder(bundle)
    names = list(bundle.layers)
    cosines = np.empty((len(photos), len(names)))
    for row, pixels in enumerate(tqdm(photos, desc="int8 or float", unit="photo", disable=None)):
        maps = model(_network_input(pixels))
        for column, found in enumerate(embedder.embed(pixels, names)):
            exact = np.asarray(maps[bundle.layers[names[column]].output])
            expected = exact.reshape(-1, exact.shape[-1]).mean(axis=0)
            scale = np.linalg.norm(found) * np.linalg.norm(expected)
            cosines[row, column] = found @ expected / scale if scale else 1.0
    return [
        Agreement(name, float(column.mean()), float(column.min()))
        for name, column in zip(names, cosines.T, strict=True)
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert, check, and print one table; 0, or 1 with one line that says what is wrong."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except (LayerFileError, PhotoSetError, AilockError) as error:
        print(f"convert_tflite: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    layers = random_layers(RANDOM_SEED) if options.random else read_layer_files(options.weights)
    model = build_model(layers, options.input, options.outputs)
    manifest = describe(model, options.outputs, options.crop)
    manifest["name"] = options.name or options.out.name
    manifest["version"], manifest["licence"] = options.version, options.licence
    manifest["source"] = options.source
    photos = _photos(options, manifest["input"]["height"])
    print(f"{model.count_params() / 1e6:.2f} million parameters; converting to {options.precision}")
    content = convert(model, options.precision, photos)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    # Everything is finished and checked aside, so that a failure leaves no half bundle behind.
    with tempfile.TemporaryDirectory(dir=options.out.parent, prefix=".convert-") as name:
        folder = Path(name)
        (folder / MODEL).write_bytes(content)
        list_file(manifest, folder / MODEL)
        write_manifest(folder, manifest)
        agreements = compare(model, folder, photos[:: max(1, len(photos) // CHECK_PHOTOS)])
        options.out.mkdir(exist_ok=True)
        for path in sorted(folder.iterdir()):
            path.replace(options.out / path.name)
    print(
        f"{options.out / MODEL}: {len(content) / 1e6:.2f} MB, SHA-256 "
        f"{read_manifest(options.out)['files'][MODEL]['sha256']}"
    )
    print("layer             cosine to float: mean    lowest")
    for agreement in agreements:
        print(f"{agreement.layer:<24}{agreement.mean:>14.5f}{agreement.lowest:>10.5f}")


def _photos(options: argparse.Namespace, side: int) -> NDArray[np.uint8]:
    """Pixels of the representative photos, (N, side, side, 3); noise where none are needed."""
    view = InputView(side, side, options.crop)
    if options.representative is None:
        if options.precision == "int8" and not options.random:
            raise PhotoSetError("int8 needs --representative photos: they set the ranges")
        shape = (8, side, side, 3)
        return np.random.default_rng(RANDOM_SEED).integers(0, 256, shape, dtype=np.uint8)
    chosen = open_photo_set(options.representative).sample(options.photos, RANDOM_SEED)
    bar = tqdm(chosen, desc="reading", unit="photo", disable=None)
    return np.stack([view_pixels(data, view) for _, _, data in bar])


def _network_input(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 (H, W, 3) -> float32 (1, H, W, 3) in [-1, 1]."""
    real = LOW + pixels[np.newaxis].astype(np.float32) * np.float32((HIGH - LOW) / 255)
    return np.asarray(real, dtype=np.float32)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.convert_tflite", description=__doc__.splitlines()[0]
    )
    weights = parser.add_mutually_exclusive_group(required=True)
    weights.add_argument("--weights", type=Path, nargs="+", help="layer files, merged in order")
    weights.add_argument(
        "--random", action="store_true", help="full-width random weights: for timing only"
    )
    parser.add_argument("--input", type=int, default=224, help="height and width in pixels")
    parser.add_argument("--crop", type=float, default=1.0, help="centre square, of the short side")
    parser.add_argument("--outputs", nargs="+", default=[LAST_MAP], help="node names, or pool_3")
    parser.add_argument("--precision", choices=PRECISIONS, default="int8")
    parser.add_argument("--representative", type=Path, help="a photo set that sets the ranges")
    parser.add_argument("--photos", type=int, default=300, help="how many of them at most")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder")
    parser.add_argument("--name", help="the bundle's name (default: the folder's)")
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--licence", default="Apache-2.0")
    parser.add_argument("--source", default="converted from layer files by tools/convert_tflite.py")
    return parser


if __name__ == "__main__":
    sys.exit(main())
