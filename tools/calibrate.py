"""Choose a profile's threshold from photos, and write what was measured into the manifest.

    python -m tools.calibrate --bundle models/NAME --photos set.zip ... --fmr 1e-4

The radius c is the largest at which FMR, over all pairs of photos of different objects, stays at or
below ``--fmr``; ``--tau`` fixes it instead. Measuring is the accuracy benchmark's work
(``benchmarks.accuracy``): one photo as reference, confidence intervals by resampling objects.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ailock_sdk import AiLock, AilockError
from ailock_sdk.embedding import load_bundle
from benchmarks.accuracy.error_rates import TooFewTrialsError, threshold_at_fmr
from benchmarks.accuracy.labelled_photos import open_labelled_photos
from benchmarks.accuracy.verify import Settings, Verification, verify
from tools.bundle_files import read_manifest, write_manifest
from tools.photo_sets import PhotoSetError

_TAU_UNIT = 10_000
"""tau has four decimal places (SPEC section 4)."""


def tau_of(radius: int, lambda_bits: int) -> str:
    """The tau, as decimal text, whose radius is ``radius`` out of ``lambda_bits``."""
    # Rounded down, tau leaves room for c whole bits and, lambda being at most 4096, for no more.
    ten_thousandths = (lambda_bits - radius) * _TAU_UNIT // lambda_bits
    return f"0.{ten_thousandths:04d}" if ten_thousandths < _TAU_UNIT else "1.0000"


def calibration(result: Verification) -> dict[str, float | str]:
    """What the manifest keeps of a verification experiment; rates are fractions."""
    found: dict[str, float | str] = {}
    for name in ("eer", "fmr_at_radius", "fnmr_at_radius", "fnmr_at_fmr_1e-3", "fnmr_at_fmr_1e-4"):
        estimate = result.estimates[name]
        found[name] = float(f"{estimate.value:.4g}")
        for end, value in (("low", estimate.low), ("high", estimate.high)):
            if value is not None:
                found[f"{name}_95_{end}"] = float(f"{value:.4g}")
    found["radius_bits"] = result.radius
    found["mated_trials"] = int(result.comparisons.mated.sum())
    found["non_mated_trials"] = int(result.comparisons.non_mated.sum())
    found["objects"] = len(result.samples.names)
    for number, photo_set in enumerate(result.provenance["photo_sets"], start=1):
        found[f"photos_{number}"] = photo_set["file"]
        found[f"photos_{number}_sha256"] = photo_set["sha256"]
    found["runtime"] = result.provenance["runtime"]
    found["machine"] = result.provenance["machine"]["system"]
    found["date"] = result.provenance["date"]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, choose, write; 0, or 1 with one line that says what is wrong."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except (PhotoSetError, TooFewTrialsError, AilockError) as error:
        print(f"calibrate: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    tau = options.tau or _choose(options)
    manifest = read_manifest(options.bundle)
    manifest["profiles"][options.profile]["tau"] = tau
    if options.code is not None:
        manifest["profiles"][options.profile]["code"] = options.code
    write_manifest(options.bundle, manifest)
    result = _measure(options, options.bootstrap)
    manifest["profiles"][options.profile]["calibration"] = calibration(result)
    write_manifest(options.bundle, manifest)
    fmr, fnmr = (result.estimates[f"{name}_at_radius"] for name in ("fmr", "fnmr"))
    print(f"tau {tau}: c = {result.radius} of {result.lambda_bits} bits")
    print(f"FMR  {fmr.value:.2e} ({fmr.low:.2e} to {fmr.high:.2e})")
    print(f"FNMR {fnmr.value:.2%} ({fnmr.low:.2%} to {fnmr.high:.2%})")


def _choose(options: argparse.Namespace) -> str:
    result = _measure(options, bootstrap=0)
    radius = int(threshold_at_fmr(result.comparisons.non_mated, 1 / options.fmr))
    return tau_of(radius, result.lambda_bits)


def _measure(options: argparse.Namespace, bootstrap: int) -> Verification:
    lock = AiLock(load_bundle(options.bundle), options.profile, pepper=None)
    photos = open_labelled_photos(options.photos)
    settings = Settings(quality_gate=False, bootstrap=bootstrap)
    return verify(lock, photos, options.cache, settings, "tools.calibrate", progress=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.calibrate", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--bundle", type=Path, required=True, help="a bundle folder with a projection")
    add("--photos", type=Path, nargs="+", required=True, help="photo sets with several an object")
    add("--profile", default="default")
    add("--fmr", type=float, default=1e-4, help="false match rate not to exceed")
    add("--tau", help="fix tau (decimal text) instead of choosing it")
    add(
        "--code",
        type=int,
        nargs=3,
        metavar=("M", "N", "K"),
        help="code of SPEC section 5 for this radius: python -m tools.code_table measures them",
    )
    add("--bootstrap", type=int, default=1000, help="replicates for the confidence intervals")
    add("--cache", type=Path, default=Path("out/imageprints"), help="where imageprints are kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
