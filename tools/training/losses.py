"""What the student is asked for: the teacher's maps, and every object apart from all others."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


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


def contrast(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """InfoNCE (van den Oord et al., arXiv 1807.03748), both ways: row i of each belongs together.

    Two (N, K) float32 matrices of unit rows -> a scalar, about log N for unrelated rows.
    """
    cosines = first @ second.T / temperature
    own = torch.arange(len(first))
    return (functional.cross_entropy(cosines, own) + functional.cross_entropy(cosines.T, own)) / 2


def least_squares(inputs: np.ndarray, targets: np.ndarray, ridge: float) -> nn.Linear:
    """The linear layer that best takes (N, C) to (N, K); ``ridge`` as a share of the variance."""
    mean_in, mean_out = inputs.mean(axis=0), targets.mean(axis=0)
    centred = inputs - mean_in
    gram = centred.T @ centred
    gram += ridge * np.trace(gram) / len(gram) * np.eye(len(gram))
    matrix = np.linalg.solve(gram, centred.T @ (targets - mean_out))
    return linear(matrix, mean_out - mean_in @ matrix)


def linear(matrix: np.ndarray, bias: np.ndarray) -> nn.Linear:
    """``x @ matrix + bias`` as a float32 layer; ``matrix`` (C, K), ``bias`` (K,)."""
    layer = nn.Linear(*matrix.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(matrix.T))
        layer.bias.copy_(torch.from_numpy(bias))
    return layer
