"""What the student is asked for: the teacher's maps, and every object apart from all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

_REDUNDANCY = 0.05
"""Weight of the correlation between components, against that of a component with itself."""


class MapDistillation(nn.Module):
    """Squared error between a student's map and the teacher's, in units of the teacher's spread.

    Dividing by each channel's deviation counts quiet channels as much as loud ones, as the
    whitening before the comparison of two photos does.
    """

    def __init__(self, deviation: Tensor) -> None:
        super().__init__()
        # A channel that hardly ever fires would otherwise drown the rest.
        floor = 0.2 * deviation.median().item()
        self.register_buffer("scale", 1 / deviation.clamp(min=floor).view(1, -1, 1, 1))

    def forward(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Two (N, C, H, W) maps of the same views -> a scalar, 1 for an uninformed student."""
        return ((student.float() - teacher.float()) * self.scale).square().mean()


def contrast(
    first: Tensor, second: Tensor, objects: Tensor, temperature: float, queue: Queue | None = None
) -> Tensor:
    """InfoNCE (van den Oord et al., arXiv 1807.03748), both ways: row i of each belongs together.

    Two (N, K) float32 matrices of unit rows, and the (N,) numbers of their objects -> a scalar,
    about log N for unrelated rows. Other rows of the same object are no impostors; those of
    ``queue`` are further ones.
    """
    losses = []
    for one, other in ((first, second), (second, first)):
        cosines, numbers = one @ other.T, objects
        if queue is not None:
            cosines = torch.cat([cosines, one @ queue.embeddings.T], dim=1)
            numbers = torch.cat([objects, queue.objects])
        own = torch.arange(len(one))
        same = objects[:, None] == numbers[None]
        same[own, own] = False
        logits = (cosines / temperature).masked_fill(same, float("-inf"))
        losses.append(functional.cross_entropy(logits, own))
    return (losses[0] + losses[1]) / 2


def grid_contrast(
    embeddings: Tensor, objects: Tensor, backgrounds: Tensor, temperature: float
) -> Tensor:
    """InfoNCE that no background can answer; unit rows (N, K), numbers (N,) and (N,) -> a scalar.

    What belongs together shares the object and not the background; every view of another object
    is an impostor, and those on the same background are the ones that the shortcut takes for it.
    A view of the same object on the same background is neither.
    """
    cosines = embeddings @ embeddings.T / temperature
    same = objects[:, None] == objects[None]
    together = same & (backgrounds[:, None] != backgrounds[None])
    impostors = cosines.masked_fill(same, float("-inf")).logsumexp(dim=1, keepdim=True)
    losses = functional.softplus(impostors - cosines)
    return losses[together].mean()


@dataclass(frozen=True)
class Queue:
    """The latest embeddings (M, K) and the numbers (M,) of their objects (arXiv 1912.06798)."""

    embeddings: Tensor
    objects: Tensor

    def push(self, embeddings: Tensor, objects: Tensor, size: int) -> Queue:
        """The newest ``size`` rows."""
        return Queue(
            torch.cat([embeddings.detach(), self.embeddings])[:size],
            torch.cat([objects, self.objects])[:size],
        )


def decorrelation(first: Tensor, second: Tensor) -> Tensor:
    """Redundancy between components (Barlow Twins, arXiv 2103.03230); two (N, K) -> a scalar.

    The mean square of the cross-correlation's off-diagonal entries, times K: bits are cut from
    whitened components, so that weak or repeated ones would be bits of noise.
    """

    def standard(rows: Tensor) -> Tensor:
        return (rows - rows.mean(dim=0)) / rows.std(dim=0).clamp(min=1e-4)

    cross = standard(first).T @ standard(second) / len(first)
    own = (1 - cross.diagonal()).square().mean()
    apart = cross.square().sum() - cross.diagonal().square().sum()
    # Unrelated components still correlate by chance, about 1 / N in the square.
    count = len(cross)
    return own + (apart / (count * (count - 1)) - 1 / len(first)) * _REDUNDANCY * count


def linear(matrix: np.ndarray, bias: np.ndarray) -> nn.Linear:
    """``x @ matrix + bias`` as a float32 layer; ``matrix`` (C, K), ``bias`` (K,)."""
    layer = nn.Linear(*matrix.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(matrix.T))
        layer.bias.copy_(torch.from_numpy(bias))
    return layer
