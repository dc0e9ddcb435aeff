"""``python -m benchmarks.accuracy EXPERIMENT``: accuracy of a bundle on labelled photos."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ailock_sdk import AiLock, AilockError
from ailock_sdk.embedding import DEFAULT_BUNDLE
from ailock_sdk.profiles import DEFAULT_PROFILE
from benchmarks.accuracy import credentials, scale
from benchmarks.accuracy.paper import command as paper_command
from lab.bundles.find import is_bundle_folder, open_bundle
from lab.errors import LabError
from lab.photos.labelled_photos import ALL, SPLITS, open_labelled_photos
from lab.report import provenance
from lab.report.files import print_report, save, tell
from lab.verification.evaluate import evaluate
from lab.verification.report import verification_report
from lab.verification.verification import Settings

MODULE = "benchmarks.accuracy"
DEFAULT_OUT = Path("out") / "accuracy"
CACHE = "imageprints"
"""Folder of the kept imageprints. An imageprint is as good as its photo: keep both private."""
ERRORS = (AilockError, LabError)
"""What bad input raises; the text says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one experiment; 0 when it was measured, 1 with a message when it could not be."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        return int(options.run(options, provenance.command_line(MODULE, given)))
    except ERRORS as error:
        print(f"{MODULE}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"python -m {MODULE}", description=__doc__)
    experiments = parser.add_subparsers(required=True, metavar="EXPERIMENT")
    command = experiments.add_parser(
        "verify",
        help="compare every photo with every other: EER, FMR, FNMR, DET, hardest pairs; "
        "other profiles beside, and references of several photos",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.set_defaults(run=_verify)
    command.add_argument(
        "--photos",
        metavar="SET",
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        help="labelled photo sets, files or folders, evaluated together: objects of different "
        "sets are different",
    )
    command.add_argument(
        "--split",
        choices=SPLITS,
        default=ALL,
        help="which objects of a set that had a part in making the bundle",
    )
    command.add_argument(
        "--bundle", metavar="NAME_OR_PATH", default=DEFAULT_BUNDLE, help="model bundle"
    )
    command.add_argument("--profile", default=DEFAULT_PROFILE, help="one of the bundle's profiles")
    command.add_argument(
        "--beside",
        metavar="BUNDLE[:PROFILE]",
        action="append",
        default=[],
        help="another bundle, by name or folder, measured on the same trials; may be given again",
    )
    command.add_argument(
        "--references",
        metavar="R",
        type=_at_least(1),
        nargs="+",
        default=[1],
        help="photos in a reference; the report is of the first R, others are compared with it",
    )
    command.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=DEFAULT_OUT,
        help="folder of the report",
    )
    command.add_argument(
        "--cache",
        metavar="DIR",
        type=Path,
        help="folder where imageprints are kept for the next run "
        f"(default: {CACHE} in the folder of the report)",
    )
    command.add_argument(
        "--no-quality-gate",
        action="store_true",
        help="use photos that the quality gate refuses, and references that enrolment would",
    )
    command.add_argument(
        "--bootstrap", metavar="B", type=_at_least(0), default=1_000, help="replicates; 0: none"
    )
    command.add_argument("--seed", type=_at_least(0), default=1, help="of everything random")
    paper_command.add_parser(experiments)
    scale.add_parser(experiments)
    credentials.add_parser(experiments)
    return parser


def _verify(options: argparse.Namespace, command: str) -> int:
    photos = open_labelled_photos(options.photos, options.split)
    lock = AiLock(open_bundle(options.bundle), options.profile)
    beside = [_lock(name) for name in options.beside]
    settings = Settings(
        references=tuple(dict.fromkeys(options.references)),
        quality_gate=not options.no_quality_gate,
        bootstrap=options.bootstrap,
        seed=options.seed,
    )
    cache = options.cache or options.out / CACHE
    found = evaluate(lock, photos, cache, settings, command, beside, progress=True)
    report = verification_report(found)
    print_report(report)
    tell(save(report, options.out, "verify"))
    return 0


def _lock(bundle_and_profile: str) -> AiLock:
    """The lock of ``BUNDLE`` or ``BUNDLE:PROFILE``; nobody enrols with it."""
    bundle, colon, profile = bundle_and_profile.rpartition(":")
    if not colon or is_bundle_folder(bundle_and_profile):  # a folder with a colon
        bundle, profile = bundle_and_profile, DEFAULT_PROFILE
    return AiLock(open_bundle(bundle), profile)


def _at_least(least: int) -> Callable[[str], int]:
    def integer(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"at least {least}")
        return value

    return integer


if __name__ == "__main__":
    raise SystemExit(main())
