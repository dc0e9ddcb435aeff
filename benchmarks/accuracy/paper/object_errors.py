"""Whose photos are refused: FNMR of each object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.paper.systems import System
from benchmarks.accuracy.paper.trials import Rule, Side
from lab.report.results import Figure, Panel, Result, Series, Table

WORST_OBJECTS = 15


@dataclass(frozen=True, eq=False)
class ObjectErrors:
    """Mated trials of each of K objects.

    Attributes
    ----------
    trials, refused : int64 (K,)
    furthest : int64 (K, 2), the two photos that are furthest apart, rows of a side; -1: no trial
    distance : int64 (K,), their statistic; -1: no trial
    """

    trials: NDArray[np.int64]
    refused: NDArray[np.int64]
    furthest: NDArray[np.int64]
    distance: NDArray[np.int64]

    @property
    def fnmr(self) -> NDArray[np.float64]:
        """Share of an object's mated trials that are refused, float64 (K,); NaN without trials."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.refused / self.trials)


def object_errors(references: Side, probes: Side, rule: Rule) -> ObjectErrors:
    """Every two photos of one object by object, each pair once: the first is the reference.

    ``probes`` are the same photos as probes.
    """
    count = references.object_count
    trials, refused = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    furthest = np.full((count, 2), -1, dtype=np.int64)
    distance = np.full(count, -1, dtype=np.int64)
    for index, own in enumerate(references.own_rows):
        first, second = np.triu_indices(own.stop - own.start, 1)
        if not len(first):
            continue
        bits = rule.statistic(references.rows(own), probes.rows(own))[first, second]
        at = int(bits.argmax())
        trials[index] = len(bits)
        refused[index] = (bits > rule.radius).sum()
        furthest[index] = own.start + first[at], own.start + second[at]
        distance[index] = bits[at]
    return ObjectErrors(trials, refused, furthest, distance)


def object_results(systems: Sequence[System], where: str) -> list[Result]:
    """How errors spread over objects, and the objects with most of them.

    ``systems`` are judged on the same reference photos, which ``where`` names.
    """
    found = [object_errors(s.references.side, s.probes.side, s.rule) for s in systems]
    names = _object_names(systems[0])
    measured = np.flatnonzero(found[0].trials)  # the same trials in all systems
    if not len(measured):
        return []
    lines = tuple(
        _distribution(system.name, each.fnmr[measured])
        for system, each in zip(systems, found, strict=True)
    )
    panel = Panel(
        f"{where}: {len(measured)} objects",
        "FNMR of an object (%)",
        "objects with at most so much (%)",
        lines,
        y_range=(0, 103),
    )
    total = np.sum([each.refused for each in found], axis=0)
    worst = [i for i in np.argsort(-total, kind="stable")[:WORST_OBJECTS] if total[i]]
    rows = tuple(
        (
            names[i],
            int(found[0].trials[i]),
            *(100 * float(each.fnmr[i]) for each in found),
            int(found[-1].distance[i]),
        )
        for i in worst
    )
    columns = (
        *("object", "mated trials"),
        *(f"FNMR, {system.name} (%)" for system in systems),
        f"furthest pair, {systems[-1].name} (bits)",
    )
    notes = tuple(
        f"{system.name}: {_concentration(each.refused[measured])}"
        for system, each in zip(systems, found, strict=True)
    )
    return [
        Figure(
            "", f"FNMR by object, {where}", (panel,), ("At c; every two photos of an object once.",)
        ),
        Table("", f"Objects refused most often, {where}", columns, rows, None, notes),
    ]


def _object_names(system: System) -> list[str]:
    named = dict(
        zip(system.references.side.objects.tolist(), system.references.photos, strict=True)
    )
    return [named[number].object for number in sorted(named)]


def _distribution(name: str, fnmr: NDArray[np.float64]) -> Series:
    """The empirical distribution function, as steps, in per cent."""
    values = np.unique(np.concatenate([[0.0], fnmr, [1.0]]))
    share = np.searchsorted(np.sort(fnmr), values, side="right") / len(fnmr)
    x = np.repeat(values, 2)[1:]
    y = np.repeat(share, 2)[:-1]
    return Series(name, tuple((100 * x).tolist()), tuple((100 * y).tolist()))


def _concentration(refused: NDArray[np.int64]) -> str:
    """How few objects hold half of the refusals."""
    total = int(refused.sum())
    if not total:
        return f"none of {len(refused)} objects is ever refused."
    most = np.cumsum(np.sort(refused)[::-1])
    half = int(np.searchsorted(most, total / 2)) + 1
    some = int((refused > 0).sum())
    return (
        f"{some} of {len(refused)} objects are refused at least once; {half} of them make half of "
        f"the {total} refusals."
    )
