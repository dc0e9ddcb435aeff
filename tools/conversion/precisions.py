"""A user's own network as a TFLite bundle, at one precision or several, and what they cost."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.embedding import Bundle, write_bundle
from lab.bundles.write import Manifest
from lab.errors import PhotoSetError
from lab.photos.embeddings import InputView
from lab.photos.photo_sets import PhotoSet, open_photos
from lab.report import provenance
from lab.report.render_text import markdown_table
from tools.conversion.foreign import Foreign
from tools.conversion.manifest import FLOAT32, PRECISIONS, model_file
from tools.conversion.parity import parity
from tools.conversion.photos import Photos
from tools.conversion.quantisation import convert_saved_model
from tools.conversion.quiet_tensorflow import keras, tf

CARD = "CARD.md"
PROFILE = "default"


def add_precisions(parser: argparse.ArgumentParser, default: str) -> None:
    """The options that the tools have in common."""
    add = parser.add_argument
    add(
        "--precisions",
        nargs="+",
        choices=PRECISIONS,
        default=[default],
        help=f"models to write; the first is the one that the bundle uses (default: {default})",
    )
    add("--representative", type=Path, help="folder or zip of photos that set the int8 ranges")
    add("--photos", type=int, default=300, help="how many of them at most")
    add("--report", type=Path, metavar="PHOTOS", help="photos to compare imageprints on")
    add("--out", type=Path, required=True, help="the bundle's folder")
    add("--replace", action="store_true", help="replace the bundle that is there")


def representative_pixels(options: argparse.Namespace, view: InputView) -> NDArray[np.uint8] | None:
    """The photos that set the ranges, (N, H, W, 3), if any are asked for.

    Raises
    ------
    PhotoSetError
        Int8 without them; or one cannot be read.
    """
    if "int8" not in options.precisions:
        return None
    if options.representative is None:
        raise PhotoSetError("int8 needs --representative photos: they set the ranges")
    return Photos.draw(open_photos(options.representative), options.photos).pixels(view, "reading")


def write_precisions(
    options: argparse.Namespace,
    network: Foreign,
    manifest: Manifest,
    pixels: NDArray[np.uint8] | None,
    kept: Mapping[str, bytes],
    made: str,
    report: PhotoSet | None,
    original: tuple[str, Bundle] | None = None,
) -> str:
    """Write the bundle; returns what its card tells of parity, or nothing without a ``report``.

    Parameters
    ----------
    kept : further files of the bundle, by name
    made : a sentence for the card
    report : photos to compare on
    original : what to compare with, and how it is called; without one, float32
    """
    given = manifest["input"]
    none = np.empty((0, network.height, network.width, 3), np.uint8)
    photos = none if pixels is None else pixels
    compared = [] if report is None or original is not None else [FLOAT32]
    contents = {
        precision: convert_saved_model(
            network.folder, precision, photos, given["low"], given["high"]
        )
        for precision in dict.fromkeys([*options.precisions, *compared])
    }
    manifest = {**manifest, "model": model_file(options.precisions[0])}
    text = ""
    if report is not None:
        with tempfile.TemporaryDirectory() as folder:
            models = {model_file(p): content for p, content in contents.items()}
            aside = write_bundle(Path(folder) / options.out.name, {**models, **kept}, manifest)
            bundles = {p: replace(aside, model=model_file(p)) for p in contents}
            name, exact = original or (FLOAT32, bundles.pop(FLOAT32))
            text = "\n".join(markdown_table(parity((name, exact), bundles, report, PROFILE)))
    versions = {**provenance.versions(), "tensorflow": tf.__version__, "keras": keras.__version__}
    lines = [f"# {options.out.name}", made, provenance.versions_line(versions)]
    if report is not None:
        lines += [f"Imageprints on {report.source.name} ({len(report)} photos):", text]
    files = {model_file(p): contents[p] for p in options.precisions}
    files |= {**kept, CARD: ("\n\n".join(lines) + "\n").encode("utf-8")}
    write_bundle(options.out, files, manifest, options.replace)
    return text
