"""``credentials``: the attack by synthetic credentials on a bundle's profile."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ailock_sdk import AiLock
from ailock_sdk.sketch import correction_radius
from benchmarks.accuracy.credentials.attack import SAMPLES, credential_attack
from benchmarks.accuracy.credentials.results import NAME, report
from lab.bundles.find import open_bundle
from lab.command import (
    add_cache,
    add_command,
    add_out,
    add_photos,
    add_profile,
    add_quality_gate,
    add_seed,
    add_workers,
    cache_of,
)
from lab.errors import CredentialError
from lab.photos.imageprints import all_imageprints
from lab.photos.labelled_photos import LabelledPhotos, open_labelled_photos
from lab.report.files import print_report, save, tell
from lab.statistics.workers import open_workers

DEFAULT_OUT = Path("out") / "credentials"


def add_parser(experiments: Any) -> None:
    """Add ``credentials`` to the sub-parsers of ``python -m benchmarks.accuracy``."""
    command = add_command(
        experiments,
        "credentials",
        run,
        "try imageprints of random bits, drawn as the references' bits are, on every "
        "reference: FAR",
    )
    add_photos(command, " of the references")
    add_profile(command)
    command.add_argument(
        "--lambda",
        dest="lambdas",
        metavar="BITS",
        type=int,
        nargs="+",
        help="first bits of the imageprint, with c by the profile's tau; the paper: 50 100 ... 500 "
        "(default: the whole imageprint and its own c)",
    )
    command.add_argument(
        "--references",
        metavar="N",
        type=int,
        help="so many photos, drawn by the seed (default: all)",
    )
    size = command.add_mutually_exclusive_group()
    size.add_argument("--samples", type=int, default=SAMPLES, help="drawn for each lambda")
    size.add_argument(
        "--trials",
        type=float,
        help="in place of --samples: as many samples as make so many trials at all lambdas "
        "together, such as 1.4e9",
    )
    add_workers(command)
    add_out(command, DEFAULT_OUT)
    add_cache(command)
    add_quality_gate(command, "use refused photos too")
    add_seed(command)


def run(options: argparse.Namespace, command: str) -> int:
    """Attack, print and write the files; 0 when it was measured."""
    photos = open_labelled_photos(options.photos)
    lock = AiLock(open_bundle(options.bundle), options.profile)
    radii = {
        bits: lock.radius if bits == lock.lambda_bits else correction_radius(bits, lock.profile.tau)
        for bits in options.lambdas or [lock.lambda_bits]
    }
    bits, objects = reference_imageprints(
        lock, photos, cache_of(options), not options.no_quality_gate
    )
    chosen = _choose(len(bits), options.references, options.seed)
    bits, objects = bits[chosen], [objects[index] for index in chosen]
    samples = options.samples
    if options.trials is not None and len(bits):
        samples = math.ceil(options.trials / (len(bits) * len(radii)))
    with open_workers(options.workers) as opened:
        attack = credential_attack(
            bits,
            radii,
            samples,
            options.seed,
            opened,
            progress=True,
            objects=objects,
            kept=options.out / "counted",
        )
    found = report(attack, lock, photos, command)
    print_report(found)
    tell(save(found, options.out, NAME))
    return 0


def reference_imageprints(
    lock: AiLock, photos: LabelledPhotos, cache: Path, quality_gate: bool = True
) -> tuple[NDArray[np.bool_], list[str]]:
    """Each usable photo as enrolment looks at it, bool (N, lambda), and its object."""
    prints = all_imageprints(lock, photos, cache, reference=True, progress=True)
    usable = np.flatnonzero(prints.acquired(quality_gate))
    return prints.margins[usable] >= 0, [photos.objects[index] for index in usable]


def _choose(count: int, wanted: int | None, seed: int) -> NDArray[np.int64]:
    if wanted is None:
        return np.arange(count)
    if not 1 <= wanted <= count:
        raise CredentialError(
            f"--references {wanted}: the photos give {count} usable references, choose 1 to that"
        )
    return np.sort(np.random.default_rng(seed).permutation(count)[:wanted])
