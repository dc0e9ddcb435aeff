"""``helper-data``: steal records and recover their codewords, by every kind of attacker."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from benchmarks.attacks.helper_data.experiment import attack_records
from benchmarks.attacks.helper_data.one_object import tell_alone
from benchmarks.attacks.helper_data.photo_margins import read_photos
from benchmarks.attacks.helper_data.results import NAME, holds, report
from benchmarks.attacks.helper_data.scenarios import STRONGEST, scenarios
from lab.bundles.find import open_bundle
from lab.command import add_command, add_out, add_profile, add_seed
from lab.files import sha256_of
from lab.report import provenance
from lab.report.files import print_report, save, tell

DEFAULT_OUT = Path("out") / "attacks"
PAPER_LAYER = "pool_3"


def add_parser(attacks: Any) -> None:
    """Add ``helper-data`` to the sub-parsers of ``python -m benchmarks.attacks``."""
    command = add_command(
        attacks,
        "helper-data",
        run,
        "recover the codeword from a stolen record, without a photo",
    )
    add = command.add_argument
    add("--photos", type=Path, required=True, metavar="SET", help="photo set of the records")
    add(
        "--fit",
        type=Path,
        nargs="+",
        default=[],
        metavar="SET",
        help="photo sets that the attacker owns, and that the paper's components are fitted on "
        "(always added: photos of SET that show no recorded object); choose sets that the bundle's "
        "projection was not fitted on, for on those its bits look independent even if they are not",
    )
    add("--records", type=int, default=100, help="to steal, of as many photos")
    add("--limit", type=int, default=2000, help="photos read of each --fit set at most")
    add("--layer", help=f"the paper's layer (default: {PAPER_LAYER} if there is one)")
    add_profile(command)
    add_out(command, DEFAULT_OUT)
    add_seed(command)


def run(options: argparse.Namespace, command: str) -> int:
    """Attack every scenario with every kind of knowledge; 0 if what must stand stands, else 1."""
    lock = AiLock(open_bundle(options.bundle), options.profile, threads=1, check_quality=False)
    layer = options.layer or paper_layer(lock)
    photos = read_photos(
        lock, layer, options.photos, options.fit, options.records, options.limit, options.seed
    )
    attacked = scenarios(lock, photos, options.seed)
    results = [
        attack_records(scenario, knowledge, prior, options.seed)
        for scenario in attacked
        for knowledge, prior in scenario.priors.items()
    ]
    peppered = attacked[-1]
    alone = tell_alone(
        peppered.code, lock.radius, peppered.bits, peppered.priors[STRONGEST], options.seed
    )
    sets = [options.photos, *options.fit]
    depends_on = {
        "Photos": "; ".join(f"{path.name} sha256 {_digest(path)}" for path in sets),
        "Model": provenance.bundle_line(lock),
        "Profile": lock.profile.name,
        "Seed": str(options.seed),
    }
    recorded = provenance.record(command)
    record = {
        **recorded,
        "machine": ", ".join(map(str, recorded["machine"].values())),
        "versions": provenance.versions_line(recorded["versions"]),
        "bundle": depends_on["Model"],
        "profile": lock.profile.name,
        "seed": options.seed,
        "photos": depends_on["Photos"],
    }
    found = report(results, alone, provenance.facts(recorded, depends_on), record)
    print_report(found)
    tell(save(found, options.out, NAME))
    return 0 if holds(results, alone) else 1


def paper_layer(lock: AiLock) -> str:
    """The layer that stands for the paper's: its own where the bundle has it."""
    return PAPER_LAYER if PAPER_LAYER in lock.bundle.layers else lock.profile.layers[0]


def _digest(path: Path) -> str:
    return sha256_of(path) if path.is_file() else "(a folder)"
