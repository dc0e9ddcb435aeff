"""Render made-up objects, as many as are wanted: clips in several places, or photos alone.

``python -m tools.render_supply --out DIR --objects 50`` writes ``DIR/KIND_NUMBER/PLACE-VIEW.mp4``:
three clips at ``home``, where all of a kind stand, and three ``elsewhere``, each in a place of its
own. ``--cut-outs 40`` writes 40 photos of each instead, ``DIR/KIND_NUMBER/VIEW.webp``, transparent
around the object, from as many sides and in as many lights. What is there already stays, so that a
run goes on where it was stopped. Needs the ``render`` extra.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm

from tools.rendering.alone import write_cut_out
from tools.rendering.film import film, write
from tools.rendering.supply import Made, supply

SIZE = (480, 360)
QUALITY = 23
CUT_OUT_SIZE = (256, 256)


def render_object(out: Path, made: Made, samples: int) -> None:
    """Write the clips of an object to its folder in ``out``."""
    folder = out / made.name
    folder.mkdir(parents=True, exist_ok=True)
    missing = [(clip, out / f"{clip.name}.mp4") for clip in made.clips()]
    missing = [(clip, path) for clip, path in missing if not path.exists()]
    parts = made.parts() if missing else []
    for clip, path in missing:
        unfinished = path.with_name(f"unfinished-{path.name}")
        write(film(clip, parts, SIZE, samples), SIZE, unfinished, QUALITY)
        unfinished.replace(path)


def render_cut_outs(out: Path, made: Made, views: int, samples: int) -> None:
    """Write so many photos of an object alone to its folder in ``out``."""
    shots = [(shot, out / made.name / f"{shot.view}.webp") for shot in made.views(views)]
    missing = [(shot, path) for shot, path in shots if not path.exists()]
    parts = made.parts() if missing else []
    for shot, path in missing:
        write_cut_out(shot, parts, CUT_OUT_SIZE, samples, path)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for a folder an object")
    parser.add_argument("--objects", type=int, required=True, help="how many, the kinds in turn")
    parser.add_argument("--seed", type=int, default=1, help="other seeds make other objects")
    parser.add_argument("--spp", type=int, default=4, help="light paths per pixel")
    parser.add_argument(
        "--cut-outs", metavar="VIEWS", type=int, help="photos of each object alone, no clips"
    )
    arguments = parser.parse_args()
    made = tqdm(list(supply(arguments.objects, arguments.seed)), unit="object", disable=None)
    for each in made:
        if arguments.cut_outs:
            render_cut_outs(arguments.out, each, arguments.cut_outs, arguments.spp)
        else:
            render_object(arguments.out, each, arguments.spp)


if __name__ == "__main__":
    main()
