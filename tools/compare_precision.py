"""What int8 costs a bundle's default profile: bits flipped and error rates against a float model.

    python -m tools.compare_precision --bundle models/NAME --model model_float32.tflite \\
        --photos set.zip

Both models go through the same frozen projection, so a bit differs only because the network is
less exact. ``tools.convert_tflite --precisions int8 float32`` writes both models.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ailock_sdk import AiLock
from ailock_sdk.embedding import load_bundle, quiet_stderr
from lab.bundles.write import MODEL, list_file, read_manifest, write_manifest
from lab.command import ERRORS, run_module
from lab.photos.labelled_photos import open_labelled_photos
from lab.report.files import print_report
from lab.report.results import Chapter, Report, Table
from lab.verification.evaluate import verify
from lab.verification.verification import Settings, Verification

MODULE = "tools.compare_precision"


@dataclass(frozen=True)
class Difference:
    """One bundle against itself with another model.

    Attributes
    ----------
    flipped : mean share of bits that differ, over all probe and reference prints
    flipped_most : the largest share in one print
    eer, eer_other : equal error rates with the bundle's model and with the other, fractions
    photos : how many were compared
    """

    flipped: float
    flipped_most: float
    eer: float
    eer_other: float
    photos: int


def compare(bundle: Path, model: Path, photos: Sequence[Path], profile: str) -> Difference:
    """Measure ``bundle`` as it is, and with ``model`` in the place of its own."""
    with tempfile.TemporaryDirectory() as folder:
        twin, cache = Path(folder) / "bundle", Path(folder) / "cache"
        shutil.copytree(bundle, twin)
        shutil.copyfile(model, twin / MODEL)
        # The manifest still has the old hash: it is read where it is true.
        manifest = read_manifest(bundle)
        list_file(manifest, twin / MODEL)
        manifest["self_test"] = None
        write_manifest(twin, manifest)
        own, other = (_measure(path, photos, profile, cache) for path in (bundle, twin))
    flips = [
        (getattr(own.samples, bits) != getattr(other.samples, bits)).mean(axis=1)
        for bits in ("probe_bits", "reference_bits")
    ]
    return Difference(
        flipped=float(np.mean(flips)),
        flipped_most=float(np.max(flips)),
        eer=own.estimates["eer"].value,
        eer_other=other.estimates["eer"].value,
        photos=len(own.samples),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0, or 1 with one line that says what is wrong."""
    return run_module(
        MODULE, _parser(), arguments, name="compare_precision", errors=(*ERRORS, OSError)
    )


def _run(options: argparse.Namespace, _command: str) -> int:
    found = compare(options.bundle, options.model, options.photos, options.profile)
    print_report(report_of(found, f"{options.bundle} against {options.model.name}"))
    return 0


def report_of(found: Difference, title: str) -> Report:
    """One table of one row."""
    row = {
        "photos": (found.photos, ".0f"),
        "bits that differ, mean": (found.flipped, ".2%"),
        "bits that differ, at most": (found.flipped_most, ".2%"),
        "EER": (found.eer, ".3%"),
        "EER with the other model": (found.eer_other, ".3%"),
    }
    table = Table(
        "",
        "Bits and error rates with another model",
        tuple(row),
        (tuple(value for value, _ in row.values()),),
        formats={column: form for column, (_, form) in row.items()},
    )
    return Report(title, {}, (), (Chapter("", {}, (table,)),))


def _measure(bundle: Path, photos: Sequence[Path], profile: str, cache: Path) -> Verification:
    with quiet_stderr():
        lock = AiLock(load_bundle(bundle), profile, pepper=None)
    settings = Settings(quality_gate=False, bootstrap=0)
    return verify(lock, open_labelled_photos(photos), cache, settings, MODULE, progress=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}", description=__doc__.splitlines()[0]
    )
    parser.set_defaults(run=_run)
    add = parser.add_argument
    add("--bundle", type=Path, required=True, help="a bundle folder with a profile")
    add("--model", type=Path, required=True, help="a TFLite file of the same network")
    add("--photos", type=Path, nargs="+", required=True, help="photo sets with several an object")
    add("--profile", default="default")
    return parser


if __name__ == "__main__":
    sys.exit(main())
