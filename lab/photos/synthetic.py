"""Photo sets of generated images: two halves, as the ai.lock paper attacks with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.errors import SyntheticImagesError
from lab.photos.labelled_photos import LabelledPhotos, open_labelled_photos

HALVES = ("DS1", "DS2")
"""The paper's two synthetic image attack datasets (section 6.2), folders of the photo set."""


@dataclass(frozen=True)
class ImageKind:
    """What the images of an attack are.

    Attributes
    ----------
    attack : what tables call it
    notes : what a reader must know of the images
    of_objects : whether an image shows one of the objects that it attacks, which is then the object
        of the image in its set: an image of one is compared with references of all others
    """

    attack: str = "Synthetic image attack"
    notes: tuple[str, ...] = ()
    of_objects: bool = False

    def shown(self, objects: NDArray[np.str_]) -> NDArray[np.str_] | None:
        """The object that each image shows, of the set's objects, (M,); None: none of them."""
        return objects if self.of_objects else None


GENERATED = ImageKind()


def open_synthetic(folder: Path) -> LabelledPhotos:
    """The images of ``benchmarks.attacks synthetic-images``, a set of two objects: DS1 and DS2."""
    return open_labelled_photos([folder])


def half_of(paths: tuple[str, ...]) -> NDArray[np.str_]:
    """DS1 or DS2 for each path of such a photo set, (N,).

    Raises
    ------
    SyntheticImagesError
        A path is in neither folder.
    """
    halves = np.array([path.split("/")[0] for path in paths], dtype=np.str_)
    if not np.isin(halves, HALVES).all():
        raise SyntheticImagesError(
            "synthetic images lie in folders DS1 and DS2: make them with "
            "python -m benchmarks.attacks synthetic-images"
        )
    return halves
