"""``compare``: imageprints beside the paper's recipe, NeuralHash, FaceNet, perceptual hashes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from ailock_sdk.embedding import DEFAULT_BUNDLE
from ailock_sdk.errors import BundleError, RuntimeMissingError
from benchmarks.accuracy.compare.attack_cost import read_attack_costs
from benchmarks.accuracy.compare.measure import measure
from benchmarks.accuracy.compare.perceptual import perceptual_hashes
from benchmarks.accuracy.compare.results import NAME, report
from benchmarks.accuracy.compare.systems import BundleSystem, System, paper_recipe
from lab.bundles.find import open_with_profile
from lab.command import (
    add_alike,
    add_bootstrap,
    add_cache,
    add_command,
    add_out,
    add_photos,
    add_seed,
    add_split,
    cache_of,
)
from lab.photos.labelled_photos import open_labelled_photos
from lab.report import provenance
from lab.report.files import print_report, save, tell
from lab.report.results import Absent

DEFAULT_OUT = Path("out") / "compare"
IMPORTED = {"neuralhash": "NeuralHash", "facenet": "FaceNet"}
"""Bundles that ``ailock models import`` makes of a user's own files, and what they are called."""


def add_parser(experiments: Any) -> None:
    """Add ``compare`` to the sub-parsers of ``python -m benchmarks.accuracy``."""
    command = add_command(
        experiments,
        "compare",
        run,
        "the imageprint beside the paper's recipe, NeuralHash, FaceNet and perceptual hashes on "
        "the same pairs: EER, FNMR, targeted impostors, bits, time, cost of an attack",
    )
    add_photos(command, ", compared together")
    add_split(command)
    add = command.add_argument
    add(
        "--bundles",
        metavar="BUNDLE[:PROFILE]",
        nargs="+",
        default=[DEFAULT_BUNDLE],
        help="bundles to compare, by name or folder; imported ones that are installed are added",
    )
    add(
        "--unlabelled",
        metavar="SET",
        type=Path,
        nargs="+",
        default=[],
        help="other photos, better more than 400, for the components of the paper's recipe on the "
        "first bundle's network",
    )
    add(
        "--targeted",
        metavar="SET",
        type=Path,
        nargs="+",
        default=[],
        help="photos of several objects of each kind in the same places, for targeted impostors",
    )
    add_split(command, "--targeted-split")
    add_alike(command)
    add(
        "--attacks",
        metavar="FILE",
        type=Path,
        nargs="+",
        default=[],
        help="JSON files of python -m benchmarks.attacks collision, on these bundles",
    )
    add_out(command, DEFAULT_OUT)
    add_cache(command)
    add_bootstrap(command)
    add_seed(command)


def run(options: argparse.Namespace, command: str) -> int:
    """Measure, print and write ``compare.*``; 0, for nothing is judged."""
    sets = {"Photos": open_labelled_photos(options.photos, options.split)}
    if options.targeted:
        targeted = open_labelled_photos(options.targeted, options.targeted_split)
        sets["Targeted photos"] = targeted
    costs = read_attack_costs(options.attacks)
    absent: list[Absent] = []
    locks = [_lock(name) for name in options.bundles]
    for name, title in IMPORTED.items():
        if all(name not in lock.bundle.name for lock in locks):
            try:
                locks.append(_lock(name))
            except (BundleError, RuntimeMissingError) as error:
                reason = (
                    f"{error}: `ailock models import {name}` makes it of your own files; then it "
                    "is found, or give its folder to --bundles"
                )
                absent.append(Absent("", title, reason, name=name))
    systems: list[System] = [BundleSystem(lock, cache_of(options)) for lock in locks]
    if options.unlabelled:
        fit = open_labelled_photos(options.unlabelled)
        sets["Photos of the recipe's components"] = fit
        systems.insert(1, paper_recipe(locks[0].bundle, fit))
    else:
        reason = "give --unlabelled other photos, better more than 400"
        absent.append(Absent("", "The paper's recipe", reason, name="recipe"))
    hashes, lacking = perceptual_hashes()
    systems += hashes
    absent += lacking
    absent += _not_asked(options)
    found = measure(
        systems,
        sets["Photos"],
        sets.get("Targeted photos"),
        [(one, other) for one, other in options.alike],
        options.bootstrap,
        options.seed,
    )
    data = {role: provenance.photos_line(photos) for role, photos in sets.items()}
    result = report(found, costs, absent, data, provenance.record(command))
    print_report(result)
    tell(save(result, options.out, NAME))
    return 0


def _not_asked(options: argparse.Namespace) -> Sequence[Absent]:
    found = []
    if not options.targeted:
        reason = (
            "give --targeted photos of several objects of each kind, named mug_A, mug_B; --photos "
            "again if they are such"
        )
        found.append(Absent("", "Targeted impostors", reason, name="targeted"))
    if not options.attacks:
        reason = "give --attacks the JSON files of `python -m benchmarks.attacks collision`"
        found.append(Absent("", "Cost of an attack", reason, name="attacks"))
    return found


def _lock(bundle_and_profile: str) -> AiLock:
    """A lock that nobody enrols with."""
    return AiLock(*open_with_profile(bundle_and_profile), check_quality=False)
