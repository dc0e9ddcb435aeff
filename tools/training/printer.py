"""Pixels to margins in PyTorch, cut in two: the blocks that keep their weights, and the others."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.conversion.inception_v3 import Concat
from tools.training.network import TRUNK, Inception, global_mean
from tools.training.starts import Student

FIRST_BLOCK = "mixed"


class Printer(nn.Module):
    """A trunk, the mean of its ``mixed_8`` over space or the root of it, and a projection.

    Parameters
    ----------
    student : with a projection
    freeze_through : the last block that keeps its weights
    """

    def __init__(self, student: Student, freeze_through: str = FIRST_BLOCK) -> None:
        super().__init__()
        if student.weight is None or student.bias is None:
            raise ValueError("a printer needs a projection")
        split = [node.name for node in TRUNK].index(freeze_through) + 1
        if not isinstance(TRUNK[split - 1], Concat):
            raise ValueError(f"{freeze_through} is no block: later nodes read more than it")
        self._frozen, self._free = TRUNK[:split], TRUNK[split:]
        self.network, self._offset = Inception(student.layers, TRUNK), student.offset
        names = {node.name for node in self._free}
        for name, conv in self.network.convs.items():
            conv.requires_grad_(name in names)
        self.project = nn.Linear(student.weight.shape[1], student.weight.shape[0])
        with torch.no_grad():
            self.project.weight.copy_(torch.from_numpy(student.weight))
            self.project.bias.copy_(torch.from_numpy(student.bias))

    @torch.no_grad()
    def frozen(self, pixels: Tensor) -> Tensor:
        """Pixels (N, 3, S, S) in [-1, 1] -> the last frozen block's map, bfloat16."""
        with torch.autocast(pixels.device.type, torch.bfloat16):
            return self.network.part(self._frozen, pixels).bfloat16()

    def free(self, maps: Tensor) -> Tensor:
        """The last frozen block's map -> ``mixed_8``."""
        with torch.autocast(maps.device.type, torch.bfloat16):
            return self.network.part(self._free, maps)

    def pooled(self, mixed_8: Tensor) -> Tensor:
        """A ``mixed_8`` map -> what is projected (N, C) float32 (SPEC section 2)."""
        mean = global_mean(mixed_8)
        return mean if self._offset is None else (mean + self._offset).sqrt()

    def forward(self, maps: Tensor) -> Tensor:
        """The last frozen block's map -> margins (N, K) float32."""
        margins: Tensor = self.project(self.pooled(self.free(maps)))
        return margins

    def student(self) -> Student:
        """Its weights, as a run may start from them."""
        weight, bias = (p.detach().cpu().numpy().copy() for p in self.project.parameters())
        return Student(self.network.layers(), weight, bias, self._offset)


def bent(margins: Tensor) -> Tensor:
    """Rows of margins (N, K) between themselves and their signs, to unit length."""
    return functional.normalize(margins / (1 + margins.square()).sqrt(), dim=1)
