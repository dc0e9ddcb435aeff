"""The settings of a training run, read from one TOML file; every field is required."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomllib

from tools.training.augmentation import Augmentation


@dataclass(frozen=True)
class Source:
    """One zip file of photos and what training does with it."""

    file: str
    weight: float
    """Training: share of a batch, relative to the other files. Dev: weight in the score."""
    split: bool = False
    """Objects are shared with the other use: take one side of the split by object name."""
    cut_outs: bool = False
    """Every photo shows one object before a plain background."""
    cards: bool = False
    """Photos may be shown as flat pictures before other backgrounds."""
    plain: bool | int = True
    """Photos as users take them, of many things: components are made white over such; a number is
    how many at most. Few of one place put all its photos where the radius wants them."""
    real: bool = False
    """Several photos of an object as users take them: what differs in them is not the object."""
    general: bool = False
    """Photos of many things, on which reconstruction and projections are fitted."""


@dataclass(frozen=True)
class Network:
    """Shape of the student, and size of its least-squares problems."""

    trunk_width: float
    head_width: float
    trunk_photos: int
    trunk_samples: int
    """Positions in each of the trunk's problems, over all photos."""
    head_samples: int
    """Positions in each of the head's problems, over all fixed views."""
    slots: int
    """Objects with fixed views, some of them several times, and ..."""
    views: int
    """... views of each."""
    watch_slots: int
    """Slots whose views the teacher sees too, and on which the watched projections are fitted."""


@dataclass(frozen=True)
class Optimisation:
    """AdamW with one cosine schedule for the head alone, and one for head and trunk together."""

    head_steps: int
    head_objects: int
    """Objects in a batch of fixed views; there are two views of each."""
    joint_steps: int
    joint_objects: int
    """Objects in a batch of fresh views."""
    quantised_steps: int
    """Last steps of all, in which weights and maps are rounded as int8 rounds them."""
    warmup_steps: int
    evaluate_every: int
    freeze_through: str
    """Convolutions up to and including this node keep their reconstructed weights."""
    trunk_rate: float
    head_rate: float
    projection_rate: float
    joint_share: float
    """Share of the head's rates that is left when the trunk trains too."""
    weight_decay: float
    average_decay: float
    temperature: float
    queue: int
    """Embeddings of earlier batches that serve as further impostors."""
    mixed_8_weight: float
    teacher_weight: float
    decorrelation_weight: float


@dataclass(frozen=True)
class ViewConfig:
    """What determines the random views of training photos."""

    seed: int
    input_size: int
    """Pixels a side that the network sees."""
    source_size: int
    """Pixels a side that views are drawn from."""
    augmentation: Augmentation
    training: tuple[Source, ...]


@dataclass(frozen=True)
class Config(ViewConfig):
    """Everything that determines a run, besides the teacher and the photos."""

    network: Network
    optimisation: Optimisation
    dev: tuple[Source, ...]


def read_config(path: Path) -> Config:
    """Read and check a TOML file; an unknown or missing key is a TypeError."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Config(
        network=Network(**table.pop("network")),
        optimisation=Optimisation(**table.pop("optimisation")),
        augmentation=Augmentation(**with_tuples(table.pop("augmentation"))),
        training=tuple(Source(**source) for source in table.pop("training")),
        dev=tuple(Source(**source) for source in table.pop("dev")),
        **table,
    )


def read_views(path: Path) -> ViewConfig:
    """The part of any training run's TOML file that says which views of which photos it draws."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return ViewConfig(
        seed=table["seed"],
        input_size=table["input_size"],
        source_size=table["source_size"],
        augmentation=Augmentation(**with_tuples(table["augmentation"])),
        training=tuple(Source(**source) for source in table["training"]),
    )


def with_tuples(table: dict[str, Any]) -> dict[str, Any]:
    """A TOML table with its arrays as tuples, as frozen dataclasses want them."""
    return {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
