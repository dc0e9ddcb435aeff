"""``identify``: a database of imageprints, and probes compared with every entry."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from benchmarks.accuracy.identify.rates import Rates
from benchmarks.accuracy.identify.results import NAME, Identification, report
from benchmarks.accuracy.identify.searches import drawn, given, search_all
from benchmarks.accuracy.identify.speed import search_speed
from lab.bundles.find import open_bundle
from lab.command import (
    add_bootstrap,
    add_cache,
    add_command,
    add_out,
    add_profile,
    add_quality_gate,
    add_seed,
    add_workers,
    at_least,
    cache_of,
    whole_number,
)
from lab.photos.labelled_photos import open_labelled_photos
from lab.report import provenance
from lab.report.files import print_report, save, tell
from lab.statistics.workers import open_workers
from lab.verification.evaluate import acquire

DEFAULT_OUT = Path("out") / "identify"
ENTRIES = [10**power for power in range(3, 8)]
AT_ONCE = (1, 32)
"""Probes of one timed search."""


def add_parser(experiments: Any) -> None:
    """Add ``identify`` to the sub-parsers of ``python -m benchmarks.accuracy``."""
    command = add_command(
        experiments,
        "identify",
        run,
        "one against many: ranks (CMC), who is found at FAR 1 and 0.1 % when strangers come too, "
        "and how fast databases of 10^3 to 10^7 imageprints are searched",
    )
    add = command.add_argument
    add(
        "--gallery",
        metavar="SET",
        type=Path,
        required=True,
        help="labelled photos of the database; without --probes they are split",
    )
    add(
        "--probes",
        metavar="SET",
        type=Path,
        help="labelled photos to search for; names that the gallery lacks are strangers",
    )
    add(
        "--unknown",
        metavar="SHARE",
        type=_share,
        default=0.5,
        help="of the identities of a set that is split: strangers, in no gallery",
    )
    add("--enrolled", type=at_least(1), default=1, help="photos of each identity enrolled, if so")
    add("--draws", type=at_least(1), default=10, help="splits, each with other strangers, if so")
    add(
        "--entries",
        metavar="N",
        type=whole_number,
        nargs="*",
        default=ENTRIES,
        help="sizes of the databases that are timed, such as 1000 or 1e7; none: no timing",
    )
    add_profile(command)
    add_workers(command)
    add_out(command, DEFAULT_OUT)
    add_cache(command)
    add_quality_gate(command, "use photos that the quality gate refuses")
    add_bootstrap(command)
    add_seed(command)


def run(options: argparse.Namespace, command: str) -> int:
    """Measure, print and write ``identify.*``; 0, for nothing is judged."""
    lock = AiLock(open_bundle(options.bundle), options.profile)
    sets = {"Gallery photos": open_labelled_photos([options.gallery])}
    if options.probes is not None:
        sets["Probe photos"] = open_labelled_photos([options.probes])
    gallery, *others = (
        acquire(lock, photos, cache_of(options), not options.no_quality_gate, progress=True)
        for photos in sets.values()
    )
    if others:
        draw, names = given(gallery, others[0])
        searches = search_all([draw], len(names), lock.lambda_bits)
        rule = "Identities of the probes that it lacks are strangers."
    else:
        searches = search_all(
            drawn(gallery, options.unknown, options.enrolled, options.draws, options.seed),
            len(gallery.names),
            lock.lambda_bits,
        )
        rule = (
            f"{options.draws} draws from one set: in each, {options.unknown:.0%} of the identities "
            f"are strangers, {options.enrolled} drawn photo{'s' * (options.enrolled > 1)} of each "
            "other one the gallery, all other photos probes."
        )
    with open_workers(options.workers) as opened:
        alone = not opened.remote and opened.count == 1
        speeds = [
            search_speed(
                entries,
                probes,
                lock.lambda_bits,
                lock.radius,
                options.seed,
                None if alone else opened,
                progress=True,
            )
            for entries in options.entries
            for probes in AT_ONCE
        ]
    found = Identification(
        lock,
        {role: provenance.photos_line(photos) for role, photos in sets.items()},
        rule,
        Rates(searches, options.bootstrap, options.seed),
        speeds,
        options.workers,
    )
    result = report(found, provenance.record(command))
    print_report(result)
    tell(save(result, options.out, NAME))
    return 0


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError("from 0 to below 1")
    return value
