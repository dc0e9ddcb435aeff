"""``scene``: objects before backgrounds: how much of a lock is the object, how much the place."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from lab.bundles.find import open_bundle
from lab.command import (
    add_bootstrap,
    add_command,
    add_out,
    add_profile,
    add_seed,
    at_least,
)
from lab.photos.cut_outs import read_backgrounds, read_cut_outs
from lab.photos.photo_sets import open_photo_set, open_photos, photo_set_sha256
from lab.report import provenance
from lab.report.files import print_report, save, tell
from lab.report.results import Chapter, Gallery, Report, Table, Tile
from lab.report.thumbnails import montage
from lab.verification.scene import ENROLMENTS, OWNERS, PROBES, Scene, measure

DEFAULT_OUT = Path("out") / "scene"
FORMAT = "ailock-scene/1"
NOTES = (
    "Composed photos: an object's cut-out before a background, which is framed a little otherwise "
    "in every photo of one place. They compare enrolments with each other; for rates of real "
    "photos see targeted and verify.",
    "Intervals: bootstrap of the owners' objects.",
)


def add_parser(experiments: Any) -> None:
    """Add ``scene`` to the sub-parsers of ``python -m benchmarks.accuracy``."""
    command = add_command(
        experiments,
        "scene",
        run,
        "objects cut out and put before backgrounds: owners in the same and in a new place, "
        "impostors in the owner's place, for references on one background and on different ones",
    )
    add = command.add_argument
    add(
        "--cut-outs",
        metavar="SET",
        type=Path,
        required=True,
        help="photo set of several objects of each kind, transparent around the object or with "
        "NAME-mask.png beside each photo",
    )
    add(
        "--backgrounds",
        metavar="SET",
        type=Path,
        nargs="+",
        required=True,
        help="photos to put behind them, labelled or not",
    )
    add("--trials", type=at_least(1), default=200, help="owners that enrol, in turn")
    add("--references", type=at_least(1), default=3, help="photos in a reference")
    add("--probes", type=at_least(1), default=1, help="photos in a probe")
    add("--limit", type=at_least(2), default=300, help="backgrounds of each set, drawn at random")
    add_profile(command)
    add_out(command, DEFAULT_OUT)
    add_bootstrap(command)
    add_seed(command)


def run(options: argparse.Namespace, command: str) -> int:
    """Measure, print and write ``scene.*``; 0, for nothing is judged."""
    lock = AiLock(open_bundle(options.bundle), options.profile, check_quality=False)
    objects = open_photo_set(options.cut_outs)
    behind = [open_photos(source) for source in options.backgrounds]
    backgrounds = [
        pixels
        for photos in behind
        for pixels in read_backgrounds(photos.sample(options.limit, options.seed))
    ]
    found = measure(
        lock,
        read_cut_outs(objects),
        backgrounds,
        options.trials,
        options.references,
        options.probes,
        options.bootstrap,
        options.seed,
        progress=True,
    )
    sets = {
        "Cut-outs": f"{objects.source.name} sha256 {photo_set_sha256(objects)}",
        "Backgrounds": f"{len(backgrounds)} of "
        + ", ".join(f"{part.source.name} sha256 {photo_set_sha256(part)}" for part in behind),
    }
    report = scene_report(
        lock, found, sets, (options.references, options.probes), provenance.record(command)
    )
    print_report(report)
    tell(save(report, options.out, "scene"))
    return 0


def scene_report(
    lock: AiLock,
    found: Scene,
    sets: Mapping[str, str],
    photos: tuple[int, int],
    recorded: Mapping[str, Any],
) -> Report:
    """What each enrolment gave, and the photos of the first trials."""
    bundle = lock.bundle
    return Report(
        f"Object and scene: {bundle.name} {bundle.version}, profile {lock.profile.name}, "
        f"lambda {lock.lambda_bits}, c {lock.radius}",
        {
            **sets,
            "Model bundle": provenance.bundle_line(lock),
            "Runtime": lock.runtime,
            **provenance.facts(recorded),
        },
        (),
        (Chapter("", {}, (_table(found, photos), _gallery(found))),),
        format=FORMAT,
        document={
            "provenance": dict(recorded),
            "references": photos[0],
            "probes": photos[1],
            "trials": found.trials,
            "owners": found.owners,
            "errors": {
                enrolment: {probe: asdict(found.errors[enrolment, probe]) for probe in PROBES}
                for enrolment in ENROLMENTS
            },
        },
    )


def _table(found: Scene, photos: tuple[int, int]) -> Table:
    headings = (
        f"{photos[0]} references on",
        *(f"{probe}: {'refused' if probe in OWNERS else 'accepted'}" for probe in PROBES),
    )
    rows = tuple((e, *(found.errors[e, p] for p in PROBES)) for e in ENROLMENTS)
    title = (
        f"Errors of {found.trials} trials of {found.owners} objects, {photos[1]} photo"
        f"{'s' if photos[1] > 1 else ''} in a probe"
    )
    return Table("", title, headings, rows, notes=NOTES, name="errors")


def _gallery(found: Scene) -> Gallery:
    tiles = []
    for number, example in enumerate(found.examples, start=1):
        for enrolment in ENROLMENTS:
            group = f"Trial {number}: {example.owner}, references on {enrolment}"
            tiles.append(Tile((montage(example.references[enrolment]),), "references", "", group))
            for probe in PROBES:
                accepted = example.accepted[enrolment, probe]
                wrong = accepted != (probe in OWNERS)
                verdict = "accepted" if accepted else "refused"
                photo = montage(example.probes[probe])
                tiles.append(Tile((photo,), probe, verdict if wrong else "", group))
    return Gallery("", "The first trials", tuple(tiles), (), name="trials")
