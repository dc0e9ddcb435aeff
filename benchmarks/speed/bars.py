"""``python -m benchmarks.speed.bars``: the speed and size that the SDK promises, measured.

Ratios of medians of one run, what is compared taken in turn. It prints tables and writes
``bars.json``, ``bars.html``, ``bars.md``, ``bars.png`` and the figures as CSV files. The exit
status is 0, or 1: a bar fails, or cannot be measured.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ailock_sdk import AilockError
from ailock_sdk.embedding import load_bundle
from benchmarks.speed import footprint, original_ratio, unlock_stages, vault_size
from benchmarks.speed.bar import Bar
from benchmarks.speed.bars_report import bars_report
from benchmarks.speed.errors import SpeedError
from lab.errors import LabError
from lab.report.files import print_report, save
from lab.report.provenance import command_line, machine, now, versions

MODULE = "benchmarks.speed.bars"
SCHEMA = "ailock-bars/1"
SMALL_PHOTO = Path(__file__).resolve().parents[2] / "tests" / "photos" / "mug-1.jpg"


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; the exit status is 1 if a bar does not hold or cannot be measured."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    try:
        result, bars = measure(options)
        result["command"] = command_line(MODULE, given)
        report = bars_report(result, bars)
        print_report(report)
        files = save(report, options.out, "bars")
    except (AilockError, LabError) as error:
        print(f"{MODULE}: {error}", file=sys.stderr)
        return 1
    print(f"wrote {', '.join(file.name for file in files)} in {options.out}")
    return 0 if all(bar.holds for bar in bars) else 1


def measure(options: argparse.Namespace) -> tuple[dict[str, Any], list[Bar]]:
    """Everything, JSON-ready (schema ``ailock-bars/1``), and its bars by letter."""
    photo: Path = options.photo
    for needed in (photo, options.small_photo):
        if not needed.is_file():
            raise SpeedError(f"{needed} is not a file: give a JPEG, or run make bench")
    stages = unlock_stages.measure(photo, options.baseline, options.runs, options.threads)
    photos = {"phone photo": photo, "small photo": options.small_photo}
    recipe = options.out / "original_recipe"
    original = original_ratio.measure(
        photos, recipe, options.recipe_runs, options.recipe_processes, options.threads
    )
    processes = footprint.measure_processes(photo, options.processes)
    vaults = vault_size.measure(photo, options.out / "vaults", options.records, options.runs)
    wheel = footprint.measure_wheel()
    bars = [
        *unlock_stages.bars(stages),
        *original_ratio.bars(original),
        *footprint.bars(processes, wheel),
        *vault_size.bars(vaults),
    ]
    bars.sort(key=lambda bar: bar.key)
    unlock, baseline = stages["unlock"], load_bundle(options.baseline)
    result = {
        "schema": SCHEMA,
        "when": now(),
        "machine": machine(),
        "software": versions(),
        "runtime": unlock["software"]["runtime"],
        "threads": unlock["threads"],
        "model": unlock["model"],
        "baseline_sha256": baseline.model_sha256,
        "photo": unlock["photo"],
        "bars": [bar.as_json() for bar in bars],
        "stages": stages,
        "original": original,
        "processes": processes,
        "wheel": wheel,
        "vaults": vaults,
    }
    return result, bars


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        f"python -m {MODULE}",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--photo", type=Path, required=True, help="a JPEG as a phone takes it, 12 megapixels"
    )
    parser.add_argument("--small-photo", type=Path, default=SMALL_PHOTO, help="a small JPEG")
    parser.add_argument(
        "--baseline", type=Path, required=True, help="bundle folder of a full-width Inception v3"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the results, and caches")
    parser.add_argument("--threads", type=int, help="CPU threads of every network")
    parser.add_argument("--runs", type=int, default=40, help="timed rounds of unlocks")
    parser.add_argument("--recipe-runs", type=int, default=15, help="of the original recipe, warm")
    parser.add_argument("--recipe-processes", type=int, default=3, help="of the same as a command")
    parser.add_argument("--processes", type=int, default=25, help="rounds of fresh processes")
    parser.add_argument("--records", type=int, default=100_000, help="records of the large vault")
    return parser


if __name__ == "__main__":
    sys.exit(main())
