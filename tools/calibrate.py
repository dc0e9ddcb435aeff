"""Choose a profile's threshold from photos, and write what was measured into the manifest.

    python -m tools.calibrate --bundle models/NAME --photos set.zip ... [--out DIR]
        [--fmr 1e-4 | --cross-validation | --tau 0.6800]

Two ways to a threshold are measured. *Cross validation* is the ai.lock paper's (section 7.1): of
4,000 thresholds the one with the best mean F1 over 5 folds of objects, for lambda 50, 100, ... 500
(the first bits of the profile's) and the profile's own. For a *false match rate* the radius c is
the largest at which FMR over all ordered pairs of photos of different objects stays at or below it:
1e-3, 1e-4, 1 / 50,000, and what ``--fmr`` says. The option given makes its tau the profile's.

Measuring is verification's work (``lab.verification``): one photo as reference, intervals by
resampling objects. The projection must have been fitted on other objects.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ailock_sdk import AiLock
from ailock_sdk.embedding import load_bundle
from ailock_sdk.sketch import correction_radius
from lab.bundles.write import read_manifest, write_manifest
from lab.command import add_bootstrap, add_seed, add_split, run_module
from lab.errors import TooFewTrialsError
from lab.fitting.calibration import (
    PAPER_LAMBDAS,
    TAU_UNIT,
    CrossValidation,
    FmrTarget,
    at_fmr,
    cross_validate,
    fold_histograms,
    object_folds,
    prefix_columns,
    tau_of,
    tau_text,
)
from lab.photos.labelled_photos import open_labelled_photos
from lab.report.files import print_report, save, tell
from lab.statistics.intervals import Estimate, estimate
from lab.verification.evaluate import verify
from lab.verification.verification import Settings, Verification
from tools.projection.calibration_report import NAME, Calibration, report_of

MODULE = "tools.calibrate"
FMR_TARGETS = (1e-3, 1e-4, 1 / 50_000)
DEFAULT_FMR = 1e-4


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, choose, write; 0, or 1 with one line that says what is wrong."""
    return run_module(MODULE, _parser(), arguments, name="calibrate")


def manifest_entry(found: Calibration) -> dict[str, float | str]:
    """What the manifest keeps of a calibration: flat, rates as fractions of four digits."""
    own, facts = found.own, found.provenance
    entry: dict[str, float | str] = {
        "tau_cv": own.tau / TAU_UNIT,
        "radius_bits_cv": own.radius_bits,
        "f1_cv": _rounded(own.f1),
        "far_cv": _rounded(own.far),
        "frr_cv": _rounded(own.frr),
        "f1_held_out": _rounded(float(np.mean([fold.f1 for fold in own.folds]))),
    }
    for target in found.targets:
        name = np.format_float_scientific(target.fmr_max, precision=3, trim="-", exp_digits=1)
        entry[f"radius_bits_at_fmr_{name}"] = target.radius_bits
        entry |= _with_interval(f"fnmr_at_fmr_{name}", target.fnmr)
    radius = correction_radius(found.lambda_bits, tau_text(found.chosen))
    figures = estimate(found.comparisons, radius)
    entry["radius_bits"] = radius
    for name in ("eer", "fmr_at_radius", "fnmr_at_radius"):
        entry |= _with_interval(name, figures[name])
    entry["mated_trials"] = int(found.comparisons.mated.sum())
    entry["non_mated_trials"] = int(found.comparisons.non_mated.sum())
    entry["objects"] = found.objects
    for number, photo_set in enumerate(facts["photo_sets"], start=1):
        entry[f"photos_{number}"] = photo_set["file"]
        entry[f"photos_{number}_sha256"] = photo_set["sha256"]
    entry |= {"command": facts["command"], "date": facts["date"]}
    return entry | {"machine": facts["machine"]["system"], "runtime": facts["runtime"]}


def _run(options: argparse.Namespace, command: str) -> int:
    if options.tau is None and not options.cross_validation:
        options.fmr = options.fmr or DEFAULT_FMR
    bundle = load_bundle(options.bundle)
    lock = AiLock(bundle, options.profile, pepper=None)
    photos = open_labelled_photos(options.photos, options.split)
    settings = Settings(quality_gate=False, bootstrap=options.bootstrap, seed=options.seed)
    result = verify(lock, photos, options.cache, settings, command, progress=True)
    parts = [
        bundle.projections[layer].lambda_bits
        for layer in lock.profile.layers
        for _ in lock.profile.segments
    ]
    by_lambda = _cross_validations(result, parts, options.seed)
    found_targets = {fmr: at_fmr(result.comparisons, fmr) for fmr in _fmrs(options)}
    targets = tuple(target for target in found_targets.values() if target is not None)
    found = Calibration(
        lambda_bits=lock.lambda_bits,
        objects=len(result.samples.names),
        by_lambda=by_lambda,
        targets=targets,
        comparisons=result.comparisons,
        chosen=_choose(options, by_lambda[-1], found_targets.get(options.fmr)),
        provenance=result.provenance,
    )
    report = report_of(found)
    print_report(report)
    manifest = read_manifest(options.bundle)
    profile = manifest["profiles"][options.profile]
    profile["tau"] = tau_text(found.chosen)
    profile["code"] = options.code or profile["code"]
    profile["calibration"] = manifest_entry(found)
    write_manifest(options.bundle, manifest)
    radius = correction_radius(found.lambda_bits, profile["tau"])
    print(f"{options.bundle}: profile {options.profile!r}, tau {profile['tau']}, c = {radius}")
    if options.out is not None:
        tell(save(report, options.out, NAME))
    return 0


def _cross_validations(
    result: Verification, parts: Sequence[int], seed: int
) -> tuple[CrossValidation, ...]:
    """The paper's lambdas that the profile has bits for, and its own."""
    samples, references = result.samples, result.references
    folds = object_folds(np.diff(samples.starts), seed)
    own = result.lambda_bits
    found = []
    for lambda_bits in (*(length for length in PAPER_LAMBDAS if length < own), own):
        columns = prefix_columns(parts, lambda_bits)
        found.append(cross_validate(*fold_histograms(samples, references, folds, columns)))
    return tuple(found)


def _fmrs(options: argparse.Namespace) -> list[float]:
    """Targets to report, highest first."""
    asked = () if options.fmr is None else (options.fmr,)
    return sorted({*FMR_TARGETS, *asked}, reverse=True)


def _choose(options: argparse.Namespace, own: CrossValidation, target: FmrTarget | None) -> int:
    """The profile's tau in ten-thousandths."""
    if options.cross_validation:
        return own.tau
    if options.tau is not None:
        correction_radius(own.lambda_bits, options.tau)  # refuses what is no tau
        return round(float(options.tau) * TAU_UNIT)
    if target is None:
        raise TooFewTrialsError(f"no radius keeps FMR at or below {options.fmr:g}")
    return tau_of(target.radius_bits, own.lambda_bits)


def _with_interval(name: str, found: Estimate) -> dict[str, float]:
    ends = {"": found.value, "_95_low": found.low, "_95_high": found.high}
    return {f"{name}{end}": _rounded(value) for end, value in ends.items() if value is not None}


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("between 0 and 1")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}", description=__doc__.splitlines()[0]
    )
    parser.set_defaults(run=_run)
    add = parser.add_argument
    add("--bundle", type=Path, required=True, help="a bundle folder with a projection")
    add("--photos", type=Path, nargs="+", required=True, help="photo sets with several an object")
    add_split(parser)
    add("--profile", default="default")
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--fmr", type=_share, help=f"FMR not to exceed (default: {DEFAULT_FMR:g})")
    target.add_argument("--tau", help="fix tau (decimal text)")
    target.add_argument("--cross-validation", action="store_true", help="the paper's choice")
    add(
        "--code",
        type=int,
        nargs=3,
        metavar=("M", "N", "K"),
        help="code of SPEC section 5 for this radius: python -m tools.code_table measures them",
    )
    add_bootstrap(parser)
    add_seed(parser)
    add("--out", type=Path, help="folder for the report: JSON, Markdown, HTML, pictures")
    add("--cache", type=Path, default=Path("out/imageprints"), help="where imageprints are kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
