"""``python -m benchmarks.attacks ATTACK``: attacks on records and by images, each with a number."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks.attacks import run_all
from benchmarks.attacks.gradient import command as gradient
from benchmarks.attacks.helper_data import command as helper_data
from benchmarks.attacks.images import command as synthetic_images
from lab.command import run_module

MODULE = "benchmarks.attacks"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one attack; 0 if its acceptance holds or it has none, 1 if not, 2 if it could not run."""
    parser = argparse.ArgumentParser(f"python -m {MODULE}", description=__doc__)
    attacks = parser.add_subparsers(required=True, metavar="ATTACK")
    for attack in (run_all, helper_data, synthetic_images, gradient):
        attack.add_parser(attacks)
    return run_module(MODULE, parser, arguments, could_not_run=2)


if __name__ == "__main__":
    raise SystemExit(main())
