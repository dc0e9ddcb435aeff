"""``python -m benchmarks.accuracy EXPERIMENT``: accuracy of a bundle on labelled photos."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ailock_sdk import AiLock, AilockError
from ailock_sdk.embedding import DEFAULT_BUNDLE, Bundle, find_bundle, load_bundle
from ailock_sdk.profiles import DEFAULT_PROFILE
from benchmarks.accuracy import provenance
from benchmarks.accuracy.error_rates import TooFewTrialsError
from benchmarks.accuracy.labelled_photos import ALL, SPLITS, open_labelled_photos
from benchmarks.accuracy.report import as_text
from benchmarks.accuracy.verify import Settings, save, verify
from tools.photo_sets import PhotoSetError

MODULE = "benchmarks.accuracy"
DEFAULT_OUT = Path("out") / "accuracy"
CACHE = "imageprints"
"""Folder of the kept imageprints. An imageprint is as good as its photo: keep both private."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one experiment; 0 when it was measured, 1 with a message when it could not be."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        return int(options.run(options, provenance.command_line(MODULE, given)))
    except (AilockError, PhotoSetError, TooFewTrialsError) as error:
        print(f"{MODULE}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"python -m {MODULE}", description=__doc__)
    experiments = parser.add_subparsers(required=True, metavar="EXPERIMENT")
    command = experiments.add_parser(
        "verify",
        help="compare every photo with every other: EER, FMR, FNMR, DET, hardest pairs",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.set_defaults(run=_verify)
    command.add_argument(
        "--photos",
        metavar="FILE_OR_FOLDER",
        type=Path,
        action="append",
        required=True,
        help="labelled photo set; may be given again, objects of different sets are different",
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
        "--references", metavar="R", type=_at_least(1), default=1, help="photos in a reference"
    )
    command.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=DEFAULT_OUT,
        help="folder of the report; imageprints are kept in it for the next run",
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
    return parser


def _verify(options: argparse.Namespace, command: str) -> int:
    photos = open_labelled_photos(options.photos, options.split)
    lock = AiLock(_bundle(options.bundle), options.profile)
    settings = Settings(
        references=options.references,
        quality_gate=not options.no_quality_gate,
        bootstrap=options.bootstrap,
        seed=options.seed,
    )
    result = verify(lock, photos, options.out / CACHE, settings, command, progress=True)
    print(as_text(result))
    for file in save(result, options.out):
        print(f"wrote {file}", file=sys.stderr)
    return 0


def _bundle(name_or_path: str) -> Bundle:
    path = Path(name_or_path)
    return load_bundle(path) if (path / "manifest.json").is_file() else find_bundle(name_or_path)


def _at_least(least: int) -> Callable[[str], int]:
    def integer(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"at least {least}")
        return value

    return integer


if __name__ == "__main__":
    raise SystemExit(main())
