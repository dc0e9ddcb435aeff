"""``python -m benchmarks.speed.arm_bundle``: build the folder for an ARM machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.speed.arm_bundle.architectures import ARCHITECTURES
from benchmarks.speed.arm_bundle.folder import DEFAULT_CACHE, build_arm_folder, read_facts
from benchmarks.speed.errors import SpeedError

MODULE = "benchmarks.speed.arm_bundle"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the folder or find it up to date; 0, or 2 if it could not be built."""
    parser = argparse.ArgumentParser(f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--arch", choices=sorted(ARCHITECTURES), default="aarch64")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    parser.add_argument(
        "--cache",
        type=Path,
        default=DEFAULT_CACHE,
        metavar="DIR",
        help="keeps the downloads; remove it to take newer ones (default: out/arm/cache)",
    )
    options = parser.parse_args(arguments)
    try:
        folder = build_arm_folder(options.out, options.arch, options.cache)
    except SpeedError as error:
        print(f"{MODULE}: {error}", file=sys.stderr)
        return 2
    facts = read_facts(folder)
    size_mb = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6
    print(
        f"{folder}: {facts['architecture']}, CPython {facts['python']}, "
        f"{len(facts['packages'])} Debian packages, {len(facts['wheels'])} wheels, {size_mb:.0f} MB"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
