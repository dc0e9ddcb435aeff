"""What the quality gate says of synthetic images; the paper has no such gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk import AilockError
from ailock_sdk.capture import WHOLE_SIZE_PIXELS, QualityIssue, assess_quality, decode_photo
from lab.photos.imageprints import UNREADABLE
from lab.photos.labelled_photos import LabelledPhotos, encoded_photos


def gate_issues(photos: LabelledPhotos, progress: bool = False) -> dict[str, str]:
    """Why the gate refuses each photo, by its path: the issues' codes, comma-separated, or ""."""
    found = {}
    bar = tqdm(
        encoded_photos(photos),
        "quality gate",
        len(photos),
        unit="image",
        disable=None if progress else True,
    )
    for path, encoded in zip(photos.paths, bar, strict=True):
        try:
            photo = decode_photo(encoded, WHOLE_SIZE_PIXELS)
            issue = ",".join(one.value for one in assess_quality(photo))
        except AilockError:
            issue = UNREADABLE
        found[path] = issue
    return found


def refused_at_any_size(issues: Sequence[str]) -> NDArray[np.bool_]:
    """Which photos the gate would refuse for more than their size, bool (N,).

    An attacker enlarges his images before he shows them. The gate judges light, texture and
    sharpness on a view of fixed size, so enlarging does not change what it says of those.
    """
    size = {"", QualityIssue.TOO_SMALL.value}
    return np.array([bool(set(issue.split(",")) - size) for issue in issues], dtype=np.bool_)


def reasons(issues: Sequence[str]) -> Mapping[str, int]:
    """How many photos have each issue, most frequent first; a photo may have several."""
    names = [name for issue in issues for name in issue.split(",") if name]
    counts = {name: names.count(name) for name in sorted(set(names))}
    return dict(sorted(counts.items(), key=lambda item: -item[1]))
