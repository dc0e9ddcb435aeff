"""The pairs and photos behind the errors, to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.accuracy.paper.master_images import Wolf
from benchmarks.accuracy.paper.object_errors import object_errors
from benchmarks.accuracy.paper.systems import Photo, System
from lab.report.results import Gallery, Tile
from lab.report.thumbnails import thumbnail

TILES = 12

Read = Callable[[Photo], bytes]
"""The encoded photo."""


def galleries(system: System, wolves: Sequence[Wolf], read: Read) -> list[Gallery]:
    """Mated pairs furthest apart, non-mated pairs nearest, and master images.

    Parameters
    ----------
    wolves : from :func:`benchmarks.accuracy.paper.master_images.wolves`
    read : opens a photo of any role
    """
    radius = system.rule.radius
    return [
        Gallery(
            "",
            f"Mated pairs furthest apart, {system.name}",
            tuple(_furthest(system, read)),
            (f"The worst pair of each object, the worst first; refused above c = {radius} bits.",),
        ),
        Gallery(
            "",
            f"Non-mated pairs nearest to each other, {system.name}",
            tuple(_nearest(wolves, radius, read)),
            (f"The nearest pair of each two objects; accepted up to c = {radius} bits.",),
        ),
        Gallery(
            "",
            f"Master images, {system.name}",
            tuple(_tile(wolf, read) for wolf in wolves[:TILES]),
            ("Photos that match most references of other objects; of equals, the nearest.",),
        ),
    ]


def _furthest(system: System, read: Read) -> list[Tile]:
    found = object_errors(system.references.side, system.probes.side, system.rule)
    tiles = []
    for index in np.argsort(-found.distance, kind="stable")[:TILES]:
        if found.distance[index] < 0:
            continue
        pair = [system.references.photos[i] for i in found.furthest[index]]
        bits = int(found.distance[index])
        tiles.append(
            Tile(
                tuple(thumbnail(read(photo)) for photo in pair),
                f"{pair[0].object}: {bits} bits",
                "refused" if bits > system.rule.radius else "",
            )
        )
    return tiles


def _nearest(wolves: Sequence[Wolf], radius: int, read: Read) -> list[Tile]:
    seen: set[frozenset[tuple[str, str]]] = set()
    tiles: list[Tile] = []
    for wolf in sorted(wolves, key=lambda each: each.distance):
        both = (wolf.nearest, wolf.photo)
        objects = frozenset((photo.role, photo.object) for photo in both)
        if objects in seen:
            continue
        seen.add(objects)
        tiles.append(
            Tile(
                tuple(thumbnail(read(photo)) for photo in both),
                f"{wolf.nearest.object} and {wolf.photo.role} {wolf.photo.object}: "
                f"{wolf.distance} bits",
                "accepted" if wolf.distance <= radius else "",
            )
        )
        if len(tiles) == TILES:
            break
    return tiles


def _tile(wolf: Wolf, read: Read) -> Tile:
    return Tile(
        (thumbnail(read(wolf.photo)),),
        f"{wolf.photo.role} {wolf.photo.object}: matches {wolf.matches} of {wolf.trials}, "
        f"{wolf.mean:.0f} bits on average",
        "accepted" if wolf.matches else "",
    )
