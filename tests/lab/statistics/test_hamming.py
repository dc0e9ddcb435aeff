"""Packed distances against unpacked ones."""

from __future__ import annotations

import numpy as np
import pytest

from lab.statistics.hamming import count_bits, count_bits_by_table, distances, pack


@pytest.mark.parametrize("lambda_bits", [1, 8, 63, 64, 65, 200, 512])
def test_distances_equal_those_of_unpacked_bits(lambda_bits: int) -> None:
    rng = np.random.default_rng(lambda_bits)
    a = rng.integers(0, 2, (13, lambda_bits), dtype=np.uint8)
    b = rng.integers(0, 2, (7, lambda_bits), dtype=np.uint8)
    expected = (a[:, None] != b[None]).sum(axis=2)
    np.testing.assert_array_equal(distances(pack(a), pack(b)), expected)


def test_table_and_numpy_count_the_same_bits() -> None:
    rng = np.random.default_rng(0)
    words = rng.integers(0, 2**64, (5, 3), dtype=np.uint64)
    words[0] = 0
    words[1] = 2**64 - 1
    np.testing.assert_array_equal(count_bits_by_table(words), count_bits(words))
    assert count_bits_by_table(words)[1, 0] == 64


def test_a_distance_above_255_is_counted() -> None:
    a, b = np.zeros((1, 512), dtype=np.uint8), np.ones((1, 512), dtype=np.uint8)
    assert distances(pack(a), pack(b))[0, 0] == 512
