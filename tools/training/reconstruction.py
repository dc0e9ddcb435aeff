"""A narrow network that imitates a wide one, by least squares instead of training.

Channel pruning with layer-by-layer reconstruction (after He, Zhang, Sun: "Channel Pruning for
Accelerating Very Deep Neural Networks", arXiv 1707.06168). In topological order every convolution
keeps the output channels that vary most, and its weights are solved so that the *student's own*
inputs give the *teacher's* pre-activations: each layer also repairs the errors made before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from tools.conversion.inception_v3 import INPUT, NODES, Concat, Conv, Node, Pool
from tools.training.network import Layers, padding, pool

RIDGE = 1e-3
"""Pull towards the teacher's own weights, as a share of the mean input variance."""
CHANNEL_MULTIPLE = 8
"""Kept channel counts are multiples of this: XNNPACK's tile."""
_BATCH = 32
_PARTS = ("weights", "bias")


def kept_count(filters: int, width: float) -> int:
    """Channels kept of ``filters``: the multiple of 8 nearest to the width's share."""
    multiples = max(1, round(filters * width / CHANNEL_MULTIPLE))
    return min(filters, multiples * CHANNEL_MULTIPLE)


def complete(layers: Mapping[str, np.ndarray], seed: int) -> tuple[Layers, list[str]]:
    """Fill in weights that a teacher lacks with He's initialisation, seeded.

    Returns the whole layer file's content and the names of the convolutions that were filled.
    Random features of a good map still carry it, so that what reads them stays meaningful.
    """
    completed, filled = dict(layers), []
    channels = {INPUT: 3}
    generator = np.random.default_rng(seed)
    for node in NODES:
        if isinstance(node, Concat):
            channels[node.name] = sum(channels[source] for source in node.sources)
        elif isinstance(node, Conv):
            channels[node.name] = completed[f"{node.name}/bias"].shape[0]
            if f"{node.name}/weights" not in completed:
                shape = (*node.kernel, channels[node.source], channels[node.name])
                scale = np.sqrt(2 / np.prod(shape[:3]))
                weights = generator.standard_normal(shape, dtype=np.float32) * np.float32(scale)
                completed[f"{node.name}/weights"] = weights
                filled.append(node.name)
        else:
            channels[node.name] = channels[node.source]
    return completed, filled


@dataclass(frozen=True)
class Maps:
    """Feature maps by node name, (N, C, H, W) float32: the teacher's and the student's.

    ``kept`` says which of the teacher's channels the student's imitate.
    """

    wide: dict[str, Tensor]
    narrow: dict[str, Tensor]
    kept: dict[str, Tensor]

    def forget_unread(self, last: Node, later: Sequence[Node]) -> None:
        """Drop all but ``last`` and what ``later`` reads: all would not fit in memory."""
        read = {last.name}
        for node in later:
            read.update(node.sources if isinstance(node, Concat) else (node.source,))
        for maps in (self.wide, self.narrow):
            for name in maps.keys() - read:
                del maps[name]


@torch.no_grad()
def reconstruct(
    nodes: Sequence[Node],
    teacher: Mapping[str, np.ndarray],
    maps: Maps,
    width: float,
    samples: int,
    seed: int,
) -> Layers:
    """Solve the convolutions among ``nodes`` at a share ``width`` of their channels.

    ``teacher`` is a complete layer file; ``maps`` holds what the first nodes read, and in the end
    the last node's maps and what was kept of every node; ``samples`` is the number of positions,
    over all photos, in each least-squares problem.
    """
    rng = torch.Generator().manual_seed(seed)
    layers: Layers = {}
    for index, node in enumerate(tqdm(nodes, "reconstruct", unit="node", disable=None)):
        if isinstance(node, Conv):
            layers |= _imitate(node, teacher, maps, width, samples, rng)
        elif isinstance(node, Pool):
            maps.kept[node.name] = maps.kept[node.source]
            for features in (maps.wide, maps.narrow):
                features[node.name] = pool(node, features[node.source])
        else:
            maps.kept[node.name] = _kept_of_all(node, maps)
            for features in (maps.wide, maps.narrow):
                features[node.name] = torch.cat([features[s] for s in node.sources], dim=1)
        maps.forget_unread(node, nodes[index + 1 :])
    return layers


def _imitate(
    node: Conv,
    teacher: Mapping[str, np.ndarray],
    maps: Maps,
    width: float,
    samples: int,
    rng: torch.Generator,
) -> Layers:
    """Choose a convolution's channels, solve its weights, and run it for both networks."""
    weights, bias = (torch.from_numpy(teacher[f"{node.name}/{part}"]) for part in _PARTS)
    target = _convolve(node, maps.wide[node.source], weights, bias)
    chosen = _most_varying(target, kept_count(target.shape[1], width))
    start = weights[:, :, maps.kept[node.source]][..., chosen]
    inputs = maps.narrow[node.source]
    solved = _solve(node, inputs, target[:, chosen], start, samples, rng)
    maps.kept[node.name] = chosen
    maps.wide[node.name] = target.relu_()
    maps.narrow[node.name] = _convolve(node, inputs, *solved).relu_()
    return {f"{node.name}/{part}": s.numpy() for part, s in zip(_PARTS, solved, strict=True)}


def _kept_of_all(node: Concat, maps: Maps) -> Tensor:
    """Kept channels of a concatenation, counted in the teacher's concatenation."""
    kept, offset = [], 0
    for source in node.sources:
        kept.append(maps.kept[source] + offset)
        offset += maps.wide[source].shape[1]
    return torch.cat(kept)


def _convolve(node: Conv, features: Tensor, weights: Tensor, bias: Tensor) -> Tensor:
    """Pre-activations of an HWIO convolution, in batches to bound memory."""
    kernel = weights.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
    parts = [
        functional.conv2d(batch, kernel, bias, node.stride, padding(node))
        for batch in features.split(_BATCH)
    ]
    return torch.cat(parts)


def _most_varying(target: Tensor, count: int) -> Tensor:
    """Indices, ascending, of the channels with the largest deviation after ReLU."""
    deviation = target.relu().permute(1, 0, 2, 3).flatten(1).std(dim=1)
    return deviation.topk(count).indices.sort().values


def _solve(
    node: Conv, features: Tensor, target: Tensor, start: Tensor, samples: int, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Weights (HWIO) and bias taking ``features`` to ``target`` in the least-squares sense.

    Ridge towards ``start``, the teacher's weights between kept channels: where there are too few
    samples to know better the teacher decides, and a network of full width stays as it is.
    """
    inputs, outputs = _sample(node, features, target, samples, rng)
    input_mean, output_mean = inputs.mean(dim=0), outputs.mean(dim=0)
    inputs = inputs - input_mean
    flat = start.reshape(-1, start.shape[-1])
    residual = outputs - output_mean - inputs @ flat
    gram = inputs.T @ inputs
    gram.diagonal().add_(RIDGE * gram.diagonal().mean() + torch.finfo(gram.dtype).tiny)
    solution = flat + torch.linalg.solve(gram.double(), (inputs.T @ residual).double()).float()
    return solution.reshape(start.shape), output_mean - input_mean @ solution


def _sample(
    node: Conv, features: Tensor, target: Tensor, samples: int, rng: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Random positions: input patches (S, kh*kw*C) in HWI order and pre-activations (S, K)."""
    count, _, height, width = target.shape
    each = min(height * width, -(-samples // count))
    scores = torch.rand(count, height * width, generator=rng)
    cell = scores.topk(each, dim=1).indices.flatten()
    photo = torch.arange(count).repeat_interleave(each)
    row, column = cell // width, cell % width
    rows, columns = padding(node)
    padded = functional.pad(features, (columns, columns, rows, rows)).permute(0, 2, 3, 1)
    patches = [
        padded[photo, row * node.stride + i, column * node.stride + j]
        for i in range(node.kernel[0])
        for j in range(node.kernel[1])
    ]
    return torch.cat(patches, dim=1), target.permute(0, 2, 3, 1)[photo, row, column]
