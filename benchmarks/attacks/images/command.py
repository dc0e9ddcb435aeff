"""``synthetic-images``: make the synthetic image dataset, and try it on a bundle's profile."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from ailock_sdk.embedding import DEFAULT_BUNDLE, find_bundle, load_bundle
from ailock_sdk.profiles import DEFAULT_PROFILE
from benchmarks.attacks.images.synthetic_images import (
    RECORD,
    SAMPLES,
    SyntheticSettings,
    make_synthetic,
)
from lab.photos.labelled_photos import open_labelled_photos
from lab.photos.synthetic import open_synthetic
from lab.report import provenance
from lab.report.results import Table
from lab.verification.synthetic_attack import AttackSettings, profile_attack

DEFAULT_OUT = Path("out") / "synthetic"
RESULTS = "attack.json"
_HELP = {
    "images": "images to generate, half for DS1 and half for DS2; the paper: 200000",
    "epochs": "passes over the augmented photos; the paper: 100",
    "variants": "augmented variants of each photo, 1 to 20; the paper: 20",
    "size": "side of the images in pixels, a power of two; DCGAN's: 64",
    "width": "channels next to the image, twice as many each layer further in; DCGAN's: 64",
    "batch": "pictures in a step of training; the paper's implementation: 64",
    "seed": "of everything random",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``synthetic-images``."""
    add = parser.add_argument
    add("--photos", type=Path, nargs="+", required=True, metavar="SET", help="reference photos")
    defaults = SyntheticSettings()
    for one in fields(SyntheticSettings):
        default = getattr(defaults, one.name)
        add(
            f"--{one.name}",
            type=int,
            default=default,
            metavar="N",
            help=f"{_HELP[one.name]} (default: {default})",
        )
    add("--bundle", default=DEFAULT_BUNDLE, help="model bundle to attack, a name or a folder")
    add("--profile", default=DEFAULT_PROFILE)
    add("--bootstrap", type=int, default=1_000, metavar="N", help="replicates; 0: no intervals")
    add("--out", type=Path, default=DEFAULT_OUT, metavar="DIR", help="resumed if it is there")


def run(options: argparse.Namespace, command: str) -> int:
    """Make the images, attack, print the table; 0, for there is no acceptance to miss."""
    photos = open_labelled_photos(options.photos)
    settings = SyntheticSettings(
        **{one.name: getattr(options, one.name) for one in fields(SyntheticSettings)}
    )
    folder = make_synthetic(photos, options.out, settings, progress=True)
    path = Path(options.bundle)
    is_folder = (path / "manifest.json").is_file()
    bundle = load_bundle(path) if is_folder else find_bundle(options.bundle)
    lock = AiLock(bundle, options.profile, threads=1, pepper=None)
    table = profile_attack(
        lock,
        photos,
        open_synthetic(folder),
        options.out / "imageprints",
        AttackSettings(options.bootstrap, settings.seed, progress=True),
    )
    training = json.loads((options.out / RECORD).read_text("utf-8"))
    facts = {
        "command": command,
        "date": provenance.now(),
        "machine": provenance.machine(),
        "versions": provenance.versions(),
        "commit": provenance.commit(),
        "bundle": f"{bundle.name} {bundle.version}, {bundle.fingerprint.hex()}",
        "model_sha256": bundle.files[bundle.model].sha256,
        "training": training,
        "table": asdict(table),
    }
    (options.out / RESULTS).write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    print(_as_text(table, facts))
    print(f"look at {options.out / SAMPLES}: variants on the left, images on the right")
    return 0


def _as_text(table: Table, facts: dict[str, Any]) -> str:
    """The table for a terminal, with its notes and where it comes from."""
    rows = [table.columns, *([_shown(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    where = [f"{facts['bundle']}; model {facts['model_sha256']}", facts["command"]]
    return "\n".join([table.title, "", *lines, "", *table.notes, *where])


def _shown(cell: object) -> str:
    if cell is None:
        return "-"
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
