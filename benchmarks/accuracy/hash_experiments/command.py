"""``hash-experiment``: one experiment of the thesis on any bundle and any photos."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from benchmarks.accuracy.hash_experiments import (
    histograms,
    leakage,
    spread,
    thesis_values,
    thresholds,
)
from benchmarks.accuracy.hash_experiments.study import Found, Study, as_report
from lab.bundles.find import open_bundle
from lab.command import (
    add_bootstrap,
    add_cache,
    add_command,
    add_out,
    add_photos,
    add_profile,
    add_seed,
    add_split,
    at_least,
    cache_of,
)
from lab.photos.labelled_photos import open_labelled_photos
from lab.report.files import print_report, save, tell
from lab.verification.evaluate import acquire

DEFAULT_OUT = Path("out") / "hash_experiments"
EXPERIMENTS: dict[int, tuple[str, Callable[[Study], Found]]] = {
    1: (histograms.TITLE, histograms.histograms),
    2: (spread.TITLE, spread.spread),
    3: (thresholds.TITLE, thresholds.thresholds),
    4: (leakage.TITLE, leakage.leakage),
}


def add_parser(experiments: Any) -> None:
    """Add ``hash-experiment`` to the sub-parsers of ``python -m benchmarks.accuracy``."""
    told = "; ".join(f"{number}: {title}" for number, (title, _) in EXPERIMENTS.items())
    command = add_command(
        experiments, "hash-experiment", run, f"a NeuralHash thesis' experiment ({told})"
    )
    command.add_argument("number", type=int, choices=sorted(EXPERIMENTS), help=told)
    add_photos(command, "; an object is a subject")
    add_split(command)
    add_profile(command)
    add_out(command, DEFAULT_OUT)
    add_cache(command)
    command.add_argument(
        "--panels",
        metavar="N",
        type=at_least(1),
        default=40,
        help="experiment 1: subjects with a histogram of their own in the figure, at most",
    )
    command.add_argument(
        "--label",
        metavar="COLUMN",
        nargs="+",
        default=(),
        help="experiment 4: what is guessed, columns of labels.csv, or kind, for which objects' "
        "names will do (mug_A is a mug) (default: gender and race, where there are none kind)",
    )
    command.add_argument(
        "--splits",
        metavar="N",
        type=at_least(1),
        default=3,
        help="experiment 4: random splits of the subjects; the thesis: 1",
    )
    command.add_argument(
        "--epochs",
        metavar="N",
        type=at_least(1),
        default=thesis_values.EPOCHS,
        help="experiment 4: of training",
    )
    add_bootstrap(command)
    add_seed(command)


def run(options: argparse.Namespace, command: str) -> int:
    """Measure, print and write ``experiment_N.*``; 0, for nothing is judged."""
    photos = open_labelled_photos(options.photos, options.split)
    lock = AiLock(open_bundle(options.bundle), options.profile)
    cache = cache_of(options)
    study = Study(
        lock,
        photos,
        acquire(lock, photos, cache, quality_gate=False, progress=True),
        bootstrap=options.bootstrap,
        seed=options.seed,
        labels=tuple(options.label),
        panels=options.panels,
        splits=options.splits,
        epochs=options.epochs,
        cache=cache / "networks",
    )
    title, experiment = EXPERIMENTS[options.number]
    report = as_report(study, options.number, title, experiment(study), command)
    print_report(report)
    tell(save(report, options.out, f"experiment_{options.number}"))
    return 0
