"""kill -9 at random moments of enrol, unlock and remove: nothing is lost, no attempt uncounted.

``python -m tests.campaign_kills --count 1000 --seed 1``

A warm process forks a child for every trial; the child does one operation on a real vault with real
photos and is killed after a random delay. Then the vault is opened and examined.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ailock_sdk import AiLock, FilePepper, ImagePrint, Record, Secret, UnlockError, Vault
from ailock_sdk.sketch import CHEAPEST
from tests.conftest import read_photos

COMPARING, DONE = b"C", b"D"


class Witness(AiLock):
    """Writes a byte to a pipe right before it compares."""

    pipe: int | None = None

    def reproduce_any(
        self, imageprints: Sequence[ImagePrint], records: Sequence[Record | bytes], **pin: Any
    ) -> tuple[int, Secret]:
        """As :meth:`AiLock.reproduce_any`."""
        if self.pipe is not None:
            os.write(self.pipe, COMPARING)
        return super().reproduce_any(imageprints, records, **pin)


@dataclass
class Summary:
    """What the trials showed; ``problems`` must stay empty."""

    trials: int = 0
    kills: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class Campaign:
    """One vault that is killed again and again."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.path = folder / "vault.db"
        self.pepper = FilePepper(folder / "pepper")
        self.pepper.create()
        # One thread: a forked child has no thread pool of the interpreter's.
        self.lock = Witness(pepper=self.pepper, cost=CHEAPEST, threads=1)
        self.views = [views for views in read_photos().values() if len(views) >= 3]
        self.door = self.views[1]
        with self.open() as vault:
            self.bystander_secret = vault.enroll("bystander", self.views[0][:1]).secret

    def open(self) -> Vault:
        """The vault, as any process would open it."""
        return Vault.open(self.path, pepper=self.pepper, lock=self.lock)

    def misses(self) -> int | None:
        """Misses counted for the door; ``None`` if it is not enrolled."""
        with self.open() as vault:
            return int(vault.show("door")["misses"]) if "door" in vault.names() else None

    def prepare(self, operation: str) -> list[Path]:
        """Bring the vault to where ``operation`` can start; the photos of the door's object."""
        with self.open() as vault:
            enrolled = "door" in vault.names()
            if operation == "enroll" and enrolled:
                vault.remove("door")
            if operation == "enroll" or not enrolled:
                self.door = self.random.choice(self.views[1:])
            if operation != "enroll" and not enrolled:
                vault.enroll("door", self.door[:2])
        return self.door

    def trial(self, summary: Summary, duration: dict[str, float]) -> None:
        """One operation, one kill, one examination."""
        operation = self.random.choice(["enroll", "miss", "hit", "remove"])
        door = self.prepare(operation)
        other = self.random.choice([v for v in self.views[1:] if v is not door])[0]
        work: dict[str, Callable[[Vault], object]] = {
            "enroll": lambda v: v.enroll("door", door[:2]),
            "miss": lambda v: v.unlock("door", other),
            "hit": lambda v: v.unlock("door", door[0]),
            "remove": lambda v: v.remove("door"),
        }
        before = self.misses()
        expected = duration.get(operation, 0.3)
        started = time.perf_counter()
        seen, killed = self.run_child(work[operation], self.random.uniform(0, 1.1 * expected))
        if not killed:  # it had finished: the next of its kind is killed earlier
            duration[operation] = 0.7 * expected + 0.3 * (time.perf_counter() - started)
        summary.trials += 1
        summary.kills += killed
        summary.outcomes[f"{operation}: {'killed' if killed else 'finished before the kill'}"] += 1
        if COMPARING in seen and killed:
            summary.outcomes[f"{operation}: killed while or after comparing"] += 1
        for problem in self.examine(operation, before, seen):
            summary.problems.append(f"trial {summary.trials}, {operation}: {problem}")

    def run_child(self, work: Callable[[Vault], object], delay: float) -> tuple[bytes, bool]:
        """Fork, work, kill after ``delay`` seconds; what it wrote, whether the kill ended it."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            self.lock.pipe = writer
            try:
                with self.open() as vault:
                    work(vault)
                os.write(writer, DONE)
            except UnlockError:
                os.write(writer, DONE)
            finally:
                os._exit(0)
        os.close(writer)
        deadline = time.perf_counter() + delay
        ended = status = 0
        while not ended and time.perf_counter() < deadline:
            time.sleep(0.0002)
            ended, status = os.waitpid(child, os.WNOHANG)
        if not ended:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        with os.fdopen(reader, "rb") as stream:
            return stream.read(), os.WIFSIGNALED(status)

    def examine(self, operation: str, before: int | None, seen: bytes) -> list[str]:
        """What is wrong with the vault after the kill."""
        problems = []
        try:
            with self.open() as vault:
                if vault.unlock("bystander", self.views[0][0]) != self.bystander_secret:
                    problems.append("another lock's secret changed")
                names = vault.names()
                after = int(vault.show("door")["misses"]) if "door" in names else None
                if after is not None:
                    vault.unlock("door", self.door[0])  # raises if the record is not whole
        except Exception as error:
            return [f"{type(error).__name__}: {error}"]
        compared, done = COMPARING in seen, DONE in seen
        if operation == "miss":
            assert before is not None
            allowed = {before + 1} if compared else {before, before + 1}
            if after not in allowed:
                problems.append(f"{before} misses before, {after} after, compared: {compared}")
        if operation == "hit":
            allowed_after = {0} if done else {before, (before or 0) + 1, 0}
            if after not in allowed_after:
                problems.append(f"{before} misses before, {after} after a match")
        if operation == "enroll" and done and after is None:
            problems.append("enrolled and gone")
        if operation == "remove" and done and after is not None:
            problems.append("removed and still there")
        return problems


def run(count: int, seed: int, folder: Path) -> Summary:
    """Run trials in ``folder`` until ``count`` kills have met an operation under way."""
    if count < 1:
        raise ValueError("at least one kill")
    campaign = Campaign(folder, seed)
    summary = Summary()
    duration: dict[str, float] = {}
    with tqdm(total=count, desc="kills", disable=None) as bar:
        while summary.kills < count:
            campaign.trial(summary, duration)
            bar.update(summary.kills - bar.n)
    return summary


def main() -> int:
    """Command line; the exit status is 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        summary = run(arguments.count, arguments.seed, Path(folder))
    print(f"{summary.kills} kills in {summary.trials} trials")
    for outcome, times in sorted(summary.outcomes.items()):
        print(f"  {outcome:45} {times}")
    print(f"  {'problems':45} {len(summary.problems)}")
    for problem in summary.problems[:20]:
        print(f"  {problem}")
    return 1 if summary.problems else 0


if __name__ == "__main__":
    sys.exit(main())
