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
    """Embeddings of random views.

    Attributes
    ----------
    embeddings : float32 (N, D) for each layer
    objects : int (N,), alike where the same segment of the same object is seen
    """

    embeddings: dict[str, NDArray[np.float32]]
    objects: NDArray[np.int_]


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
        photos = photos.sample(most or len(photos), sets.seed)
        used[source.file]["photos_plain"] = len(photos)
        bar = tqdm(photos, desc=f"{source.file}, plain", unit="photo", disable=None)
        encoded = (data for _, _, data in bar)
        for layer, embeddings in camera.embeddings(encoded, list(plain)):
            plain[layer].add(embeddings)
    return used


def embed_views(
    layers: Sequence[str],
    camera: Camera,
    sets: TrainingSets,
    count: int,
    limit: int,
    used: Used,
    scenes: SceneViews | None = None,
) -> Views:
    """Embed ``count`` random views, drawn as in training, of each of ``limit`` photos of a set.

    ``scenes`` come after them, where there are any. Enters into ``used`` how many photos those
    were. A photo without an object name is an object of its own, and views of different segments
    count as different objects.
    """
    chunks: dict[str, list[NDArray[np.float32]]] = {layer: [] for layer in layers}
    names: list[str] = []
    config = sets.config
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
        for layer, embeddings in camera.embeddings(bar, layers):
            chunks[layer].append(embeddings)
        names += [
            f"{source.file}:{name}:{segment}"
            for name in photos.objects
            for _ in range(count)
            for segment in camera.sight.segments
        ]
    if scenes is not None:
        for layer, embeddings in camera.embeddings(scenes, layers):
            chunks[layer].append(embeddings)
        names += scenes.names
    _, objects = np.unique(names, return_inverse=True)
    return Views({layer: np.concatenate(parts) for layer, parts in chunks.items()}, objects)
