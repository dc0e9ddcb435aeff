"""Experiment 5: photos changed until they collide with a photo of something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from ailock_sdk import ImagePrint
from benchmarks.attacks.gradient.descent import (
    FEW_PIXELS,
    Recipe,
    Transform,
    attack,
    collision_loss,
)
from benchmarks.attacks.gradient.likeness import Picture
from benchmarks.attacks.gradient.recapture import encoded, recaptured, through_jpeg
from benchmarks.attacks.gradient.scene import JPEG, RECAPTURE, Pair, Scene, distances, share
from benchmarks.attacks.gradient.tables import Attempt, saved
from lab.errors import ExperimentError
from lab.files import write_whole
from lab.photos.imageprints import all_imageprints
from lab.photos.labelled_photos import LabelledPhotos

NEAREST, RANDOM = TARGETS = "nearest", "random"
ENOUGH_RECAPTURES = 0.75
"""Share of recaptures that must succeed before a descent for them ends."""


@dataclass(frozen=True)
class Aim:
    """What a collision is.

    Attributes
    ----------
    bits : most that may differ
    slack : by how much of its root mean square each margin is to be beyond its hyperplane
    targets : the nearest photo of another object (the thesis'), or any
    survives : what a picture has to survive: nothing ("png"), "jpeg", or "recapture"
    """

    bits: int
    slack: float = 0.0
    targets: str = NEAREST
    survives: str = "png"


def choose_pairs(
    scene: Scene,
    photos: LabelledPhotos,
    cache: Path,
    count: int,
    targets: str,
    gate: bool,
    seed: int,
) -> tuple[list[Pair], dict[int, ImagePrint]]:
    """Photos of so many objects, a target each of another object, and the targets' imageprints.

    ``gate``: only photos that pass the quality gate.

    Raises
    ------
    ExperimentError
        There are not enough objects.
    """
    references = all_imageprints(scene.lock, photos, cache, True, True)
    probes = all_imageprints(scene.lock, photos, cache, False, True)
    kept = references.acquired(gate) & probes.acquired(gate)
    objects = np.array(photos.objects)
    rng = np.random.default_rng(seed)
    names = [name for name in dict.fromkeys(photos.objects) if kept[objects == name].any()]
    if len(names) < max(2, count):
        hint = "; --no-quality-gate takes what the gate refuses" if gate else ""
        raise ExperimentError(f"{count} pairs need as many objects; there are {len(names)}{hint}")
    pairs = []
    for name in rng.permutation(names)[:count]:
        source = int(rng.choice(np.flatnonzero(kept & (objects == name))))
        others = np.flatnonzero(kept & (objects != name))
        apart = distances(probes.margins[[source]], references.margins[others])[0]
        chosen = int(apart.argmin()) if targets == NEAREST else int(rng.integers(len(others)))
        pairs.append(Pair(source, int(others[chosen])))
    return pairs, {pair.target: ImagePrint(references.margins[pair.target]) for pair in pairs}


def collide(
    scene: Scene,
    photos: LabelledPhotos,
    pairs: list[Pair],
    targets: dict[int, ImagePrint],
    variant: str,
    aim: Aim,
    recipe: Recipe,
    out: Path,
) -> Iterator[Attempt]:
    """Change the source of each pair; the pictures are saved in ``out`` as they come."""
    for number, pair in enumerate(pairs):
        target = targets[pair.target]
        source, other = photos.read(pair.source), photos.read(pair.target)
        start = scene.square(source)
        watched: list[tuple[int, int]] = []

        def watch(
            picture: Picture,
            step: int,
            target: ImagePrint = target,
            watched: list[tuple[int, int]] = watched,
        ) -> bool:
            bits = scene.bits_apart(picture, target)
            watched.append((step, bits))
            return bits <= aim.bits and _survives(scene, picture, target, aim, step)

        found = attack(
            variant,
            scene.copy,
            start,
            collision_loss(target.bits, aim.slack),
            watch,
            recipe,
            None if variant == FEW_PIXELS else way_of(aim.survives, number),
        )
        before = scene.bits_apart(start, target)
        attempt = Attempt(
            variant,
            f"within {aim.bits} bits",
            aim.bits,
            True,
            photos.paths[pair.source],
            photos.paths[pair.target],
            before,
            scene.judge(found.picture, start, target, number),
            found.steps,
            found.seconds,
            (start, found.picture, other),
            ((1, before), *watched),
        )
        write_whole(out / "pictures" / f"{variant}-{number + 1}.png", saved(attempt))
        yield attempt


def way_of(survives: str, seed: int) -> Transform | None:
    """What pictures go through on the way to the pipeline, another one at every step."""
    if survives == JPEG:
        return through_jpeg
    if survives != RECAPTURE:
        return None
    rng = np.random.default_rng([seed, 1])

    def seen(pictures: Tensor) -> Tensor:
        return through_jpeg(recaptured(pictures, rng))

    return seen


def _survives(scene: Scene, picture: Picture, target: ImagePrint, aim: Aim, step: int) -> bool:
    if aim.survives == JPEG:
        return scene.bits_apart(encoded(picture, "JPEG"), target) <= aim.bits
    if aim.survives == RECAPTURE:
        seen = scene.recaptures(picture, 1_000_000 + step)  # others than those of the verdict
        apart = [scene.bits_apart(one, target) for one in seen]
        return share(apart, aim.bits) >= ENOUGH_RECAPTURES
    return True
