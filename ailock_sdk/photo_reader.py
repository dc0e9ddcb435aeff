"""From a photo to its imageprint: capture, embedding and projection, one after another."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter
from typing import Any, TypeAlias, TypeVar

import numpy as np

from ailock_sdk.capture import (
    Photo,
    PhotoSource,
    assess_quality,
    decode_photo,
    look_views,
    read_photo,
    segment_boxes,
)
from ailock_sdk.constants import MAX_OBJECTS, MAX_PROBE_PHOTOS, MAX_REFERENCE_PHOTOS
from ailock_sdk.embedding import Bundle, Embedder
from ailock_sdk.errors import CaptureError, EnrollmentError, PhotoQualityError
from ailock_sdk.imageprint import ImagePrint, combine, load_projections
from ailock_sdk.profiles import Look, Profile

PhotoSources: TypeAlias = "PhotoSource | Sequence[PhotoSource] | Sequence[Sequence[PhotoSource]]"
"""A photo, or a list or tuple of photos of one object; or a list of 2 to 4 such lists, one for each
object of a combination."""

Result = TypeVar("Result")

StageObserver = Callable[[str, float], None]
"""Called with a stage's name and its seconds; stages are those of docs/architecture.md."""


@contextmanager
def timed_stage(observe: StageObserver | None, name: str) -> Iterator[None]:
    """Report how long the block takes, unless nobody observes or it fails."""
    if observe is None:
        yield
        return
    start = perf_counter()
    yield
    observe(name, perf_counter() - start)


def reference_photos(
    photos: Iterable[PhotoSource] | Iterable[Sequence[PhotoSource]],
) -> list[list[PhotoSource]]:
    """The reference photos of each object: any iterable of photos, or of lists of them.

    Raises
    ------
    EnrollmentError
        An object has no photo, or more than ``MAX_REFERENCE_PHOTOS``; or objects are too many.
    TypeError
        A single photo, or lists and photos mixed.
    """
    single = isinstance(photos, str | bytes | bytearray | memoryview | np.ndarray)
    if single or hasattr(photos, "read") or not isinstance(photos, Iterable):
        raise TypeError("enroll takes a list of photos: enroll([photo])")
    given: Any = list(photos)
    try:
        objects = by_object(given)
    except CaptureError as error:
        raise EnrollmentError(str(error)) from None
    if not all(1 <= len(photos_of_one) <= MAX_REFERENCE_PHOTOS for photos_of_one in objects):
        raise EnrollmentError(f"enroll with 1 to {MAX_REFERENCE_PHOTOS} photos of each object")
    return objects


def one_reference(imageprints: Sequence[ImagePrint], limit_bits: int) -> ImagePrint:
    """The mean of one object's reference photos.

    Raises
    ------
    EnrollmentError
        One differs from the mean of the others in more than ``limit_bits``.
    """
    for number, one in enumerate(imageprints, start=1):
        others = [*imageprints[: number - 1], *imageprints[number:]]
        if others and one - combine(others) > limit_bits:
            raise EnrollmentError(
                f"photo {number} is too unlike the others: "
                "take all photos of the same side of one object, in even light"
            )
    return combine(imageprints)


def by_object(photos: PhotoSources) -> list[list[PhotoSource]]:
    """The photos of each object: one list, or those of a combination in their order.

    Raises
    ------
    CaptureError
        More than ``MAX_OBJECTS`` lists.
    TypeError
        Lists and photos are mixed.
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


def read_objects(
    objects: Sequence[list[PhotoSource]], read: Callable[[list[PhotoSource]], Result]
) -> list[Result]:
    """What ``read`` gives of each object's photos; a :class:`CaptureError` says which of several.

    Everything is read, in order, before anything is compared.
    """
    results = []
    for number, photos in enumerate(objects, start=1):
        try:
            results.append(read(photos))
        except CaptureError as error:
            if len(objects) == 1:
                raise
            raise error.named(f"object {number}") from None
    return results


def read_each(
    photos: Sequence[PhotoSource], read: Callable[[PhotoSource], ImagePrint]
) -> list[ImagePrint]:
    """What ``read`` gives of each photo; its :class:`CaptureError` says which of several it is."""
    prints = []
    for number, photo in enumerate(photos, start=1):
        try:
            prints.append(read(photo))
        except CaptureError as error:
            if len(photos) == 1:
                raise
            file = f" ({os.fspath(photo)!r})" if isinstance(photo, str | os.PathLike) else ""
            raise error.named(f"photo {number}{file}") from None
    return prints


def read_probe(
    photos: Sequence[PhotoSource], read: Callable[[PhotoSource], ImagePrint]
) -> ImagePrint:
    """One probe from what ``read`` gives of one photo or of several (SPEC section 3).

    Raises
    ------
    CaptureError
        There is no photo, or more than ``MAX_PROBE_PHOTOS``; or as :func:`read_each`.
    """
    if not 1 <= len(photos) <= MAX_PROBE_PHOTOS:
        raise CaptureError(f"unlock with 1 to {MAX_PROBE_PHOTOS} photos, not {len(photos)}")
    prints = read_each(photos, read)
    # One photo's margins are taken as they are: dividing them all decides nothing.
    return prints[0] if len(prints) == 1 else combine(prints)


class PhotoReader:
    """A loaded model that reads photos as one profile says; stays warm, serves several threads.

    Parameters
    ----------
    bundle : Bundle
    profile : Profile
        One of the bundle's.
    threads : int, optional
        CPU threads of the network, at least 1; by default the machine's fast cores, at most four.
    observe : StageObserver, optional
        Called after every stage.

    Raises
    ------
    BundleError
        The model or the projections do not load, or are not what the manifest says.
    RuntimeMissingError
        No TFLite interpreter is installed.
    """

    def __init__(
        self,
        bundle: Bundle,
        profile: Profile,
        threads: int | None = None,
        observe: StageObserver | None = None,
    ) -> None:
        self.bundle = bundle
        self.profile = profile
        self.embedder = Embedder(bundle, threads, at_once=len(profile.looks), layers=profile.layers)
        self._observe = observe
        self._projections = load_projections(bundle.projection_path, profile.layers)

    @property
    def lambda_bits(self) -> int:
        """Length of an imageprint in bits."""
        per_segment = sum(p.lambda_bits for p in self._projections.values())
        return per_segment * len(self.profile.segments)

    @property
    def independent(self) -> bool:
        """Whether each layer's projection has independent rows; see :class:`Projection`."""
        return all(each.independent for each in self._projections.values())

    def imageprint(self, photo: PhotoSource, *, reference: bool, check_quality: bool) -> ImagePrint:
        """The imageprint of one photo.

        Parameters
        ----------
        photo : PhotoSource
        reference : bool
            Take the profile's ``reference_looks``, else its ``looks``.
        check_quality : bool
            Refuse a photo that is dark, blown out, blurred, textureless or too small.

        Raises
        ------
        PhotoFormatError
            Not a photo this package reads, damaged, or above a size ceiling.
        PhotoQualityError
            Too poor to use; every reason is given.
        """
        looks = self.profile.reference_looks if reference else self.profile.looks
        with self._stage("read"):
            photo = read_photo(photo)
        with self._stage("decode"):
            decoded = decode_photo(photo, self._needed_short_side_pixels(looks))
        if check_quality:
            with self._stage("quality"):
                issues = assess_quality(decoded)
            if issues:
                raise PhotoQualityError(issues)
        return self._imageprint(decoded, looks)

    def _imageprint(self, decoded: Photo, looks: Sequence[Look]) -> ImagePrint:
        contract = self.bundle.input
        width, height = decoded.decoded_width, decoded.decoded_height
        margins = []  # [segment][layer] -> float64 (lambda,)
        for box in segment_boxes(width, height, contract.crop, self.profile.segments):
            with self._stage("resize"):
                views = look_views(decoded, box, looks, contract.height, contract.width)
            with self._stage("network"):
                embeddings = self.embedder.embed_mean(views, self.profile.layers)
            with self._stage("projection"):
                margins.append(
                    [
                        self._projections[layer].margins(embedding)
                        for layer, embedding in zip(self.profile.layers, embeddings, strict=True)
                    ]
                )
        by_layer = zip(*margins, strict=True)  # layers outside, segments inside: SPEC section 3
        return ImagePrint(np.concatenate([np.concatenate(layer) for layer in by_layer]))

    def _needed_short_side_pixels(self, looks: Sequence[Look]) -> int:
        """The short side at which no look at a segment is enlarged (SPEC 1.2)."""
        contract = self.bundle.input
        boxes = segment_boxes(1, 1, contract.crop, self.profile.segments)
        smallest = min(box.right - box.left for box in boxes) * min(x.fraction for x in looks)
        return math.ceil(max(contract.height, contract.width) / smallest)

    def _stage(self, name: str) -> AbstractContextManager[None]:
        return timed_stage(self._observe, name)
