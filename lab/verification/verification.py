"""What a verification is asked and what it finds, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.photos.labelled_photos import LabelledPhotos
from lab.statistics.comparisons import Comparisons
from lab.statistics.intervals import Estimate
from lab.statistics.samples import Probes, References, Samples
from lab.verification.imageprint_time import ImageprintTime


@dataclass(frozen=True)
class Settings:
    """What the caller decides.

    Attributes
    ----------
    references, probes : numbers of photos in a reference, R, and in a probe, P; the report is of
        the first two, the others are compared with them
    quality_gate : leave out photos that the gate refuses, and reference sets that enrolment would
    bootstrap : replicates; 0 gives no intervals
    seed : of the bootstrap, the drawn sets of photos and the fuzzy extractor's trials
    """

    references: tuple[int, ...] = (1,)
    probes: tuple[int, ...] = (1,)
    quality_gate: bool = True
    bootstrap: int = 1_000
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Verification:
    """What was found of one profile with one number of photos at either end.

    ``extractor`` is ``None`` where imageprints alone were compared.
    """

    photos: LabelledPhotos
    issues: tuple[str, ...]
    quality_gate: bool
    failures: int
    duplicates: int
    lambda_bits: int
    radius: int
    samples: Samples
    references: References
    probes: Probes
    comparisons: Comparisons
    replicates: int
    estimates: Mapping[str, Estimate]
    extractor: dict[str, Any] | None
    provenance: dict[str, Any]

    @property
    def name(self) -> str:
        """Bundle, version and profile."""
        bundle = self.provenance["bundle"]
        return f"{bundle['name']} {bundle['version']}, {self.provenance['profile']}"

    @property
    def reference_photos(self) -> int:
        """Photos in a reference, R."""
        return int(self.references.members.shape[1])

    @property
    def probe_photos(self) -> int:
        """Photos in a probe, P."""
        return int(self.probes.members.shape[1])


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything that one command measured, all of it on the same photos.

    Attributes
    ----------
    main : the lock's own profile, with the first number of photos at either end
    beside : the other profiles; the same trials and bootstrap replicates
    times : of the main profile and of each beside it; empty when there is none
    by_photos : the main profile by number of photos in a reference and in a probe, ``None`` where
        the objects have too few; empty when one number of each was asked
    """

    main: Verification
    beside: tuple[Verification, ...] = ()
    times: tuple[ImageprintTime, ...] = ()
    by_photos: Mapping[tuple[int, int], Verification | None] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[Verification, ...]:
        """The main profile and those beside it."""
        return (self.main, *self.beside)
