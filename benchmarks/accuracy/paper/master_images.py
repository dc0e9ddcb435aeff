"""Master images: photos that match most others (section 7 of the authors' later Pixie, 2017).

In the words of Doddington et al., "Sheep, goats, lambs and wolves" (ICSLP 1998), a photo that as a
probe matches many references is a wolf, a reference that is matched by many probes a lamb. False
matches are few, so a photo's mean distance to others is told too: it shows the same sooner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.paper.systems import Crowd, Photo, System
from benchmarks.accuracy.paper.trials import Rule, Side
from lab.report.results import Figure, Panel, Result, Series, Table
from lab.statistics.hamming import row_blocks

MOST = 10
"""Photos listed."""


@dataclass(frozen=True, eq=False)
class Matches:
    """What M probes and N references have in common in non-mated trials.

    Attributes
    ----------
    trials, matches : int64 (M,), references of other objects, and how many of them a probe matches
    mean : float64 (M,), a probe's mean statistic with these; NaN without any
    nearest, distance : int64 (M,), the nearest of these and its statistic; -1 without any
    reference_trials, reference_matches : int64 (N,), the same counts of a reference
    """

    trials: NDArray[np.int64]
    matches: NDArray[np.int64]
    mean: NDArray[np.float64]
    nearest: NDArray[np.int64]
    distance: NDArray[np.int64]
    reference_trials: NDArray[np.int64]
    reference_matches: NDArray[np.int64]


@dataclass(frozen=True)
class Wolf:
    """A probe, what it matches, and the reference of another object that is nearest to it."""

    photo: Photo
    trials: int
    matches: int
    mean: float
    distance: int
    nearest: Photo


def count_matches(references: Side, probes: Side, rule: Rule, same_objects: bool) -> Matches:
    """Compare every probe with every reference of another object.

    Parameters
    ----------
    same_objects : objects of both sides are numbered alike, such as photos against themselves;
        otherwise all trials are non-mated
    """
    count = len(probes)
    trials, matches = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    mean = np.full(count, np.nan)
    nearest, distance = np.full(count, -1), np.full(count, -1)
    reference_trials = np.zeros(len(references), dtype=np.int64)
    reference_matches = np.zeros(len(references), dtype=np.int64)
    for block in row_blocks(count, len(references) * len(rule.radii)):
        bits = rule.statistic(references.words, probes.rows(block))
        met = np.ones(bits.shape, dtype=np.bool_)
        if same_objects:
            met = references.objects[:, None] != probes.objects[None, block]
        hit = met & (bits <= rule.radius)
        trials[block], matches[block] = met.sum(axis=0), hit.sum(axis=0)
        reference_trials += met.sum(axis=1)
        reference_matches += hit.sum(axis=1)
        some = met.any(axis=0)
        with np.errstate(invalid="ignore"):
            mean[block] = np.where(met, bits, 0).sum(axis=0) / trials[block]
        far = np.where(met, bits, rule.bins)
        at = far.argmin(axis=0)
        nearest[block] = np.where(some, at, -1)
        distance[block] = np.where(some, far[at, np.arange(len(at))], -1)
    return Matches(trials, matches, mean, nearest, distance, reference_trials, reference_matches)


def all_matches(system: System) -> list[tuple[Crowd, Matches]]:
    """Every role's photos as probes: the reference photos themselves first."""
    references = system.references
    own = count_matches(references.side, system.probes.side, system.rule, same_objects=True)
    return [
        (system.probes, own),
        *(
            (crowd, count_matches(references.side, crowd.side, system.rule, same_objects=False))
            for crowd in system.others
        ),
    ]


def wolves(system: System, found: list[tuple[Crowd, Matches]]) -> list[Wolf]:
    """All probes, those that match most references first; of equals, the nearest on average."""
    everyone = [
        Wolf(
            crowd.photos[i],
            int(each.trials[i]),
            int(each.matches[i]),
            float(each.mean[i]),
            int(each.distance[i]),
            system.references.photos[each.nearest[i]],
        )
        for crowd, each in found
        for i in np.flatnonzero(each.trials)
    ]
    return sorted(everyone, key=lambda wolf: (-wolf.matches / wolf.trials, wolf.mean))


def master_results(system: System, found: list[tuple[Crowd, Matches]]) -> list[Result]:
    """The photos that match most, the references matched most, and how matches spread."""
    order = wolves(system, found)
    trials, matches = sum(w.trials for w in order), sum(w.matches for w in order)
    share = np.array([100 * wolf.matches / wolf.trials for wolf in order])
    means = np.array([wolf.mean for wolf in order])
    rows = tuple(
        (
            f"{wolf.photo.role}: {wolf.photo.path}",
            wolf.matches,
            wolf.trials,
            100 * wolf.matches / wolf.trials,
            wolf.mean,
            (wolf.mean - float(means.mean())) / float(means.std()) if means.std() else 0.0,
        )
        for wolf in order[:MOST]
    )
    columns = (
        *("photo", "references matched", "of", "share (%)"),
        *("mean distance (bits)", "from the photos' mean (standard deviations)"),
    )
    notes = (
        f"{len(order):,} photos as probes against {len(system.references)} reference photos of "
        f"other objects, at c: {matches:,} of {trials:,} trials match "
        f"({100 * matches / trials:.3g} %); {int((share > 0).sum())} photos match at least one.",
        "Photos of the reference role meet each other in both orders.",
    )
    return [
        Table("", f"Master images (wolves), {system.name}", columns, rows, None, notes),
        _lambs(system, found),
        Figure(
            "",
            f"Matches of a photo, {system.name}",
            (
                Panel(
                    "Wolves",
                    "references matched (%)",
                    "photos that match at least so many (%)",
                    (_survival("photos as probes", share),),
                    y_scale="log",
                ),
                Panel(
                    "Mean distance",
                    "mean distance to other objects (bits)",
                    "photos with at most so much (%)",
                    (_distribution("photos as probes", means),),
                    y_range=(0, 103),
                ),
            ),
            (),
        ),
    ]


def _lambs(system: System, found: list[tuple[Crowd, Matches]]) -> Table:
    trials = np.sum([each.reference_trials for _, each in found], axis=0)
    matches = np.sum([each.reference_matches for _, each in found], axis=0)
    order = np.argsort(-matches / np.maximum(trials, 1), kind="stable")[:MOST]
    rows = tuple(
        (
            system.references.photos[i].path,
            int(matches[i]),
            int(trials[i]),
            100 * float(matches[i]) / int(trials[i]),
        )
        for i in order
        if matches[i]
    )
    columns = ("reference photo", "probes that match it", "of", "share (%)")
    notes = () if len(rows) == MOST else ("Other reference photos are matched by no probe.",)
    title = f"References matched most (lambs), {system.name}"
    return Table("", title, columns, rows, None, notes)


def _survival(label: str, values: NDArray[np.float64]) -> Series:
    at = np.unique(values)
    share = 100 * (1 - np.searchsorted(np.sort(values), at, side="left") / len(values))
    return Series(label, tuple(at.tolist()), tuple(share.tolist()))


def _distribution(label: str, values: NDArray[np.float64]) -> Series:
    at = np.unique(values)
    share = 100 * np.searchsorted(np.sort(values), at, side="right") / len(values)
    return Series(label, tuple(at.tolist()), tuple(share.tolist()))
