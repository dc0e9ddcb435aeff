"""``python -m benchmarks.accuracy EXPERIMENT``: accuracy of a bundle on labelled photos."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks.accuracy import bursts, presentation, scene, targeted, verify
from benchmarks.accuracy.compare import command as compare
from benchmarks.accuracy.credentials import command as credentials
from benchmarks.accuracy.faces import command as faces
from benchmarks.accuracy.hash_experiments import command as hash_experiments
from benchmarks.accuracy.identify import command as identify
from benchmarks.accuracy.paper import command as paper
from benchmarks.accuracy.scale import command as scale
from lab.command import run_module

MODULE = "benchmarks.accuracy"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one experiment; 0 when it was measured, 1 with a message when it could not be."""
    parser = argparse.ArgumentParser(f"python -m {MODULE}", description=__doc__)
    experiments = parser.add_subparsers(required=True, metavar="EXPERIMENT")
    modules = (
        verify,
        compare,
        targeted,
        scene,
        bursts,
        presentation,
        identify,
        paper,
        scale,
        credentials,
    )
    for experiment in (*modules, hash_experiments, faces):
        experiment.add_parser(experiments)
    return run_module(MODULE, parser, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
