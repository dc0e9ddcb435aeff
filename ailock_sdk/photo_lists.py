"""The photos that a caller gives: of one object, or of each object of a combination."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, TypeAlias

import numpy as np

from ailock_sdk.capture import PhotoSource
from ailock_sdk.constants import MAX_OBJECTS, MAX_PROBE_PHOTOS, MAX_REFERENCE_PHOTOS
from ailock_sdk.errors import CaptureError, EnrollmentError
from ailock_sdk.imageprint import ImagePrint, combine

PhotoSources: TypeAlias = "PhotoSource | Sequence[PhotoSource] | Sequence[Sequence[PhotoSource]]"
"""A photo, or a list or tuple of photos of one object; or a list of 2 to 4 such lists, one for each
object of a combination."""


def reference_photos(
    photos: Iterable[PhotoSource] | Iterable[Sequence[PhotoSource]],
) -> list[list[PhotoSource]]:
    """The reference photos of each object: any iterable of photos, or of lists of them.

    Raises
    ------
    EnrollmentError
        An object has no photo, or more than ``MAX_REFERENCE_PHOTOS``; or objects are too many.
    """
    single = isinstance(photos, str | bytes | bytearray | memoryview | np.ndarray)
    if single or hasattr(photos, "read") or not isinstance(photos, Iterable):
        raise TypeError("enroll takes a list of photos: enroll([photo])")
    given: Any = list(islice(photos, MAX_REFERENCE_PHOTOS + 1))  # it may be endless
    try:
        objects = by_object(given)
    except CaptureError as error:
        raise EnrollmentError(str(error)) from None
    if not all(1 <= len(photos_of_one) <= MAX_REFERENCE_PHOTOS for photos_of_one in objects):
        raise EnrollmentError(f"enroll with 1 to {MAX_REFERENCE_PHOTOS} photos of each object")
    return objects


def by_object(photos: PhotoSources) -> list[list[PhotoSource]]:
    """The photos of each object: one list, or those of a combination in their order.

    Raises
    ------
    CaptureError
        More than ``MAX_OBJECTS`` lists.
    """
    given: list[Any] = list(photos) if isinstance(photos, list | tuple) else [photos]
    nested = [isinstance(one, list | tuple) for one in given]
    if not any(nested):
        return [given]
    if not all(nested):
        raise TypeError("give photos of one object, or a list of photos for each object; not both")
    if len(given) > MAX_OBJECTS:
        raise CaptureError(f"{len(given)} objects are too many: {MAX_OBJECTS} is the most at once")
    return [list(one) for one in given]


def probe_photos(photos: PhotoSources) -> list[list[PhotoSource]]:
    """The probe photos of each object, as :func:`by_object`.

    Raises
    ------
    CaptureError
        An object has no photo, or more than ``MAX_PROBE_PHOTOS``.
    """
    objects = by_object(photos)
    for photos_of_one in objects:
        if not 1 <= len(photos_of_one) <= MAX_PROBE_PHOTOS:
            raise CaptureError(
                f"unlock with 1 to {MAX_PROBE_PHOTOS} photos of an object, not {len(photos_of_one)}"
            )
    return objects


def one_probe(imageprints: Sequence[ImagePrint]) -> ImagePrint:
    """One probe from those of one object's photos (SPEC section 3)."""
    # One photo's margins are taken as they are: dividing them all decides nothing.
    return imageprints[0] if len(imageprints) == 1 else combine(imageprints)


def read_objects(
    objects: Sequence[Sequence[PhotoSource]],
    read: Callable[[PhotoSource], ImagePrint],
    combined: Callable[[Sequence[ImagePrint]], ImagePrint],
    *,
    apart: bool = False,
) -> list[ImagePrint]:
    """What ``combined`` makes of each object's photos, each taken by ``read``, all in order.

    Parameters
    ----------
    objects : sequence of sequence of PhotoSource
    read, combined : callable
    apart : bool
        No photo may stand for two objects.

    Raises
    ------
    CaptureError
        A photo cannot be used, or is another one of its object (if ``apart``, of any) again: of
        several it is named. Copies alone give the same bits.
    """
    seen: dict[ImagePrint, str] = {}
    results = []
    for number, photos in enumerate(objects, start=1):
        seen = seen if apart else {}
        prints = []
        for index, photo in enumerate(photos, start=1):
            name = f"photo {index}" if len(objects) == 1 else f"object {number}, photo {index}"
            file = f" ({os.fspath(photo)!r})" if isinstance(photo, str | os.PathLike) else ""
            try:
                one = read(photo)
                if one in seen:
                    raise CaptureError(f"it is {seen[one]} again: take another, or leave it out")
            except CaptureError as error:
                if len(objects) == len(photos) == 1:
                    raise
                raise error.named(name + file) from None
            seen[one] = name
            prints.append(one)
        results.append(combined(prints))
    return results
