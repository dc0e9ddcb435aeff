"""``faces``: LFW's ten folds, averaged frames and all pairs, for any bundle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from ailock_sdk import AiLock
from benchmarks.accuracy.faces.compared import of_embeddings, of_imageprints
from benchmarks.accuracy.faces.protocol import evaluate_folds
from benchmarks.accuracy.faces.report import FRAMES, PAIRS, Faces, Measured, faces_report
from benchmarks.accuracy.faces.trials import make_frames, make_pairs, read_pairs
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
    cache_of,
)
from lab.photos.imageprints import all_imageprints
from lab.photos.labelled_photos import LabelledPhotos, open_labelled_photos
from lab.photos.unit_embeddings import unit_embeddings
from lab.report import provenance
from lab.report.files import print_report, save, tell
from lab.statistics.comparisons import object_weights
from lab.statistics.embedding_pairs import count_pairs

DEFAULT_OUT = Path("out") / "faces"


def add_parser(experiments: Any) -> None:
    """Add ``faces`` to the sub-parsers of ``python -m benchmarks.accuracy``."""
    command = add_command(
        experiments,
        "faces",
        run,
        "verification as FaceNet was measured: pairs in ten folds as of Labeled Faces in the Wild, "
        "averaged frames as of YouTube Faces, all pairs",
    )
    add_photos(command, ", evaluated together")
    add_split(command)
    command.add_argument(
        "--pairs",
        metavar="FILE",
        type=Path,
        help="pairs in LFW's own format (default: made with the seed, of at most 300 and 300 a "
        "fold, no person in two folds)",
    )
    add_profile(command)
    add_out(command, DEFAULT_OUT)
    add_cache(command)
    add_bootstrap(command)
    add_seed(command)


def run(options: argparse.Namespace, command: str) -> int:
    """Measure, print and write ``faces.*``; 0, for nothing is judged."""
    photos = open_labelled_photos(options.photos, options.split)
    lock = AiLock(open_bundle(options.bundle), options.profile)
    photos, found = measure(lock, photos, options)
    pairs = f"pairs file {options.pairs.name}" if options.pairs else f"seed {options.seed}"
    report = faces_report(
        lock,
        photos,
        found,
        {"Pairs": pairs, "Runtime": lock.runtime},
        provenance.record(command),
    )
    print_report(report)
    tell(save(report, options.out, "faces"))
    return 0


def measure(
    lock: AiLock, photos: LabelledPhotos, options: argparse.Namespace
) -> tuple[LabelledPhotos, Faces]:
    """The photos that can be read, and all that is measured of them."""
    cache = cache_of(options)
    rows = unit_embeddings(lock, photos, cache, progress=True)
    margins = all_imageprints(lock, photos, cache, progress=True).margins
    readable = np.flatnonzero(~np.isnan(rows).any(axis=1))
    left_out = len(photos) - len(readable)
    rows, margins = rows[readable], margins[readable]
    photos = photos.keep(map(int, readable))
    compared = {"embedding": of_embeddings(rows), "imageprint": of_imageprints(margins)}
    pairs = (
        read_pairs(options.pairs, photos.paths)
        if options.pairs
        else make_pairs(photos.objects, options.seed)
    )
    measured = {}
    for kind, trials in ((PAIRS, pairs), (FRAMES, make_frames(photos.objects, options.seed))):
        for how, distances_of in compared.items():
            distances = distances_of(trials)
            folds = evaluate_folds(distances, trials.mated, trials.folds)
            measured[kind, how] = Measured(trials, distances, folds)
    weights = object_weights(len(set(photos.objects)), options.bootstrap, options.seed)
    return photos, Faces(measured, count_pairs(rows, photos.objects, weights), left_out)
