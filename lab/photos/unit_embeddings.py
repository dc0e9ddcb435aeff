"""The embedding of every photo as a vector of length one, kept between runs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk import AiLock
from ailock_sdk.embedding import Embedder
from ailock_sdk.errors import CaptureError
from lab.files import replacing, stored_arrays
from lab.photos.embeddings import InputView, Sight, segment_views
from lab.photos.imageprints import cache_key
from lab.photos.labelled_photos import LabelledPhotos, encoded_photos


def unit_embeddings(
    lock: AiLock, photos: LabelledPhotos, cache: Path, progress: bool = False
) -> NDArray[np.float32]:
    """The embeddings that the profile's bits are cut from, float32 (N, D), rows of length one.

    Several layers or segments stand one after another, each of length one before, so that none
    outweighs another. A photo that cannot be decoded is a row of NaN.

    Parameters
    ----------
    cache : folder of one ``.npz`` for photos, model and looks; delete it to start afresh
    progress : show a bar on stderr, if that is a terminal
    """
    known_by = json.dumps([photos.sha256, photos.paths])
    key = json.dumps(cache_key(lock, known_by, photos.split) | {"format": "unit-embeddings/1"})
    file = cache / f"embeddings-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    stored = stored_arrays(file)
    if stored is not None and stored.keys() == {"key", "rows"} and str(stored["key"]) == key:
        return stored["rows"]
    profile = lock.profile
    sight = Sight(InputView.of(lock.bundle.input), profile.segments, profile.looks)
    embedder = Embedder(lock.bundle, lock.threads, layers=profile.layers)
    width = sum(lock.bundle.layers[name].dimensions for name in profile.layers)
    rows = np.full((len(photos), width * len(profile.segments)), np.nan, dtype=np.float32)
    bar = tqdm(
        encoded_photos(photos),
        "embeddings",
        len(photos),
        unit="photo",
        disable=None if progress else True,
    )
    for number, encoded in enumerate(bar):
        try:
            views = segment_views(encoded, sight)
        except CaptureError:
            continue
        parts = [e for view in views for e in embedder.embed_mean(view, profile.layers)]
        rows[number] = _unit(np.concatenate([_unit(part) for part in parts]))
    embedder.close()
    with replacing(file) as stream:
        np.savez(stream, key=np.array(key), rows=rows)
    return rows


def _unit(row: NDArray[np.float32]) -> NDArray[np.float32]:
    return row / max(float(np.linalg.norm(row)), 1e-12)
