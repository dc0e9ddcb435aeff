"""``synthetic-images``: make the synthetic image dataset, and try it on a bundle's profile."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from lab.bundles.find import open_bundle
from lab.command import add_bootstrap, add_command, add_out, add_photos, add_profile
from lab.photos.labelled_photos import open_labelled_photos
from lab.photos.synthetic import open_synthetic
from lab.report import provenance
from lab.report.files import print_report, save, tell
from lab.report.results import Chapter, Report
from lab.synthetic.synthetic_images import (
    RECORD,
    SAMPLES,
    SyntheticSettings,
    make_synthetic,
)
from lab.verification.synthetic_attack import AttackSettings, profile_attack

DEFAULT_OUT = Path("out") / "synthetic"
NAME = "attack"
"""Of the files."""
_HELP = {
    "images": "images to generate, half for DS1 and half for DS2; the paper: 200000",
    "epochs": "passes over the augmented photos; the paper: 100",
    "variants": "augmented variants of each photo, 1 to 20; the paper: 20",
    "size": "side of the images in pixels, a power of two; DCGAN's: 64",
    "width": "channels next to the image, twice as many each layer further in; DCGAN's: 64",
    "batch": "pictures in a step of training; the paper's implementation: 64",
    "seed": "of everything random",
}


def add_parser(attacks: Any) -> None:
    """Add ``synthetic-images`` to the sub-parsers of ``python -m benchmarks.attacks``."""
    command = add_command(
        attacks,
        "synthetic-images",
        run,
        "train a DCGAN on reference photos; try its images on them",
    )
    add_photos(command, " of the references")
    for name, default in asdict(SyntheticSettings()).items():
        command.add_argument(f"--{name}", type=int, default=default, metavar="N", help=_HELP[name])
    add_profile(command)
    add_bootstrap(command)
    add_out(command, DEFAULT_OUT)


def run(options: argparse.Namespace, command: str) -> int:
    """Make the images, attack, print the table; 0, for there is no acceptance to miss."""
    photos = open_labelled_photos(options.photos)
    settings = SyntheticSettings(
        **{one.name: getattr(options, one.name) for one in fields(SyntheticSettings)}
    )
    folder = make_synthetic(photos, options.out, settings, progress=True)
    lock = AiLock(open_bundle(options.bundle), options.profile, threads=1, pepper=None)
    table = profile_attack(
        lock,
        photos,
        open_synthetic(folder),
        options.out / "imageprints",
        AttackSettings(options.bootstrap, settings.seed, progress=True),
    )
    model_sha256 = lock.bundle.model_sha256
    recorded = provenance.record(command)
    depends_on = {
        "Photos": provenance.photos_line(photos),
        "Model": f"{provenance.bundle_line(lock)}; model {model_sha256}",
        "Seed": str(settings.seed),
    }
    report = Report(
        "Synthetic image attack",
        provenance.facts(recorded, depends_on),
        (),
        (Chapter("", {}, (table,)),),
        document={
            **recorded,
            "bundle": provenance.bundle_line(lock),
            "model_sha256": model_sha256,
            "training": json.loads((options.out / RECORD).read_text("utf-8")),
            "table": asdict(table),
        },
    )
    print_report(report)
    print(f"look at {options.out / SAMPLES}: variants on the left, images on the right")
    tell(save(report, options.out, NAME))
    return 0
