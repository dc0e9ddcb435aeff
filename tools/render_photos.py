"""Render the photos of everyday objects that the demo and the tests use.

``python -m tools.render_photos --out tests/photos`` writes ``NAME.jpg`` per shot and
``labels.csv`` (path, object, view); the same version of Mitsuba gives the same pixels again.
Needs the ``render`` extra.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from tools.rendering.development import develop, enlarge, save
from tools.rendering.objects import OBJECTS
from tools.rendering.shots import SHOTS, Shot
from tools.rendering.studio import render

PHOTO_SIZE = (640, 480)
LARGE_SIZE = (4000, 3000)
LARGE_RENDER_SIZE, LARGE_SAMPLES = (1600, 1200), 24


def render_photos(out: Path, shots: Sequence[Shot], samples: int) -> None:
    """Write the photos of ``shots`` to ``out``, with ``samples`` light paths per pixel."""
    out.mkdir(parents=True, exist_ok=True)
    for shot in tqdm(shots, unit="photo", disable=None):
        light = render(shot, PHOTO_SIZE, samples)
        save(develop(light, shot.name, shot.exposure), out / f"{shot.name}.jpg")


def write_labels(out: Path) -> None:
    """Write ``labels.csv``, one line per shot, to ``out``."""
    with (out / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("path", "object", "view"))
        writer.writerows((f"{shot.name}.jpg", shot.subject, shot.view) for shot in SHOTS)


def render_large(path: Path, shot: Shot) -> None:
    """Write one 12 megapixel photo to ``path``: path-traced smaller, then enlarged with grain."""
    light = render(shot, LARGE_RENDER_SIZE, LARGE_SAMPLES)
    photo = develop(light, shot.name, shot.exposure)
    save(enlarge(photo, LARGE_SIZE, shot.name), path, quality=93)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="folder for the photos and labels.csv")
    parser.add_argument("--spp", type=int, default=32, help="light paths per pixel")
    parser.add_argument("--only", choices=sorted(OBJECTS), help="render just this object")
    parser.add_argument("--large", type=Path, help="write one 12 megapixel JPEG here")
    arguments = parser.parse_args()
    if arguments.out is None and arguments.large is None:
        parser.error("give --out, --large or both")
    shots = [shot for shot in SHOTS if arguments.only in (None, shot.subject)]
    if arguments.out is not None:
        render_photos(arguments.out, shots, arguments.spp)
        write_labels(arguments.out)
    if arguments.large is not None:
        render_large(arguments.large, shots[0])


if __name__ == "__main__":
    main()
