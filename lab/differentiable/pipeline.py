"""A bundle's pipeline in PyTorch: pixels to margins, with gradients."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ailock_sdk.capture import Box, Look, segment_boxes
from ailock_sdk.embedding import Bundle
from ailock_sdk.imageprint import load_projections
from ailock_sdk.profiles import Profile
from lab.differentiable.resampling import resampling_matrix

ROWS, COLUMNS = 2, 3


def differentiable(bundle: Bundle, profile: Profile, reference: bool = False) -> Pipeline:
    """What an attacker who has the bundle makes of it.

    ``reference``: as a reference photo is looked at; otherwise as a probe.

    Raises
    ------
    LayerFileError
        The model has an operator that the copy does not know.
    """
    return Pipeline(bundle, profile, profile.reference_looks if reference else profile.looks)


class Pipeline(nn.Module):
    """Photos float32 (N, 3, H, W), RGB 0 to 255, to margins (N, lambda)."""

    def __init__(self, bundle: Bundle, profile: Profile, looks: tuple[Look, ...]) -> None:
        super().__init__()
        self._input, self._looks, self._segments = bundle.input, looks, profile.segments
        self._parts = [list(bundle.layers[name].parts) for name in profile.layers]
        outputs = [part.output for parts in self._parts for part in parts]
        self.network = _network(bundle, outputs)
        projections = load_projections(bundle.projection_path, profile.layers)
        self.projections = nn.ModuleList()
        for name in profile.layers:
            weights, offsets = projections[name].weights, projections[name].offsets
            project = nn.Linear(weights.shape[1], weights.shape[0])
            project.weight.data = torch.from_numpy(weights).float()
            project.bias.data = torch.from_numpy(-offsets).float()
            self.projections.append(project)
        self.requires_grad_(False)

    def forward(self, photos: Tensor) -> Tensor:
        contract = self._input
        height, width = photos.shape[ROWS], photos.shape[COLUMNS]
        by_segment = []
        stretch = contract.fit == "stretch"
        for box in segment_boxes(width, height, contract.crop, self._segments, stretch):
            views = torch.cat([self._view(photos, box, look) for look in self._looks])
            views = views + (views.round() - views).detach()  # to bytes, as the pipeline does
            pixels = contract.low + views * ((contract.high - contract.low) / 255)
            by_segment.append(self._margins(self.network(pixels)))
        return torch.cat([m for layer in zip(*by_segment, strict=True) for m in layer], dim=1)

    def _view(self, photos: Tensor, box: Box, look: Look) -> Tensor:
        contract, (height, width) = self._input, photos.shape[ROWS:]
        beside = (1 - look.fraction) * (box.right - box.left) / 2
        above = (1 - look.fraction) * (box.bottom - box.top) / 2
        rows = box.top + above, box.bottom - above, contract.height
        columns = box.left + beside, box.right - beside, contract.width
        if (rows, columns) == ((0, height, height), (0, width, width)):
            return torch.rot90(photos, look.quarter_turns, (ROWS, COLUMNS))
        down = _matrix(height, *rows, contract.filter)
        along = _matrix(width, *columns, contract.filter)
        view = down.to(photos) @ photos @ along.to(photos).T
        return torch.rot90(view, look.quarter_turns, (ROWS, COLUMNS))  # anticlockwise

    def _margins(self, outputs: list[Tensor]) -> list[Tensor]:
        """One (N, lambda) for each layer, from the outputs of the views of all looks."""
        remaining, margins = iter(outputs), []
        for parts, project in zip(self._parts, self.projections, strict=True):
            pooled = []
            for part in parts:
                made = next(remaining)
                flat = made.flatten(1, -2).mean(1) if part.pooling == "mean" else made.flatten(1)
                if part.offset is not None:
                    flat = (flat + part.offset).sqrt()
                pooled.append(functional.normalize(flat, dim=1) if part.norm == "l2" else flat)
            embedding = torch.cat(pooled, dim=1)
            margins.append(project(embedding.unflatten(0, (len(self._looks), -1)).mean(0)))
        return margins


def _network(bundle: Bundle, outputs: list[str]) -> nn.Module:
    # Imported late: each wants a package that the other does without.
    if bundle.runtime == "onnx":
        from lab.differentiable.onnx_network import OnnxNetwork

        return OnnxNetwork(bundle.read_model(), outputs, bundle.input.layout)
    from lab.differentiable.tflite_network import TfliteNetwork

    return TfliteNetwork(bundle.read_model(), outputs)


@lru_cache(maxsize=16)
def _matrix(pixels: int, start: float, stop: float, size: int, kernel: str) -> Tensor:
    weights = resampling_matrix(pixels, start, stop, size, kernel)
    return torch.from_numpy(weights.astype(np.float32))
