"""A face network of the user's own, Keras or ONNX, to a TFLite bundle (SPEC section 10).

    python -m tools.import_facenet --weights facenet.keras --representative faces.zip \\
        --report other_faces.zip --out models/facenet

The network takes one RGB picture and gives one vector, which the SDK brings to length 1. Its bits
are the sides of random orthonormal hyperplanes; ``tools.fit_projection`` fits others. The bundle is
of faces: it locks nothing unless its user opts in.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ailock_sdk.embedding import check_new_folder
from ailock_sdk.errors import BundleError
from lab.command import ERRORS, run_module
from lab.files import sha256_of
from lab.fitting.hyperplanes import orthonormal_hyperplanes
from lab.photos.embeddings import InputView
from lab.photos.photo_sets import open_photos
from lab.report import provenance
from tools.conversion.foreign import OUTPUT, from_file
from tools.conversion.precisions import (
    PROFILE,
    add_precisions,
    representative_pixels,
    write_precisions,
)

MODULE = "tools.import_facenet"
LAYER = "embedding"
CODES = {64: (3, 8, 1), 128: (4, 8, 2), 256: (6, 7, 3), 512: (6, 8, 4)}
"""By the number of bits: the code of most message bits that finds 99 % of the words of as many
wrong bits as :data:`TAU` forgives (tools.code_table)."""
TAU = "0.6875"
"""Vectors at some 56 degrees: nearer than FaceNet's threshold on LFW, which random bits would meet
too often for a lock."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert and print the parity; 0, or 1 with one line that says what is wrong."""
    return run_module(MODULE, _parser(), arguments, errors=(*ERRORS, OSError))


def run(arguments: Sequence[str]) -> str:
    """Make the bundle that the command line asks for; returns what its card tells of parity.

    Raises
    ------
    AilockError, LabError
        Weights, photos or options will not do; nothing was changed.
    """
    return convert(_parser().parse_args(arguments), provenance.command_line(MODULE, arguments))


def convert(options: argparse.Namespace, command: str) -> str:
    """As :func:`run`, of parsed options and the command line for the card."""
    check_new_folder(options.out, options.replace)
    report = None if options.report is None else open_photos(options.report)
    with tempfile.TemporaryDirectory() as folder:
        network = from_file(options.weights, folder)
        low, high = options.range
        given = {"height": network.height, "width": network.width, "low": low, "high": high}
        bits = max((bits for bits in CODES if bits <= network.dimensions), default=None)
        if bits is None:
            raise BundleError(
                f"{options.weights} gives {network.dimensions} values: a lock needs {min(CODES)}"
            )
        look, vector = [[1.0, 0]], {"output": OUTPUT, "shape": [network.dimensions]}
        manifest = {
            **{"format": "ailock-bundle/2", "version": "1.0.0", "licence": "not stated"},
            **{"source": f"a face network, imported from {options.weights.name}"},
            **{"subject": "faces", "projection": "projection.npz", "self_test": None},
            "input": {**given, "crop": 1.0},
            "layers": {LAYER: [{**vector, "pooling": "flatten", "norm": "l2"}]},
            "projections": {
                LAYER: {
                    **{"kind": "matrix", "window": [0, network.dimensions]},
                    **{"hyperplanes": "orthonormal", "seed": options.seed, "lambda_bits": bits},
                }
            },
            "profiles": {
                PROFILE: {
                    **{"layers": [LAYER], "segments": ["whole"], "tau": TAU, "calibration": {}},
                    **{"looks": look, "reference_looks": look, "code": CODES[bits]},
                }
            },
        }
        arrays = io.BytesIO()
        planes = orthonormal_hyperplanes(options.seed, bits, network.dimensions)
        content_of = {f"{LAYER}/weights": np.float32(planes), f"{LAYER}/offsets": np.zeros(bits)}
        np.savez(arrays, **content_of)
        view = InputView(network.height, network.width, 1.0)
        return write_precisions(
            *(options, network, manifest, representative_pixels(options, view)),
            kept={"projection.npz": arrays.getvalue()},
            made=f"A face network, `{options.weights.name}` (SHA-256 {sha256_of(options.weights)}),"
            f" imported by `{command}`. Its profile is not calibrated: `tools.calibrate`.",
            report=report,
        )


def _run(options: argparse.Namespace, command: str) -> int:
    print(convert(options, command))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}", description=__doc__.splitlines()[0]
    )
    parser.set_defaults(run=_run)
    add = parser.add_argument
    add("--weights", type=Path, required=True, help="a .keras, .h5 or .onnx file")
    add(
        "--range",
        type=float,
        nargs=2,
        default=(-1.0, 1.0),
        metavar=("LOW", "HIGH"),
        help="what the network takes for pixels 0 and 255 (default: -1 1)",
    )
    add("--seed", type=int, default=0, help="of the hyperplanes")
    add_precisions(parser, default="int8")
    return parser


if __name__ == "__main__":
    sys.exit(main())
