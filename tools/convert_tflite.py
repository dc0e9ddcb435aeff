"""Weights of Inception v3 to TFLite and the first manifest of a bundle (SPEC section 10).

    python -m tools.convert_tflite --weights imagenet --representative PHOTOS --out models/NAME

Weights are the published ImageNet ones (``imagenet``), a Keras file (``.h5``), or layer files
(``.npz``, see ``tools/conversion/layer_files.py``). Int8 means int8 everywhere: per-channel
weights, int8 activations, int8 in and out; activation ranges come from representative photos that
take the SDK's own path from photo to pixels. The bundle is finished aside and moved into place
whole, or not.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ailock_sdk.embedding import check_new_folder, load_bundle, move_into_place
from ailock_sdk.errors import BundleError
from lab.bundles.write import Manifest, list_file, write_manifest
from lab.command import ERRORS
from lab.errors import LayerFileError, PhotoSetError
from lab.photos.embeddings import InputView
from lab.photos.photo_sets import open_photo_set, open_photos
from lab.report import provenance
from tools.conversion.card import Conversion, write_card
from tools.conversion.inception_v3 import LAST_MAP, MIXED_8_POOL, POOL_3, output_name
from tools.conversion.keras_inception import build_model
from tools.conversion.layer_files import computable
from tools.conversion.manifest import FLOAT32, PRECISIONS, describe, model_file
from tools.conversion.measurement import Recipe, as_table, measure
from tools.conversion.photos import Photos, noise
from tools.conversion.quantisation import convert
from tools.conversion.quiet_tensorflow import keras, tf
from tools.conversion.weights import IMAGENET, Weights, load_weights, random_weights

CARD = "CARD.md"
ENDPOINTS = (LAST_MAP, MIXED_8_POOL)
"""ai.lock's layers: ``pool_3``, which the SDK pools from the last map, and ``mixed_8/pool``."""
CHECK_PHOTOS = 32
"""Representative photos on which precisions are compared where no other photos are given."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert, compare, print the tables; 0, or 1 with one line that says what is wrong."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        conversion = run(given)
    except ERRORS as error:
        print(f"convert_tflite: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        reason = f"{error.filename or options.out}: {error.strerror}"
        print(f"convert_tflite: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if conversion.left_out:
        print(f"convert_tflite: {conversion.left_out}", file=sys.stderr)
    print(f"{options.out}: {CARD} says how it was made\n\n{as_table(conversion.report)}")
    return 0


def run(arguments: Sequence[str]) -> Conversion:
    """Make the bundle that the command line asks for; returns what its card tells.

    Raises
    ------
    AilockError, LabError
        Weights, photos or options will not do. No bundle is left behind, and one that was there
        before is as it was.
    """
    options = _parser().parse_args(arguments)
    check_new_folder(options.out, options.replace)
    # Photo sets are opened before the download and the long work: a wrong path is told at once.
    recipe = Recipe((options.window[0], options.window[1]), options.bits)
    representative = _representative(options)
    compared, fitted = _compared_and_fitted(options, representative)
    weights = random_weights() if options.random else load_weights(options.weights, options.sha256)
    outputs, left_out = _outputs(options, weights)
    model = build_model(weights.layers, options.input, outputs, weights.nodes)
    shapes = {node: model.output[output_name(node)].shape[1:] for node in outputs}
    manifest = describe(options.input, shapes, options.crop, options.flatten, options.join)
    manifest["name"] = options.name or options.out.resolve().name
    manifest["version"] = options.version
    manifest["licence"] = options.licence or weights.licence
    manifest["source"] = options.source or weights.source
    manifest["model"] = model_file(options.precisions[0])

    if fitted is not None:
        _check_window(recipe, fitted, manifest)
    view = InputView(options.input, options.input, options.crop)
    pixels = noise(view) if representative is None else representative.pixels(view, "reading")

    precisions = [FLOAT32, *(p for p in options.precisions if p != FLOAT32)]
    contents = {precision: convert(model, precision, pixels) for precision in precisions}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out.parent, prefix=".convert-") as name:
        # One level down, where nobody who lists bundles looks.
        aside = Path(name)
        finished = aside / "finished"
        finished.mkdir()
        for precision in options.precisions:
            (finished / model_file(precision)).write_bytes(contents[precision])
            list_file(manifest, finished / model_file(precision))
        write_manifest(finished, manifest)
        bundle = load_bundle(finished)
        bundles = {p: replace(bundle, model=model_file(p)) for p in options.precisions}
        if FLOAT32 not in options.precisions:
            alone = aside / "reference"
            alone.mkdir()
            (alone / model_file(FLOAT32)).write_bytes(contents[FLOAT32])
            of_one = {**manifest, "files": {}, "model": model_file(FLOAT32)}
            list_file(of_one, alone / model_file(FLOAT32))
            write_manifest(alone, of_one)
            bundles[FLOAT32] = load_bundle(alone)
        report = measure(
            bundles,
            pixels if compared is None else compared.views(view, "comparing"),
            None
            if compared is None or fitted is None
            else [str(name) for name in compared.drawn.objects],
            () if fitted is None else fitted.views(view, "fitting"),
            recipe,
        )
        conversion = Conversion(
            weights=weights,
            left_out=left_out,
            representative=representative,
            compared=compared,
            fitted=fitted,
            recipe=recipe,
            report=report,
            command=provenance.command_line("tools.convert_tflite", arguments),
            versions=provenance.versions()
            | {"tensorflow": tf.__version__, "keras": keras.__version__},
        )
        (finished / CARD).write_text(write_card(manifest, conversion), "utf-8")
        move_into_place(finished, options.out, aside / "replaced")
    return conversion


def _outputs(options: argparse.Namespace, weights: Weights) -> tuple[list[str], str]:
    """The nodes to put out, and a sentence on the endpoints that the weights do not allow."""
    if options.outputs is not None:
        return options.outputs, ""
    allowed, missing = computable(weights.layers, weights.nodes)
    known = {node.name for node in allowed}
    outputs = [node for node in ENDPOINTS if node in known]
    lacking = f"the weights lack {', '.join(missing)}"
    if not outputs:
        raise LayerFileError(f"neither {POOL_3} nor {MIXED_8_POOL} is computable: {lacking}")
    if len(outputs) == len(ENDPOINTS):
        return outputs, ""
    (absent,) = (POOL_3 if node == LAST_MAP else node for node in ENDPOINTS if node not in known)
    return outputs, f"`{absent}` is left out: {lacking}."


def _representative(options: argparse.Namespace) -> Photos | None:
    """The photos that set the ranges; ``None`` where noise will do."""
    if options.representative is not None:
        return Photos.draw(open_photos(options.representative), options.photos)
    if "int8" in options.precisions and not options.random:
        raise PhotoSetError("int8 needs --representative photos: they set the ranges")
    return None


def _compared_and_fitted(
    options: argparse.Namespace, representative: Photos | None
) -> tuple[Photos | None, Photos | None]:
    """The photos to compare precisions on, and those that bits are fitted on, if any are."""
    if options.report is None:
        if representative is None:
            return None, None
        return Photos(representative.whole, representative.drawn.sample(CHECK_PHOTOS, 0)), None
    if options.fit is not None:
        fitted = Photos.draw(open_photos(options.fit))
    elif representative is not None:
        fitted = Photos.draw(representative.whole)
    else:
        raise PhotoSetError("--report needs --fit photos, or --representative ones, for its bits")
    return Photos.draw(open_photo_set(options.report)), fitted


def _check_window(recipe: Recipe, fitted: Photos, manifest: Manifest) -> None:
    """Refuse a window that the photos or a layer's width cannot give."""
    start, stop = recipe.window
    if not 0 <= start < stop:
        raise BundleError(f"--window {start} {stop}: the first number is below the second")
    if len(fitted) <= stop:
        raise PhotoSetError(
            f"{fitted.whole.source} has {len(fitted)} photos, but components up to {stop} need "
            "more: give others with --fit, or another --window"
        )
    for name, parts in manifest["layers"].items():
        width = sum(
            part["shape"][-1] if part["pooling"] == "mean" else math.prod(part["shape"])
            for part in parts
        )
        if width < stop:
            raise BundleError(f"{name} has {width} values, fewer than {stop}: choose a --window")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.convert_tflite", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    weights = parser.add_mutually_exclusive_group(required=True)
    weights.add_argument(
        "--weights",
        nargs="+",
        metavar="WEIGHTS",
        help=f"{IMAGENET!r} (downloaded), a Keras .h5 file, or .npz layer files, merged in order",
    )
    weights.add_argument(
        "--random", action="store_true", help="full-width random weights: for timing only"
    )
    add("--sha256", help="what the one weights file must have")
    add("--input", type=int, default=299, help="height and width in pixels")
    add("--crop", type=float, default=1.0, help="centre square, of the short side")
    add("--outputs", nargs="+", help=f"node names (default: {' and '.join(ENDPOINTS)})")
    add(
        "--join",
        nargs="+",
        action="append",
        default=[],
        metavar="LAYER",
        help="layers that one projection takes together, as LAYER+LAYER",
    )
    add(
        "--flatten",
        nargs="+",
        default=[],
        metavar="LAYER",
        help="layers whose positions are kept apart, not averaged",
    )
    add(
        "--precisions",
        nargs="+",
        choices=PRECISIONS,
        default=["int8"],
        help="models to write; the first is the one that the bundle uses",
    )
    add("--representative", type=Path, help="folder or zip of photos that set the ranges")
    add("--photos", type=int, default=300, help="how many of them at most")
    add("--report", type=Path, metavar="PHOTOS", help="photo set to compare bits and EER on")
    add("--fit", type=Path, help="photos to fit those bits on (default: the representative ones)")
    add("--window", type=int, nargs=2, default=Recipe().window, help="their components")
    add("--bits", type=int, default=Recipe().lambda_bits, help="their number")
    add("--out", type=Path, required=True, help="the bundle's folder")
    add("--replace", action="store_true", help="replace the bundle that is there")
    add("--name", help="the bundle's name (default: the folder's)")
    add("--version", default="1.0.0")
    add("--licence", help="of the weights (default: as published, else 'not stated')")
    add("--source", help="one line for the manifest (default: the weights' file)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
