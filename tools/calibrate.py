"""Choose a profile's threshold from photos, and write what was measured into the manifest.

    python -m tools.calibrate --bundle models/NAME --photos set.zip ... [--out DIR]
        [--fmr 1e-4 | --cross-validation | --tau 0.6800 | --profiles easy=1e-3 strict=2e-5,0.02]
        [--targeted set.zip ... [--alike A B]]

Two ways to a threshold are measured. *Cross validation* is the ai.lock paper's (section 7.1): of
4,000 thresholds the one with the best mean F1 over 5 folds of objects, for lambda 50, 100, ... 500
(the first bits of the profile's) and the profile's own. For a *false match rate* the radius c is
the largest at which FMR over all ordered pairs of photos of different objects stays at or below it:
1e-3, 1e-4, 1 / 50,000, and what ``--fmr`` says. The option given makes its tau the profile's;
``--profiles`` writes several that share their imageprints, and a second number narrows a radius
until at most that share of targeted impostors of the owner's kind gets in, with one photo at
either end. Each gets its rates with one photo and
with several, of impostors drawn at random and, with ``--targeted``, of the owner's kind in the
owner's place, and its strength in bits.

Measuring is verification's work (``lab.verification``): one photo as reference, intervals by
resampling objects. The projection must have been fitted on other objects.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ailock_sdk import AiLock
from ailock_sdk.embedding import Bundle, load_bundle
from ailock_sdk.parameters import PROFILE_NAME_RULE, is_profile_name
from ailock_sdk.profiles import Profile
from ailock_sdk.sketch import correction_radius
from lab.bundles.write import read_manifest, write_manifest
from lab.command import add_alike, add_bootstrap, add_seed, add_split, run_module
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
from lab.photos.labelled_photos import LabelledPhotos, name_of, open_labelled_photos
from lab.report.files import print_report, save, tell
from lab.statistics.samples import Samples
from lab.verification.evaluate import acquire, verify
from lab.verification.operating_points import measure_point
from lab.verification.targeted import measure
from lab.verification.verification import Settings, Verification
from tools.projection.calibration_entry import manifest_entry
from tools.projection.calibration_report import NAME, Calibration, report_of

MODULE = "tools.calibrate"
ONE_EACH = (1, 1)
"""One photo in a reference and in a probe."""
FMR_TARGETS = (1e-3, 1e-4, 1 / 50_000)
DEFAULT_FMR = 1e-4

Code = tuple[int, int, int]
"""Order, blocks and message symbols."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, choose, write; 0, or 1 with one line that says what is wrong."""
    return run_module(MODULE, _parser(), arguments, name="calibrate")


def _run(options: argparse.Namespace, command: str) -> int:
    if options.tau is None and not options.cross_validation and not options.profiles:
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
    designs = _designs(options, by_lambda[-1], found_targets)
    locks = [_lock(bundle, lock.profile, name, *design) for name, design in designs.items()]
    targeted = None
    if options.targeted:
        targeted = open_labelled_photos(options.targeted, options.targeted_split)
    samples = None if targeted is None else acquire(lock, targeted, options.cache, progress=True)
    alike = [(one, other) for one, other in options.alike]
    shares = {name: share for name, _, share, _ in options.profiles or () if share is not None}
    if shares and samples is None:
        raise TooFewTrialsError("a share of the owner's kind needs photos of it: give --targeted")
    if samples is not None:
        locks = [
            _narrowed(each, shares[each.profile.name], samples, alike)
            if each.profile.name in shares
            else each
            for each in locks
        ]
    found = Calibration(
        lambda_bits=lock.lambda_bits,
        objects=len(result.samples.names),
        by_lambda=by_lambda,
        targets=tuple(target for target in found_targets.values() if target is not None),
        comparisons=result.comparisons,
        points=tuple(
            measure_point(each, result.samples, samples, alike, options.bootstrap, options.seed)
            for each in locks
        ),
        provenance=result.provenance,
        targeted_sets=() if targeted is None else _names(targeted),
    )
    report = report_of(found)
    print_report(report)
    _write(options.bundle, options.profile, found)
    for point in found.points:
        print(
            f"{options.bundle}: profile {point.profile!r}, tau {point.tau}, c = {point.radius_bits}"
        )
    if options.out is not None:
        tell(save(report, options.out, NAME))
    return 0


def _lock(bundle: Bundle, base: Profile, name: str, tau: str, code: Code | None) -> AiLock:
    """A lock of a profile that differs from ``base`` in radius and code."""
    profile = replace(base, name=name, tau=tau, code=code or base.code)
    return AiLock(replace(bundle, profiles={**bundle.profiles, name: profile}), name, pepper=None)


def _narrowed(
    lock: AiLock, share: float, targeted: Samples, alike: Sequence[tuple[str, str]]
) -> AiLock:
    """The lock with the largest radius at which at most ``share`` of the owner's kind gets in."""
    while True:
        found = measure(lock, targeted, [ONE_EACH], alike, bootstrap=0)[ONE_EACH]
        if found is None or found.all.same_kind is None:
            raise TooFewTrialsError("the targeted set has no two objects of one kind")
        if found.all.same_kind.value <= share:
            return lock
        tau = tau_text(tau_of(lock.radius - 1, lock.lambda_bits))
        lock = _lock(lock.bundle, lock.profile, lock.profile.name, tau, None)


def _write(folder: Path, base: str, found: Calibration) -> None:
    """Enter the profiles, and the self-test's imageprint of new ones: it is that of ``base``."""
    manifest = read_manifest(folder)
    profiles, self_test = manifest["profiles"], manifest["self_test"]
    shared = profiles[base]
    for point in found.points:
        profiles[point.profile] = {
            **shared,
            "tau": point.tau,
            "code": list(point.code),
            "calibration": manifest_entry(found, point),
        }
        if self_test is not None and base in self_test["imageprints"]:
            self_test["imageprints"][point.profile] = self_test["imageprints"][base]
    write_manifest(folder, manifest)


def _names(photos: LabelledPhotos) -> tuple[dict[str, str], ...]:
    return tuple(
        {"file": f"{name_of(part)} ({photos.split} objects)", "sha256": sha256}
        for part, sha256 in zip(photos.sets, photos.sha256, strict=True)
    )


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
    asked = [] if options.fmr is None else [options.fmr]
    asked += [fmr for _, fmr, _, _ in options.profiles or ()]
    return sorted({*FMR_TARGETS, *asked}, reverse=True)


def _designs(
    options: argparse.Namespace,
    own: CrossValidation,
    targets: Mapping[float, FmrTarget | None],
) -> dict[str, tuple[str, Code | None]]:
    """The tau and the code of each profile; without a code it keeps the one there is."""
    if options.profiles:
        return {
            name: (_tau_at(fmr, targets[fmr], own.lambda_bits), code or options.code)
            for name, fmr, _, code in options.profiles
        }
    if options.cross_validation:
        tau = tau_text(own.tau)
    elif options.tau is not None:
        correction_radius(own.lambda_bits, options.tau)  # refuses what is no tau
        tau = tau_text(round(float(options.tau) * TAU_UNIT))
    else:
        tau = _tau_at(options.fmr, targets[options.fmr], own.lambda_bits)
    return {options.profile: (tau, options.code)}


def _tau_at(fmr: float, target: FmrTarget | None, lambda_bits: int) -> str:
    if target is None:
        raise TooFewTrialsError(f"no radius keeps FMR at or below {fmr:g}")
    return tau_text(tau_of(target.radius_bits, lambda_bits))


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("between 0 and 1")
    return value


def _profile_design(text: str) -> tuple[str, float, float | None, Code | None]:
    """``NAME=FMR[,SHARE][:M,N,K]``."""
    name, _, rest = text.partition("=")
    rates, _, code = rest.partition(":")
    fmr, _, share = rates.partition(",")
    numbers = [int(number) for number in code.split(",")] if code else []
    if not is_profile_name(name) or len(numbers) not in (0, 3):
        raise argparse.ArgumentTypeError(f"NAME=FMR[,SHARE][:M,N,K]; a name is {PROFILE_NAME_RULE}")
    return (
        name,
        _share(fmr),
        _share(share) if share else None,
        (numbers[0], numbers[1], numbers[2]) if numbers else None,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}", description=__doc__.splitlines()[0]
    )
    parser.set_defaults(run=_run)
    add = parser.add_argument
    add("--bundle", type=Path, required=True, help="a bundle folder with a projection")
    add("--photos", type=Path, nargs="+", required=True, help="photo sets with several an object")
    add_split(parser)
    add("--profile", default="default", help="whose imageprints are measured")
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--fmr", type=_share, help=f"FMR not to exceed (default: {DEFAULT_FMR:g})")
    target.add_argument("--tau", help="fix tau (decimal text)")
    target.add_argument("--cross-validation", action="store_true", help="the paper's choice")
    target.add_argument(
        "--profiles",
        metavar="NAME=FMR[,SHARE][:M,N,K]",
        type=_profile_design,
        nargs="+",
        help="profiles to write, which take the imageprints of --profile and differ in radius, and "
        "in code where one is given; SHARE: of targeted impostors of the owner's kind, at most: "
        "easy=1e-3:6,8,3 default=1e-4,0.05 strict=2e-5",
    )
    add(
        "--code",
        type=int,
        nargs=3,
        metavar=("M", "N", "K"),
        help="code of SPEC section 5 for this radius: python -m tools.code_table measures them",
    )
    add(
        "--targeted",
        metavar="SET",
        type=Path,
        nargs="+",
        help="photo sets of several objects of each kind in the same places: targeted impostors",
    )
    add_split(parser, "--targeted-split")
    add_alike(parser)
    add_bootstrap(parser)
    add_seed(parser)
    add("--out", type=Path, help="folder for the report: JSON, Markdown, HTML, pictures")
    add("--cache", type=Path, default=Path("out/imageprints"), help="where imageprints are kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
