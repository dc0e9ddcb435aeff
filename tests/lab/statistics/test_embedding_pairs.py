"""All pairs of embeddings against counting them one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from lab.errors import TooFewTrialsError
from lab.statistics.comparisons import object_weights
from lab.statistics.embedding_pairs import BINS, count_pairs, eer, refused_at_far


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def embeddings(spread: float, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    """Twelve objects of four photos."""
    rng = np.random.default_rng(seed)
    centres = np.repeat(rng.standard_normal((12, 8)), 4, axis=0)
    names = [f"object {index // 4}" for index in range(48)]
    return unit(centres + spread * rng.standard_normal((48, 8))), names


def test_pairs_are_counted_one_by_one() -> None:
    rows, names = embeddings(0.5)
    counts = count_pairs(rows, names, np.zeros((0, 12)))
    expected = np.zeros((2, BINS), dtype=np.int64)
    for a, b in combinations(range(len(rows)), 2):
        squared = float(np.sum((rows[a].astype(float) - rows[b]) ** 2))
        expected[int(names[a] == names[b]), round(1000 * squared)] += 1
    # float32 may round a pair into the next bin.
    assert np.abs(np.cumsum(counts.mated - expected[1])).max() <= 2
    assert np.abs(np.cumsum(counts.non_mated - expected[0])).max() <= 2
    assert counts.mated.sum() == 12 * 6


def test_a_replicate_weighs_pairs_by_its_objects() -> None:
    rows, names = embeddings(0.5)
    order = sorted(set(names))  # object 0, 1, 10, 11, 2, ...
    weights = np.zeros((2, 12))
    weights[0, [order.index("object 2"), order.index("object 10")]] = 2, 3
    weights[1] = 1
    counts = count_pairs(rows, names, weights)
    assert counts.resampled_mated.sum(axis=1).tolist() == [6 * 2 + 6 * 3, 12 * 6]
    assert counts.resampled_non_mated.sum(axis=1).tolist() == [16 * 2 * 3, 66 * 16]
    assert np.array_equal(counts.resampled_mated[1], counts.mated)


def test_rates_and_gain_are_of_the_same_replicates() -> None:
    weights = object_weights(12, 200, seed=1)
    near, far = (count_pairs(*embeddings(spread), weights) for spread in (0.3, 1.0))
    better, worse = near.estimate(eer), far.estimate(eer)
    assert better.value < worse.value
    gain = near.gain(far, eer)
    assert gain.value == pytest.approx(worse.value - better.value)
    assert 0 < gain.low < gain.value < gain.high
    assert near.gain(near, eer).high == 0
    at_far = near.estimate(refused_at_far(0.01))
    others = np.cumsum(near.non_mated)
    threshold = np.flatnonzero(others <= 0.01 * others[-1])[-1]
    assert at_far.value == pytest.approx(1 - near.mated[: threshold + 1].sum() / near.mated.sum())


def test_one_object_alone_is_refused() -> None:
    rows, _ = embeddings(0.5)
    with pytest.raises(TooFewTrialsError, match="48 photos of 1 objects"):
        count_pairs(rows, ["mug"] * 48, np.zeros((0, 1)))
