"""``verify``: every photo against every other, and what the lock would say."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from lab.bundles.find import open_bundle, open_with_profile
from lab.command import (
    add_bootstrap,
    add_cache,
    add_command,
    add_out,
    add_photos,
    add_profile,
    add_quality_gate,
    add_seed,
    add_split,
    at_least,
    cache_of,
)
from lab.photos.labelled_photos import open_labelled_photos
from lab.report.files import print_report, save, tell
from lab.verification.evaluate import evaluate
from lab.verification.report import verification_report
from lab.verification.verification import Settings

DEFAULT_OUT = Path("out") / "accuracy"


def add_parser(experiments: Any) -> None:
    """Add ``verify`` to the sub-parsers of ``python -m benchmarks.accuracy``."""
    command = add_command(
        experiments,
        "verify",
        run,
        "compare every photo with every other: EER, FMR, FNMR, DET, hardest pairs; "
        "other profiles beside, and references of several photos",
    )
    add_photos(command, ", evaluated together: objects of different sets are different")
    add_split(command)
    add_profile(command)
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
        type=at_least(1),
        nargs="+",
        default=[1],
        help="photos in a reference; the report is of the first R, others are compared with it",
    )
    command.add_argument(
        "--probes",
        metavar="P",
        type=at_least(1),
        nargs="+",
        default=[1],
        help="photos in a probe, as an unlock takes several; the report is of the first P",
    )
    add_out(command, DEFAULT_OUT)
    add_cache(command)
    add_quality_gate(
        command, "use photos that the quality gate refuses, and references that enrolment would"
    )
    add_bootstrap(command)
    add_seed(command)


def run(options: argparse.Namespace, command: str) -> int:
    """Measure, print and write ``verify.*`` and the pictures; 0, for nothing is judged."""
    photos = open_labelled_photos(options.photos, options.split)
    lock = AiLock(open_bundle(options.bundle), options.profile)
    beside = [AiLock(*open_with_profile(name)) for name in options.beside]
    settings = Settings(
        references=tuple(dict.fromkeys(options.references)),
        probes=tuple(dict.fromkeys(options.probes)),
        quality_gate=not options.no_quality_gate,
        bootstrap=options.bootstrap,
        seed=options.seed,
    )
    found = evaluate(lock, photos, cache_of(options), settings, command, beside, progress=True)
    report = verification_report(found)
    print_report(report)
    tell(save(report, options.out, "verify"))
    return 0
