"""The Inception v3 graph as data, shared by training (PyTorch) and conversion (Keras).

Source: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision"
(arXiv 1512.00567), with the node names of the 2015 ImageNet release.
Every convolution carries a bias (batch normalisation folded in) and is followed by ReLU. Channel
counts are read from the weights (``layer_files.py``), so one graph serves every width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

INPUT = "input"
POOL_3 = "pool_3"
"""Global average of ``mixed_10``: ai.lock's "last hidden layer"."""
MIXED_8_POOL = "mixed_8/pool"
"""Max pooling (3x3, stride 2) of ``mixed_7``: ai.lock's second layer."""


@dataclass(frozen=True)
class Conv:
    """A convolution with bias and ReLU; ``filters`` is the count at full width."""

    name: str
    source: str
    kernel: tuple[int, int]
    filters: int
    stride: int = 1
    same: bool = True

    @property
    def sources(self) -> tuple[str, ...]:
        """What it reads, as of a :class:`Concat`."""
        return (self.source,)


@dataclass(frozen=True)
class Pool:
    """A 3x3 pool; ``kind`` is ``"max"`` or ``"avg"``, averages do not count padding."""

    name: str
    source: str
    kind: str
    stride: int = 1
    same: bool = True

    @property
    def sources(self) -> tuple[str, ...]:
        """What it reads, as of a :class:`Concat`."""
        return (self.source,)


@dataclass(frozen=True)
class Concat:
    """Channels of several nodes, in order."""

    name: str
    sources: tuple[str, ...]


Node = Conv | Pool | Concat

Steps = Sequence[tuple[tuple[int, int], int]]
"""Kernels and filters of convolutions, each reading the one before."""
_ONE, _THREE, _FIVE = (1, 1), (3, 3), (5, 5)
_ROW_7, _COLUMN_7 = (1, 7), (7, 1)
_ROW_3, _COLUMN_3 = (1, 3), (3, 1)


def _chain(block: str, tower: str, source: str, steps: Steps, halve: bool = False) -> list[Conv]:
    """The convolutions of one tower, or of none (``""``); the last may halve the resolution."""
    first = f"{block}_{tower}_conv" if tower else f"{block}_conv"
    nodes: list[Conv] = []
    for index, (kernel, filters) in enumerate(steps):
        name = f"{first}_{index}" if index else first
        nodes.append(Conv(name, source, kernel, filters))
        source = name
    if halve:
        nodes[-1] = replace(nodes[-1], stride=2, same=False)
    return nodes


def _block(block: str, source: str, towers: Mapping[str, Steps], pool_filters: int) -> list[Node]:
    """Towers side by side, and an average whose channels are mixed."""
    chains = [_chain(block, tower, source, steps) for tower, steps in towers.items()]
    pool = Pool(f"{block}/tower_2/pool", source, "avg")
    mixed = Conv(f"{block}_tower_2_conv", pool.name, _ONE, pool_filters)
    ends = (chain[-1].name for chain in chains)
    return [
        *(node for chain in chains for node in chain),
        pool,
        mixed,
        Concat(block, (*ends, mixed.name)),
    ]


def _reduction(block: str, source: str, towers: Mapping[str, Steps]) -> list[Node]:
    """Towers that end in half the resolution, and a maximum of the same."""
    chains = [_chain(block, tower, source, steps, halve=True) for tower, steps in towers.items()]
    pool = Pool(f"{block}/pool", source, "max", stride=2, same=False)
    ends = (chain[-1].name for chain in chains)
    return [*(node for chain in chains for node in chain), pool, Concat(block, (*ends, pool.name))]


def _block_35(block: str, source: str, pool_filters: int) -> list[Node]:
    towers: dict[str, Steps] = {
        "": [(_ONE, 64)],
        "tower": [(_ONE, 48), (_FIVE, 64)],
        "tower_1": [(_ONE, 64), (_THREE, 96), (_THREE, 96)],
    }
    return _block(block, source, towers, pool_filters)


def _block_17(block: str, source: str, inner: int) -> list[Node]:
    there_and_back = [(_COLUMN_7, inner), (_ROW_7, inner), (_COLUMN_7, inner)]
    towers: dict[str, Steps] = {
        "": [(_ONE, 192)],
        "tower": [(_ONE, inner), (_ROW_7, inner), (_COLUMN_7, 192)],
        "tower_1": [(_ONE, inner), *there_and_back, (_ROW_7, 192)],
    }
    return _block(block, source, towers, 192)


def _block_8(block: str, source: str, pool: str) -> list[Node]:
    """Two towers end in a row and a column each, side by side."""
    alone = _chain(block, "", source, [(_ONE, 320)])
    tower = _chain(block, "tower", source, [(_ONE, 384)])
    tower_1 = _chain(block, "tower_1", source, [(_ONE, 448), (_THREE, 384)])
    split = [
        Conv(f"{block}_{name}_mixed_conv{suffix}", end.name, kernel, 384)
        for name, end in (("tower", tower[-1]), ("tower_1", tower_1[-1]))
        for suffix, kernel in (("", _ROW_3), ("_1", _COLUMN_3))
    ]
    pooled = Pool(f"{block}/tower_2/pool", source, pool)
    mixed = Conv(f"{block}_tower_2_conv", pooled.name, _ONE, 192)
    ends = (alone[-1].name, *(node.name for node in split), mixed.name)
    return [*alone, *tower, *tower_1, *split, pooled, mixed, Concat(block, ends)]


def _graph(last_pool: str) -> tuple[Node, ...]:
    """Every node in topological order, from the stem to ``mixed_10``."""
    return (
        Conv("conv", INPUT, _THREE, 32, stride=2, same=False),
        Conv("conv_1", "conv", _THREE, 32, same=False),
        Conv("conv_2", "conv_1", _THREE, 64),
        Pool("pool", "conv_2", "max", stride=2, same=False),
        Conv("conv_3", "pool", _ONE, 80),
        Conv("conv_4", "conv_3", _THREE, 192, same=False),
        Pool("pool_1", "conv_4", "max", stride=2, same=False),
        *_block_35("mixed", "pool_1", 32),
        *_block_35("mixed_1", "mixed", 64),
        *_block_35("mixed_2", "mixed_1", 64),
        *_reduction(
            "mixed_3",
            "mixed_2",
            {"": [(_THREE, 384)], "tower": [(_ONE, 64), (_THREE, 96), (_THREE, 96)]},
        ),
        *_block_17("mixed_4", "mixed_3", 128),
        *_block_17("mixed_5", "mixed_4", 160),
        *_block_17("mixed_6", "mixed_5", 160),
        *_block_17("mixed_7", "mixed_6", 192),
        *_reduction(
            "mixed_8",
            "mixed_7",
            {
                "tower": [(_ONE, 192), (_THREE, 320)],
                "tower_1": [(_ONE, 192), (_ROW_7, 192), (_COLUMN_7, 192), (_THREE, 192)],
            },
        ),
        *_block_8("mixed_9", "mixed_8", "avg"),
        *_block_8("mixed_10", "mixed_9", last_pool),
    )


NODES = _graph(last_pool="max")
"""The graph of the 2015 release, in topological order; ``mixed_10`` pools the maximum."""
KERAS_NODES = _graph(last_pool="avg")
"""The same graph as Keras trained it: all that differs is that ``mixed_10`` pools the mean."""
LAST_MAP = NODES[-1].name
"""The feature map whose mean is ``pool_3``."""


def output_name(node: str) -> str:
    """The node's name in a TFLite signature, where ``/`` is not allowed."""
    return node.replace("/", "_")
