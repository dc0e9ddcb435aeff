"""Several things timed in turn, so that a slow moment of the machine hits all alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import TypeVar

from tqdm import tqdm

from benchmarks.speed.errors import SpeedError

T = TypeVar("T")


def interleaved(
    works: Mapping[str, Callable[[], T]], runs: int, description: str
) -> dict[str, list[T]]:
    """What each work returned in ``runs`` rounds, after one round whose results are dropped.

    Every round starts one work further, so that none always follows the same other.

    Raises
    ------
    SpeedError
        ``runs`` is below 1.
    """
    if runs < 1:
        raise SpeedError("at least one run is needed")
    names = list(works)
    results: dict[str, list[T]] = {name: [] for name in names}
    for turn in tqdm(range(runs + 1), desc=description, disable=None):
        for place in range(len(names)):
            name = names[(turn + place) % len(names)]
            result = works[name]()
            if turn > 0:
                results[name].append(result)
    return results


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """A work that returns how long ``work`` took, in milliseconds."""

    def run() -> float:
        start = perf_counter()
        work()
        return 1000 * (perf_counter() - start)

    return run


def medians(times: Mapping[str, list[float]]) -> dict[str, float]:
    """The median of each list, rounded to 0.1 microseconds where the times are milliseconds."""
    return {name: round(median(values), 4) for name, values in times.items()}
