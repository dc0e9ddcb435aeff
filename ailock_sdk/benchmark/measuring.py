"""Times the unlocks, and what changes with the process and with the number of threads."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from time import perf_counter
from typing import Any

import numpy as np
from tqdm import tqdm

from ailock_sdk import __version__
from ailock_sdk.benchmark.device import read_device, read_state
from ailock_sdk.benchmark.processes import measure_processes, peak_memory_mib
from ailock_sdk.benchmark.unlocking import IMAGEPRINT_STAGES, STAGES, StageSeconds, Unlocking
from ailock_sdk.capture import decode_photo
from ailock_sdk.constants import DEFAULT_BENCHMARK_RUNS
from ailock_sdk.embedding import DEFAULT_BUNDLE, Bundle, quiet_stderr, usable_cores
from ailock_sdk.errors import AilockError
from ailock_sdk.lock import AiLock
from ailock_sdk.profiles import DEFAULT_PROFILE
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import TARGET_SECONDS, derive_keys, measured_speed, tuned_cost

SCHEMA = "ailock-benchmark/1"
SWEEP_RUNS = 10
"""At most so many imageprints with each number of threads."""
SWEEP_THREADS_MAX = 8
PROCESS_RUNS = 5
"""At most so many starts of each kind of process."""

Figures = dict[str, float]
"""``p50``, ``p90`` and ``p99`` of the warm runs and the ``first`` run, in milliseconds."""


def run(
    photo: str | os.PathLike[str] | None = None,
    runs: int = DEFAULT_BENCHMARK_RUNS,
    threads: int | None = None,
    profile: str = DEFAULT_PROFILE,
    bundle: Bundle | str = DEFAULT_BUNDLE,
) -> dict[str, Any]:
    """Time ``runs`` unlocks of one photo, after a first one that is reported apart.

    After them come whole processes, and imageprints with other numbers of threads: 1 to the cores
    that this process may use, at most 8, or ``threads`` alone if it is given. The sweep over the
    threads leaves out what they do not change, of which Argon2id takes longest.

    Parameters
    ----------
    photo : str or path-like, optional
    runs : int
        Warm unlocks, at least 1; the sweep and the processes take at most 10 and 5 of each.
    threads : int, optional
    profile : str
    bundle : Bundle or str
        As of :class:`Unlocking`.

    Returns
    -------
    dict
        JSON-ready, schema ``ailock-benchmark/1``: what :func:`result_of` gives, and ``when``;
        ``process_ms``, medians of a bare interpreter, of one that imports the package and of a
        whole ``ailock unlock``, start to exit; ``unlock_memory_mib``, the peak of the last;
        ``by_threads``, for each number of threads ``network_ms`` and ``imageprint_ms`` (from the
        file to the imageprint); ``state`` of the device before the first and after the last
        measurement.

    Raises
    ------
    AilockError
        The photo or the installation cannot be used, ``runs`` or ``threads`` is below 1, or no
        other process can be started.
    """
    if runs < 1:
        raise AilockError("a benchmark needs at least one run")
    when = datetime.now(timezone.utc).isoformat(timespec="seconds")
    before = read_state()
    with Unlocking(photo, threads, profile, bundle) as unlocking:
        for _ in tqdm(range(runs + 1), desc="unlocking", leave=False, disable=None):
            unlocking.once()
        result = result_of(unlocking)
        seconds, peak_mib = measure_processes(unlocking.command(), min(runs, PROCESS_RUNS))
        most = min(SWEEP_THREADS_MAX, len(usable_cores()))
        counts = range(1, most + 1) if threads is None else [threads]
        by_threads = _sweep(unlocking, counts, min(runs, SWEEP_RUNS))
    return {
        "schema": SCHEMA,
        "when": when,
        **result,
        "process_ms": {kind: _milliseconds(each) for kind, each in seconds.items()},
        "unlock_memory_mib": round(peak_mib, 1),
        "by_threads": by_threads,
        "state": {"before": asdict(before), "after": asdict(read_state())},
    }


def result_of(unlocking: Unlocking) -> dict[str, Any]:
    """Figures of the unlocks so far, two or more.

    Returns
    -------
    dict
        JSON-ready. ``stages_ms`` maps each stage of :data:`STAGES` to ``p50``, ``p90`` and ``p99``
        of the warm runs and ``first``, with a model newly loaded; ``unlock_ms`` is the same of
        their sum, ``load_ms`` the time to load the model, all in milliseconds; ``peak_memory_mib``
        is this process's so far. The rest names ``device``, ``software``, ``model``, ``photo``,
        ``threads`` and the number of warm ``runs``.
    """
    lock, times = unlocking.lock, unlocking.times
    totals = [sum(row) for row in zip(*times.values(), strict=True)]
    photo = decode_photo(unlocking.photo, 2)
    bundle = lock.bundle
    return {
        "device": asdict(read_device()),
        "software": _software(lock),
        "model": {
            "bundle": bundle.name,
            "version": bundle.version,
            "fingerprint": lock.fingerprint.hex(),
            "model_sha256": bundle.model_sha256,
            "profile": lock.profile.name,
        },
        "photo": {
            "width": photo.width,
            "height": photo.height,
            "bytes": unlocking.photo.stat().st_size,
        },
        "threads": lock.threads,
        "runs": len(totals) - 1,
        "stages_ms": {stage: _figures(times[stage]) for stage in STAGES},
        "unlock_ms": _figures(totals),
        "load_ms": _milliseconds(unlocking.load_seconds),
        "peak_memory_mib": round(peak_memory_mib(), 1),
    }


def _sweep(unlocking: Unlocking, counts: Sequence[int], runs: int) -> dict[str, dict[str, Figures]]:
    """Times of the imageprint with each number of threads, after a first one each.

    All locks are held at once, some 60 MiB each, so that they can take turns: a processor that
    gets warm while it works then slows all of them alike.
    """
    now = StageSeconds()
    bundle, profile = unlocking.lock.bundle, unlocking.lock.profile.name
    with quiet_stderr():
        locks = [AiLock(bundle, profile, pepper=None, threads=n, observe=now.add) for n in counts]
    network: list[list[float]] = [[] for _ in locks]
    imageprint: list[list[float]] = [[] for _ in locks]
    for _ in tqdm(range(runs + 1), desc="threads", leave=False, disable=None):
        for index, lock in enumerate(locks):
            now.clear()
            lock.imageprint(unlocking.photo)
            network[index].append(now["network"])
            imageprint[index].append(sum(now[stage] for stage in IMAGEPRINT_STAGES))
    return {
        str(count): {"network_ms": _figures(a), "imageprint_ms": _figures(b)}
        for count, a, b in zip(counts, network, imageprint, strict=True)
    }


def _software(lock: AiLock) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    versions = {"ailock_sdk": __version__, "python": platform.python_version()}
    for package in ("numpy", "pillow", "cryptography"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # packed without its metadata
            versions[package] = "unknown"
    return {**versions, "runtime": lock.runtime}


def tuning() -> dict[str, Any]:
    """The Argon2id cost that new records get on this device, and how long it takes.

    Returns
    -------
    dict
        JSON-ready: ``mib_per_second`` that Argon2id fills, ``target_ms``, ``cost`` with the fields
        of ``KdfCost``, and ``measured_ms`` of one evaluation at that cost.
    """
    speed = measured_speed()
    cost = tuned_cost(speed)
    start = perf_counter()
    derive_keys(Hidden(16), bytes(16), None, cost, bytes(32))
    return {
        "mib_per_second": round(speed / 1024, 1),
        "target_ms": _milliseconds(TARGET_SECONDS),
        "cost": asdict(cost),
        "measured_ms": _milliseconds(perf_counter() - start),
    }


def _figures(seconds: Sequence[float]) -> Figures:
    """Of two or more runs, to 0.1 microseconds."""
    first, *warm = seconds
    p50, p90, p99 = np.percentile(warm, [50, 90, 99])
    values = {"p50": p50, "p90": p90, "p99": p99, "first": first}
    return {name: round(1000 * float(value), 4) for name, value in values.items()}


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 3)
