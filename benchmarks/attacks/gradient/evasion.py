"""Experiment 6: photos changed until their bits differ from what they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path

import numpy as np

from benchmarks.attacks.gradient.descent import Descended, Recipe, attack, evasion_loss
from benchmarks.attacks.gradient.likeness import Picture
from benchmarks.attacks.gradient.scene import Scene
from benchmarks.attacks.gradient.tables import Attempt, saved
from lab.errors import ExperimentError
from lab.files import write_whole
from lab.photos.imageprints import all_imageprints
from lab.photos.labelled_photos import LabelledPhotos


def choose_photos(
    scene: Scene, photos: LabelledPhotos, cache: Path, count: int, gate: bool, seed: int
) -> list[int]:
    """A photo each of so many objects; ``gate``: only such as pass the quality gate.

    Raises
    ------
    ExperimentError
        There are not enough objects.
    """
    kept = all_imageprints(scene.lock, photos, cache, False, True).acquired(gate)
    objects = np.array(photos.objects)
    names = [name for name in dict.fromkeys(photos.objects) if kept[objects == name].any()]
    if len(names) < count:
        hint = "; --no-quality-gate takes what the gate refuses" if gate else ""
        raise ExperimentError(f"{count} photos need as many objects; there are {len(names)}{hint}")
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(names)[:count]
    return [int(rng.choice(np.flatnonzero(kept & (objects == name)))) for name in chosen]


def limits(thresholds: Sequence[float], lambda_bits: int, radius: int) -> dict[str, int]:
    """Bits that must differ at each threshold h, in order; one bit beyond c is the lock's own."""
    found = {f"h = {h:g}": max(1, ceil(h * lambda_bits)) for h in thresholds}
    found["beyond c"] = radius + 1
    return dict(sorted(found.items(), key=lambda item: item[1]))


def evade(
    scene: Scene,
    photos: LabelledPhotos,
    chosen: Sequence[int],
    variant: str,
    wanted: dict[str, int],
    recipe: Recipe,
    out: Path,
) -> Iterator[Attempt]:
    """Change each photo; an attempt for each of ``wanted``, which is in ascending order.

    One descent serves them all: what is asked for decides nothing but where it stops.
    """
    for number, index in enumerate(chosen):
        start = scene.square(photos.read(index))
        original = scene.print_of(start)
        watched: list[tuple[int, int]] = [(1, 0)]
        reached: dict[str, tuple[Picture, int]] = {}

        def watch(picture: Picture, step: int) -> bool:
            bits = scene.bits_apart(picture, original)  # noqa: B023
            watched.append((step, bits))  # noqa: B023
            for name, limit in wanted.items():
                if bits >= limit:
                    reached.setdefault(name, (picture, step))  # noqa: B023
            return len(reached) == len(wanted)  # noqa: B023

        found: Descended = attack(
            variant, scene.copy, start, evasion_loss(original.bits), watch, recipe
        )
        for name, limit in wanted.items():
            picture, steps = reached.get(name, (found.picture, found.steps))
            attempt = Attempt(
                variant,
                name,
                limit,
                False,
                photos.paths[index],
                "",
                0,
                scene.judge(picture, start, original, number),
                steps,
                found.seconds * steps / max(1, found.steps),
                (start, picture),
                tuple(point for point in watched if point[0] <= steps),
            )
            stem = f"{variant}-{name.replace(' ', '')}-{number + 1}"
            write_whole(out / "pictures" / f"{stem}.png", saved(attempt))
            yield attempt
