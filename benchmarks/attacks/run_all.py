"""``run``: every attack in turn, one report, and whether each promise holds."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

from ailock_sdk import AiLock
from ailock_sdk.sketch import CHEAPEST
from benchmarks.attacks.dictionary import ATTACK as DICTIONARY
from benchmarks.attacks.gradient.everything import ATTACK as CHANGED_PHOTOS
from benchmarks.attacks.helper_data.everything import ATTACK as HELPER_DATA
from benchmarks.attacks.helper_data.remedies import ATTACK as REMEDIES
from benchmarks.attacks.helper_data.similar import ATTACK as SIMILAR_OBJECTS
from benchmarks.attacks.hill_climbing import ATTACK as HILL_CLIMBING
from benchmarks.attacks.images.everything import ATTACK as SYNTHETIC_IMAGES
from benchmarks.attacks.impostors import ATTACK as IMPOSTORS
from benchmarks.attacks.multiplicity.experiment import ATTACK as MULTIPLICITY
from benchmarks.attacks.protocol import Attack, Findings
from benchmarks.attacks.setting import Setting
from benchmarks.attacks.tampering.experiment import ATTACK as TAMPERING
from benchmarks.attacks.throttle import ATTACK as THROTTLE
from benchmarks.attacks.timing import ATTACK as TIMING
from lab.bundles.find import open_bundle
from lab.command import (
    add_cache,
    add_command,
    add_out,
    add_profile,
    add_seed,
    add_split,
    cache_of,
)
from lab.errors import LabError
from lab.photos.labelled_photos import open_labelled_photos
from lab.report import provenance
from lab.report.files import print_report, save, tell
from lab.report.results import Absent, Chapter, Report, Table

ATTACKS: tuple[Attack, ...] = (
    DICTIONARY,
    IMPOSTORS,
    HILL_CLIMBING,
    TAMPERING,
    MULTIPLICITY,
    THROTTLE,
    TIMING,
    SIMILAR_OBJECTS,
    HELPER_DATA,
    REMEDIES,
    SYNTHETIC_IMAGES,
    CHANGED_PHOTOS,
)
"""The quick ones first."""
DEFAULT_OUT = Path("out") / "attacks"
COMMITTED = Path("tests") / "photos" / "labels.csv"
"""Of a checkout: enough photos to see most attacks work, too few for rates."""
SHARED = {
    "photos": ("ukbench_dev.zip",),
    "targeted": ("office_instances.zip",),
    "own": ("core50_mini.zip", "smvs5.zip", "faces_lfw_sample.zip"),
}
"""Sets that are taken from the folder that AILOCK_PHOTOS names, where no option names others."""
HOLDS = {True: "holds", False: "DOES NOT HOLD", None: "stated"}


def add_parser(attacks: Any) -> None:
    """Add ``run`` to the sub-parsers of ``python -m benchmarks.attacks``."""
    command = add_command(attacks, "run", run, "all attacks, one report")
    add = command.add_argument
    for option, what in (
        ("photos", "labelled photo sets of the owners' objects"),
        ("targeted", "sets of several things of one kind in one place"),
        ("own", "sets that the attacker owns, of other objects"),
    ):
        add(
            f"--{option}",
            metavar="SET",
            type=Path,
            nargs="+",
            action="extend",
            default=None,
            help=f"{what} (default: {', '.join(SHARED[option])} of the folder AILOCK_PHOTOS)",
        )
    add_split(command, "--targeted-split")
    add(
        "--only",
        metavar="ATTACK",
        nargs="+",
        choices=[one.name for one in ATTACKS],
        default=None,
        help=f"of: {', '.join(one.name for one in ATTACKS)}",
    )
    add("--quick", action="store_true", help="small samples: whether all of it works, no rates")
    add_profile(command)
    add_cache(command)
    add_seed(command)
    add_out(command, DEFAULT_OUT)


def run(options: argparse.Namespace, command: str) -> int:
    """Attack; 0 if every promise that was tried holds, else 1.

    The report is written anew after each attack: what was found stays if a later one is ended.
    """
    setting = _setting(options)
    chosen = [one for one in ATTACKS if options.only is None or one.name in options.only]
    recorded, depends_on = provenance.record(command), _depends_on(setting)
    found: list[Findings | Absent] = []
    for one in chosen:
        found.append(_attempt(one, setting))
        report = _report(chosen[: len(found)], found, recorded, depends_on, options.quick)
        files = save(report, options.out, "attacks")
    print_report(report)
    tell(files)
    return 0 if all_hold(found) else 1


def _depends_on(setting: Setting) -> dict[str, str]:
    photos = open_labelled_photos((*setting.photos, *setting.targeted, *setting.own))
    lock = setting.lock
    return {
        "Photos": provenance.photos_line(photos),
        "Model": f"{provenance.bundle_line(lock)}; model {lock.bundle.model_sha256}",
        "Profile": f"{lock.profile.name}: lambda {lock.lambda_bits}, c = {lock.radius}",
        "Seed": str(setting.seed),
    }


def _report(
    chosen: Sequence[Attack],
    found: Sequence[Findings | Absent],
    recorded: Mapping[str, Any],
    depends_on: Mapping[str, str],
    quick: bool,
) -> Report:
    return Report(
        "Attacks",
        provenance.facts(recorded, depends_on),
        ("Small samples, no rates.",) if quick else (),
        (
            Chapter("", {}, (summary(chosen, found),)),
            *(_chapter(*each) for each in zip(chosen, found, strict=True)),
        ),
        format="ailock-attacks/1",
        document={**recorded, "attacks": [_as_dict(*e) for e in zip(chosen, found, strict=True)]},
    )


def all_hold(found: Sequence[Findings | Absent]) -> bool:
    """Whether no promise that was tried fell, and any was tried."""
    tried = [one.holds for each in found if isinstance(each, Findings) for one in each.verdicts]
    return bool(tried) and False not in tried


def summary(attacks: Sequence[Attack], found: Sequence[Findings | Absent]) -> Table:
    """What was tried by whom, what had to be found, and what was."""
    rows: list[tuple[object, ...]] = []
    for attack, each in zip(attacks, found, strict=True):
        if isinstance(each, Absent):
            rows.append((attack.name, None, None, None, each.reason, "not run"))
            continue
        rows += [
            (attack.name, one.promise, one.tried, one.wanted or None, one.found, HOLDS[one.holds])
            for one in each.verdicts
        ]
    columns = ("attack", "promise", "tried", "must be found", "found", "verdict")
    return Table("", "All attacks", columns, tuple(rows), notes=("Stated: nothing is promised.",))


def _attempt(attack: Attack, setting: Setting) -> Findings | Absent:
    start = perf_counter()
    try:
        found: Findings | Absent = attack.run(setting)
    except LabError as error:
        found = Absent("", attack.name, str(error))
    print(f"{attack.name}: {perf_counter() - start:.0f} s", flush=True)
    return found


def _chapter(attack: Attack, found: Findings | Absent) -> Chapter:
    if isinstance(found, Absent):
        return Chapter(attack.name, {}, (found,))
    return Chapter(attack.name, {"Attacker has": attack.attacker}, found.results)


def _as_dict(attack: Attack, found: Findings | Absent) -> dict[str, Any]:
    if isinstance(found, Absent):
        return {"name": attack.name, "not_run": found.reason}
    return {
        "name": attack.name,
        "attacker": attack.attacker,
        "verdicts": [asdict(one) for one in found.verdicts],
        **found.document,
    }


def _setting(options: argparse.Namespace) -> Setting:
    bundle = open_bundle(options.bundle)
    lock = AiLock(
        bundle, options.profile, threads=1, check_quality=False, pepper=None, cost=CHEAPEST
    )
    return Setting(
        lock,
        _sets(options, "photos") or (COMMITTED,),
        _sets(options, "targeted"),
        _sets(options, "own"),
        cache_of(options),
        options.out,
        options.seed,
        options.quick,
        targeted_split=options.targeted_split,
    )


def _sets(options: argparse.Namespace, option: str) -> tuple[Path, ...]:
    given = getattr(options, option)
    if given is not None:
        return tuple(given)
    folder = os.environ.get("AILOCK_PHOTOS")
    if not folder:
        return ()
    return tuple(path for name in SHARED[option] if (path := Path(folder) / name).exists())
