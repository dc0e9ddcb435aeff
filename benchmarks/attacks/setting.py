"""What attacks work on: a lock, its owners' photos, and what the attacker has of his own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ailock_sdk import AiLock
from lab.errors import ExperimentError
from lab.photos.imageprints import all_imageprints, cache_key, imageprints
from lab.photos.labelled_photos import ALL, LabelledPhotos, open_labelled_photos
from lab.photos.photo_sets import kept_sha256, open_photo_set, photo_set_sha256
from lab.statistics.samples import Samples, arrange


@dataclass(frozen=True)
class Setting:
    """Everything that an attack may use.

    Attributes
    ----------
    lock : without a pepper, with the cheapest Argon2id; its quality gate is open
    photos : sets of the owners' objects, and of strangers' drawn at random
    targeted, targeted_split : sets of objects of few kinds in few places, whose names tell the
        kind, and which of these objects
    own : sets that the attacker owns, of other objects than all of these
    cache : folder of kept imageprints
    out : folder of the report
    quick : a small sample of everything, to see that it works
    limit : photos of each ``own`` set at most
    """

    lock: AiLock
    photos: tuple[Path, ...]
    targeted: tuple[Path, ...]
    own: tuple[Path, ...]
    cache: Path
    out: Path
    seed: int = 1
    quick: bool = False
    limit: int = 700
    targeted_split: str = ALL

    def sample(self, full: int, quick: int) -> int:
        """How many of something to take."""
        return quick if self.quick else full

    @cached_property
    def labelled(self) -> LabelledPhotos:
        """The photos of :attr:`photos`."""
        return open_labelled_photos(self.photos)

    @cached_property
    def samples(self) -> Samples:
        """Imageprints of :attr:`photos` by object, those alone that the quality gate lets pass."""
        return self._samples(self.labelled)

    @cached_property
    def targeted_samples(self) -> Samples:
        """Imageprints of :attr:`targeted` by object.

        Raises
        ------
        ExperimentError
            There is no such set.
        """
        if not self.targeted:
            raise ExperimentError("needs --targeted: photos of several things of one kind")
        return self._samples(open_labelled_photos(self.targeted, self.targeted_split))

    @cached_property
    def own_references(self) -> tuple[NDArray[np.float64], list[str]]:
        """Reference margins (N, lambda) and objects of the photos of :attr:`own`."""
        margins, objects = [np.empty((0, self.lock.lambda_bits))], list[str]()
        for source in self.own:
            photos = open_photo_set(source).sample(self.sample(self.limit, 50), self.seed)
            known_by = kept_sha256(photo_set_sha256(photos), photos)
            key = cache_key(self.lock, known_by, ALL, reference=True)
            prints = imageprints(self.lock, photos, self.cache, key, reference=True, progress=True)
            kept = prints.acquired(False)
            margins.append(prints.margins[kept])
            objects += [f"{source.name}/{name}" for name in photos.objects[kept]]
        return np.concatenate(margins), objects

    def rng(self, name: str) -> np.random.Generator:
        """Randomness of an attack's own, the same in every run."""
        return np.random.default_rng([self.seed, *name.encode()])

    def _samples(self, photos: LabelledPhotos) -> Samples:
        references = all_imageprints(self.lock, photos, self.cache, True, True)
        probes = all_imageprints(self.lock, photos, self.cache, False, True)
        kept = references.acquired(True) & probes.acquired(True)
        return arrange(probes.margins, list(photos.objects), kept, references.margins)
