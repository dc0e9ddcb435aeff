"""kill -9 at random moments of everything that changes a vault: nothing is lost, none uncounted.

``python -m tests.campaign_kills --count 1000 --seed 1``

A warm process forks a child for every trial; the child does one operation on a real vault with real
photos and is killed after a random delay. Then the vault is opened and examined: every lock is as
before the operation or as after it, its owner still opens it, and no attempt is uncounted.
"""

from __future__ import annotations

import argparse
import logging
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
from ailock_sdk.errors import PepperError, VaultMissingError
from ailock_sdk.sketch import CHEAPEST
from ailock_sdk.store import LockFile, LockStore, RecoveryCode, read_clock
from tests.conftest import read_photos

COMPARING, DONE = b"C", b"D"
DOOR, GATE = "door", "gate"


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


@dataclass(frozen=True)
class View:
    """A vault as it lies on the disk: each lock by its name, and the misses of each."""

    locks: dict[str, LockFile]
    misses: dict[str, int]
    pepper_id: bytes | None

    @classmethod
    def of(cls, path: Path) -> View:
        try:
            store = LockStore.open(path)
        except VaultMissingError:
            return cls({}, {}, None)
        with store:
            stored = [store.get_unverified(name) for name in store.names()]
            return cls(
                {each.name: each.lock for each in stored},
                {each.name: store.status(each, read_clock()).misses for each in stored},
                store.pepper_id(),
            )


class Campaign:
    """One vault that is killed again and again."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.path = folder / "vault.db"
        self.pepper = FilePepper(folder / "keys" / "pepper")
        self.pepper.create()
        # One thread: a forked child has no thread pool of the interpreter's.
        self.lock = Witness(pepper=self.pepper, cost=CHEAPEST, threads=1)
        self.views = [views for views in read_photos().values() if len(views) >= 3]
        self.code: RecoveryCode | None = None
        self.secret: Secret | None = None
        with self.open() as vault:
            bystander = vault.enroll("bystander", self.views[0][:1])
        assert bystander.recovery_code is not None
        self.bystander = (bystander.recovery_code, bystander.secret)
        self.elsewhere = folder / "elsewhere"
        self.backup = folder / "backup" / "pepper"
        self.backup.parent.mkdir(mode=0o700)
        self.operations: dict[str, Callable[[Vault], object]] = {
            "enroll": self.enroll_door,
            "miss": lambda v: v.unlock(DOOR, self.other[0]),
            "hit": lambda v: v.unlock(DOOR, self.door[0]),
            "add a slot by code": lambda v: self.add_spare(v, self.code),
            "add a slot by photo": lambda v: self.add_spare(v, self.door[0]),
            "add a code": lambda v: v.add_recovery_code(DOOR, opened_by=self.code),
            "remove a slot": lambda v: v.remove_slot(DOOR, 3, opened_by=self.code),
            "recover": lambda v: v.recover(DOOR, self.code),
            "rename": lambda v: v.rename(DOOR, GATE),
            "replace the pepper": lambda v: v.replace_pepper(),
            "replace a lost pepper": lambda v: v.replace_pepper(),
            "export": lambda v: v.export_lock(DOOR, opened_by=self.code),
            "import": self.import_door,
            "remove": lambda v: v.remove(DOOR),
        }

    def open(self) -> Vault:
        """The vault, as any process would open it."""
        return Vault.open(self.path, pepper=self.pepper, lock=self.lock)

    # -- operations -----------------------------------------------------------------------------

    def enroll_door(self, vault: Vault) -> None:
        enrolled = vault.enroll(DOOR, self.door[:2])
        assert enrolled.recovery_code is not None
        self.tell(bytes(enrolled.recovery_code) + bytes(enrolled.secret))

    def add_spare(self, vault: Vault, opened_by: Any) -> None:
        vault.add_photos(DOOR, self.other[:1], opened_by=opened_by, label="spare")

    def import_door(self, _: Vault) -> None:
        """On another device: a vault and a pepper are made for it."""
        pepper = FilePepper(self.elsewhere / "pepper")
        with Vault.open(self.elsewhere / "vault.db", pepper=pepper) as vault:
            vault.import_lock(DOOR, self.exported, self.code)

    def tell(self, what: bytes) -> None:
        assert self.lock.pipe is not None
        os.write(self.lock.pipe, what)

    # -- one trial ------------------------------------------------------------------------------

    def prepare(self, operation: str) -> None:
        """Bring the vault to where ``operation`` can start."""
        with self.open() as vault:
            if not self.pepper_is_here(vault):  # lost, and its replacement was killed
                vault.restore_pepper(self.backup)
            names = vault.names()
            if GATE in names:
                vault.rename(GATE, DOOR)
            known = DOOR in names or GATE in names
            if known and (self.code is None or operation == "enroll"):
                vault.remove(DOOR)
                known = False
            if not known:
                self.door, self.other = self.random.sample(self.views[1:], 2)
                self.code = None
            if operation != "enroll" and not known:
                enrolled = vault.enroll(DOOR, self.door[:2])
                self.code, self.secret = enrolled.recovery_code, enrolled.secret
            if operation != "enroll":
                self.mend(vault, operation)
        if operation == "import":
            for file in self.elsewhere.glob("*"):
                file.unlink()
        if operation == "replace a lost pepper":
            self.backup.unlink(missing_ok=True)
            with self.open() as vault:
                vault.backup_pepper(self.backup)
            for file in self.pepper.file.parent.glob("pepper*"):
                file.unlink()

    def mend(self, vault: Vault, operation: str) -> None:
        """Give the door its photo slot, and the spare one where the operation needs it."""
        assert self.code is not None
        if not self.photos_open(View.of(self.path)):
            vault.add_photos(DOOR, self.door[:2], opened_by=self.code, replaces=1)
        numbers = [slot.number for slot in vault.slots(DOOR)]
        for number in numbers:
            if number > 3 or (number == 3 and operation != "remove a slot"):
                vault.remove_slot(DOOR, number, opened_by=self.code)
        if operation == "remove a slot" and 3 not in numbers:
            self.add_spare(vault, self.code)
        if operation == "recover":
            for _ in range(self.random.randint(1, 3)):
                try:
                    vault.unlock(DOOR, self.other[0])
                except UnlockError:
                    continue
        if operation == "import":
            self.exported = vault.export_lock(DOOR, opened_by=self.code).data

    def pepper_is_here(self, vault: Vault) -> bool:
        try:
            vault.names()
        except PepperError:
            return False
        return True

    def photos_open(self, view: View) -> bool:
        record = view.locks[DOOR].slot(1).record
        return record is not None and record.header.pepper_id == view.pepper_id

    def trial(self, summary: Summary, duration: dict[str, float]) -> None:
        """One operation, one kill, one examination."""
        operation = self.random.choice(list(self.operations))
        self.prepare(operation)
        before = View.of(self.path)
        expected = duration.get(operation, 0.3)
        started = time.perf_counter()
        delay = self.random.uniform(0, 1.1 * expected)
        seen, killed = self.run_child(self.operations[operation], delay)
        # Kills are to fall on the whole of the work, its end as well, however busy the machine is.
        took = time.perf_counter() - started
        duration[operation] = 1.1 * expected if killed else 0.3 * expected + 0.7 * took
        summary.trials += 1
        summary.kills += killed
        summary.outcomes[f"{operation}: {'killed' if killed else 'finished before the kill'}"] += 1
        if COMPARING in seen and killed:
            summary.outcomes[f"{operation}: killed while or after comparing"] += 1
        try:
            problems = list(self.examine(operation, before, seen, summary))
        except Exception as error:
            problems = [f"{type(error).__name__}: {error}"]
        summary.problems += [f"trial {summary.trials}, {operation}: {one}" for one in problems]

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
            except BaseException as error:
                os.write(writer, b"!" + repr(error).encode())
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

    # -- what is wrong afterwards ---------------------------------------------------------------

    def examine(self, operation: str, before: View, seen: bytes, summary: Summary) -> list[str]:
        """What is wrong with the vault after the kill."""
        after = View.of(self.path)
        if seen.startswith(b"!"):
            return [f"the operation failed: {seen.decode(errors='replace')}"]
        done = seen.endswith(DONE)
        changed = (after.locks, after.pepper_id) != (before.locks, before.pepper_id)
        summary.outcomes[f"{operation}: {'after' if changed else 'before'}"] += 1
        if operation == "enroll" and len(seen) >= 48:
            self.code, self.secret = RecoveryCode(seen[:16]), Secret(seen[16:48])
        problems = [
            *self.wrong_locks(operation, before, after, done),
            *self.wrong_misses(operation, before, after, seen),
            *self.left_behind(),
        ]
        name = next((name for name in (DOOR, GATE) if name in after.locks), None)
        with self.open() as vault:
            code, secret = self.bystander
            if vault.recover("bystander", code) != secret:
                problems.append("another lock's secret changed")
            if name is None or self.code is None:
                return problems
            if vault.recover(name, self.code) != self.secret:
                problems.append("the code gives another secret")
            opens = name == DOOR and self.photos_open(after) and self.pepper_is_here(vault)
            if opens and vault.unlock(DOOR, self.door[0]) != self.secret:
                problems.append("the photo gives another secret")
        if operation == "import":
            problems += self.wrong_import(done)
        return problems

    def wrong_locks(self, operation: str, before: View, after: View, done: bool) -> list[str]:
        old, rest = before.locks.get(DOOR), {k: v for k, v in before.locks.items() if k != DOOR}
        new = after.locks.get(DOOR)
        expected: dict[str, LockFile] | None
        if operation == "enroll":
            fits = new is not None and [slot.number for slot in new.slots] == [1, 2]
            expected = {**rest, DOOR: new} if fits and new is not None else None
        elif operation.startswith("add"):
            fits = new is not None and [slot.number for slot in new.slots] == [1, 2, 3]
            assert old is not None
            fits = fits and new is not None and new.without_slot(3) == old
            expected = {**rest, DOOR: new} if fits and new is not None else None
        elif operation == "remove a slot":
            assert old is not None
            expected = {**rest, DOOR: old.without_slot(3)}
        elif operation == "rename":
            assert old is not None
            expected = {**rest, GATE: old}
        elif operation == "remove":
            expected = rest
        else:
            expected = before.locks
        if after.locks == expected or (after.locks == before.locks and not done):
            return []
        return [f"done: {done}, but the locks are {sorted(after.locks)}, neither before nor after"]

    def wrong_misses(self, operation: str, before: View, after: View, seen: bytes) -> list[str]:
        was, is_now = before.misses.get(DOOR), after.misses.get(DOOR)
        if was is None or is_now is None:
            return []
        compared, done = COMPARING in seen, seen.endswith(DONE)
        if operation == "miss":
            allowed = {was + 1} if compared else {was, was + 1}
        elif operation in ("hit", "add a slot by photo"):
            allowed = {0} if done else {was + 1, 0} if compared else {was, was + 1}
        elif "code" in operation or operation in ("recover", "export", "remove a slot"):
            allowed = {0} if done else {was, 0}
        else:
            allowed = {was}
        if is_now in allowed:
            return []
        return [f"{was} misses before, {is_now} after, compared: {compared}, done: {done}"]

    def wrong_import(self, done: bool) -> list[str]:
        view = View.of(self.elsewhere / "vault.db")
        if DOOR not in view.locks:
            return ["imported and gone"] if done else []
        pepper = FilePepper(self.elsewhere / "pepper")
        assert self.code is not None
        with Vault.open(self.elsewhere / "vault.db", pepper=pepper) as vault:
            vault.show(DOOR)
            if vault.recover(DOOR, self.code) != self.secret:
                return ["the imported lock gives another secret"]
        return []

    def left_behind(self) -> list[str]:
        """Files that nothing would ever remove."""
        allowed = ("vault.db", "pepper", ".ailock-")
        folders = [self.folder, self.pepper.file.parent, self.elsewhere]
        files = [file for folder in folders if folder.is_dir() for file in folder.iterdir()]
        return [
            f"left behind: {file.name}"
            for file in files
            if file.is_file()
            and (
                not file.name.startswith(allowed)
                or (file.name.startswith(".ailock-") and not file.name.endswith(".tmp"))
            )
        ]


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
    logging.getLogger("ailock_sdk").setLevel(logging.ERROR)  # misses are what it is about
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
