"""Fail every call that writes, one by one: a vault is as before or as after, never neither.

``python -m tests.campaign_faults --out DIR`` for all. For each operation, the first call that
writes (``tests/faults/preload.c`` says which) fails, then the second, and so on until the operation
passes untouched; and that for a full disk, a failing one, writes that are cut short, and sudden
death before a call, after it, or halfway through a write. Then the vault is examined as after a
kill (``campaign_kills``). A failure has to be one line with the right status that shows no secret,
and to leave no file behind.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock, ImagePrint, UnlockError, Vault
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.running import _message, status_of
from ailock_sdk.server import Devices, state_folder
from tests.campaign_kills import DONE, DOOR, Campaign, Summary, View

SOURCE = Path(__file__).resolve().parent / "faults" / "preload.c"
MODES = {
    "disk full, once": 1,
    "disk full from there on": 2,
    "I/O error, once": 3,
    "I/O errors from there on": 4,
    "short write": 5,
    "short write, then disk full": 6,
    "death before the call": 7,
    "death after it, or in a write": 8,
}
_DEATHS = (7, 8)
_MOST_CALLS = 2000
TEXT = b"the key is under the mug" * 9
_RIGHT = {ExitCode.UNAVAILABLE, ExitCode.SETUP}


def build(folder: Path) -> Path:
    """The library, compiled; ``OSError`` without gcc."""
    library = folder / "faults.so"
    words = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", str(SOURCE)]
    subprocess.run([*words, "-o", str(library), "-ldl"], check=True)
    return library


@dataclass
class Told:
    """What a child says of itself at its end."""

    calls: int
    kept: int
    status: int | None = None
    problems: list[str] = field(default_factory=list)


@dataclass
class Found:
    """An operation: calls that write, faults that met one, what came of them."""

    operation: str
    calls: int = 0
    faults: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class FaultCampaign(Campaign):
    """One vault, of which a copy is broken again and again."""

    def __init__(self, folder: Path, seed: int, library: ctypes.CDLL) -> None:
        super().__init__(folder, seed)
        self.library = library
        self.work = folder / "work"
        self.letter, self.sealed = self.work / "letter.txt", self.work / "letter.age"
        self.opened, self.spare = self.work / "opened.txt", folder / "backup" / "spare"
        self.devices = Devices(state_folder(self.path))
        self.operations |= {
            "replace the photos": lambda v: v.add_photos(
                DOOR, self.door[:1], opened_by=self.code, replaces=1
            ),
            "seal a file": lambda v: v.seal_file(DOOR, self.letter, self.sealed, overwrite=True),
            "open a sealed file": lambda v: v.open_file(
                DOOR, self.sealed, self.door[0], self.opened
            ),
            "back up the pepper": lambda v: v.backup_pepper(self.spare),
            "restore the pepper": lambda v: v.restore_pepper(self.backup),
            "pair a device": lambda _: self.devices.pair(self.pairing, "phone"),
        }

    # -- before ---------------------------------------------------------------------------------

    def prepare(self, operation: str) -> None:
        super().prepare(operation)
        self.work.mkdir(exist_ok=True)
        self.letter.write_bytes(TEXT)
        self.opened.unlink(missing_ok=True)
        self.spare.unlink(missing_ok=True)
        self.old_pepper = b""
        with self.open() as vault:
            if operation in ("seal a file", "open a sealed file"):
                vault.seal_file(DOOR, self.letter, self.sealed, overwrite=True)
                self.old_sealed = self.sealed.read_bytes()
            if operation == "restore the pepper":
                self.backup.unlink(missing_ok=True)
                vault.backup_pepper(self.backup)
                self.pepper.file.unlink()
                self.old_pepper = bytes(self.pepper.create())
        if operation == "pair a device":
            self.pairing = self.devices.new_code()

    # -- one fault ------------------------------------------------------------------------------

    def try_all(self, operation: str, modes: dict[str, int], stride: int = 1) -> Found:
        """Fail the first call, the second, and so on, in each way; every ``stride``-th only."""
        found = Found(operation)
        if self.path.exists():
            self.prepare(operation)
        before = View.of(self.path)
        kept = Path(f"{self.folder}.kept")
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.folder, kept)
        mine = self.code, self.secret
        for how, mode in modes.items():
            for number in range(1 + mode % stride, _MOST_CALLS, stride):
                shutil.rmtree(self.folder)
                shutil.copytree(kept, self.folder)
                self.code, self.secret = mine
                untouched = self.try_one(found, before, how, mode, number)
                if untouched:
                    break
        shutil.rmtree(self.folder)
        shutil.copytree(kept, self.folder)
        self.code, self.secret = mine
        return found

    def try_one(self, found: Found, before: View, how: str, mode: int, number: int) -> bool:
        """One fault, one examination; whether there was no such call any more."""
        seen, told = self.fail(self.operations[found.operation], number, mode)
        died, done = told is None, seen.endswith(DONE)
        if told is not None:
            found.calls = max(found.calls, told.calls)
            if told.calls < number:
                if not done:
                    found.problems.append(f"untouched, and yet: {told}")
                return True
        found.faults += 1
        end = "died" if died else "passed" if done else "refused"
        try:
            summary = Summary()
            problems = [*(told.problems if told else ())]
            problems += self.left() if told and not told.kept else []
            problems += self.examine(found.operation, before, seen, summary)
            problems += self.wrong_files(found.operation, done)
            state = next(iter(summary.outcomes)).rpartition(": ")[2]
        except Exception as error:
            problems, state = [f"examined: {type(error).__name__}: {error}"], "?"
        ended = f"{end}, as {state}"
        found.outcomes[ended] = found.outcomes.get(ended, 0) + 1
        found.problems += [f"{how}, call {number}, {end}: {one}" for one in problems]
        return False

    def fail(
        self, work: Callable[[Vault], object], number: int, mode: int
    ) -> tuple[bytes, Told | None]:
        """What a child wrote that met this fault, and what it says, if it lives to say it."""
        (reader, writer), (report, told) = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            try:
                self.lock.pipe = writer
                os.write(told, json.dumps(asdict(self.obey(work, number, mode))).encode())
            finally:
                os._exit(0)
        os.close(writer)
        os.close(told)
        with os.fdopen(reader, "rb") as one, os.fdopen(report, "rb") as other:
            seen, said = one.read(), other.read()
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) == (not said) == (mode in _DEATHS and not said), status
        return seen, Told(**json.loads(said)) if said else None

    def obey(self, work: Callable[[Vault], object], number: int, mode: int) -> Told:
        """In the child: work with this fault before it."""
        logs = _Kept()
        logging.getLogger("ailock_sdk").handlers = [logs]
        self.library.fault_arm(str(self.folder).encode(), number, mode)
        error = None
        try:
            with self.open() as vault:
                work(vault)
        except UnlockError:
            pass
        except BaseException as raised:
            error = raised
        calls, kept = self.library.fault_count(), self.library.fault_kept()
        self.library.fault_arm(b"", 0, 0)
        if error is None:
            self.tell(DONE)
            return Told(calls, kept, problems=self.shown_secrets("\n".join(logs.lines)))
        message = _message(error) if isinstance(error, Exception) else repr(error)
        shown = "".join(traceback.format_exception(error))
        problems = self.shown_secrets("\n".join([message, shown, *logs.lines]))
        if status_of(error) not in _RIGHT:
            problems.append(f"status {status_of(error)}: {shown[-700:]}")
        if not message.strip() or "\n" in message:
            problems.append(f"not one line: {message!r}")
        return Told(calls, kept, int(status_of(error)), problems)

    # -- what is wrong afterwards ---------------------------------------------------------------

    def shown_secrets(self, text: str) -> list[str]:
        """Which secrets a text shows."""
        known = [bytes(self.secret)] if self.secret else []
        known += [self.pepper.file.read_bytes()] if self.pepper.file.exists() else []
        words = [w for one in known for w in (one.hex(), repr(one)[2:-1])]
        words += [self.code.shown()] if self.code else []
        return ["a message shows a secret"] if any(word in text for word in words) else []

    def left(self) -> list[str]:
        """Unfinished files that an operation left which could have removed them."""
        unfinished = ("-journal", ".tmp")
        return [f"left {p.name}" for p in self.folder.rglob("*") if p.name.endswith(unfinished)]

    def wrong_locks(self, operation: str, before: View, after: View, done: bool) -> list[str]:
        """As after a kill."""
        old, new = before.locks.get(DOOR), after.locks.get(DOOR)
        if operation == "replace the photos" and old != new:
            assert old is not None
            assert new is not None
            others = {slot for slot in old.slots if slot.number != 1}
            fits = others < {*new.slots} and len(new.slots) == len(old.slots)
            return [] if fits else ["neither the old photos nor the new ones"]
        if operation == "replace the photos" and done:
            return ["replaced, and the old photos are there"]
        return super().wrong_locks(operation, before, after, done)

    def wrong_misses(self, operation: str, before: View, after: View, seen: bytes) -> list[str]:
        """As after a kill; also, what opened may stay counted where it cannot be written."""
        alike = {"open a sealed file": "hit", "replace the photos": "recover"}
        found = super().wrong_misses(alike.get(operation, operation), before, after, seen)
        was, now = before.misses.get(DOOR), after.misses.get(DOOR)
        stays = was is not None and now in (was, was + 1) and seen.endswith(DONE)
        return [] if stays and operation != "miss" else found

    def wrong_files(self, operation: str, done: bool) -> list[str]:
        """Files beside the vault: old or new."""
        problems = [
            f"there is still {p.name}" for p in self.folder.glob("vault.db-*") if not p.is_dir()
        ]
        with self.open() as vault:
            if operation == "seal a file":
                sealed = self.sealed.read_bytes()
                if done and sealed == self.old_sealed:
                    problems.append("sealed, and the old file is there")
                if vault.open_sealed(DOOR, sealed, self.code) != TEXT:
                    problems.append("the sealed file holds something else")
        if operation == "open a sealed file" and (done or self.opened.exists()):
            problems += [] if self.opened.read_bytes() == TEXT else ["opened by half"]
        if operation == "back up the pepper" and (done or self.spare.exists()):
            same = self.spare.read_bytes() == self.pepper.file.read_bytes()
            problems += [] if same else ["half a backup"]
        if operation == "restore the pepper":
            peppers = {p.read_bytes() for p in self.pepper.file.parent.iterdir()}
            expected = {self.backup.read_bytes(), self.old_pepper}
            if not peppers <= expected | {b""} or self.old_pepper not in peppers:
                problems.append("a pepper is lost")
            if done and self.pepper.file.read_bytes() != self.backup.read_bytes():
                problems.append("not restored")
        if operation == "pair a device" and done and not Devices(state_folder(self.path)).all():
            problems.append("paired, and not known")
        return problems


class _Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@cache
def _read_once() -> None:
    """Let each photo be read once: what it shows is not what fails here."""
    read = AiLock.imageprint
    known: dict[tuple[Any, ...], ImagePrint] = {}

    def imageprint(self: AiLock, photo: Any, *, reference: bool = False) -> ImagePrint:
        key = (str(photo), reference)
        if key not in known:
            known[key] = read(self, photo, reference=reference)
        return known[key]

    AiLock.imageprint = imageprint  # type: ignore[method-assign]


def run(operations: list[str], modes: dict[str, int], stride: int, folder: Path) -> list[Found]:
    """In a process that was started with the library before all others."""
    library = ctypes.CDLL(os.environ["LD_PRELOAD"])
    _read_once()
    campaign = FaultCampaign(folder, 1, library)
    found = []
    for each in operations or campaign.operations:
        found.append(campaign.try_all(each, modes, stride))
        print(table(found[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    return found


def run_preloaded(words: list[str], **environment: str) -> list[Found]:
    """In such a process: words of the command line, what it found."""
    with tempfile.TemporaryDirectory() as folder:
        library = build(Path(folder))
        done = subprocess.run(
            [sys.executable, "-m", "tests.campaign_faults", *words, "--inside", f"{folder}/vault"],
            env={**os.environ, "LD_PRELOAD": str(library), **environment},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return [Found(**one) for one in json.loads(done.stdout.splitlines()[-1])]


def table(found: list[Found]) -> str:
    """The report for people."""
    lines = [f"{'operation':22} {'calls':>5} {'faults':>6} {'losses':>6}  how it ended"]
    for one in found:
        ends = ", ".join(f"{end} {n}" for end, n in sorted(one.outcomes.items()))
        lines.append(
            f"{one.operation:22} {one.calls:5} {one.faults:6} {len(one.problems):6}  {ends}"
        )
    return "\n".join(lines)


def main() -> int:
    """Command line; the exit status is 1 if anything was lost, or nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", action="append", default=[], help="an operation")
    parser.add_argument("--how", choices=MODES, action="append", help="a kind of fault")
    parser.add_argument("--stride", type=int, default=1, help="every so many calls only")
    parser.add_argument("--out", type=Path, help="folder of the report")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        options.inside.mkdir(mode=0o700)
        modes = {how: MODES[how] for how in options.how or MODES}
        found = run(options.only, modes, options.stride, options.inside)
        print(json.dumps([asdict(one) for one in found]))
        return 0
    words = [word for word in sys.argv[1:] if word != "--out"]
    if options.out:
        words.remove(str(options.out))
    found = run_preloaded(words)
    print(table(found))
    print(f"{sum(one.faults for one in found)} faults")
    for one in found:
        for problem in one.problems[:8]:
            print(f"{one.operation}: {problem}")
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "report.json").write_text(json.dumps([asdict(o) for o in found], indent=1))
    return 1 if any(one.problems or not one.faults for one in found) or not found else 0


if __name__ == "__main__":
    sys.exit(main())
