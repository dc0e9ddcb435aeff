"""What the guide's burst of frames is worth before a camera: against the first frame of a clip.

Objects are filmed at home, in a place that all of one kind share, and elsewhere, each time in a
place of its own. Owners enrol at home and are tried elsewhere; others of their kind, and of other
kinds, are tried as they are filmed at home. A clip is looked at as `ailock unlock --camera` does,
by :func:`ailock_sdk.viewfinder.bursts`, and for comparison by its first frame alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk import AiLock, CameraError, EnrollmentError, PhotoQualityError
from ailock_sdk.camera import Camera, open_camera
from ailock_sdk.capture import Pixels
from ailock_sdk.imageprint import ImagePrint
from ailock_sdk.viewfinder import BURST_FRAMES, Viewfinder, bursts
from lab.errors import PhotoSetError, TooFewTrialsError
from lab.statistics.comparisons import object_weights
from lab.statistics.intervals import Estimate, around
from lab.statistics.object_pairs import ObjectPairs, different, kind_of, same_kind

HOME, ELSEWHERE = "home", "elsewhere"
FIRST, FIRST_GOOD, BURST = "first frame", "first good frame", f"burst of {BURST_FRAMES}"
WAYS = (FIRST, FIRST_GOOD, BURST)
"""How a clip is made a probe."""
ONE, THREE, THREE_PLACES = "1, at home", "3, at home", "3, in different places"
ENROLMENTS = (ONE, THREE, THREE_PLACES)
_SECONDS = 60.0
"""Longest wait for a clip that is decoded as fast as it goes."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A clip as it is compared.

    Attributes
    ----------
    reference : of the sharpest frame of its first burst; ``None`` where nothing was good enough
    probes : by way; ``None`` where the quality gate or the guide took none
    photos : frames, by way, to look at
    """

    reference: ImagePrint | None
    probes: Mapping[str, ImagePrint | None]
    photos: Mapping[str, Sequence[Pixels]]


@dataclass(frozen=True)
class Rates:
    """Of one enrolment and way: owners refused elsewhere, others accepted at home."""

    refused: Estimate
    same_kind: Estimate | None
    other_kind: Estimate | None


@dataclass(frozen=True, eq=False)
class Bursts:
    """What was found.

    Attributes
    ----------
    objects : how many
    enrolled : references of each enrolment; the rest were refused
    trials : by enrolment: owners', those of others of the kind, and those of other kinds
    rates : by enrolment and way; none of an enrolment for which objects have too few clips
    shares : by enrolment: how many times as often the burst refuses its owner as the first frame
    gated : share of owners' clips of which a way took nothing, by way
    seen : the clips elsewhere, by object
    """

    objects: int
    enrolled: Mapping[str, int]
    trials: Mapping[str, tuple[int, int, int]]
    rates: Mapping[tuple[str, str], Rates]
    shares: Mapping[str, Estimate | None]
    gated: Mapping[str, float]
    seen: Mapping[str, Sequence[Seen]]


def find_clips(folder: Path) -> dict[str, dict[str, list[Path]]]:
    """Clips by object, a folder each, and by place: names begin with ``home-`` or ``elsewhere-``.

    Raises
    ------
    PhotoSetError
        No object has clips of both.
    """
    found: dict[str, dict[str, list[Path]]] = {}
    for part in sorted(folder.iterdir()) if folder.is_dir() else ():
        clips = {place: sorted(part.glob(f"{place}-*.mp4")) for place in (HOME, ELSEWHERE)}
        if all(clips.values()):
            found[part.name] = clips
    if not found:
        raise PhotoSetError(f"{folder}: no OBJECT/{HOME}-N.mp4 with OBJECT/{ELSEWHERE}-N.mp4")
    return found


def look(lock: AiLock, clip: Path) -> Seen:
    """Make a clip a reference and probes, by its first frame and as the guide does."""
    with open_camera(clip) as camera:
        first, good = _first_frames(camera)
    with open_camera(clip) as camera:
        try:
            burst = [glance.frame.pixels for glance in next(bursts(camera, _SECONDS))]
        except CameraError:
            burst = []
    photos = {FIRST: first, FIRST_GOOD: good, BURST: burst}
    try:
        reference = lock.imageprint(burst[0], reference=True) if burst else None
    except PhotoQualityError:
        reference = None
    return Seen(reference, {way: _probe(lock, photos[way]) for way in WAYS}, photos)


def measure(
    lock: AiLock,
    clips: Mapping[str, Mapping[str, Sequence[Path]]],
    bootstrap: int = 1_000,
    seed: int = 1,
    progress: bool = False,
) -> Bursts:
    """Enrol every object, and try it and all others.

    Parameters
    ----------
    lock : AiLock
        With its quality gate.
    clips : by object, whose name tells its kind, and place, as of :func:`find_clips`
    bootstrap : replicates over objects; 0 gives no intervals

    Raises
    ------
    TooFewTrialsError
        No owner could enrol and be tried.
    """
    names = list(clips)
    seen: dict[str, dict[str, list[Seen]]] = {}
    for name in tqdm(names, "clips", unit="object", disable=None if progress else True):
        seen[name] = {p: [look(lock, clip) for clip in clips[name][p]] for p in (HOME, ELSEWHERE)}
    same = same_kind([kind_of(name) for name in names])
    other = different(len(names)) & ~same
    owners = np.eye(len(names), dtype=np.bool_)
    weights = object_weights(len(names), bootstrap, seed)
    enrolled: dict[str, int] = {}
    trials: dict[str, tuple[int, int, int]] = {}
    rates: dict[tuple[str, str], Rates] = {}
    shares: dict[str, Estimate | None] = {}
    for enrolment in ENROLMENTS:
        references = [_references(lock, seen[name], enrolment) for name in names]
        enrolled[enrolment] = sum(map(len, references))
        met = {way: _meet(lock, list(seen.values()), references, enrolment, way) for way in WAYS}
        for way, pairs in met.items():
            opened = pairs.rate(owners, weights)
            if opened is not None:
                kinds = pairs.rate(same, weights), pairs.rate(other, weights)
                rates[enrolment, way] = Rates(opened.complement(), *kinds)
        counts = met[BURST].trials
        trials[enrolment] = (
            int(np.trace(counts)),
            int((counts * same).sum()),
            int((counts * other).sum()),
        )
        shares[enrolment] = _share(met[BURST], met[FIRST], weights)
    if not rates:
        raise TooFewTrialsError("no owner could enrol and be tried")
    elsewhere = {name: places[ELSEWHERE] for name, places in seen.items()}
    tried = [each for several in elsewhere.values() for each in several]
    gated = {way: sum(each.probes[way] is None for each in tried) / len(tried) for way in WAYS}
    return Bursts(len(names), enrolled, trials, rates, shares, gated, elsewhere)


def _first_frames(camera: Camera) -> tuple[list[Pixels], list[Pixels]]:
    """The first frame, and the first that the guide would take; an empty list without one."""
    first: list[Pixels] = []
    finder = Viewfinder()
    for frame in camera:
        first = first or [frame.pixels]
        if finder.look(frame):
            return first, [frame.pixels]
    return first, []


def _probe(lock: AiLock, photos: Sequence[Pixels]) -> ImagePrint | None:
    try:
        return lock.probes(photos)[0] if photos else None
    except PhotoQualityError:
        return None


def _references(
    lock: AiLock, places: Mapping[str, Sequence[Seen]], enrolment: str
) -> list[ImagePrint]:
    home = [each.reference for each in places[HOME] if each.reference is not None]
    if enrolment == ONE:
        return home
    taken = home[:3]
    if enrolment == THREE_PLACES:
        others = [each.reference for each in places[ELSEWHERE][1:] if each.reference is not None]
        taken = home[:1] + others[:2]
    try:
        return [lock.reference(taken)] if len(taken) == 3 else []
    except EnrollmentError:
        return []


def _meet(
    lock: AiLock,
    seen: Sequence[Mapping[str, Sequence[Seen]]],
    references: Sequence[Sequence[ImagePrint]],
    enrolment: str,
    way: str,
) -> ObjectPairs:
    """Trials by whose reference met whose clips; on the diagonal those elsewhere."""
    count = len(seen)
    trials, accepted = np.zeros((2, count, count), dtype=np.int64)
    for row, own in enumerate(references):
        for column, places in enumerate(seen):
            tried = places[HOME]
            if row == column:  # not the places that a reference is of
                tried = places[ELSEWHERE][: 1 if enrolment == THREE_PLACES else None]
            probes = [each.probes[way] for each in tried]
            trials[row, column] = len(own) * len(probes)
            accepted[row, column] = sum(
                probe is not None and reference - probe <= lock.radius
                for reference in own
                for probe in probes
            )
    return ObjectPairs(trials, accepted, {}, {})


def _share(burst: ObjectPairs, first: ObjectPairs, weights: NDArray[np.float64]) -> Estimate | None:
    """Refusals of owners by the burst over those by the first frame, if there are any."""
    fewer, more = (np.diagonal(each.trials - each.accepted) for each in (burst, first))
    if not more.any():
        return None
    value = float(fewer.sum() / more.sum())
    usable = weights @ more > 0
    if not usable.any():
        return Estimate(value)
    return around(value, (weights @ fewer)[usable] / (weights @ more)[usable])
