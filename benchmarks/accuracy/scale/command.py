"""``scale``: count billions of comparisons, timed and checked."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from benchmarks.accuracy.scale.count import count_and_check
from benchmarks.accuracy.scale.imageprints import random_imageprints, read_imageprints
from benchmarks.accuracy.scale.memory import worker_peak_mib
from benchmarks.accuracy.scale.results import NAME, report
from lab.command import add_command, add_out, add_seed, add_workers, whole_number
from lab.report.files import print_report, save, tell
from lab.statistics.histograms import sha256
from lab.statistics.workers import open_workers

PAIRS = 3_500_000_000
"""Of the paper's evaluation: "over 3.5 billion authentication samples"."""
DEFAULT_LAMBDA = 500
PHOTOS_PER_OBJECT = 4
"""In the random imageprints, as in the paper's Nexus set."""
DEFAULT_OUT = Path("out") / "scale"


def add_parser(experiments: Any) -> None:
    """Add the ``scale`` command to the sub-parsers of ``python -m benchmarks.accuracy``."""
    command = add_command(
        experiments,
        "scale",
        run,
        "count billions of comparisons: pairs a second, peak memory, a checked histogram",
    )
    command.add_argument(
        "--pairs", type=whole_number, default=PAIRS, help="of as many photos each side"
    )
    command.add_argument(
        "--photos-a",
        metavar="N",
        type=whole_number,
        help="imageprints of one side, in place of --pairs",
    )
    command.add_argument(
        "--photos-b", metavar="M", type=whole_number, help="of the other side (default: as many)"
    )
    command.add_argument(
        "--imageprints",
        metavar="FILE",
        type=Path,
        help="an .npz file with arrays a and b, (N, lambda) bits or margins, in place of random "
        "ones",
    )
    command.add_argument(
        "--lambda",
        dest="lambda_bits",
        metavar="BITS",
        type=whole_number,
        help="length of an imageprint (default: 500, or that of the file)",
    )
    add_workers(command)
    add_out(command, DEFAULT_OUT)
    add_seed(command)


def run(options: argparse.Namespace, command: str) -> int:
    """Count, check, print and write scale.json and scale.png; 0 when the checks passed."""
    if options.imageprints is not None:
        a, b, lambda_bits = read_imageprints(options.imageprints, options.lambda_bits)
    else:
        lambda_bits = options.lambda_bits or DEFAULT_LAMBDA
        photos_a = options.photos_a or options.photos_b or math.isqrt(options.pairs - 1) + 1
        photos_b = options.photos_b or photos_a
        objects = -(-photos_a // PHOTOS_PER_OBJECT)
        a, b = (
            random_imageprints(photos, objects, lambda_bits, options.seed, side)
            for side, photos in enumerate((photos_a, photos_b))
        )
    with open_workers(options.workers) as opened:
        alone = not opened.remote and opened.count == 1
        found = count_and_check(
            a,
            b,
            lambda_bits,
            None if alone else opened,
            options.out / "scale.partial.npz",
            options.seed,
            progress=True,
        )
        worker_peak = worker_peak_mib(options.workers) if opened.remote else None
    data = {
        "seed": options.seed,
        "data": "random" if options.imageprints is None else options.imageprints.name,
        "data_sha256": [sha256(a), sha256(b)],
    }
    result = report(found, options.workers, worker_peak, data, command)
    print_report(result)
    tell(save(result, options.out, NAME))
    return 0
