"""Climbing by accept and refuse: what the answers of the lock say beside yes.

A refusal says nothing of how near a photo was, so nothing can be climbed before a first hit: three
ways to choose the next guess are compared with chance. After a hit the answers do say something:
bits turned one at a time, at the edge of the radius, give the whole reference. Without a throttle
the attacker asks a record whose pepper he has; with it, a vault, by real photos.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk import ImagePrint, LockedOutError, UnlockError, Vault
from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.errors import PhotoQualityError
from ailock_sdk.imageprint import combine
from ailock_sdk.secret import Hidden
from benchmarks.attacks.dictionary import opens, sketch_of
from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.records import enrol, peppered
from benchmarks.attacks.setting import Setting
from benchmarks.attacks.throttle import BUDGET
from lab.errors import LabError
from lab.report.results import Table
from lab.statistics.hamming import distances, pack
from lab.statistics.intervals import Estimate, wilson
from lab.statistics.samples import Samples

NAME = "hill climbing"
FREE = 5
"""Guesses in a row that a vault compares at once."""
STEP = 0.3
"""Share of another photo's margins that a step of the walk takes in."""
MOST_PHOTOS = 8
"""That a probe may be made of."""

Bits = NDArray[np.bool_]
Guesses = Callable[[Samples, NDArray[np.intp], int, np.random.Generator], NDArray[np.float64]]


@dataclass(frozen=True)
class Learnt:
    """What an accepted probe led to.

    Attributes
    ----------
    queries : of the lock's answer
    before, after : bits in which the attacker's imageprint differs from the reference
    """

    queries: int
    before: int
    after: int


def run(setting: Setting) -> Findings:
    """Guess without a throttle; learn after a hit; guess at a vault."""
    rng = setting.rng(NAME)
    samples, radius = setting.samples, setting.lock.radius
    owners = setting.sample(200, 20)
    queries = setting.sample(2_000, 200)
    rates = {
        name: blind(samples, guesses, radius, owners, queries, rng)
        for name, guesses in STRATEGIES.items()
    }
    learnt = learn(setting, setting.sample(10, 2), rng)
    tried, compared, opened = at_a_vault(setting, setting.sample(60, 12), rng)
    chance = rates[CHANCE].value
    verdicts = [
        Verdict("throttle", f"no throttle, {name}: chance that a guess hits", "", rate, None)
        for name, rate in rates.items()
    ]
    after = float(np.mean([one.after for one in learnt]))
    asked = float(np.mean([one.queries for one in learnt]))
    verdicts += [
        Verdict(
            "throttle",
            "no throttle, from one hit on: the reference from answers alone",
            "",
            f"{asked:,.0f} answers, {after:.1f} bits wrong",
            None,
        ),
        Verdict(
            "throttle",
            f"a vault, {tried} photos in a row, at once",
            f"at most {FREE} compared",
            compared,
            compared <= FREE and not opened,
        ),
        Verdict(
            "throttle",
            f"a vault, {BUDGET} guesses with all waits",
            "",
            Estimate(1 - (1 - chance) ** BUDGET),
            None,
        ),
    ]
    return Findings(tuple(verdicts), (_table(rates, owners, queries), _learnt_table(learnt)))


ATTACK = Attack(NAME, "the lock's answers; then a vault", run)


def photos(
    samples: Samples, strangers: NDArray[np.intp], count: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Photos of other objects, at random."""
    return np.asarray(samples.probe_margins[rng.choice(strangers, count)])


def mixtures(
    samples: Samples, strangers: NDArray[np.intp], count: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Probes of two to eight photos of different objects."""
    prints = [ImagePrint(one) for one in samples.probe_margins]
    made = []
    for _ in range(count):
        several = rng.choice(strangers, rng.integers(2, MOST_PHOTOS + 1), replace=False)
        made.append(combine([prints[i] for i in several]).margins)
    return np.stack(made)


def walk(
    samples: Samples, strangers: NDArray[np.intp], count: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A walk that never learns whether a step was a good one: each takes in some of a photo."""
    drawn = photos(samples, strangers, count, rng)
    drawn /= np.sqrt(np.mean(np.square(drawn), axis=1, keepdims=True))
    for number in range(1, count):
        drawn[number] = np.sqrt(1 - STEP) * drawn[number - 1] + np.sqrt(STEP) * drawn[number]
    return drawn


CHANCE = "photos at random"
STRATEGIES: dict[str, Guesses] = {
    CHANCE: photos,
    "several photos mixed": mixtures,
    "a walk": walk,
}


def blind(
    samples: Samples,
    guesses: Guesses,
    radius: int,
    owners: int,
    queries: int,
    rng: np.random.Generator,
) -> Estimate:
    """Share of guesses that would be accepted, over some owners, each guess within the radius."""
    hits = 0
    for reference in tqdm(rng.integers(len(samples), size=owners), unit="owner", disable=None):
        strangers = np.flatnonzero(samples.objects != samples.objects[reference])
        made = guesses(samples, strangers, queries, rng)
        apart = distances(pack(samples.reference_bits[[reference]]), pack(made >= 0))
        hits += int((apart <= radius).sum())
    return wilson(hits, owners * queries)


def learn(setting: Setting, records: int, rng: np.random.Generator) -> list[Learnt]:
    """From an accepted probe to the reference, by the answers of real records.

    Bits are turned at random until the lock refuses; the last one stands at the edge. Then turning
    back a wrong bit opens again, and turning a right one does not.
    """
    samples, lock = setting.samples, setting.lock
    apart = distances(pack(samples.reference_bits), pack(samples.probe_bits))
    mine = (samples.objects[:, None] == samples.objects[None, :]) & (apart <= lock.radius)
    np.fill_diagonal(mine, False)
    pairs = np.argwhere(mine)
    if not len(pairs):
        raise LabError("needs --photos of objects that open their own locks: two photos of each")
    found = []
    for reference, probe in pairs[rng.permutation(len(pairs))[:records]]:
        pepper = Hidden(rng.bytes(PEPPER_LENGTH_BYTES))
        record, _ = enrol(
            lock, [ImagePrint(samples.reference_margins[reference])], rng, pepper=pepper
        )
        sketch, queries = sketch_of(record), 0

        def accepted(bits: Bits) -> bool:
            nonlocal queries
            queries += 1
            return opens(record, sketch, np.where(bits, 1.0, -1.0), pepper)  # noqa: B023

        bits = samples.probe_margins[probe] >= 0
        before = int(apart[reference, probe])
        edge = bits.copy()
        for at in rng.permutation(len(bits)):
            turned = edge.copy()
            turned[at] ^= True
            if not accepted(turned):
                break
            edge = turned
        # One step beyond the edge: refused, and accepted again when any wrong bit is put right.
        truth = turned.copy()
        for at in range(len(bits)):
            tried = turned.copy()
            tried[at] ^= True
            if accepted(tried):
                truth[at] ^= True
        after = int(np.count_nonzero(truth != (samples.reference_margins[reference] >= 0)))
        found.append(Learnt(queries, before, after))
    return found


def at_a_vault(setting: Setting, guesses: int, rng: np.random.Generator) -> tuple[int, int, int]:
    """Strangers' photos shown to a vault one after the other: how many, compared, and opened."""
    samples, photos_ = setting.samples, setting.labelled
    owner = int(rng.integers(len(samples.names)))
    mine = samples.photos[samples.objects == owner]
    strangers = rng.permutation(samples.photos[samples.objects != owner])[:guesses]
    compared = opened = tried = 0
    pepper = rng.bytes(PEPPER_LENGTH_BYTES)
    with TemporaryDirectory() as folder:
        lock = peppered(setting.lock, pepper)
        with Vault.open(Path(folder) / "vault.db", pepper=pepper, lock=lock) as vault:
            vault.enroll("lock", [photos_.read(int(mine[0]))])
            for stranger in strangers:
                tried += 1
                try:
                    vault.unlock("lock", photos_.read(int(stranger)))
                    opened += 1
                except UnlockError:
                    compared += 1
                except (LockedOutError, PhotoQualityError):
                    continue
    return tried, compared, opened


def _table(rates: dict[str, Estimate], owners: int, queries: int) -> Table:
    columns = ("next guess", "owners", "guesses each", "hit", "a hit in")
    rows = tuple(
        (name, owners, queries, rate, 1 / rate.value if rate.value else None)
        for name, rate in rates.items()
    )
    notes = (
        "By distance, within c. Every refusal is the same to the attacker, so the walk is one "
        "without a direction; a probe of mixed photos is what several photos in one try make.",
    )
    formats = {"a hit in": ",.0f"}
    title = "Guesses without a throttle"
    return Table("", title, columns, rows, notes=notes, formats=formats)


def _learnt_table(learnt: list[Learnt]) -> Table:
    columns = ("records", "answers, mean", "bits wrong before", "bits wrong after")
    row = (
        len(learnt),
        float(np.mean([one.queries for one in learnt])),
        float(np.mean([one.before for one in learnt])),
        float(np.mean([one.after for one in learnt])),
    )
    notes = (
        "Real records. The attacker has opened the lock by then; what he gains is the imageprint, "
        "which opens other locks of the same object. A vault gives these answers as well, for each "
        "success clears the misses.",
    )
    title = "From one hit to the reference"
    return Table("", title, columns, (row,), notes=notes, formats=dict.fromkeys(columns[1:], ".1f"))
