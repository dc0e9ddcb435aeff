"""The Inception v3 graph as data, shared by training (PyTorch) and conversion (Keras).

Source: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision"
(arXiv 1512.00567), with the node names of the 2015 ImageNet release.
Every convolution carries a bias (batch normalisation folded in) and is followed by ReLU. Channel
counts are read from the weights (``layer_files.py``), so one graph serves every width.
"""

from __future__ import annotations

from dataclasses import dataclass

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

_ONE, _THREE, _FIVE = (1, 1), (3, 3), (5, 5)
_ROW_7, _COLUMN_7 = (1, 7), (7, 1)
_ROW_3, _COLUMN_3 = (1, 3), (3, 1)


def _chain(
    block: str, tower: str, source: str, steps: list[tuple[tuple[int, int], int]]
) -> list[Node]:
    """Convolutions of one tower, each reading the one before."""
    nodes: list[Node] = []
    for index, (kernel, filters) in enumerate(steps):
        name = f"{block}_{tower}_conv" + (f"_{index}" if index else "")
        nodes.append(Conv(name, source, kernel, filters))
        source = name
    return nodes


def _valid_stride_2(node: Node) -> Node:
    assert isinstance(node, Conv)
    return Conv(node.name, node.source, node.kernel, node.filters, stride=2, same=False)


def _block_35(block: str, source: str, pool_filters: int) -> list[Node]:
    tower = _chain(block, "tower", source, [(_ONE, 48), (_FIVE, 64)])
    tower_1 = _chain(block, "tower_1", source, [(_ONE, 64), (_THREE, 96), (_THREE, 96)])
    return [
        Conv(f"{block}_conv", source, _ONE, 64),
        *tower,
        *tower_1,
        Pool(f"{block}/tower_2/pool", source, "avg"),
        Conv(f"{block}_tower_2_conv", f"{block}/tower_2/pool", _ONE, pool_filters),
        Concat(block, (f"{block}_conv", tower[-1].name, tower_1[-1].name, f"{block}_tower_2_conv")),
    ]


def _block_17(block: str, source: str, inner: int) -> list[Node]:
    tower = _chain(block, "tower", source, [(_ONE, inner), (_ROW_7, inner), (_COLUMN_7, 192)])
    tower_1 = _chain(
        block,
        "tower_1",
        source,
        [(_ONE, inner), (_COLUMN_7, inner), (_ROW_7, inner), (_COLUMN_7, inner), (_ROW_7, 192)],
    )
    return [
        Conv(f"{block}_conv", source, _ONE, 192),
        *tower,
        *tower_1,
        Pool(f"{block}/tower_2/pool", source, "avg"),
        Conv(f"{block}_tower_2_conv", f"{block}/tower_2/pool", _ONE, 192),
        Concat(block, (f"{block}_conv", tower[-1].name, tower_1[-1].name, f"{block}_tower_2_conv")),
    ]


def _block_8(block: str, source: str, pool: str) -> list[Node]:
    nodes: list[Node] = [Conv(f"{block}_conv", source, _ONE, 320)]
    tower = _chain(block, "tower", source, [(_ONE, 384)])
    tower_1 = _chain(block, "tower_1", source, [(_ONE, 448), (_THREE, 384)])
    nodes += [*tower, *tower_1]
    split: list[Node] = []
    for name, end in (("tower", tower[-1].name), ("tower_1", tower_1[-1].name)):
        split.append(Conv(f"{block}_{name}_mixed_conv", end, _ROW_3, 384))
        split.append(Conv(f"{block}_{name}_mixed_conv_1", end, _COLUMN_3, 384))
    pooled = f"{block}/tower_2/pool"
    return [
        *nodes,
        *split,
        Pool(pooled, source, pool),
        Conv(f"{block}_tower_2_conv", pooled, _ONE, 192),
        Concat(block, (f"{block}_conv", *(n.name for n in split), f"{block}_tower_2_conv")),
    ]


def _mixed_3() -> list[Node]:
    tower = _chain("mixed_3", "tower", "mixed_2", [(_ONE, 64), (_THREE, 96), (_THREE, 96)])
    tower[-1] = _valid_stride_2(tower[-1])
    return [
        Conv("mixed_3_conv", "mixed_2", _THREE, 384, stride=2, same=False),
        *tower,
        Pool("mixed_3/pool", "mixed_2", "max", stride=2, same=False),
        Concat("mixed_3", ("mixed_3_conv", tower[-1].name, "mixed_3/pool")),
    ]


def _mixed_8() -> list[Node]:
    tower = _chain("mixed_8", "tower", "mixed_7", [(_ONE, 192), (_THREE, 320)])
    tower_1 = _chain(
        "mixed_8",
        "tower_1",
        "mixed_7",
        [(_ONE, 192), (_ROW_7, 192), (_COLUMN_7, 192), (_THREE, 192)],
    )
    tower[-1] = _valid_stride_2(tower[-1])
    tower_1[-1] = _valid_stride_2(tower_1[-1])
    return [
        *tower,
        *tower_1,
        Pool(MIXED_8_POOL, "mixed_7", "max", stride=2, same=False),
        Concat("mixed_8", (tower[-1].name, tower_1[-1].name, MIXED_8_POOL)),
    ]


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
        *_mixed_3(),
        *_block_17("mixed_4", "mixed_3", 128),
        *_block_17("mixed_5", "mixed_4", 160),
        *_block_17("mixed_6", "mixed_5", 160),
        *_block_17("mixed_7", "mixed_6", 192),
        *_mixed_8(),
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
