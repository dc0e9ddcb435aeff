"""The photos of training sets as embeddings: as they are, and in random views. Needs PyTorch.

Photos and views are looked at as probes are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.capture import PhotoSource
from ailock_sdk.embedding import Embedder
from lab.files import sha256_of
from lab.photos.embeddings import Sight, embed_in_chunks
from lab.photos.photo_sets import PhotoSet, open_photo_set
from tools.projection.components import Plain
from tools.projection.views import random_views, squares
from tools.training.config import Source, ViewConfig
from tools.training.scene_views import SceneViews

Used = dict[str, dict[str, int | str]]
"""By file of a set: its hash, and how many photos were taken for what."""


@dataclass(frozen=True, eq=False)
class Camera:
    """What embeds photos, and what it looks at in each."""

    embedder: Embedder
    sight: Sight

    def embeddings(
        self, photos: Iterable[PhotoSource], layers: Sequence[str]
    ) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """A layer and its embeddings (n, D), all layers in turn, portion by portion."""
        for chunk in embed_in_chunks(self.embedder, photos, self.sight, layers):
            yield from chunk.items()


@dataclass(frozen=True)
class TrainingSets:
    """The sets of a training configuration, in ``folder``, and the seed of all draws."""

    config: ViewConfig
    folder: Path
    seed: int

    def photos(self, source: Source) -> PhotoSet:
        """The photos of a set, or of the training side of one that is split."""
        whole = open_photo_set(self.folder / source.file)
        return whole.half(training=True) if source.split else whole


@dataclass(frozen=True, eq=False)
class Views:
    """Embeddings of what objects can look like, of one kind: random views, real photos, scenes.

    Attributes
    ----------
    embeddings : float32 (N, D) for each layer
    objects : int (N,), alike where the same segment of the same object is seen
    """

    embeddings: dict[str, NDArray[np.float32]]
    objects: NDArray[np.int_]


class _Collected:
    """The parts of :class:`Views` as they come."""

    def __init__(self, layers: Sequence[str]) -> None:
        self._chunks: dict[str, list[NDArray[np.float32]]] = {layer: [] for layer in layers}
        self._names: list[str] = []

    def take(self, camera: Camera, shown: Iterable[PhotoSource], names: Sequence[str]) -> None:
        """Embed what is shown; ``names`` of the objects are read when all of it was."""
        for layer, embeddings in camera.embeddings(shown, list(self._chunks)):
            self._chunks[layer].append(embeddings)
        self._names += names

    def views(self) -> Views:
        """Those whose object was seen more than once."""
        _, objects, counts = np.unique(self._names, return_inverse=True, return_counts=True)
        often = counts[objects] > 1
        _, objects = np.unique(objects[often], return_inverse=True)
        return Views({k: np.concatenate(v)[often] for k, v in self._chunks.items()}, objects)


def add_plain_photos(
    plain: Mapping[str, Plain], camera: Camera, sets: TrainingSets, most: int | None
) -> Used:
    """Show photos as they are to ``plain``, by layer; at most so many of each set.

    Sets on a bare background are left out, for photos that users take are not like them, and sets
    that say so.
    """
    used: Used = {}
    for source in sets.config.training:
        photos = sets.photos(source)
        used[source.file] = {"photos_plain": 0, "sha256": sha256_of(photos.source)}
        if source.cut_outs or not source.plain:
            continue
        limits = [most or len(photos), *([] if source.plain is True else [source.plain])]
        photos = photos.sample(min(limits), sets.seed)
        used[source.file]["photos_plain"] = len(photos)
        bar = tqdm(photos, desc=f"{source.file}, plain", unit="photo", disable=None)
        encoded = (data for _, _, data in bar)
        for layer, embeddings in camera.embeddings(encoded, list(plain)):
            plain[layer].add(embeddings)
    return used


def embed_views(
    layers: Sequence[str], camera: Camera, sets: TrainingSets, count: int, limit: int, used: Used
) -> Views:
    """Embed ``count`` random views, drawn as in training, of each of ``limit`` photos of a set.

    Enters into ``used`` how many photos those were. A photo without an object name is an object of
    its own, and views of different segments count as different objects.
    """
    found, config = _Collected(layers), sets.config
    # As large as the looks can use; a view is no sharper than the photo that it is drawn from.
    size = min(camera.sight.short_side, config.source_size)
    backgrounds: NDArray[np.uint8] | None = None
    for source in config.training:
        photos = sets.photos(source).sample(limit, sets.seed)
        used[source.file]["photos_in_views"] = len(photos)
        flat = squares(photos, config.source_size)
        # The first set lends its photos as backgrounds: it should show many different things.
        backgrounds = flat if backgrounds is None else backgrounds
        views = random_views(flat, backgrounds, source, config, count, size, sets.seed)
        total = len(photos) * count
        bar = tqdm(views, desc=source.file, total=total, unit="view", disable=None)
        names = _names(source, photos, camera.sight, count)
        found.take(camera, bar, names)
    return found.views()


def embed_real(
    layers: Sequence[str], camera: Camera, sets: TrainingSets, used: Used
) -> Views | None:
    """Embed the photos of sets that have several of an object, as they are; None without such."""
    found, sources = _Collected(layers), [each for each in sets.config.training if each.real]
    for source in sources:
        photos = sets.photos(source)
        used[source.file]["photos_real"] = len(photos)
        bar = tqdm(photos, desc=f"{source.file}, real", unit="photo", disable=None)
        names = _names(source, photos, camera.sight, 1)
        found.take(camera, (data for _, _, data in bar), names)
    return found.views() if sources else None


def embed_scenes(layers: Sequence[str], camera: Camera, scenes: SceneViews) -> Views:
    """Embed views of objects before several backgrounds each."""
    found = _Collected(layers)
    found.take(camera, scenes, scenes.names)
    return found.views()


def _names(source: Source, photos: PhotoSet, sight: Sight, count: int) -> list[str]:
    """The object of each embedding of ``count`` views a photo."""
    return [
        f"{source.file}:{name}:{segment}"
        for name in photos.objects
        for _ in range(count)
        for segment in sight.segments
    ]
