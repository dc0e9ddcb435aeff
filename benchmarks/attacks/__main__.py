"""``python -m benchmarks.attacks ATTACK``: attacks on records and by images, each with a number."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ailock_sdk import AilockError
from benchmarks.attacks.helper_data import experiment
from benchmarks.attacks.helper_data import results as helper_data_results
from benchmarks.attacks.images import command as synthetic_images_command
from lab.errors import LabError
from lab.files import sha256_of
from lab.report import provenance

MODULE = "benchmarks.attacks"
DEFAULT_OUT = Path("out") / "attacks"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one attack; 0 if its acceptance holds or it has none, 1 if not, 2 if it could not run."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        return int(options.run(options, provenance.command_line(MODULE, given)))
    except (AilockError, LabError) as error:
        print(f"{MODULE}: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"python -m {MODULE}", description=__doc__)
    attacks = parser.add_subparsers(required=True, metavar="ATTACK")
    helper_data = attacks.add_parser(
        "helper-data", help="recover the codeword from a stolen record, without a photo"
    )
    experiment.add_arguments(helper_data)
    helper_data.add_argument("--out", type=Path, default=DEFAULT_OUT, metavar="DIR")
    helper_data.set_defaults(run=_helper_data)
    synthetic = attacks.add_parser(
        "synthetic-images", help="train a DCGAN on reference photos; try its images on them"
    )
    synthetic_images_command.add_arguments(synthetic)
    synthetic.set_defaults(run=synthetic_images_command.run)
    return parser


def _helper_data(options: argparse.Namespace, command: str) -> int:
    lock, results = experiment.run(options)
    sets = [options.photos, *options.fit]
    facts = {
        "command": command,
        "date": provenance.now(),
        "machine": ", ".join(str(value) for value in provenance.machine().values()),
        "versions": ", ".join(f"{n} {v}" for n, v in provenance.versions().items()),
        "bundle": f"{lock.bundle.name} {lock.bundle.version}, {lock.bundle.fingerprint.hex()}",
        "profile": lock.profile.name,
        "seed": options.seed,
        "photos": "; ".join(f"{path.name} sha256 {_digest(path)}" for path in sets),
    }
    text = helper_data_results.as_text(results, facts)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "helper_data.json").write_text(helper_data_results.as_json(results, facts))
    (options.out / "helper_data.md").write_text(helper_data_results.as_markdown(results, facts))
    helper_data_results.save_picture(options.out / "helper_data.png", results)
    print(text)
    return 0 if helper_data_results.holds(results) else 1


def _digest(path: Path) -> str:
    return sha256_of(path) if path.is_file() else "(a folder)"


if __name__ == "__main__":
    raise SystemExit(main())
