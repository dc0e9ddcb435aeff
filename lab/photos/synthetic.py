"""Photo sets of generated images: two halves, as the ai.lock paper attacks with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.errors import SyntheticImagesError
from lab.photos.labelled_photos import LabelledPhotos, open_labelled_photos

HALVES = ("DS1", "DS2")
"""The paper's two synthetic image attack datasets (section 6.2), folders of the photo set."""


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
