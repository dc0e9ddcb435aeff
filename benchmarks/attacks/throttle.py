"""Guesses against the throttle: a clock that the attacker turns, reboots, and an older vault.

Every guess goes through :meth:`~ailock_sdk.store.LockStore.charge`, which counts it on disk or
refuses it: what it lets pass would reach a comparison. The clock is the attacker's own, as far as
hardware lets one: he may wait, reboot, and run systems whose boots have no name, and he may do so
before every guess. An uptime that jumps ahead is a wait, and costs him that time.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from tqdm import tqdm

from ailock_sdk import AiLock, ImagePrint
from ailock_sdk.errors import LockedOutError
from ailock_sdk.secret import Hidden
from ailock_sdk.store import ClockReading, LockStore
from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.records import enrol, lock_of
from benchmarks.attacks.setting import Setting
from lab.report.results import Table

NAME = "throttle"
BUDGET = 50
"""Most comparisons until the owner uses his code, by docs/explanation/threat-model.md."""
DAY_SECONDS = 86_400.0
RESTORED_AFTER = 5
"""Guesses between two restored copies of the vault: those that cost no wait."""
_DAYS_BETWEEN = 2.0
_PEPPER = Hidden(range(32))
_NAME = "lock"

Clock = Iterator[ClockReading]


@dataclass(frozen=True)
class Outcome:
    """One way to guess.

    Attributes
    ----------
    compared : guesses that would have reached a comparison
    days : that the attacker waited; ``None`` where his clock does not say
    """

    way: str
    has_code: bool
    guesses: int
    compared: int
    days: float | None


def run(setting: Setting) -> Findings:
    """Guess in every way; 10^6 guesses in all."""
    rng = setting.rng(NAME)
    total = setting.sample(1_000_000, 3_000)
    ways = {name: (clock, True) for name, clock in CLOCKS.items()}
    ways["waits two days before each, no recovery code"] = (patient, False)
    ways["reboots before each, no recovery code"] = (reboots, False)
    found = []
    with TemporaryDirectory() as folder:
        for number, (name, (clock, has_code)) in enumerate(ways.items()):
            path = new_vault(Path(folder) / f"{number}.db", setting.lock, has_code)
            found.append(guess(path, name, clock(rng), total // len(ways), has_code))
        path = new_vault(Path(folder) / "restored.db", setting.lock, has_code=True)
        restored = roll_back(path, setting.sample(1_000, 100))
    return Findings(_verdicts(found, restored), (_table([*found, restored]),))


ATTACK = Attack(NAME, "the API and the clock; last row: the vault file as well", run)


def still(rng: np.random.Generator) -> Clock:
    """No time passes to speak of."""
    uptime = 1_000.0
    while True:
        uptime += 1e-3
        yield ClockReading(uptime, "boot")


def patient(rng: np.random.Generator) -> Clock:
    """All the time in the world."""
    uptime = 1_000.0
    while True:
        uptime += _DAYS_BETWEEN * DAY_SECONDS
        yield ClockReading(uptime, "boot")


def reboots(rng: np.random.Generator) -> Clock:
    """Every guess in a boot of its own, some of which have lasted."""
    number = 0
    while True:
        number += 1
        yield ClockReading(float(rng.exponential(100.0)), f"boot {number}")


def nameless(rng: np.random.Generator) -> Clock:
    """A system that names no boots: uptime falls and rises as it is booted again and left on."""
    while True:
        yield ClockReading(float(rng.exponential(10 * DAY_SECONDS)), "")


def backwards(rng: np.random.Generator) -> Clock:
    """An uptime that falls within one boot, as none should."""
    uptime = 1e9
    while True:
        uptime -= 1.0
        yield ClockReading(uptime, "boot")


def anything(rng: np.random.Generator) -> Clock:
    """All of it, drawn at random before each guess."""
    clocks = [clock(rng) for clock in (still, patient, reboots, nameless, backwards)]
    while True:
        yield next(clocks[int(rng.integers(len(clocks)))])


CLOCKS: dict[str, Callable[[np.random.Generator], Clock]] = {
    "hammers": still,
    "waits two days before each": patient,
    "reboots before each": reboots,
    "boots without names": nameless,
    "an uptime that falls": backwards,
    "any of these, at random": anything,
}


def new_vault(path: Path, lock: AiLock, has_code: bool) -> Path:
    """A vault with one lock, which nobody ever opens."""
    rng = np.random.default_rng(0)
    print_ = ImagePrint(rng.normal(size=lock.lambda_bits))
    made, _ = lock_of([enrol(lock, [print_], rng, pepper=_PEPPER)], rng, has_code=has_code)
    with LockStore.create(path) as store:
        store.add(_NAME, made, _PEPPER)
    return path


def guess(path: Path, way: str, clock: Clock, guesses: int, has_code: bool) -> Outcome:
    """Guess at a vault's lock by one clock."""
    compared, begun, now = 0, None, None
    with LockStore.open(path) as store:
        stored = store.get(_NAME, _PEPPER)
        for _ in tqdm(range(guesses), desc=way, unit="guess", disable=None):
            now = next(clock)
            begun = begun or now
            try:
                store.charge(stored, now)
            except LockedOutError:
                continue
            compared += 1
    days = None
    if begun and now and now.boot_id == begun.boot_id != "" and now.uptime >= begun.uptime:
        days = (now.uptime - begun.uptime) / DAY_SECONDS
    return Outcome(way, has_code, guesses, compared, days)


def roll_back(path: Path, guesses: int) -> Outcome:
    """Put an older copy of the vault file back whenever the free misses are used up."""
    older = path.with_suffix(".older")
    shutil.copyfile(path, older)
    compared, clock = 0, still(np.random.default_rng(0))
    for _ in range(guesses // RESTORED_AFTER):
        shutil.copyfile(older, path)
        compared += guess(path, "", clock, RESTORED_AFTER, has_code=True).compared
    return Outcome("an older vault file put back after every five", True, guesses, compared, None)


def _verdicts(found: list[Outcome], restored: Outcome) -> tuple[Verdict, ...]:
    verdicts = []
    for one in found:
        if one.has_code:
            most, wanted = BUDGET, f"at most {BUDGET} compared"
        else:
            most = BUDGET + int(one.days or 0)
            wanted = f"at most {BUDGET}, and one a day"
        tried = f"{one.way}: {one.guesses:,} guesses"
        verdicts.append(Verdict("throttle", tried, wanted, one.compared, one.compared <= most))
    told = f"{restored.way}: {restored.guesses:,} guesses"
    return (*verdicts, Verdict("throttle", told, "", restored.compared, None))


def _table(found: list[Outcome]) -> Table:
    columns = ("the attacker", "recovery code", "guesses", "compared", "days that he waited")
    rows = tuple(
        (one.way, "yes" if one.has_code else "no", one.guesses, one.compared, one.days)
        for one in found
    )
    notes = (
        "Through the store that counts attempts on disk, with a clock of the attacker's. Without a "
        "recovery code photos never rest for good: one attempt a day stays.",
        "Whoever writes the vault file can put an older one back, with the misses it then had. "
        "Nothing but hardware notices that.",
    )
    title = "Guesses that reach a comparison"
    return Table("", title, columns, rows, notes=notes, formats={columns[-1]: ".0f"})
