"""Photos are embedded for fitting exactly as a lock embeds them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ailock_sdk import AiLock
from ailock_sdk.capture import Look
from ailock_sdk.embedding import Embedder
from ailock_sdk.imageprint import load_projections
from lab.photos import embeddings
from lab.photos.embeddings import InputView, Sight, embed_in_chunks, segment_views, view_pixels

LOOKS = (Look(1.0, 0), Look(0.65, 0), Look(0.65, 1))
SEGMENTS = ("whole", "centre")


@pytest.fixture(scope="module")
def view(lock: AiLock) -> InputView:
    contract = lock.bundle.input
    return InputView(contract.height, contract.width, contract.crop)


@pytest.fixture(scope="module")
def paths(photos: dict[str, list[Path]]) -> list[Path]:
    return [views[0] for views in photos.values()]


def test_margins_are_those_of_the_lock(lock: AiLock, view: InputView, paths: list[Path]) -> None:
    profile = lock.profile
    sight = Sight(view, profile.segments, profile.looks)
    projections = load_projections(lock.bundle.projection_path, profile.layers)
    for path in paths[:2]:
        (rows,) = embed_in_chunks(Embedder(lock.bundle), [path], sight, profile.layers)
        margins = [
            projections[layer].margins(row) for layer in profile.layers for row in rows[layer]
        ]
        np.testing.assert_array_equal(lock.imageprint(path).margins, np.concatenate(margins))


def test_chunks_are_bounded_and_lose_nothing(
    lock: AiLock, view: InputView, paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder, layer = Embedder(lock.bundle), lock.profile.layers[0]
    sight = Sight(view, SEGMENTS)
    (whole,) = embed_in_chunks(embedder, paths[:3], sight, [layer])
    assert whole[layer].shape == (6, lock.bundle.layers[layer].dimensions)
    assert whole[layer].dtype == np.float32
    monkeypatch.setattr(embeddings, "CHUNK_BYTES", 1)
    chunks = [chunk[layer] for chunk in embed_in_chunks(embedder, paths[:3], sight, [layer])]
    assert [len(chunk) for chunk in chunks] == [2, 2, 2]
    np.testing.assert_array_equal(np.concatenate(chunks), whole[layer])


def test_no_look_is_enlarged() -> None:
    view = InputView(224, 224, 1.0)
    assert Sight(view).short_side == 224
    assert Sight(view, looks=LOOKS).short_side == 345  # 224 / 0.65
    assert Sight(InputView(224, 192, 0.5), SEGMENTS, LOOKS).short_side == 1189  # / 0.5 / 0.58


def test_views_are_looks_within_segments() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (500, 400, 3), dtype=np.uint8)
    view = InputView(64, 64, 0.9)
    found = segment_views(photo, Sight(view, SEGMENTS, LOOKS))
    assert [len(looks) for looks in found] == [3, 3]
    np.testing.assert_array_equal(found[0][0], view_pixels(photo, view))
    np.testing.assert_array_equal(found[1][2], np.rot90(found[1][1]))
