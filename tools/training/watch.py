"""What a run is watched by: owners refused and others let in, where they meet in use.

Three kinds of photo sets: the same object in the same place, on changed backgrounds, and other
objects where the owner's stood (``targeted``). All are judged at one radius, the largest at which
the first same-place set lets in one pair of different objects in 10,000.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ailock_sdk.capture import Look
from lab.photos.embeddings import InputView, Sight, segment_views
from lab.photos.photo_sets import PhotoSet, open_photo_set
from tools.training.object_config import CHANGED, SAME_PLACE, TARGETED, WatchSource
from tools.training.object_trainer import Metrics
from tools.training.printer import Printer

LOOKS = (Look(1.0, 0), Look(0.65, 2))
"""What is seen of a watched photo: the whole, and its middle upside down, averaged."""
RANDOM_FMR = 1e-4
_BATCH = 16


@dataclass(frozen=True)
class Watched:
    """``looks`` (N, L, 3, S, S) uint8, or the frozen blocks' maps of them; objects (N,)."""

    source: WatchSource
    looks: Tensor
    objects: NDArray[np.str_]


def photos_of(source: WatchSource, directory: Path) -> PhotoSet:
    """The photos of a watched set, or of its watched half."""
    photos = open_photo_set(directory / source.file)
    return photos.half(training=False) if source.split else photos


def read_watched(sources: Sequence[WatchSource], directory: Path, size: int) -> list[Watched]:
    """The looks at every watched photo, at the input size."""
    sight = Sight(InputView(size, size, 1.0), looks=LOOKS)
    sets = []
    for source in sources:
        photos = photos_of(source, directory)
        looks = np.stack([np.stack(segment_views(data, sight)[0]) for _, _, data in photos])
        sets.append(Watched(source, torch.from_numpy(looks).movedim(-1, 2), photos.objects))
    return sets


@dataclass(frozen=True)
class Trials:
    """Distances in bits of all pairs (P,), and which pairs are mated and of one kind."""

    distances: NDArray[np.int_]
    mated: NDArray[np.bool_]
    same_kind: NDArray[np.bool_]


def trials(margins: NDArray[np.float32], objects: NDArray[np.str_]) -> Trials:
    """Compare every two of (N, K) margins by the signs."""
    signs = np.where(margins >= 0, 1, -1).astype(np.float32)
    first, second = np.triu_indices(len(signs), 1)
    agreement = (signs @ signs.T)[first, second]
    kinds = np.array([name.rsplit("_", 1)[0] for name in objects])
    mated = objects[first] == objects[second]
    return Trials(
        np.rint((signs.shape[1] - agreement) / 2).astype(np.int_),
        mated,
        (kinds[first] == kinds[second]) & ~mated,
    )


def radius_at(found: Trials, fmr: float) -> int:
    """The largest distance at which the share of different objects let in is at most ``fmr``."""
    others = np.sort(found.distances[~found.mated])
    return int(others[math.floor(fmr * len(others))]) - 1


def equal_error_rate(found: Trials, others: NDArray[np.bool_] | None = None) -> float:
    """Error rate where as many owners are refused as ``others`` (P,) let in: by default all."""
    edges = np.arange(found.distances.max() + 2)
    refused = 1 - _share_below(found.distances[found.mated], edges)
    let_in = _share_below(found.distances[~found.mated if others is None else others], edges)
    crossing = np.argmin(np.abs(refused - let_in))
    return float((refused[crossing] + let_in[crossing]) / 2)


def rates(found: Trials, radius: int, targeted: bool) -> Metrics:
    """EER, owners refused, and for targeted sets others let in by kind, and EER within a kind."""
    let_in = found.distances <= radius
    metrics = {"eer": equal_error_rate(found), "refused": 1 - let_in[found.mated].mean()}
    if targeted:
        other = ~found.mated & ~found.same_kind
        metrics |= {"same_kind": let_in[found.same_kind].mean(), "other_kind": let_in[other].mean()}
        metrics["kind_eer"] = equal_error_rate(found, found.same_kind)
    return {name: float(value) for name, value in metrics.items()}


class Watch:
    """Figures of a printer on the watched sets, by ``SET/FIGURE``, and a ``score``, lower better.

    The score is the geometric mean of one rate of each kind: owners refused at the radius in the
    first same-place set and in the changed ones (mean), and the equal error rate between owners and
    others of the owner's kind in the targeted ones (mean). Halving any of them counts the same; and
    the last does not improve by a mere change of the radius, as others let in would.

    Parameters
    ----------
    sets : what is watched
    general : looks at ordinary photos, over which margins are made white, as those of the
        projection that is fitted in the end are
    """

    def __init__(self, sets: Sequence[Watched], general: Tensor, device: torch.device) -> None:
        self._sets, self._general, self._device = sets, general, device

    def __call__(self, printer: Printer) -> Metrics:
        """Figures of a printer as it is."""
        usual = self._margins(printer, self._general)
        mean, white = usual.mean(axis=0), whitening(usual)
        found = [
            trials((self._margins(printer, s.looks) - mean) @ white, s.objects) for s in self._sets
        ]
        kinds = [watched.source.kind for watched in self._sets]
        anchor = found[kinds.index(SAME_PLACE)]
        radius = radius_at(anchor, RANDOM_FMR)
        metrics: Metrics = {"radius": radius}
        by_kind: dict[str, list[Metrics]] = {SAME_PLACE: [], CHANGED: [], TARGETED: []}
        for watched, compared in zip(self._sets, found, strict=True):
            figures = rates(compared, radius, watched.source.kind == TARGETED)
            by_kind[watched.source.kind].append(figures)
            name = Path(watched.source.file).stem
            metrics |= {f"{name}/{figure}": value for figure, value in figures.items()}
        return metrics | {"score": score(by_kind, 1 / len(anchor.distances))}

    @torch.no_grad()
    def _margins(self, printer: Printer, looks: Tensor) -> NDArray[np.float32]:
        maps = (through_frozen(printer, part, self._device) for part in looks.split(_BATCH))
        pooled = [
            printer.pooled(printer.free(part.flatten(0, 1)))
            .unflatten(0, part.shape[:2])
            .mean(dim=1)
            for part in maps
        ]
        margins: NDArray[np.float32] = printer.project(torch.cat(pooled)).cpu().numpy()
        return margins


def through_frozen(printer: Printer, looks: Tensor, device: torch.device) -> Tensor:
    """Looks (N, L, 3, S, S) uint8 as the frozen blocks' maps; what is maps already stays so."""
    moved = looks.to(device)
    if looks.dtype != torch.uint8:
        return moved
    pixels = moved.flatten(0, 1).float().div_(127.5).sub_(1)
    maps = printer.frozen(pixels.contiguous(memory_format=torch.channels_last))
    return maps.unflatten(0, looks.shape[:2])


def as_maps(printer: Printer, looks: Tensor, device: torch.device) -> Tensor:
    """The frozen blocks' maps of looks (N, L, 3, S, S) uint8, a batch at a time."""
    parts = looks.split(_BATCH)
    return torch.cat([through_frozen(printer, part, device).cpu() for part in parts])


def whole_looks(photos: Tensor) -> Tensor:
    """Photos (N, 3, S, S) in [-1, 1] as one look each, (N, 1, 3, S, S) uint8."""
    return photos.add(1).mul(127.5).round().byte()[:, None]


def whitening(margins: NDArray[np.float32]) -> NDArray[np.float32]:
    """The matrix (K, K) that changes (N, K) margins least and makes them white.

    From fewer photos than margins the correlations are guesses: half of each is believed.
    """
    covariance = np.cov(margins.astype(np.float64), rowvar=False)
    diagonal = np.diag(np.diag(covariance).clip(1e-12))
    values, vectors = np.linalg.eigh((covariance + diagonal) / 2)
    return np.asarray((vectors / np.sqrt(values)) @ vectors.T, dtype=np.float32)


def score(by_kind: dict[str, list[Metrics]], least: float) -> float:
    """See :class:`Watch`; ``least`` stands for a rate of zero."""
    values = [by_kind[SAME_PLACE][0]["refused"]]
    for kind, figure in ((CHANGED, "refused"), (TARGETED, "kind_eer")):
        if by_kind[kind]:
            values.append(float(np.mean([figures[figure] for figures in by_kind[kind]])))
    return float(np.exp(np.mean(np.log(np.maximum(values, least)))))


def _share_below(distances: NDArray[np.int_], edges: NDArray[np.int_]) -> NDArray[np.float64]:
    return np.searchsorted(np.sort(distances), edges, side="right") / len(distances)
