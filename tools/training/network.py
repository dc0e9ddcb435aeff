"""The Inception v3 graph walked in PyTorch, at whatever width the layer file has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.conversion.inception_v3 import INPUT, NODES, Concat, Conv, Node, Pool

Layers = dict[str, np.ndarray]
"""A layer file in memory: ``NAME/weights`` HWIO and ``NAME/bias``, float32."""

MIXED_8, MIXED_10 = "mixed_8", "mixed_10"
_SPLIT = [node.name for node in NODES].index(MIXED_8) + 1
TRUNK: tuple[Node, ...] = NODES[:_SPLIT]
"""From the stem to ``mixed_8``: what the teacher knows in full."""
HEAD: tuple[Node, ...] = NODES[_SPLIT:]
"""``mixed_9`` and ``mixed_10``."""


def convolutions(nodes: Iterable[Node]) -> list[Conv]:
    """The convolutions among ``nodes``, in order."""
    return [node for node in nodes if isinstance(node, Conv)]


def padding(node: Conv) -> tuple[int, int]:
    """Rows and columns of zeros on each side; every padded kernel of the graph is odd."""
    return (node.kernel[0] // 2, node.kernel[1] // 2) if node.same else (0, 0)


def pool(node: Pool, features: Tensor) -> Tensor:
    """3x3 pooling of an (N, C, H, W) map; averages leave the padding out."""
    pad = 1 if node.same else 0
    if node.kind == "max":
        return functional.max_pool2d(features, 3, node.stride, pad)
    return functional.avg_pool2d(features, 3, node.stride, pad, count_include_pad=False)


class Inception(nn.Module):
    """Inception v3, or the part made of ``nodes``, with channel counts from a layer file.

    Pixels are (N, 3, H, W) float, RGB in [-1, 1]; maps are (N, C, h, w) and non-negative.
    """

    def __init__(self, layers: Mapping[str, np.ndarray], nodes: Iterable[Node] = NODES) -> None:
        super().__init__()
        self.convs = nn.ModuleDict()
        for node in convolutions(nodes):
            weights = torch.from_numpy(layers[f"{node.name}/weights"]).permute(3, 2, 0, 1)
            conv = nn.Conv2d(
                weights.shape[1], weights.shape[0], node.kernel, node.stride, padding(node)
            )
            conv.weight = nn.Parameter(weights.contiguous(memory_format=torch.channels_last))
            conv.bias = nn.Parameter(torch.from_numpy(layers[f"{node.name}/bias"]).clone())
            self.convs[node.name] = conv
        self.quantised = False

    def trunk(self, pixels: Tensor) -> Tensor:
        """Pixels -> the ``mixed_8`` map."""
        return self._walk(TRUNK, {INPUT: pixels})

    def head(self, mixed_8: Tensor) -> Tensor:
        """The ``mixed_8`` map -> the ``mixed_10`` map."""
        return self._walk(HEAD, {MIXED_8: mixed_8})

    def part(self, nodes: tuple[Node, ...], features: Tensor) -> Tensor:
        """The map of the last of ``nodes``, from the one map that all of them start at."""
        first = nodes[0]
        assert not isinstance(first, Concat)
        return self._walk(nodes, {first.source: features})

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels -> the ``mixed_8`` and ``mixed_10`` maps."""
        mixed_8 = self.trunk(pixels)
        return mixed_8, self.head(mixed_8)

    @torch.no_grad()
    def revive(self, mixed_8: Tensor, rng: torch.Generator) -> int:
        """Draw the head's channels anew that never fire on some (N, C, h, w); returns how many.

        What follows a teacher's missing convolution is reconstructed from noise, and half of it
        never fires: such channels get no gradient either.
        """
        maps, revived = {MIXED_8: mixed_8}, 0
        for node in HEAD:
            if isinstance(node, Conv):
                conv = self.convs[node.name]
                silent = conv(maps[node.source]).amax(dim=(0, 2, 3)) <= 0
                deviation = math.sqrt(2 / conv.weight[0].numel())
                fresh = torch.randn(conv.weight.shape, generator=rng) * deviation
                conv.weight[silent], conv.bias[silent] = fresh[silent], 0.0
                revived += int(silent.sum())
            maps[node.name] = self._walk((node,), maps)
        return revived

    def layers(self) -> Layers:
        """The weights as a layer file's content."""
        layers: Layers = {}
        for name, conv in self.convs.items():
            weights = conv.weight.detach().permute(2, 3, 1, 0)
            layers[f"{name}/weights"] = weights.contiguous().numpy().copy()
            layers[f"{name}/bias"] = conv.bias.detach().numpy().copy()
        return layers

    def _walk(self, nodes: tuple[Node, ...], maps: dict[str, Tensor]) -> Tensor:
        for node in nodes:
            if isinstance(node, Concat):
                maps[node.name] = torch.cat([maps[source] for source in node.sources], dim=1)
            elif isinstance(node, Pool):
                maps[node.name] = pool(node, maps[node.source])
            else:
                maps[node.name] = self._convolve(self.convs[node.name], maps[node.source])
        return maps[nodes[-1].name]

    def _convolve(self, conv: nn.Conv2d, features: Tensor) -> Tensor:
        if not self.quantised:
            return functional.relu(conv(features))
        weight = _int8_weights(conv.weight)
        convolved = functional.conv2d(features, weight, conv.bias, conv.stride, conv.padding)
        return _int8_map(functional.relu(convolved))


def _int8_weights(weight: Tensor) -> Tensor:
    """Weights (O, I, H, W) rounded as TFLite does: int8, symmetric, a scale for each output."""
    scale = weight.detach().abs().amax(dim=(1, 2, 3)).clamp(min=1e-8) / 127
    zero = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -127, 127)


def _int8_map(features: Tensor) -> Tensor:
    """A non-negative map in 256 steps up to its maximum."""
    scale = features.detach().float().amax().clamp(min=1e-6).item() / 255
    return torch.fake_quantize_per_tensor_affine(features.float(), scale, 0, 0, 255)


def global_mean(features: Tensor) -> Tensor:
    """Mean over space of an (N, C, H, W) map: (N, C) float32."""
    return features.float().mean(dim=(2, 3))
