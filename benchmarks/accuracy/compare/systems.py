"""What is compared: systems that turn a photo into bits, bundles and hashes alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk import AiLock
from ailock_sdk.embedding import Bundle, Embedder
from ailock_sdk.errors import CaptureError
from benchmarks.accuracy.paper.embed_batch import sights_of
from benchmarks.accuracy.paper.recipe import (
    PAPER_WINDOW,
    WHOLE,
    TrainingSet,
    choose_layers,
    imageprint_bits,
    transform,
)
from lab.photos.embeddings import embed_in_chunks
from lab.photos.imageprints import all_imageprints
from lab.photos.labelled_photos import LabelledPhotos, encoded_photos
from lab.report.provenance import photos_line

RECIPE_BITS = 500
"""Of the paper's largest imageprints."""

Margins = NDArray[np.float64]
Bits = NDArray[np.uint8]


class System(Protocol):
    """One way from photos to bits.

    Attributes
    ----------
    name : in tables and legends
    bits : of a photo
    made_of : what decides them, in words: hash of the model, versions
    fingerprint : of a bundle's profile, hexadecimal; "" of other systems
    """

    @property
    def name(self) -> str: ...
    @property
    def bits(self) -> int: ...
    @property
    def made_of(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...

    def margins(self, photos: LabelledPhotos) -> tuple[Margins, Margins]:
        """Of each photo as a probe and as a reference, float64 (N, bits); NaN: unreadable."""
        ...

    def hash(self, encoded: bytes) -> object:
        """One photo as a probe, from the file's bytes: what is timed."""
        ...


@dataclass(frozen=True, eq=False)
class BundleSystem:
    """A bundle's profile through the public pipeline, the quality gate off."""

    lock: AiLock
    cache: Path

    @property
    def name(self) -> str:
        """Bundle and version, and the profile unless it is the default one."""
        bundle, profile = self.lock.bundle, self.lock.profile.name
        return f"{bundle.name} {bundle.version}" + (f", {profile}" * (profile != "default"))

    @property
    def bits(self) -> int:
        """Lambda."""
        return self.lock.lambda_bits

    @property
    def made_of(self) -> str:
        """Model and runtime."""
        return f"model SHA-256 {self.lock.bundle.model_sha256}, {self.lock.runtime}"

    @property
    def fingerprint(self) -> str:
        """Of the profile."""
        return self.lock.fingerprint.hex()

    def margins(self, photos: LabelledPhotos) -> tuple[Margins, Margins]:
        """Kept in the cache between runs."""
        probes, references = (
            all_imageprints(self.lock, photos, self.cache, reference, progress=True).margins
            for reference in (False, True)
        )
        return probes, references

    def hash(self, encoded: bytes) -> object:
        """An imageprint."""
        return self.lock.imageprint(encoded)


@dataclass(frozen=True, eq=False)
class PhotoHash:
    """A hash of a photo's file, bits uint8 (bits,); a photo has the same in both roles."""

    name: str
    bits: int
    made_of: str
    hash: Callable[[bytes], Bits]
    fingerprint: str = ""

    def margins(self, photos: LabelledPhotos) -> tuple[Margins, Margins]:
        """-1 and 1 for 0 and 1."""
        found = np.full((len(photos), self.bits), np.nan)
        bar = tqdm(encoded_photos(photos), self.name, total=len(photos), unit="photo", disable=None)
        for row, encoded in zip(found, bar, strict=True):
            try:
                row[:] = np.where(self.hash(encoded), 1, -1)
            except CaptureError:
                continue
        return found, found


def paper_recipe(bundle: Bundle, fit: LabelledPhotos) -> PhotoHash:
    """The paper's recipe on a bundle's network: components 200 to 400, 500 random hyperplanes.

    Parameters
    ----------
    fit : photos that the components are fitted on, none of them compared; where they give fewer
        than 400 components, the window is scaled to those
    """
    (layer,) = choose_layers(list(bundle.layers))[:1]
    embedder = Embedder(bundle, layers=[layer])
    (sight,) = sights_of(bundle, (WHOLE,))
    bar = tqdm(encoded_photos(fit), "components", total=len(fit), unit="photo", disable=None)
    chunks = [chunk[layer] for chunk in embed_in_chunks(embedder, bar, sight, [layer])]
    components = TrainingSet(np.concatenate(chunks)).components(np.ones(len(fit), np.bool_))
    there = len(components.variances)
    window = PAPER_WINDOW if there >= PAPER_WINDOW.stop else PAPER_WINDOW.scaled(there)

    def bits(encoded: bytes) -> Bits:
        (chunk,) = embed_in_chunks(embedder, [encoded], sight, [layer])
        return imageprint_bits(transform(components, chunk[layer]), window, RECIPE_BITS)[0]

    made_of = (
        f"{bundle.name} {bundle.version}, layer {layer}, model SHA-256 {bundle.model_sha256}; "
        f"components {window} (the paper: {PAPER_WINDOW}) of {len(fit)} photos of "
        f"{photos_line(fit)}"
    )
    return PhotoHash("paper's recipe", RECIPE_BITS, made_of, bits)
