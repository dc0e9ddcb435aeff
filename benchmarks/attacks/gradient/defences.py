"""Defences that cost a lock little, and what they do to the pictures of an attack."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.attacks.gradient.likeness import Picture
from benchmarks.attacks.gradient.recapture import encoded
from benchmarks.attacks.gradient.scene import Scene
from benchmarks.attacks.gradient.tables import Attempt
from lab.report.results import Table
from lab.statistics.intervals import wilson

HARSH_JPEG_QUALITY, REDUCED, BLUR_PIXELS = 50, 0.6, 1.5
REFUSED = 0.05
"""Share of ordinary photos that a check may refuse."""


def _recoded(picture: Picture) -> Picture:
    with Image.open(io.BytesIO(encoded(picture, "JPEG", HARSH_JPEG_QUALITY))) as opened:
        return np.asarray(opened.convert("RGB"))


def _reduced(picture: Picture) -> Picture:
    side = round(REDUCED * len(picture))
    small = Image.fromarray(picture).resize((side, side), Image.Resampling.BILINEAR)
    back = small.resize(picture.shape[1::-1], Image.Resampling.BILINEAR)
    return np.asarray(back)


def _softened(picture: Picture) -> Picture:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(BLUR_PIXELS)))


CHANGES: dict[str, Callable[[Picture], Picture]] = {
    f"JPEG {HARSH_JPEG_QUALITY}": _recoded,
    f"reduced to {REDUCED:.0%} and back": _reduced,
    f"blurred by {BLUR_PIXELS} pixels": _softened,
}


def moved(scene: Scene, picture: Picture) -> dict[str, int]:
    """How many bits of a picture each change turns over."""
    before = scene.print_of(picture)
    return {name: scene.bits_apart(change(picture), before) for name, change in CHANGES.items()}


def defences(scene: Scene, attempts: Sequence[Attempt], ordinary: Sequence[Picture]) -> Table:
    """Of the pictures that got in: which a check refuses, or another look keeps out.

    A check compares a photo with itself after a change, and refuses it where more bits turn over
    than in 95 % of ``ordinary`` photos.
    """
    usual = [moved(scene, picture) for picture in ordinary]
    rows: list[tuple[object, ...]] = []
    for variant in dict.fromkeys(one.variant for one in attempts):
        got_in = [one for one in attempts if one.variant == variant and one.succeeded]
        if not got_in:
            continue
        pictures = [np.asarray(one.pictures[1]) for one in got_in]
        attacked = [moved(scene, picture) for picture in pictures]
        for name in CHANGES:
            most = float(np.quantile([found[name] for found in usual], 1 - REFUSED))
            refused = sum(found[name] > most for found in attacked)
            median = float(np.median([found[name] for found in usual]))
            attack_median = float(np.median([found[name] for found in attacked]))
            rows.append(
                (
                    *(variant, f"refuse what turns over: {name}", len(got_in)),
                    *(median, attack_median, wilson(refused, len(got_in))),
                )
            )
        if scene.lock.profile.looks != scene.lock.profile.reference_looks:
            fewer = sum(not one.succeeds(one.verdict.more_looks) for one in got_in)
            rows.append(
                (
                    *(variant, "look as often as at a reference", len(got_in)),
                    *(None, None, wilson(fewer, len(got_in))),
                )
            )
    return Table(
        "",
        "Defences, against pictures made without knowing of them",
        (
            *("variant", "defence", "got in", "bits turned over, ordinary"),
            *("bits turned over, attack", "kept out"),
        ),
        tuple(rows),
        None,
        (
            f"A check may refuse {REFUSED:.0%} of {len(usual)} ordinary photos; medians of bits.",
            "Whoever knows of a defence makes pictures for it: see --survive and --more-looks.",
        ),
        {},
        "defences",
    )
