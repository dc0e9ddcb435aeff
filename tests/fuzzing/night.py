"""Fuzz every kind of input by coverage: ``python -m tests.fuzzing.night --minutes 24 --out DIR``.

A kind after the other, each in processes of its own, until it had its CPU-minutes. It can be ended
at any time, and started again: it goes on where it was, with the inputs that it had grown. The
report is ``report.json`` and a table; the exit status is 1 if there is any finding, or a kind of
which nothing was tried.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fuzzing.kinds import MEMORY, NAMES, place_of

ROOT = Path(__file__).resolve().parents[2]
SLICE_SECONDS = 120
_MOST_FINDINGS = 20
_STATUS = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)/")
_STATISTIC = re.compile(r"stat::(\w+): +(\d+)")


@dataclass
class Progress:
    """What became of a kind so far; ``crashes`` are of the process itself."""

    kind: str
    cpu_seconds: float = 0.0
    inputs: int = 0
    branches: int = 0
    corpus: int = 0
    memory_mb: int = 0
    slices: int = 0
    findings: int = 0
    crashes: int = 0


def fuzz(progress: Progress, folder: Path, seconds: int, runs: int = -1) -> Progress:
    """One process; what the kind comes to with it."""
    grows = folder / "corpora" / place_of(progress.kind).name
    findings = folder / "findings" / place_of(progress.kind).name
    for each in (grows, findings):
        each.mkdir(parents=True, exist_ok=True)
    # By a shell between: Linux counts the peak memory of whoever starts a program as the program's.
    words = ["sh", "-c", '"$@"; exit $?', "sh"]
    words += [sys.executable, "-m", "tests.fuzzing.one", progress.kind]
    words += ["--grows", str(grows), "--findings", str(findings), "--seconds", str(seconds)]
    words += ["--runs", str(runs), "--seed", str(1 + progress.slices)]
    with tempfile.TemporaryDirectory(dir=MEMORY) as place, tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            words, cwd=ROOT, stdout=log, stderr=log, env={**os.environ, "TMPDIR": place}
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        told = log.read().decode(errors="replace")
    statistics = {name: int(number) for name, number in _STATISTIC.findall(told)}
    ended = child.returncode != 0
    if ended:
        (findings / f"ended-{progress.slices}.log").write_text(told[-20_000:])
    seen = [tuple(map(int, one)) for one in _STATUS.findall(told)] or [(0, 0, 0)]
    return Progress(
        kind=progress.kind,
        cpu_seconds=progress.cpu_seconds + used.ru_utime + used.ru_stime,
        inputs=progress.inputs + statistics.get("number_of_executed_units", 0),
        branches=max(progress.branches, seen[-1][0]),
        corpus=seen[-1][2] or progress.corpus,
        memory_mb=max(progress.memory_mb, statistics.get("peak_rss_mb", 0)),
        slices=progress.slices + 1,
        findings=len([*findings.glob("*.txt")]),
        crashes=progress.crashes + ended,
    )


def table(found: list[Progress]) -> str:
    """The report for people."""
    head = f"{'kind':16} {'CPU min':>8} {'inputs':>9} {'branches':>8} {'corpus':>6} {'MB':>5}"
    lines = [f"{head} {'findings':>8} {'crashes':>7}"]
    for one in found:
        lines.append(
            f"{one.kind:16} {one.cpu_seconds / 60:8.2f} {one.inputs:9} {one.branches:8} "
            f"{one.corpus:6} {one.memory_mb:5} {one.findings:8} {one.crashes:7}"
        )
    return "\n".join(lines)


def run(kinds: list[str], cpu_seconds: float, folder: Path) -> list[Progress]:
    """Fuzz until every kind had its time; kinds that had it already are only told."""
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / "report.json"
    kept = json.loads(report.read_text()) if report.exists() else []
    found = {one["kind"]: Progress(**one) for one in kept}
    for kind in kinds:
        progress = found.get(kind, Progress(kind))
        while progress.cpu_seconds < cpu_seconds and progress.crashes < _MOST_FINDINGS:
            left = max(5, min(SLICE_SECONDS, round(cpu_seconds - progress.cpu_seconds)))
            progress = fuzz(progress, folder, left)
            found[kind] = progress
            new = report.with_suffix(".tmp")
            new.write_text(json.dumps([asdict(one) for one in found.values()], indent=1))
            new.replace(report)
        print(table([progress]).splitlines()[-1], flush=True)
    return [found[kind] for kind in kinds]


def main() -> int:
    """Command line; see the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=24, help="CPU-minutes of each kind")
    parser.add_argument("--out", type=Path, required=True, help="folder; goes on if it has some")
    parser.add_argument("--only", choices=NAMES, action="append")
    options = parser.parse_args()
    print(table([]), flush=True)
    started = time.monotonic()
    found = run(options.only or NAMES, 60 * options.minutes, options.out)
    failed = [one for one in found if one.findings or one.crashes or not one.inputs]
    print(f"{len(found)} kinds in {(time.monotonic() - started) / 60:.0f} minutes")
    for one in failed:
        print(f"{one.kind}: see {options.out / 'findings' / place_of(one.kind).name}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
