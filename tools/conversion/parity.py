"""How much of a bundle's imageprints a conversion keeps: bits that differ, photo by photo."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from tqdm import tqdm

from ailock_sdk import AiLock
from ailock_sdk.embedding import Bundle, quiet_stderr
from ailock_sdk.errors import CaptureError
from lab.errors import PhotoSetError
from lab.photos.photo_sets import PhotoSet
from lab.report.results import Table

COLUMNS = ("model", "MB", "photos", "bits", "equal", "bits that differ, mean", "at most")


def parity(
    original: tuple[str, Bundle], others: Mapping[str, Bundle], photos: PhotoSet, profile: str
) -> Table:
    """Imageprints of ``others``, by what they are called, beside those of the original.

    Raises
    ------
    PhotoSetError
        No photo of the set can be read.
    """
    name, bundle = original
    with quiet_stderr():
        locks = {
            called: AiLock(one, profile, pepper=None, check_quality=False)
            for called, one in {name: bundle, **others}.items()
        }
    exact, *rest = locks.values()
    distances: list[list[int]] = []
    for _, _, encoded in tqdm(photos, "comparing", unit="photo", disable=None):
        try:
            reference = exact.imageprint(encoded)
        except CaptureError:
            continue
        distances.append([lock.imageprint(encoded) - reference for lock in rest])
    if not distances:
        raise PhotoSetError(f"{photos.source}: no photo can be read")
    found = np.array(distances)  # (photos, others)
    rows = [
        (
            *(called, one.model_path.stat().st_size / 1e6, len(found), exact.lambda_bits),
            *(float(np.mean(bits == 0)), float(bits.mean()), int(bits.max())),
        )
        for (called, one), bits in zip(others.items(), found.T, strict=True)
    ]
    return Table(
        "",
        f"Imageprints beside those of {name} ({bundle.model_path.stat().st_size / 1e6:.1f} MB)",
        COLUMNS,
        tuple(rows),
        formats={"MB": ".1f", "equal": ".1%", "bits that differ, mean": ".2f"},
    )
