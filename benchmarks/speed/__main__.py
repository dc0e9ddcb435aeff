"""``python -m benchmarks.speed unlock``: where the time of an unlock goes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.speed.unlock import measure, report


def main() -> int:
    """Command line; the exit status is 1 if a bar does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    unlock = commands.add_parser("unlock", help="one unlock by stage, beside two yardsticks")
    unlock.add_argument("--photo", type=Path, required=True, help="a large JPEG")
    unlock.add_argument(
        "--baseline", type=Path, required=True, help="bundle folder of a full-width Inception v3"
    )
    unlock.add_argument("--runs", type=int, default=40)
    unlock.add_argument("--threads", type=int)
    unlock.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    result = measure(options.photo, options.baseline, options.runs, options.threads)
    return 0 if report(result, options.out) else 1


if __name__ == "__main__":
    sys.exit(main())
