"""The triplet loss with semi-hard negatives (FaceNet, section 3)."""

from __future__ import annotations

import torch
from torch import Tensor


def triplet_loss(embeddings: Tensor, identities: Tensor, margin: float) -> Tensor:
    """Sum over all anchors a and positives p of [|a - p|^2 - |a - n|^2 + margin]+.

    The negative n is the nearest to the anchor that is further away than the positive: semi-hard
    where it lies within the margin, else the term is zero. Where none is further away it is the
    furthest; the nearest of all would pull an untrained network together in one point.

    Parameters
    ----------
    embeddings : (N, D), rows of length one
    identities : (N,) numbers, at least two alike and two different
    """
    squared = (2 - 2 * embeddings @ embeddings.T).clamp(min=0)
    same = identities[:, None] == identities[None]
    positives = same & ~torch.eye(len(same), dtype=torch.bool, device=same.device)
    with torch.no_grad():
        ordered, order = squared.masked_fill(same, torch.inf).sort(dim=1)
        further = torch.searchsorted(ordered, squared, right=True)
        last = (~same).sum(dim=1, keepdim=True) - 1
        negatives = order.gather(1, torch.minimum(further, last))  # (N, N): of anchor and positive
    terms = (squared - squared.gather(1, negatives) + margin).clamp(min=0)
    return terms[positives].sum()
