"""The settings of training by triplets, from one TOML file; every field is required."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tomllib

from tools.training.augmentation import Augmentation
from tools.training.config import Source, ViewConfig, with_tuples

TABLE = "triplets"


@dataclass(frozen=True)
class Triplets:
    """Network, batches and optimiser; FaceNet's own values are in ``tools/train_facenet.toml``."""

    network: str
    """``nn2`` or ``inception_resnet_v2``."""
    dimensions: int
    margin: float
    identities: int
    """Persons, or objects, in a batch ..."""
    photos_each: int
    """... and views of each: of different photos where there are as many."""
    steps: int
    evaluate_every: int
    learning_rate: float
    momentum: float
    nesterov: bool
    decay: float
    """After n steps the rate is divided by 1 + decay * n."""
    norm_momentum: float
    norm_epsilon: float


@dataclass(frozen=True)
class TripletConfig(ViewConfig):
    """Everything that determines a run, besides the photos."""

    triplets: Triplets
    dev: tuple[Source, ...]


def is_triplet_config(path: Path) -> bool:
    """Whether a TOML file is of training by triplets."""
    return TABLE in tomllib.loads(path.read_text(encoding="utf-8"))


def read_triplet_config(path: Path) -> TripletConfig:
    """Read and check a TOML file; an unknown or missing key is a TypeError."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return TripletConfig(
        triplets=Triplets(**table.pop(TABLE)),
        augmentation=Augmentation(**with_tuples(table.pop("augmentation"))),
        training=tuple(Source(**source) for source in table.pop("training")),
        dev=tuple(Source(**source) for source in table.pop("dev")),
        **table,
    )
