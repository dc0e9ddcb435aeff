"""From a photo to its imageprint: capture, embedding and projection, one after another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from time import perf_counter
from typing import TypeVar

import numpy as np

from ailock_sdk.capture import (
    WHOLE_SIZE_PIXELS,
    Photo,
    PhotoSource,
    assess_quality,
    decode_photo,
    look_views,
    read_photo,
    segment_boxes,
)
from ailock_sdk.embedding import Bundle, Embedder
from ailock_sdk.errors import EnrollmentError, PhotoQualityError, memory_errors
from ailock_sdk.imageprint import ImagePrint, combine, load_projections
from ailock_sdk.limits import DEFAULT_LIMITS, Limits
from ailock_sdk.photo_lists import (
    PhotoSources,
    one_probe,
    probe_photos,
    read_objects,
)
from ailock_sdk.profiles import Look, Profile
from ailock_sdk.sketch import correction_radius

Reader = TypeVar("Reader", bound="PhotoReader")

StageObserver = Callable[[str, float], None]
"""Called with a stage's name and its seconds (docs/explanation/architecture.md has the stages)."""


@contextmanager
def timed_stage(observe: StageObserver | None, name: str) -> Iterator[None]:
    """Report how long the block takes, unless nobody observes or it fails."""
    if observe is None:
        yield
        return
    start = perf_counter()
    yield
    observe(name, perf_counter() - start)


class PhotoReader:
    """A loaded model that reads photos as one profile says; stays warm, serves several threads.

    Parameters
    ----------
    bundle : Bundle
    profile : Profile
        One of the bundle's.
    threads : int, optional
    check_quality : bool
    observe : StageObserver, optional
    limits : Limits
        These, and errors, are as for :class:`~ailock_sdk.lock.AiLock`.

    Attributes
    ----------
    radius : int
        Most bits that a probe of the profile may differ in.
    """

    def __init__(
        self,
        bundle: Bundle,
        profile: Profile,
        threads: int | None = None,
        check_quality: bool = True,
        observe: StageObserver | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.bundle = bundle
        self.profile = profile
        self.limits = limits
        self.check_quality = check_quality
        self._embedder = Embedder(
            bundle, threads, at_once=len(profile.looks), layers=profile.layers
        )
        self._observe = observe
        self._projections = load_projections(bundle.projection_path, profile.layers)

        self.radius = correction_radius(self.lambda_bits, profile.tau)

    def close(self) -> None:
        """Free the model; no photo is read afterwards."""
        self._embedder.close()

    def __enter__(self: Reader) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def lambda_bits(self) -> int:
        """Length of an imageprint in bits."""
        per_segment = sum(p.lambda_bits for p in self._projections.values())
        return per_segment * len(self.profile.segments)

    @property
    def fingerprint(self) -> bytes:
        """Of what imageprints depend on: two locks of one open each other's records."""
        return self.bundle.fingerprints[self.profile.name]

    @property
    def threads(self) -> int:
        """CPU threads of the network."""
        return self._embedder.threads

    @property
    def runtime(self) -> str:
        """The runtime in use: package name and version."""
        runtime = self._embedder.runtime
        return f"{runtime.name} {runtime.version}"

    @property
    def _is_exposed(self) -> bool:
        """Whether records of the profile give the embedding away (SPEC section 10)."""
        independent = all(each.independent for each in self._projections.values())
        return self.profile.overcomplete or not independent

    def probes(self, photos: PhotoSources) -> tuple[ImagePrint, ...]:
        """One probe for each object, from one photo of it or from several (SPEC section 3).

        Nothing is compared.

        Parameters
        ----------
        photos : PhotoSource, or list or tuple of 1 to 8 PhotoSource
            Of one object; or a list of such lists, one for each object of a combination.

        Raises
        ------
        CaptureError
            A photo cannot be used, or is given twice; of several it is named. Or there is none, or
            more than 8.
        """
        return tuple(read_objects(probe_photos(photos), self.imageprint, one_probe))

    def reference(self, imageprints: Sequence[ImagePrint]) -> ImagePrint:
        """The mean of one object's reference photos, from their imageprints, one or more.

        Raises
        ------
        EnrollmentError
            A photo is too unlike the others to show the same object.
        """
        # Half-way between what opens and chance: references may vary, but not show two objects.
        limit_bits = (self.radius + self.lambda_bits // 2) // 2
        for number, one in enumerate(imageprints, start=1):
            others = [*imageprints[: number - 1], *imageprints[number:]]
            if others and one - combine(others) > limit_bits:
                raise EnrollmentError(
                    f"photo {number} is too unlike the others: "
                    "take all photos of the same side of one object, in even light"
                )
        return combine(imageprints)

    def distance(self, a: ImagePrint, b: ImagePrint) -> float:
        """The decision statistic: differing bits over lambda, in [0, 1]; about 0.5 is chance."""
        return (a - b) / len(a)

    def imageprint(self, photo: PhotoSource, *, reference: bool = False) -> ImagePrint:
        """The imageprint of one photo.

        Parameters
        ----------
        photo : PhotoSource
            A path, an encoded file's bytes or the open file, a Pillow image, or uint8 RGB
            (H, W, 3).
        reference : bool
            Take it with the profile's ``reference_looks``, as enrolling does.

        Raises
        ------
        PhotoFormatError
            Not a photo this package reads, damaged, or above a size ceiling.
        PhotoQualityError
            Too poor to use; every reason is given.
        """
        looks = self.profile.reference_looks if reference else self.profile.looks
        with memory_errors():
            with self._stage("read"):
                photo = read_photo(photo, self.limits)
            with self._stage("decode"):
                needed = self._needed_short_side_pixels(looks)
                decoded = decode_photo(photo, needed, self.limits)
            if self.check_quality:
                with self._stage("quality"):
                    issues = assess_quality(decoded)
                if issues:
                    raise PhotoQualityError(issues)
            return self._imageprint(decoded, looks)

    def _imageprint(self, decoded: Photo, looks: Sequence[Look]) -> ImagePrint:
        contract = self.bundle.input
        width, height = decoded.decoded_width, decoded.decoded_height
        margins = []  # [segment][layer] -> float64 (lambda,)
        stretch = contract.fit == "stretch"
        for box in segment_boxes(width, height, contract.crop, self.profile.segments, stretch):
            with self._stage("resize"):
                size = contract.height, contract.width
                views = look_views(decoded, box, looks, *size, contract.filter)
            with self._stage("network"):
                embeddings = self._embedder.embed_mean(views, self.profile.layers)
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
        if contract.decode == "full":
            return WHOLE_SIZE_PIXELS
        boxes = segment_boxes(1, 1, contract.crop, self.profile.segments)
        smallest = min(box.right - box.left for box in boxes) * min(x.fraction for x in looks)
        return math.ceil(max(contract.height, contract.width) / smallest)

    def _stage(self, name: str) -> AbstractContextManager[None]:
        return timed_stage(self._observe, name)
