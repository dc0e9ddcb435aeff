"""Fuzz one kind by coverage, in this process: ``tests.fuzzing.night`` starts it.

atheris (libFuzzer for CPython) sees which branches of our Python code, and of the Python parts of
Pillow, h11, Starlette and click, an input reaches, and mutates on from those that reach new ones.
An exception or a slow input is a finding, written down, and the search goes on; what ends the
process itself, by a signal, a hang or 512 MB, is libFuzzer's to write down.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import random
import sys
import time
import traceback
from pathlib import Path

import atheris

INSTRUMENTED = ["ailock_sdk", "bech32", "tests.fuzzing"]
ALSO = {
    "photo": ["PIL"],
    "HTTP request": ["starlette", "h11"],
    "command line": ["click"],
    "layer file": ["tools"],
}
"""What a kind goes through beside our package; each costs every process its start."""
MEMORY_MB = 512
HANG_SECONDS = 60
"""By the clock: other programs may take it."""
SLOW_SECONDS = 2.0
"""Of this process's own work."""
COLLECT_SECONDS = 1.0


def main() -> None:
    """Command line: a kind, a folder of inputs that grows, one for findings, and for how long."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind")
    parser.add_argument("--grows", type=Path, required=True)
    parser.add_argument("--findings", type=Path, required=True)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--runs", type=int, default=-1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with atheris.instrument_imports(include=[*INSTRUMENTED, *ALSO.get(options.kind, [])]):
        from tests.campaign_fuzz import outcome
        from tests.fuzzing import kinds

        target = kinds.target(options.kind)
        for example in target.examples:  # what is imported when it is first needed is seen too
            outcome(target, example)

    known: set[str] = set()

    def found(place: str, told: str, data: bytes) -> None:
        """Write down the first finding of each place."""
        if place in known:
            return
        known.add(place)
        name = hashlib.sha256(data).hexdigest()[:16]
        options.findings.mkdir(parents=True, exist_ok=True)
        (options.findings / name).write_bytes(data)
        (options.findings / f"{name}.txt").write_text(told)

    collected = 0.0

    def try_one(data: bytes) -> None:
        nonlocal collected
        started = time.process_time()
        if started > collected + COLLECT_SECONDS:  # models of commands that ended, above all
            gc.collect()
            collected = started = time.process_time()
        try:
            word = target.read(data)
        except kinds.AilockError:
            word = "refused"
        except BaseException as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            found(f"{type(error)} {last.filename}:{last.lineno}", traceback.format_exc(), data)
            return
        if word.startswith("FAILED"):
            found(word[:40], word, data)
        elif time.process_time() - started > SLOW_SECONDS:
            found("slow", f"{time.process_time() - started:.1f} s", data)

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        """Half by libFuzzer, half as the kind's own mutations know its form."""
        draw = random.Random(seed)
        if draw.random() < 0.5 or not data:
            return atheris.Mutate(data, most)
        return kinds.mutate(target, draw, data)[:most]

    most = max(4096, *(2 * len(example) for example in target.examples))
    limits = [f"-max_len={most}", f"-rss_limit_mb={MEMORY_MB}", f"-timeout={HANG_SECONDS}"]
    limits += [f"-max_total_time={options.seconds}", f"-runs={options.runs}"]
    told = [f"-artifact_prefix={options.findings}/ended-", "-print_final_stats=1"]
    folders = [str(each) for each in (options.grows, kinds.place_of(options.kind)) if each.exists()]
    arguments = [sys.argv[0], *limits, *told, f"-seed={options.seed}", *folders]
    atheris.Setup(arguments, try_one, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
