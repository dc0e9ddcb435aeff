"""``paper``: the paper's evaluation on the given photos, with every bundle that is asked for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ailock_sdk.embedding import DEFAULT_BUNDLE
from benchmarks.accuracy.paper.evaluate import QUICK_IMAGES, Options, evaluate
from benchmarks.accuracy.paper.recipe import Window
from benchmarks.accuracy.paper.roles import add_role_options, open_roles, role_sources
from lab.bundles.find import open_bundle
from lab.command import add_cache, add_command, add_out, at_least, cache_of
from lab.errors import ExperimentError
from lab.report.files import save, tell, tell_absences

DEFAULT_OUT = Path("out") / "paper"
CACHE = "cache"
"""Folder of kept embeddings and imageprints, as good as the photos: keep it private."""


def add_parser(experiments: Any) -> None:
    """Add the experiment to ``python -m benchmarks.accuracy``."""
    command = add_command(
        experiments,
        "paper",
        run,
        "the figures and tables of the ai.lock paper on any photos, with the paper's values "
        "beside: one HTML page, a PNG per figure, a CSV per table",
    )
    add_role_options(command)
    command.add_argument(
        "--bundle",
        metavar="NAME_OR_PATH",
        nargs="+",
        default=[DEFAULT_BUNDLE],
        help="model bundles, a chapter each",
    )
    command.add_argument(
        "--layers",
        metavar="LAYER",
        nargs="+",
        help="layers of the recipe, that of the single-layer variants first (default: the paper's, "
        "as far as a bundle has them)",
    )
    command.add_argument(
        "--window",
        metavar=("START", "COUNT"),
        type=int,
        nargs=2,
        help="principal components that are cut, and no others (default: the paper's 200 200, or "
        "the same share of all where these photos give fewer than 400)",
    )
    command.add_argument(
        "--images",
        metavar="N",
        type=at_least(0),
        default=2_000,
        help="synthetic images made where --synthetic gives none: by a DCGAN where PyTorch is "
        "installed, else augmented photos; 0: none",
    )
    workers = command.add_mutually_exclusive_group()
    workers.add_argument("--workers", metavar="N", default="1", help="threads that embed photos")
    workers.add_argument(
        "--dask",
        dest="workers",
        metavar="ADDRESS",
        default=argparse.SUPPRESS,
        help="a Dask scheduler, such as tcp://host:8786, whose workers embed the photos instead",
    )
    command.add_argument("--seed", type=_seed, default=1, help="of the split and the bootstrap")
    command.add_argument(
        "--quick",
        action="store_true",
        help="whole photos only, three lambdas, 100 replicates, 100 images: a look before the long "
        "run",
    )
    command.add_argument(
        "--no-photos", action="store_true", help="a page without photos, to pass on freely"
    )
    add_out(command, DEFAULT_OUT)
    add_cache(command, "embeddings", CACHE)


def run(options: argparse.Namespace, command: str) -> int:
    """Evaluate and write the report; 0, for nothing is judged."""
    if options.window and (options.window[0] < 0 or options.window[1] < 1):
        raise ExperimentError("--window starts at 0 or later and holds at least one component")
    photos = open_roles(role_sources(options), progress=True)
    bundles = [open_bundle(name) for name in options.bundle]
    report = evaluate(
        photos,
        bundles,
        Options(
            cache=cache_of(options, CACHE),
            layers=tuple(options.layers) if options.layers else None,
            window=Window(*options.window) if options.window else None,
            images=min(options.images, QUICK_IMAGES) if options.quick else options.images,
            workers=options.workers,
            seed=options.seed,
            quick=options.quick,
            with_photos=not options.no_photos,
        ),
        command,
        progress=True,
    )
    tell(save(report, options.out, "paper", document="results.json"))
    tell_absences(report)
    return 0


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**64:
        raise argparse.ArgumentTypeError("0 up to 2**64 - 1")
    return value
