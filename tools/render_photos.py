"""Render the photos of everyday objects that the demo and the tests use.

``python -m tools.render_photos --out tests/photos`` writes ``NAME.jpg`` per shot and
``labels.csv`` (path, object, view); ``--videos tests/videos`` writes clips of a hand-held camera.
The same version of Mitsuba gives the same pixels again; of clips the frames, which x264 encodes a
little otherwise each time. Needs the ``render`` extra.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from tools.rendering.alone import write_cut_out
from tools.rendering.clips import CLIPS
from tools.rendering.development import develop, enlarge, save
from tools.rendering.film import film, write
from tools.rendering.objects import OBJECTS
from tools.rendering.shots import ALONE, CUT_OUTS, SHOTS, Shot
from tools.rendering.studio import render

PHOTO_SIZE = (640, 480)
CUT_OUT_SIZE = (256, 256)
LARGE_SIZE = (4000, 3000)
LARGE_RENDER_SIZE, LARGE_SAMPLES = (1600, 1200), 24
VIDEO_QUALITY = 27


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


def render_cut_outs(out: Path, samples: int) -> None:
    """Write objects without a room, transparent around them, a folder each, to ``out``."""
    for shot in tqdm(ALONE, unit="photo", disable=None):
        file = out / CUT_OUTS[shot.subject] / f"{shot.view}.webp"
        write_cut_out(shot, OBJECTS[shot.subject](), CUT_OUT_SIZE, samples, file)


def render_videos(out: Path, samples: int, only: str | None) -> None:
    """Write the clips to ``out``; ``only`` those of one object."""
    out.mkdir(parents=True, exist_ok=True)
    clips = [clip for clip in CLIPS if only in (None, clip.start.subject)]
    for clip in tqdm(clips, unit="clip", disable=None):
        parts = OBJECTS[clip.start.subject]()
        frames = film(clip, parts, PHOTO_SIZE, samples)
        write(frames, PHOTO_SIZE, out / f"{clip.name}.mp4", VIDEO_QUALITY)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="folder for the photos and labels.csv")
    parser.add_argument("--spp", type=int, default=32, help="light paths per pixel")
    parser.add_argument("--only", choices=sorted(OBJECTS), help="render just this object")
    parser.add_argument("--large", type=Path, help="write one 12 megapixel JPEG here")
    parser.add_argument(
        "--cut-outs", type=Path, help="folder for objects without a room, to compose scenes of"
    )
    parser.add_argument("--videos", type=Path, help="folder for clips of a hand-held camera")
    arguments = parser.parse_args()
    if not (arguments.out or arguments.large or arguments.cut_outs or arguments.videos):
        parser.error("give --out, --large, --cut-outs, --videos or several")
    shots = [shot for shot in SHOTS if arguments.only in (None, shot.subject)]
    if arguments.out is not None:
        render_photos(arguments.out, shots, arguments.spp)
        write_labels(arguments.out)
    if arguments.large is not None:
        render_large(arguments.large, shots[0])
    if arguments.cut_outs is not None:
        render_cut_outs(arguments.cut_outs, arguments.spp)
    if arguments.videos is not None:
        render_videos(arguments.videos, arguments.spp, arguments.only)


if __name__ == "__main__":
    main()
