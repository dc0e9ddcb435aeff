"""How long does an unlock take here? Every stage of the real path, timed (``ailock benchmark``)."""

from __future__ import annotations

import os
import platform
import resource
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from tqdm import tqdm

from ailock_sdk.capture import PhotoSource
from ailock_sdk.embedding import quiet_stderr
from ailock_sdk.errors import AilockError
from ailock_sdk.lock import AiLock
from ailock_sdk.profiles import DEFAULT_PROFILE
from ailock_sdk.sketch import derive_keys, recover
from ailock_sdk.vault import RecordStore, read_clock

STAGES = (
    "decode",
    "quality",
    "resize",
    "network",
    "projection",
    "code",
    "Argon2id",
    "store",
)
"""In the order of an unlock; ``store`` is the charge and the refund, each synced to disk."""
_NAME = "benchmark"


class Unlocking:
    """A lock of one photo in a vault of its own, to unlock again and again; a context manager.

    Parameters
    ----------
    photo : any photo the SDK reads; by default the bundle's own
    threads : CPU threads of the network
    profile : a profile of the default bundle
    """

    def __init__(
        self,
        photo: PhotoSource | None = None,
        threads: int | None = None,
        profile: str = DEFAULT_PROFILE,
    ) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)
        self._now: dict[str, float] = defaultdict(float)
        start = perf_counter()
        with quiet_stderr():
            self.lock = AiLock(profile=profile, pepper=None, threads=threads, observe=self._observe)
        self.load_seconds = perf_counter() - start
        self._photo = _own_photo(self.lock) if photo is None else photo
        self._record, _ = self.lock.enroll([self._photo])
        self._folder = tempfile.TemporaryDirectory()
        self._store = RecordStore.open(Path(self._folder.name) / "vault.db", os.urandom(32))
        self._store.add(_NAME, self._record, bytes(32))

    def once(self) -> None:
        """What ``Vault.unlock`` does, the two halves of the fuzzy extractor timed apart."""
        self._now.clear()
        header = self._record.header
        imageprint = self.lock.imageprint(self._photo)
        with self._timed("store"):
            self._store.charge(_NAME, read_clock())
        with self._timed("code"):
            recover(
                self.lock.code,
                header.radius,
                self._record.helper,
                header.salt,
                imageprint.margins,
            )
        with self._timed("Argon2id"):
            derive_keys(bytes(16), header.salt, None, self.lock.cost, bytes(32))
        with self._timed("store"):
            self._store.refund(_NAME)
        for stage in STAGES:
            self.times[stage].append(self._now[stage])

    def __enter__(self) -> Unlocking:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()
        self._folder.cleanup()

    def _observe(self, stage: str, seconds: float) -> None:
        self._now[stage] += seconds  # segments add up

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self._observe(stage, perf_counter() - start)


def run(
    photo: PhotoSource | None = None,
    runs: int = 20,
    threads: int | None = None,
    profile: str = DEFAULT_PROFILE,
) -> dict[str, Any]:
    """Time ``runs`` unlocks of one photo, after a first one that is reported apart.

    Raises
    ------
    AilockError
        The photo or the installation cannot be used, or ``runs`` is below 1.
    """
    if runs < 1:
        raise AilockError("a benchmark needs at least one run")
    with Unlocking(photo, threads, profile) as unlocking:
        for _ in tqdm(range(runs + 1), desc="unlocking", disable=None):
            unlocking.once()
        return result_of(unlocking)


def result_of(unlocking: Unlocking) -> dict[str, Any]:
    """JSON-ready figures of the unlocks so far, two or more; times in milliseconds.

    ``stages_ms`` maps each stage of :data:`STAGES` to ``p50``, ``p90``, ``p99`` and ``first``;
    ``unlock_ms`` is the same of their sum; the rest names the machine and the model.
    """
    lock, times = unlocking.lock, unlocking.times
    totals = [sum(row) for row in zip(*times.values(), strict=True)]
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "runtime": lock.runtime,
        "bundle": lock.bundle.name,
        "fingerprint": lock.bundle.fingerprint.hex(),
        "profile": lock.profile.name,
        "threads": lock.threads,
        "runs": len(totals) - 1,
        "load_ms": round(unlocking.load_seconds * 1000, 3),
        "peak_memory_mib": round(_peak_memory_mib(), 1),
        "stages_ms": {stage: _summary(times[stage]) for stage in STAGES},
        "unlock_ms": _summary(totals),
    }


def format_table(result: dict[str, Any]) -> str:
    """A result of :func:`run` for people."""
    lines = [
        f"{result['bundle']} ({result['profile']}, {result['fingerprint'][:16]}) on "
        f"{result['processor']}, {result['cores']} cores, {result['runtime']}, "
        f"{result['threads']} threads",
        "",
        f"{'milliseconds':12}  {'p50':>8} {'p90':>8} {'p99':>8} {'first':>8}",
    ]
    rows = {**result["stages_ms"], "unlock": result["unlock_ms"]}
    for stage, row in rows.items():
        lines.append(
            f"{stage:12}  {row['p50']:8.2f} {row['p90']:8.2f} {row['p99']:8.2f} {row['first']:8.2f}"
        )
    lines += [
        "",
        f"model load {result['load_ms']:.0f} ms, peak memory {result['peak_memory_mib']:.0f} MiB, "
        f"{result['runs']} runs",
    ]
    return "\n".join(lines)


def _own_photo(lock: AiLock) -> Path:
    if lock.bundle.self_test is None:
        raise AilockError(f"bundle {lock.bundle.name!r} has no photo of its own: give one")
    return lock.bundle.path / lock.bundle.self_test.photo


def _summary(seconds: list[float]) -> dict[str, float]:
    first, *warm = (1000 * s for s in seconds)
    p50, p90, p99 = np.percentile(warm, [50, 90, 99])
    values = {"p50": p50, "p90": p90, "p99": p99, "first": first}
    return {name: round(float(value), 4) for name, value in values.items()}


def _processor() -> str:
    """The processor's name where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "Model")):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _peak_memory_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
