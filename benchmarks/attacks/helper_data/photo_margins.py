"""The photos of an experiment: which become records, which the attacker owns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk import AiLock
from ailock_sdk.embedding import Embedder
from ailock_sdk.errors import CaptureError
from lab.errors import PhotoSetError
from lab.photos.embeddings import InputView, view_pixels
from lab.photos.photo_sets import PhotoSet, open_photo_set

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Photos:
    """Readable photos through the product's default pipeline and one plain layer of its network.

    Attributes
    ----------
    margins : margins of the profile as of reference photos, (N, lambda): records are made from
        these, and an attacker who owns photos best looks at them as enrolment does
    embeddings : embedding of the whole photo in one layer, float32 (N, D)
    objects : what each photo shows, (N,)
    recorded : photos that become records, bool (N,)
    related : photos the attacker owns from the same set, of other objects, bool (N,)
    owned : all photos the attacker owns, bool (N,)
    """

    margins: Array
    embeddings: NDArray[np.float32]
    objects: NDArray[np.str_]
    recorded: NDArray[np.bool_]
    related: NDArray[np.bool_]
    owned: NDArray[np.bool_]


def read_photos(
    lock: AiLock, layer: str, photos: Path, fit: Sequence[Path], records: int, limit: int, seed: int
) -> Photos:
    """Embed the set under attack and the attacker's own sets (at most ``limit`` photos of each).

    Records come from as many different objects as there are; the attacker owns no photo of them.
    """
    sources = [open_photo_set(photos)]
    sources += [open_photo_set(source).sample(limit, seed) for source in fit]
    parts = [_through_network(lock, layer, source) for source in sources]
    first = np.repeat(np.arange(len(parts)) == 0, [len(part[2]) for part in parts])
    objects = np.array([f"{n}/{name}" for n, part in enumerate(parts) for name in part[2]])
    recorded = np.zeros(len(objects), dtype=np.bool_)
    recorded[_one_of_each(objects[first], records, seed)] = True
    owned = ~np.isin(objects, objects[recorded])
    return Photos(
        margins=np.concatenate([part[0] for part in parts]),
        embeddings=np.concatenate([part[1] for part in parts]),
        objects=objects,
        recorded=recorded,
        related=owned & first,
        owned=owned,
    )


def _through_network(
    lock: AiLock, layer: str, photos: PhotoSet
) -> tuple[Array, NDArray[np.float32], list[str]]:
    contract = lock.bundle.input
    view = InputView.of(contract)
    embedder = Embedder(lock.bundle, threads=1)
    margins, embeddings, objects = [], [], []
    for _, name, data in tqdm(photos, desc=photos.source.name, unit="photo", disable=None):
        try:
            margins.append(lock.imageprint(data, reference=True).margins)
        except CaptureError:
            continue
        embeddings.append(embedder.embed(view_pixels(data, view), [layer])[0])
        objects.append(name)
    if not objects:
        raise PhotoSetError(f"{photos.source}: no photo can be read")
    return np.stack(margins), np.stack(embeddings), objects


def _one_of_each(objects: NDArray[np.str_], count: int, seed: int) -> NDArray[np.intp]:
    """Indices of ``count`` photos: one of each object, then a second of each, and so on."""
    if count > len(objects):
        raise PhotoSetError(f"{count} records need as many photos, the set has {len(objects)}")
    shuffled = np.random.default_rng(seed).permutation(len(objects))
    turns = np.empty(len(objects), dtype=np.intp)
    seen: dict[str, int] = {}
    for index in shuffled:
        turns[index] = seen.get(objects[index], 0)
        seen[objects[index]] = int(turns[index]) + 1
    return np.asarray(shuffled[np.argsort(turns[shuffled], kind="stable")[:count]])
