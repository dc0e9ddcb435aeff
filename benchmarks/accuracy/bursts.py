"""``bursts``: clips of objects in two places: the guide's burst against the first frame."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from lab.bundles.find import open_bundle
from lab.command import add_bootstrap, add_command, add_out, add_profile, add_seed
from lab.report import provenance
from lab.report.files import print_report, save, tell
from lab.report.results import Chapter, Gallery, Report, Table, Tile
from lab.report.thumbnails import montage
from lab.verification.bursts import BURST, ENROLMENTS, FIRST, Bursts, find_clips, measure

DEFAULT_OUT = Path("out") / "bursts"
FORMAT = "ailock-bursts/1"
EXAMPLES = 6
NOTES = (
    "Rendered clips of a hand-held camera that is just being raised: they compare ways of looking "
    "with each other; for rates of real photos see targeted and verify.",
    "Refused: owners, elsewhere than at home; a clip of which the quality gate or the guide takes "
    "nothing counts as refused. Accepted: others, at home; those of one kind share a home.",
    "References: the sharpest frame of a clip's first burst, as `ailock enroll --camera` takes it. "
    "In different places: one at home, two elsewhere; tried in a place that is none of these.",
    "Burst / first: how many times as often the burst refuses its owner. Intervals: object "
    "bootstrap; a rate of 0 ends at the rule of three over pairs of objects.",
)


def add_parser(experiments: Any) -> None:
    """Add ``bursts`` to the sub-parsers of ``python -m benchmarks.accuracy``."""
    command = add_command(
        experiments,
        "bursts",
        run,
        "clips of objects at home and elsewhere: owners refused and others accepted by the first "
        "frame and by the guide's burst",
    )
    command.add_argument(
        "--clips",
        metavar="DIR",
        type=Path,
        required=True,
        help="folder of OBJECT/home-N.mp4 and OBJECT/elsewhere-N.mp4, as "
        "`python -m tools.render_supply` writes; an object's name tells its kind",
    )
    add_profile(command)
    add_out(command, DEFAULT_OUT)
    add_bootstrap(command)
    add_seed(command)


def run(options: argparse.Namespace, command: str) -> int:
    """Measure, print and write ``bursts.*``; 0, for nothing is judged."""
    lock = AiLock(open_bundle(options.bundle), options.profile)
    clips = find_clips(options.clips)
    found = measure(lock, clips, options.bootstrap, options.seed, progress=True)
    files = [clip for places in clips.values() for several in places.values() for clip in several]
    report = bursts_report(
        lock,
        found,
        f"{len(files)} of {found.objects} objects, sha256 {_sha256(files)}",
        provenance.record(command),
    )
    print_report(report)
    tell(save(report, options.out, "bursts"))
    return 0


def bursts_report(lock: AiLock, found: Bursts, clips: str, recorded: Mapping[str, Any]) -> Report:
    """Rates by enrolment and way of looking, and what some clips show."""
    bundle = lock.bundle
    return Report(
        f"Bursts: {bundle.name} {bundle.version}, profile {lock.profile.name}, "
        f"lambda {lock.lambda_bits}, c {lock.radius}",
        {
            "Clips": clips,
            "Model bundle": provenance.bundle_line(lock),
            "Runtime": lock.runtime,
            **provenance.facts(recorded),
        },
        (),
        (Chapter("", {}, (_table(found), _trials(found), _gallery(found))),),
        format=FORMAT,
        document={
            "provenance": dict(recorded),
            "objects": found.objects,
            "radius_bits": lock.radius,
            "enrolments": {
                enrolment: {
                    "references": found.enrolled[enrolment],
                    "trials": found.trials[enrolment],
                    "burst_over_first": _document(found.shares[enrolment]),
                    "rates": {w: asdict(r) for (e, w), r in found.rates.items() if e == enrolment},
                }
                for enrolment in ENROLMENTS
            },
            "nothing_taken": dict(found.gated),
        },
    )


def _document(share: Any) -> Any:
    return None if share is None else asdict(share)


def _table(found: Bursts) -> Table:
    rows = []
    for (enrolment, way), rates in found.rates.items():
        share = found.shares[enrolment] if way == BURST else None
        ratio = "" if share is None else f"{share.value:.2f}{_range(share)}"
        kinds = (rates.same_kind, rates.other_kind)
        accepted = ("" if each is None else each for each in kinds)
        rows.append((enrolment, way, rates.refused, ratio, *accepted))
    headings = (
        *("references", "probe", "owner refused, elsewhere", "burst / first"),
        *("same kind accepted, at home", "other kind accepted, at home"),
    )
    title = f"Errors of {found.objects} objects"
    return Table("", title, headings, tuple(rows), notes=NOTES, name="errors")


def _range(share: Any) -> str:
    return "" if share.low is None else f" ({share.low:.2f} to {share.high:.2f})"


def _trials(found: Bursts) -> Table:
    rows = tuple((e, found.enrolled[e], *found.trials[e]) for e in ENROLMENTS)
    headings = ("references", "enrolled", "owners' trials", "same kind's", "other kinds'")
    taken = ", ".join(f"{way} {share:.1%}" for way, share in found.gated.items())
    notes = (f"Owners' clips of which nothing was taken: {taken}.",)
    return Table("", "Trials", headings, rows, notes=notes, name="counts")


def _gallery(found: Bursts) -> Gallery:
    tiles = []
    for way in (FIRST, BURST):
        for name, several in list(found.seen.items())[:EXAMPLES]:
            if several[0].photos[way]:
                tiles.append(Tile((montage(several[0].photos[way]),), name, "", way))
    return Gallery("", "The first clips elsewhere", tuple(tiles), (), name="clips")


def _sha256(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.parent.name}/{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()
