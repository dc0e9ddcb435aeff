"""How long does an unlock take here? Every stage of the real path, timed (``ailock benchmark``)."""

from __future__ import annotations

import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from tqdm import tqdm

from ailock_sdk import __version__
from ailock_sdk.benchmark.device import read_device, read_state
from ailock_sdk.capture import decode_photo
from ailock_sdk.embedding import quiet_stderr
from ailock_sdk.errors import AilockError
from ailock_sdk.lock import AiLock
from ailock_sdk.profiles import DEFAULT_PROFILE
from ailock_sdk.sketch import derive_keys, recover
from ailock_sdk.store import FilePepper, RecordStore, read_clock

SCHEMA = "ailock-benchmark/1"
IMAGEPRINT_STAGES = ("read", "decode", "quality", "resize", "network", "projection")
"""From the photo's file to its imageprint, in order."""
STAGES = (*IMAGEPRINT_STAGES, "code", "Argon2id", "store")
"""In the order of an unlock; ``store`` is what the vault file costs: reading the record, and the
charge and the refund of the attempt, each synced to disk."""
DEFAULT_RUNS = 20
SWEEP_RUNS = 10
"""At most so many imageprints with each number of threads."""
SWEEP_THREADS_MAX = 8
PROCESS_RUNS = 5
"""At most so many starts of each kind of process."""
_NAME = "benchmark"
_PEAK_OF_CHILD = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Prints the peak memory of a command. Linux lets a child begin with the peak of the process that
started it, so that process must be small."""

Figures = dict[str, float]
"""``p50``, ``p90`` and ``p99`` of the warm runs and the ``first`` run, in milliseconds."""


class Unlocking:
    """A lock of one photo in a vault of its own, to unlock again and again; a context manager.

    The vault lies in the folder for temporary files: set ``TMPDIR`` to measure another disk.

    Parameters
    ----------
    photo : a photo's file; by default the bundle's own
    threads : CPU threads of the network, at least 1
    profile : a profile of the default bundle

    Raises
    ------
    AilockError
        The photo or the installation cannot be used, or no folder can be written.
    """

    def __init__(
        self,
        photo: str | os.PathLike[str] | None = None,
        threads: int | None = None,
        profile: str = DEFAULT_PROFILE,
    ) -> None:
        if threads is not None and threads < 1:
            raise AilockError(f"a network cannot run on {threads} threads: give 1 or more")
        self.times: dict[str, list[float]] = defaultdict(list)
        self._now: dict[str, float] = defaultdict(float)
        start = perf_counter()
        with quiet_stderr():
            enrolling = AiLock(profile=profile, pepper=None, threads=threads)
        self.load_seconds = perf_counter() - start
        self.photo = _own_photo(enrolling) if photo is None else Path(photo)
        record, _ = enrolling.enroll([self.photo])
        del enrolling  # the first unlock shall find a model that has not run yet
        with quiet_stderr():
            self.lock = AiLock(profile=profile, pepper=None, threads=threads, observe=self._observe)
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="ailock-")
        except OSError as error:
            raise AilockError(f"no folder can be written ({error}): set TMPDIR to one") from None
        self.vault = Path(self._folder.name) / "vault.db"
        self.pepper = Path(self._folder.name) / "pepper"
        self._store = RecordStore.open(self.vault, FilePepper(self.pepper).pepper())
        self._store.add(_NAME, record, bytes(32))

    def once(self) -> None:
        """What ``Vault.unlock`` does, the two halves of the fuzzy extractor timed apart."""
        self._now.clear()
        with self._timed("store"):
            record = self.lock.check(self._store.get(_NAME).record)
        imageprint = self.lock.imageprint(self.photo)
        header = record.header
        with self._timed("store"):
            self._store.charge(_NAME, read_clock())
        with self._timed("code"):
            recover(
                self.lock.code,
                header.radius,
                record.helper,
                header.salt,
                imageprint.margins,
            )
        with self._timed("Argon2id"):
            derive_keys(bytes(16), header.salt, None, self.lock.cost, bytes(32))
        with self._timed("store"):
            self._store.refund(_NAME)
        for stage in STAGES:
            self.times[stage].append(self._now[stage])

    def command(self) -> list[str]:
        """The command line of an ``ailock unlock`` of the same lock with the same photo."""
        command = [sys.executable, "-m", "ailock_sdk.cli", "unlock", _NAME]
        command += [str(self.photo.absolute())]  # whose name may begin with a hyphen
        command += ["--vault", str(self.vault), "--pepper", str(self.pepper)]
        return [*command, "--profile", self.lock.profile.name]

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
    photo: str | os.PathLike[str] | None = None,
    runs: int = DEFAULT_RUNS,
    threads: int | None = None,
    profile: str = DEFAULT_PROFILE,
) -> dict[str, Any]:
    """Time ``runs`` unlocks of one photo, after a first one that is reported apart.

    After them come whole processes, and imageprints with other numbers of threads: 1 to the cores
    that this process may use, at most 8, or ``threads`` alone if it is given. The sweep over the
    threads leaves out what they do not change, of which Argon2id takes longest.

    Parameters
    ----------
    photo : a photo's file; by default the bundle's own
    runs : warm unlocks, at least 1; the sweep and the processes take at most 10 and 5 of each
    threads : CPU threads of the network, at least 1; by default as :class:`AiLock` chooses
    profile : a profile of the default bundle

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
    with Unlocking(photo, threads, profile) as unlocking:
        for _ in tqdm(range(runs + 1), desc="unlocking", leave=False, disable=None):
            unlocking.once()
        result = result_of(unlocking)
        process_ms, unlock_memory_mib = _measure_processes(unlocking, min(runs, PROCESS_RUNS))
        most = min(SWEEP_THREADS_MAX, _usable_cores())
        counts = range(1, most + 1) if threads is None else [threads]
        by_threads = _sweep(unlocking, counts, min(runs, SWEEP_RUNS))
    return {
        "schema": SCHEMA,
        "when": when,
        **result,
        "process_ms": process_ms,
        "unlock_memory_mib": unlock_memory_mib,
        "by_threads": by_threads,
        "state": {"before": asdict(before), "after": asdict(read_state())},
    }


def result_of(unlocking: Unlocking) -> dict[str, Any]:
    """JSON-ready figures of the unlocks so far, two or more.

    ``stages_ms`` maps each stage of :data:`STAGES` to ``p50``, ``p90`` and ``p99`` of the warm runs
    and ``first``, with a model newly loaded; ``unlock_ms`` is the same of their sum, ``load_ms``
    the time to load the model, all in milliseconds; ``peak_memory_mib`` is this process's so far.
    The rest names ``device``, ``software``, ``model``, ``photo``, ``threads`` and the number of
    warm ``runs``.
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
            "fingerprint": bundle.fingerprint.hex(),
            "model_sha256": bundle.files[bundle.model].sha256,
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
        "load_ms": _ms(unlocking.load_seconds),
        "peak_memory_mib": round(_peak_memory_mib(), 1),
    }


def format_table(result: dict[str, Any]) -> str:
    """The stages, as :func:`result_of` or :func:`run` gives them, for people."""
    device, model, photo = result["device"], result["model"], result["photo"]
    lines = [
        f"{model['bundle']} {model['version']} ({model['profile']}, {model['fingerprint'][:16]})",
        f"{result['software']['runtime']}, {_threads(result['threads'])}, {device['cores']} cores",
        f"{device['model'] or device['machine']}, {device['processor']}, {device['os']}",
        f"photo {photo['width']} x {photo['height']}, {photo['bytes'] / 1e6:.2f} MB",
        "",
        f"{'milliseconds':12}  {'p50':>8} {'p90':>8} {'p99':>8} {'first':>8}",
        *(_row(stage, result["stages_ms"][stage]) for stage in STAGES),
        _row("unlock", result["unlock_ms"]),
        "",
        f"model load {result['load_ms']:.0f} ms, peak memory {result['peak_memory_mib']:.0f} MiB, "
        f"{result['runs']} warm runs",
    ]
    return "\n".join(lines)


def format_report(result: dict[str, Any]) -> str:
    """A result of :func:`run` for people: the stages, and what follows from them."""
    process, state = result["process_ms"], result["state"]
    lines = [
        format_table(result),
        "",
        "as a new process, milliseconds, median",
        f"{'python':20} {process['python']:8.1f}",
        f"{'import ailock_sdk':20} {process['import']:8.1f}",
        f"{'ailock unlock':20} {process['unlock']:8.1f}"
        f"  peak memory {result['unlock_memory_mib']:.0f} MiB",
        "",
        f"{'by threads':12}  {'network':>10} {'imageprint':>10}  milliseconds, median",
    ]
    for count, row in result["by_threads"].items():
        network, imageprint = row["network_ms"]["p50"], row["imageprint_ms"]["p50"]
        lines.append(f"{count:>12}  {network:10.2f} {imageprint:10.2f}")
    lines += ["", _interpretation(result)]
    for moment in ("before", "after"):
        if facts := _state_text(state[moment]):
            lines.append(f"{moment:7} {facts}")
    if any(state[moment]["throttled"] for moment in state):
        lines.append(
            "The clocks were held below the processor's maximum: another moment may be faster."
        )
    return "\n".join(lines)


def _measure_processes(unlocking: Unlocking, runs: int) -> tuple[dict[str, float], float]:
    """Median milliseconds of each kind of process, and the peak memory of an unlock in MiB."""
    kinds = {
        "python": [sys.executable, "-c", "pass"],
        "import": [sys.executable, "-c", "import ailock_sdk"],
        "unlock": unlocking.command(),
    }
    peak = _child([sys.executable, "-c", _PEAK_OF_CHILD, *kinds["unlock"]])
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    # In turns, so that a slow moment of the machine hits all alike.
    for _ in tqdm(range(runs), desc="new processes", leave=False, disable=None):
        for kind, command in kinds.items():
            start = perf_counter()
            _child(command)
            times[kind].append(perf_counter() - start)
    return {kind: _ms(median(t)) for kind, t in times.items()}, round(_mib(int(peak)), 1)


def _child(command: list[str]) -> str:
    """What a new process prints; its failure is an :class:`AilockError`."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise AilockError(f"no new process can be started ({error}): is this a sandbox?") from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
        raise AilockError(
            f"a new process, as the benchmark times, failed with status {done.returncode}: {last}"
        )
    return done.stdout.decode(errors="replace")


def _sweep(unlocking: Unlocking, counts: Sequence[int], runs: int) -> dict[str, dict[str, Figures]]:
    """Times of the imageprint with each number of threads, after a first one each.

    All locks are held at once, some 60 MiB each, so that they can take turns: a processor that
    gets warm while it works then slows all of them alike.
    """
    now: dict[str, float] = defaultdict(float)

    def observe(stage: str, seconds: float) -> None:
        now[stage] += seconds

    profile = unlocking.lock.profile.name
    with quiet_stderr():
        locks = [AiLock(profile=profile, pepper=None, threads=n, observe=observe) for n in counts]
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


def _interpretation(result: dict[str, Any]) -> str:
    """What the medians say, a sentence a line."""
    medians = {stage: result["stages_ms"][stage]["p50"] for stage in STAGES}
    unlock, process = result["unlock_ms"]["p50"], result["process_ms"]["unlock"]
    argon2id, network = medians["Argon2id"] / unlock, medians["network"] / unlock
    lines = [
        f"Of an unlock's {unlock:.0f} ms the network takes {100 * network:.0f} %, and Argon2id, "
        f"slow on purpose as every guess must pay for it, {100 * argon2id:.0f} %.",
        f"A new process takes {process / unlock:.1f} times as long.",
    ]
    networks = {int(n): row["network_ms"]["p50"] for n, row in result["by_threads"].items()}
    if len(networks) > 1:
        best = min(networks, key=lambda count: networks[count])
        gain = f", {networks[1] / networks[best]:.1f} times as fast as one" if best > 1 else ""
        lines.append(f"The network is fastest with {_threads(best)}{gain}.")
    return "\n".join(lines)


def _state_text(state: dict[str, Any]) -> str:
    facts = []
    if temperatures := state["temperature_c"]:
        zone = max(temperatures, key=lambda name: temperatures[name])
        facts.append(f"{temperatures[zone]:.0f} degrees C ({zone}, the warmest)")
    if clocks := [mhz for mhz in state["mhz"] if mhz is not None]:
        facts.append(f"{min(clocks):.0f} to {max(clocks):.0f} MHz")
    if state["throttled"] is not None:
        facts.append("throttled" if state["throttled"] else "not throttled")
    return ", ".join(facts)


def _row(name: str, figures: Figures) -> str:
    values = (f"{figures[column]:8.2f}" for column in ("p50", "p90", "p99", "first"))
    return f"{name:12}  {' '.join(values)}"


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _own_photo(lock: AiLock) -> Path:
    if lock.bundle.self_test is None:
        raise AilockError(f"bundle {lock.bundle.name!r} has no photo of its own: give one")
    return lock.bundle.path / lock.bundle.self_test.photo


def _software(lock: AiLock) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    versions = {"ailock_sdk": __version__, "python": platform.python_version()}
    for package in ("numpy", "pillow", "cryptography"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # packed without its metadata
            versions[package] = "unknown"
    return {**versions, "runtime": lock.runtime}


def _figures(seconds: list[float]) -> Figures:
    first, *warm = seconds
    p50, p90, p99 = np.percentile(warm, [50, 90, 99])
    values = {"p50": p50, "p90": p90, "p99": p99, "first": first}
    return {name: round(1000 * float(value), 4) for name, value in values.items()}


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 3)


def _usable_cores() -> int:
    """Cores that this process may use, at least 1."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on every system
        return os.cpu_count() or 1


def _peak_memory_mib() -> float:
    """Peak memory of this process in MiB.

    The kernel's own count where it can be read, as ``getrusage`` may give the peak of the process
    that started this one.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        status = ""
    if found := re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE):
        return int(found[1]) / 1024
    return _mib(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _mib(max_rss: int) -> float:
    """MiB of a ``ru_maxrss``, whose unit is the system's."""
    return max_rss / (1024 * 1024 if sys.platform == "darwin" else 1024)
