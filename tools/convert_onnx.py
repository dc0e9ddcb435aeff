"""A bundle whose network is ONNX to one that TFLite runs: the same layers, bits and profiles.

    python -m tools.convert_onnx --bundle neuralhash --out models/neuralhash_tflite \\
        --precisions float32 int8 --representative photos.zip --report other.zip

The first of ``--precisions`` is the model that the new bundle uses. With ``--report`` its
imageprints, and those of the other precisions, are compared with those of the ONNX network.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence

from ailock_sdk.embedding import Bundle, check_new_folder
from ailock_sdk.errors import BundleError
from lab.bundles.find import open_bundle
from lab.bundles.write import Manifest, read_manifest
from lab.command import ERRORS, run_module
from lab.photos.embeddings import InputView
from lab.photos.photo_sets import open_photos
from lab.report import provenance
from tools.conversion.foreign import OUTPUT, from_onnx
from tools.conversion.precisions import add_precisions, representative_pixels, write_precisions

MODULE = "tools.convert_onnx"


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert and print the parity; 0, or 1 with one line that says what is wrong."""
    return run_module(MODULE, _parser(), arguments, errors=(*ERRORS, OSError))


def run(arguments: Sequence[str]) -> str:
    """Make the bundle that the command line asks for; returns what its card tells of parity.

    Raises
    ------
    AilockError, LabError
        Bundle, photos or options will not do; nothing was changed.
    """
    options = _parser().parse_args(arguments)
    return convert(options, provenance.command_line(MODULE, arguments))


def convert(options: argparse.Namespace, command: str) -> str:
    check_new_folder(options.out, options.replace)
    bundle = open_bundle(str(options.bundle))
    manifest = _tflite_manifest(bundle)
    report = None if options.report is None else open_photos(options.report)
    pixels = representative_pixels(options, InputView.of(bundle.input))
    with tempfile.TemporaryDirectory() as folder:
        network = from_onnx(bundle.read_model(), folder, str(bundle.model_path))
        return write_precisions(
            *(options, network, manifest, pixels),
            kept={bundle.projection_path.name: bundle.projection_path.read_bytes()},
            original=("onnx", bundle),
            report=report,
            made=f"Converted from the ONNX bundle `{bundle.name}` by `{command}`.",
        )


def _tflite_manifest(bundle: Bundle) -> Manifest:
    """What the new bundle says of itself; its files are entered when they are written."""
    if bundle.runtime != "onnx":
        raise BundleError(f"bundle {bundle.name!r} is no ONNX network: {bundle.model}")
    parts = [part for layer in bundle.layers.values() for part in layer.parts]
    if len(parts) != 1 or max(parts[0].shape) != parts[0].dimensions:
        raise BundleError(
            f"bundle {bundle.name!r}: only a network of one output, a vector, is converted"
        )
    manifest = read_manifest(bundle.path)
    ((layer, (part,)),) = manifest["layers"].items()
    del manifest["runtime"]
    manifest["input"].pop("layout", None)
    vector = {"output": OUTPUT, "shape": [parts[0].dimensions], "pooling": "flatten"}
    manifest["layers"] = {layer: [{**part, **vector}]}
    manifest["self_test"] = None
    return manifest


def _run(options: argparse.Namespace, command: str) -> int:
    print(convert(options, command))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}", description=__doc__.splitlines()[0]
    )
    parser.set_defaults(run=_run)
    parser.add_argument("--bundle", required=True, help="name or folder of the ONNX bundle")
    add_precisions(parser, default="float32")
    return parser


if __name__ == "__main__":
    sys.exit(main())
