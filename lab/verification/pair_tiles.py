"""Comparisons as pictures that a person can judge: the reference's photos beside the probe's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lab.photos.labelled_photos import LabelledPhotos
from lab.report.results import Tile
from lab.report.thumbnails import montage
from lab.statistics.comparisons import Pair
from lab.statistics.samples import Probes, References, Samples

NAME_LENGTH = 26
MADE_FROM_PHOTOS = "Small copies of photos: pass them on only to whom the photos may go."


@dataclass(frozen=True, eq=False)
class PairTiles:
    """What pairs are of, and c in bits."""

    photos: LabelledPhotos
    samples: Samples
    references: References
    probes: Probes
    radius: int

    def pairs(self, group: str, pairs: Iterable[Pair], error: str) -> Iterator[Tile]:
        """A tile a pair; ``error`` ("accepted" or "refused") is said where the lock makes it."""
        for pair in pairs:
            enrolled = self.references.members[pair.reference]
            shown = self.probes.members[pair.probe]
            names = [self.samples.names[self.samples.objects[one[0]]] for one in (enrolled, shown)]
            bits = pair.distance_bits
            wrong = (bits <= self.radius) == (error == "accepted")
            yield Tile(
                (self._montage(enrolled), self._montage(shown)),
                f"{' and '.join(dict.fromkeys(map(_shortened, names)))}: {bits} bits = "
                f"{bits / self.samples.lambda_bits:.3f}",
                error if wrong else "",
                group,
            )

    def _montage(self, members: Iterable[int]) -> bytes:
        return montage([self.photos.read(int(self.samples.photos[i])) for i in members])


def _shortened(name: str) -> str:
    """A name short enough to stand below its photo."""
    return name if len(name) <= NAME_LENGTH else f"{name[:10]}...{name[13 - NAME_LENGTH :]}"
