"""How much of a lock is its object, and how much the place where the object stood at enrolment.

Objects are put before backgrounds (:mod:`lab.photos.cut_outs`), so that one changes without the
other. Each trial enrols an owner's object twice, before one background and before a different one
in each reference photo; both locks then meet the same four probes: the owner's object in the first
place and in a new one, another object of its kind in the first place, and an object of another
kind there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from ailock_sdk import AiLock
from ailock_sdk.capture import Pixels
from ailock_sdk.imageprint import combine
from lab.errors import TooFewTrialsError
from lab.photos.cut_outs import CutOut, compose, place_camera
from lab.statistics.intervals import Estimate, rule_of_three, share_by_object
from lab.statistics.object_pairs import kind_of

ENROLMENTS = ("one background", "different backgrounds")
PROBES = (
    "owner, same place",
    "owner, new place",
    "same kind, same place",
    "other kind, same place",
)
OWNERS = PROBES[:2]

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False)
class Example:
    """The photos of a trial: references by enrolment, the probes by name, and who was accepted."""

    owner: str
    references: Mapping[str, tuple[Pixels, ...]]
    probes: Mapping[str, tuple[Pixels, ...]]
    accepted: Mapping[tuple[str, str], bool]


@dataclass(frozen=True, eq=False)
class Scene:
    """What was found.

    Attributes
    ----------
    owners : objects that enrolled
    trials : of each enrolment and probe
    errors : by enrolment and probe: owners refused, others accepted
    examples : the first trials, to look at
    """

    owners: int
    trials: int
    errors: Mapping[tuple[str, str], Estimate]
    examples: tuple[Example, ...]


def measure(
    lock: AiLock,
    cut_outs: Mapping[str, Sequence[CutOut]],
    backgrounds: Sequence[Pixels],
    trials: int,
    references: int = 3,
    probes: int = 1,
    bootstrap: int = 1_000,
    seed: int = 1,
    examples: int = 4,
    progress: bool = False,
) -> Scene:
    """Draw so many trials, the owners in turn.

    Parameters
    ----------
    cut_outs : views of each object, whose name tells its kind
    backgrounds : uint8 RGB (S, S, 3); ``references`` + 1 of them or more
    references, probes : photos at the two ends
    bootstrap : replicates over owners; 0 gives no intervals

    Raises
    ------
    TooFewTrialsError
        Too few backgrounds, or no object with enough views that has another of its kind.
    """
    owners = _owners(cut_outs, references + probes)
    if len(backgrounds) <= references:
        raise TooFewTrialsError(
            f"{references} references on different backgrounds and a new place need "
            f"{references + 1} backgrounds, not {len(backgrounds)}"
        )
    rng = np.random.default_rng(seed)
    wrong = {(e, p): np.zeros(len(owners), dtype=np.int64) for e in ENROLMENTS for p in PROBES}
    drawn = np.zeros(len(owners), dtype=np.int64)
    kept: list[Example] = []
    bar = tqdm(range(trials), "scenes", unit="trial", disable=None if progress else True)
    for number in bar:
        at = number % len(owners)
        example = _trial(lock, owners[at], cut_outs, backgrounds, references, probes, rng)
        drawn[at] += 1
        for case, accepted in example.accepted.items():
            wrong[case][at] += accepted != (case[1] in OWNERS)
        if len(kept) < examples:
            kept.append(example)
    tried = drawn > 0
    bound = rule_of_three(int(tried.sum()))
    errors = {
        case: share_by_object(
            counts[tried], drawn[tried], bootstrap, seed, 0.0 if counts.any() else bound
        )
        for case, counts in wrong.items()
    }
    return Scene(int(tried.sum()), trials, errors, tuple(kept))


def _trial(
    lock: AiLock,
    owner: str,
    cut_outs: Mapping[str, Sequence[CutOut]],
    backgrounds: Sequence[Pixels],
    references: int,
    probes: int,
    rng: np.random.Generator,
) -> Example:
    views = [cut_outs[owner][i] for i in rng.permutation(len(cut_outs[owner]))]
    enrolled, shown = views[:references], views[references : references + probes]
    kind = kind_of(owner)
    alike = _draw([n for n in cut_outs if n != owner and kind_of(n) == kind], rng)
    unlike = _draw([n for n in cut_outs if kind_of(n) != kind], rng)
    chosen = rng.choice(len(backgrounds), references + 1, replace=False)
    home, *elsewhere = (place_camera(backgrounds[i], rng) for i in chosen)
    new_place = elsewhere.pop()

    def impostor(name: str) -> list[CutOut]:
        return [_draw(cut_outs[name], rng) for _ in range(probes)]

    photos = {
        ENROLMENTS[0]: tuple(compose(view, home, rng) for view in enrolled),
        ENROLMENTS[1]: tuple(
            compose(view, place, rng)
            for view, place in zip(enrolled, [home, *elsewhere], strict=True)
        ),
    }
    probe_photos = {
        PROBES[0]: tuple(compose(view, home, rng) for view in shown),
        PROBES[1]: tuple(compose(view, new_place, rng) for view in shown),
        PROBES[2]: tuple(compose(view, home, rng) for view in impostor(alike)),
        PROBES[3]: tuple(compose(view, home, rng) for view in impostor(unlike)),
    }
    locks = {
        name: combine([lock.imageprint(photo, reference=True) for photo in taken])
        for name, taken in photos.items()
    }
    prints = {name: lock.probes(list(taken))[0] for name, taken in probe_photos.items()}
    accepted = {
        (enrolment, probe): bool(reference - prints[probe] <= lock.radius)
        for enrolment, reference in locks.items()
        for probe in PROBES
    }
    return Example(owner, photos, probe_photos, accepted)


def _owners(cut_outs: Mapping[str, Sequence[CutOut]], views: int) -> list[str]:
    kinds = [kind_of(name) for name in cut_outs]
    found = [
        name
        for name, kind in zip(cut_outs, kinds, strict=True)
        if len(cut_outs[name]) >= views and kinds.count(kind) > 1
    ]
    if not found or len(set(kinds)) < 2:
        raise TooFewTrialsError(
            f"no object has {views} views, another object of its kind, and one of another kind"
        )
    return found


def _draw(items: Sequence[Item], rng: np.random.Generator) -> Item:
    return items[int(rng.integers(len(items)))]
