"""The settings of training on objects before changing backgrounds, from one TOML file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tomllib

from tools.training.augmentation import Augmentation
from tools.training.config import Source, ViewConfig, with_tuples
from tools.training.cutouts import ObjectSource
from tools.training.scenes import SceneRecipe

SAME_PLACE, CHANGED, TARGETED = "same_place", "changed", "targeted"
KINDS = (SAME_PLACE, CHANGED, TARGETED)


@dataclass(frozen=True)
class BackgroundSource:
    """One photo set whose photos objects are put before."""

    file: str
    limit: int = 0
    """Photos at most, drawn by the seed; 0 is all."""


@dataclass(frozen=True)
class WatchSource:
    """One photo set that is watched."""

    file: str
    kind: str
    """``same_place``: one object's photos share their place; the first such set gives the radius.
    ``changed``: they do not. ``targeted``: different objects share it, ``KIND_NAME`` each."""
    split: bool = False
    """Objects are shared with training: watch the other half by object name."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.file}: kind {self.kind!r} is none of {', '.join(KINDS)}")


@dataclass(frozen=True)
class ObjectOptimisation:
    """AdamW with a warm-up and half a cosine."""

    steps: int
    quantised_steps: int
    """Last steps of all, in which weights and maps are rounded as int8 rounds them."""
    warmup_steps: int
    evaluate_every: int
    grids: int
    """Grids of scenes in a batch."""
    pairs: int
    """Objects of which a batch has two photos, or two views of the only one."""
    freeze_through: str
    """Convolutions up to and including this block, such as ``mixed_3``, keep their weights."""
    kept_batches: int
    """Batches drawn once, and kept as the frozen blocks' maps: where a step through the whole
    network takes too long, and little of it trains. 0 draws every batch afresh."""
    trunk_rate: float
    projection_rate: float
    weight_decay: float
    average_decay: float
    temperature: float
    queue: int
    """Embeddings of earlier pairs that serve as further impostors."""
    grid_weight: float
    keep_weight: float
    """Of the distance between the maps of the student and of the network that the run starts from,
    in views of whole photos."""
    decorrelation_weight: float


@dataclass(frozen=True)
class ObjectConfig(ViewConfig):
    """Everything that determines a run, besides what it starts from and the photos."""

    optimisation: ObjectOptimisation
    scenes: SceneRecipe
    objects: tuple[ObjectSource, ...]
    backgrounds: tuple[BackgroundSource, ...]
    watch: tuple[WatchSource, ...]

    @property
    def files(self) -> list[str]:
        """Every photo set that a run reads."""
        parts = (self.training, self.objects, self.backgrounds, self.watch)
        return sorted({source.file for sources in parts for source in sources})


def read_object_config(path: Path) -> ObjectConfig:
    """Read and check a TOML file; an unknown or missing key is a TypeError."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return ObjectConfig(
        optimisation=ObjectOptimisation(**table.pop("optimisation")),
        augmentation=Augmentation(**with_tuples(table.pop("augmentation"))),
        scenes=SceneRecipe(**with_tuples(table.pop("scenes"))),
        training=tuple(Source(**source) for source in table.pop("training")),
        objects=tuple(ObjectSource(**source) for source in table.pop("objects")),
        backgrounds=tuple(BackgroundSource(**source) for source in table.pop("backgrounds")),
        watch=tuple(WatchSource(**source) for source in table.pop("watch")),
        **table,
    )
