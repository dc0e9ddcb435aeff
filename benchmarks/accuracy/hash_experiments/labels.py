"""What photos show beside their subject, such as gender and race: what is guessed from bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.hash_experiments.study import Study
from lab.errors import ExperimentError
from lab.photos.labelled_photos import LabelledPhotos
from lab.statistics.object_pairs import kind_of

KIND = "kind"
PREFERRED = "gender", "race"
NOT_LABELS = frozenset({"path", "set", "object", "view"})


def labels_of(study: Study) -> dict[str, NDArray[np.str_]]:
    """The label of each of the study's samples, by the label's name; "": not known.

    ``kind`` is the photo set's column of that name where it tells photos apart, otherwise what the
    objects' names say (``mug_A`` is a mug). Where none is asked for: gender and race where the set
    has them, otherwise kind.

    Raises
    ------
    ExperimentError
        The photos lack a label asked for, or it is the same on all.
    """
    photos = study.photos
    columns = dict.fromkeys(name for part in photos.sets for e in part.entries for name in e.labels)
    offered = [*(name for name in columns if name not in {*NOT_LABELS, KIND}), KIND]
    found = {}
    for name in study.labels or [n for n in PREFERRED if n in columns] or [KIND]:
        if name not in offered:
            raise ExperimentError(
                f"the photos have no label {name!r}; --label takes one of {', '.join(offered)}"
            )
        values = _column(photos, name)[study.samples.photos]
        if name == KIND and len(set(values) - {""}) < 2:
            values = np.array([kind_of(object_) for object_ in photos.objects])
            values = values[study.samples.photos]
        known = len(set(values) - {""})
        if not 2 <= known <= len(values) // 2:
            raise ExperimentError(
                f"{name}: {known} kinds in {len(values)} photos cannot be told from the bits; "
                f"give another --label ({', '.join(offered)})"
            )
        found[name] = values
    return found


def _column(photos: LabelledPhotos, name: str) -> NDArray[np.str_]:
    entries = (entry for part in photos.sets for entry in part.entries)
    return np.array([entry.labels.get(name) or "" for entry in entries])
