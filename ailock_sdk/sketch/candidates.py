"""Which codewords the decoder tries: ranks within blocks, and sets of blocks.

Neither depends on what is received, so both are worked out once for a code.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

ALL_MESSAGES_MAX = 2**16
"""Up to this many messages, every one is tried: maximum likelihood."""
CANDIDATES_PER_SET = 2**13
SETS = 8
SPARE_BLOCKS = 3
"""Of the k + 3 most reliable blocks, up to three may be wrong beyond their list of candidates."""


@lru_cache(maxsize=64)
def rank_vectors(blocks: int, symbols: int) -> npt.NDArray[np.intp]:
    """The vectors of ranks to try in blocks of ``symbols`` symbols, shape (blocks, count).

    One vector a column, 0 for a block's likeliest symbol; read-only.

    The log-likelihood that a block loses by taking its r-th best of many noisy symbols grows about
    like log r, so what a vector loses in all grows like the logarithm of the product of its ranks:
    the vectors with the least product come first, and as many as the budget allows are kept.
    """
    total = symbols**blocks
    limit = total if total <= ALL_MESSAGES_MAX else CANDIDATES_PER_SET
    ranks = np.zeros((0, 1), dtype=np.intp)
    products = np.ones(1, dtype=np.intp)
    for _ in range(blocks):
        # Kept vectors are sorted by product. The i-th (from 1) with rank r (from 1) has i * r - 1
        # vectors that are no worse, the pairs (i', r') <= (i, r): only i <= limit / r can matter.
        useful = np.minimum(limit // np.arange(1, symbols + 1), len(products))  # per rank
        keep = np.concatenate([np.arange(count) for count in useful])
        rank = np.repeat(np.arange(symbols), useful)
        grown = products[keep] * (rank + 1)
        first = np.argsort(grown, kind="stable")[:limit]
        ranks = np.vstack((ranks[:, keep[first]], rank[first]))
        products = grown[first]
    ranks = np.ascontiguousarray(ranks)  # a block's ranks are read together
    ranks.flags.writeable = False
    return ranks


def information_sets(blocks: int, size: int) -> list[list[int]]:
    """Sets of ``size`` blocks to trust, as places in the order of reliability, best sets first.

    Sets are what remains of the ``size + 3`` most reliable blocks when up to three of the less
    reliable ones are left out.
    """
    spare = min(SPARE_BLOCKS, blocks - size)
    pool = size + spare
    omissible = range(max(0, pool - 2 * spare), pool)
    omitted = sorted(combinations(omissible, spare), key=sum, reverse=True)[:SETS]
    return [[place for place in range(pool) if place not in left_out] for left_out in omitted]
