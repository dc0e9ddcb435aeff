from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest

from ailock_sdk.sketch.candidates import (
    CANDIDATES_PER_SET,
    SETS,
    information_sets,
    rank_vectors,
)


@pytest.mark.parametrize(("blocks", "symbols"), [(1, 16), (2, 256), (3, 8), (5, 8)])
def test_all_vectors_where_they_are_few(blocks: int, symbols: int) -> None:
    found = set(map(tuple, rank_vectors(blocks, symbols).T.tolist()))
    assert found == set(product(range(symbols), repeat=blocks))


@pytest.mark.parametrize(("blocks", "symbols"), [(3, 64), (4, 32), (10, 128)])
def test_least_products_where_they_are_many(blocks: int, symbols: int) -> None:
    found = list(map(tuple, rank_vectors(blocks, symbols).T.tolist()))
    assert len(set(found)) == len(found) == CANDIDATES_PER_SET
    products = [prod(rank + 1 for rank in vector) for vector in found]
    assert products == sorted(products)
    assert found[0] == (0,) * blocks
    if symbols**blocks <= 2**20:
        grid = np.indices((symbols,) * blocks).reshape(blocks, -1) + 1
        assert products == np.sort(grid.prod(axis=0))[:CANDIDATES_PER_SET].tolist()


@pytest.mark.parametrize(("blocks", "size"), [(1, 1), (4, 3), (4, 4), (8, 4), (8, 7), (40, 10)])
def test_information_sets(blocks: int, size: int) -> None:
    sets = information_sets(blocks, size)
    assert 1 <= len(sets) <= SETS
    assert sets[0] == list(range(size))  # the most reliable blocks first
    assert len(set(map(tuple, sets))) == len(sets)
    for chosen in sets:
        assert len(chosen) == size
        assert chosen == sorted(set(chosen))
        assert max(chosen) < blocks
