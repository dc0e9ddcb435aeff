"""A stolen record and a dictionary of photos: with the pepper and without it, with a PIN.

What a guess costs: a photo its embedding and decoding, a PIN one Argon2id. Guesses to the first hit
come from the distances of kept imageprints; some real records are attacked guess by guess, so that
the simulation is seen to say what the product does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from tqdm import tqdm

from ailock_sdk import AiLock, ImagePrint, Record
from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.errors import UnlockError
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import (
    Code,
    FoundMessages,
    KdfCost,
    KeyInputs,
    ObjectSketch,
    find_messages,
    secret_behind,
)
from ailock_sdk.store import bound_bytes
from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.records import enrol
from benchmarks.attacks.setting import Setting
from lab.errors import LabError
from lab.report.results import Absent, Figure, Panel, Result, Series, Table
from lab.statistics.hamming import distances, pack
from lab.statistics.intervals import wilson
from lab.statistics.samples import Samples
from lab.verification.targeted import kinds_of_pairs

NAME = "photo dictionary"
GUESSES = (1, 5, 50, 100, 200, 400)
"""At which the share of fallen records is told: five are free online, fifty the throttle's end."""
PIN_DIGITS = 4

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tries:
    """Records of N owners, each against a dictionary: how many of its photos are near.

    Attributes
    ----------
    size, hits : int64 (N,)
    """

    name: str
    size: NDArray[np.int64]
    hits: NDArray[np.int64]

    def fallen(self, guesses: int) -> float:
        """Share of records that so many guesses, in random order, open: hypergeometric."""
        drawn = np.minimum(guesses, self.size)
        missed = np.where(
            self.size - self.hits >= drawn,
            np.exp(
                _ln_choose(np.maximum(self.size - self.hits, drawn), drawn)
                - _ln_choose(self.size, drawn)
            ),
            0.0,
        )
        return float(1 - missed.mean())

    @property
    def rate(self) -> float:
        """Share of all guesses that hit."""
        return float(self.hits.sum() / self.size.sum())


def run(setting: Setting) -> Findings:
    """Simulate on all photos, and attack some real records."""
    tries = [at_random(setting.samples, setting.lock.radius)]
    results: list[Result] = []
    try:
        tries.append(of_one_kind(setting.targeted_samples, setting.lock.radius))
    except LabError as error:
        results.append(Absent("", "A dictionary of the owner's kind", str(error)))
    verdicts = [
        Verdict("false match rate", f"pepper lost; {one.name}", "", _in_words(one), None)
        for one in tries
    ]
    real = attack_records(setting, setting.sample(20, 3), setting.sample(500, 60))
    verdicts += _real_verdicts(real)
    return Findings(tuple(verdicts), (_table(tries), _real_table(real), _figure(tries), *results))


ATTACK = Attack(NAME, "the record; the record and the pepper; photos of his own", run)


def at_random(samples: Samples, radius: int) -> Tries:
    """Every photo as a record, all photos of other objects as its dictionary."""
    apart = distances(pack(samples.reference_bits), pack(samples.probe_bits))
    others = samples.objects[:, None] != samples.objects[None, :]
    return Tries(
        "photos of other things",
        others.sum(axis=1),
        ((apart <= radius) & others).sum(axis=1),
    )


def of_one_kind(samples: Samples, radius: int) -> Tries:
    """The dictionary is of other objects of the owner's kind, in the owner's place."""
    _, same, _ = kinds_of_pairs(samples)
    apart = distances(pack(samples.reference_bits), pack(samples.probe_bits))
    alike = same[np.ix_(samples.objects, samples.objects)]
    kept = alike.any(axis=1)
    return Tries(
        "photos of the owner's kind in the owner's place",
        alike[kept].sum(axis=1),
        ((apart <= radius) & alike)[kept].sum(axis=1),
    )


@dataclass(frozen=True)
class RealRecord:
    """What became of one real record.

    Attributes
    ----------
    tried : photos, the right one among them at a random place
    told_without_pepper : photos, the right one among them, that looked near without the pepper
    first_hit : guesses to the first that opened it with the pepper; ``None``: none did
    expected : the same by distances
    pin_guesses : Argon2ids until the PIN was found behind the right photo; without the pepper the
        photo is not known
    """

    tried: int
    told_without_pepper: int
    first_hit: int | None
    expected: int | None
    pin_guesses: int


def attack_records(setting: Setting, records: int, photos: int) -> list[RealRecord]:
    """Guess by guess; the last photo of a dictionary is one that is near enough, of the object."""
    samples, lock = setting.samples, setting.lock
    rng = setting.rng(NAME)
    apart = distances(pack(samples.reference_bits), pack(samples.probe_bits))
    mine = samples.objects[:, None] == samples.objects[None, :]
    np.fill_diagonal(mine, False)
    pairs = np.argwhere(mine & (apart <= lock.radius))
    if not len(pairs):
        raise LabError("needs --photos of objects that open their own locks: two photos of each")
    found = []
    chosen = pairs[rng.permutation(len(pairs))[:records]]
    for reference, right in tqdm(chosen, desc="real records", unit="record", disable=None):
        strangers = np.flatnonzero(samples.objects != samples.objects[reference])
        order = rng.permutation(np.append(rng.permutation(strangers)[: photos - 1], right))
        near = np.flatnonzero(apart[reference, order] <= lock.radius)
        print_ = ImagePrint(samples.reference_margins[reference])
        pepper = Hidden(rng.bytes(PEPPER_LENGTH_BYTES))
        record, _ = enrol(lock, [print_], rng, pepper=pepper)
        sketch = sketch_of(record)
        guesses = [samples.probe_margins[i] for i in order]
        told = sum(find_messages([sketch], [one], None).complete for one in guesses)
        first = next(
            (n for n, one in enumerate(guesses, 1) if opens(record, sketch, one, pepper)), None
        )
        found.append(
            RealRecord(
                len(order),
                told,
                first,
                int(near[0]) + 1 if len(near) else None,
                _search_pin(lock, print_, samples.probe_margins[right], pepper, rng),
            )
        )
    return found


def sketch_of(record: Record) -> ObjectSketch:
    """The public part of a record's first object."""
    one = record.objects[0]
    return ObjectSketch(Code(one.lambda_bits, *one.code), one.radius, one.salt, one.helper)


def opens(record: Record, sketch: ObjectSketch, margins: Array, pepper: Hidden) -> bool:
    """Whether a photo opens a record; Argon2id is spent only on one that decodes."""
    found = find_messages([sketch], [margins], pepper)
    return found.complete and _is_right(record, found, pepper, Hidden())


def _search_pin(
    lock: AiLock, print_: ImagePrint, right: Array, pepper: Hidden, rng: np.random.Generator
) -> int:
    pin = Hidden(f"{rng.integers(10**PIN_DIGITS):0{PIN_DIGITS}}".encode())
    record, _ = enrol(lock, [print_], rng, pepper=pepper, pin=pin)
    found = find_messages([sketch_of(record)], [right], pepper)
    order = rng.permutation(10**PIN_DIGITS)
    for number, guess in enumerate(order, 1):
        if _is_right(record, found, pepper, Hidden(f"{guess:0{PIN_DIGITS}}".encode())):
            return number
    raise AssertionError("the PIN is one of these")


def _is_right(record: Record, found: FoundMessages, pepper: Hidden, pin: Hidden) -> bool:
    header = record.header
    bound = bound_bytes(header, record.objects)
    inputs = KeyInputs(pin, header.salt, pepper, KdfCost(*header.cost), bound)
    try:
        secret_behind(found, record.tag, inputs)
    except UnlockError:
        return False
    return True


def _in_words(one: Tries) -> str:
    if not one.rate:
        return f"none of {one.size.sum():,} guesses hits"
    return f"a guess in {1 / one.rate:,.0f} hits: {-log2(one.rate):.1f} bits"


def _real_verdicts(real: list[RealRecord]) -> list[Verdict]:
    tried = sum(one.tried for one in real)
    told = sum(one.told_without_pepper for one in real)
    agree = sum(one.first_hit == one.expected for one in real)
    pins = float(np.median([one.pin_guesses for one in real]))
    return [
        Verdict(
            "irreversibility",
            f"without the pepper; the right photo among {tried:,}, {len(real)} real records",
            "no photo is told",
            told,
            told == 0,
        ),
        Verdict(
            "false match rate",
            "pepper lost; real records fall when distances say",
            "",
            f"{agree} of {len(real)}",
            None,
        ),
        Verdict(
            "irreversibility",
            f"pepper lost, right photo known; a PIN of {PIN_DIGITS} random digits",
            "",
            f"{pins:,.0f} Argon2ids in the median",
            None,
        ),
    ]


def _table(tries: list[Tries]) -> Table:
    columns = (
        *("dictionary, pepper lost", "records", "photos", "a guess in", "bits"),
        *(f"fallen after {n}" for n in GUESSES),
    )
    rows = tuple(
        (
            one.name,
            len(one.size),
            float(one.size.mean()),
            1 / one.rate if one.rate else None,
            -log2(one.rate) if one.rate else None,
            *(one.fallen(n) if n <= one.size.max() else None for n in GUESSES),
        )
        for one in tries
    )
    formats = dict.fromkeys(columns[5:], ".1%") | {columns[2]: ".0f", columns[4]: ".1f"}
    formats[columns[3]] = ",.0f"
    notes = (
        "Photos in random order, without repetition; by distance, within c. Without the pepper no "
        "photo is told from another, the right one included.",
    )
    return Table("", "Guesses to the first hit", columns, rows, notes=notes, formats=formats)


def _real_table(real: list[RealRecord]) -> Table:
    first = [one.first_hit for one in real if one.first_hit is not None]
    columns = (
        *("real records", "photos each", "told without the pepper", "opened with it"),
        *("guesses, median", "as distances say", "then Argon2ids for a PIN, median"),
    )
    row = (
        len(real),
        real[0].tried,
        sum(one.told_without_pepper for one in real),
        wilson(len(first), len(real)),
        float(np.median(first)) if first else None,
        sum(one.first_hit == one.expected for one in real),
        float(np.median([one.pin_guesses for one in real])),
    )
    notes = ("Each dictionary holds one photo of the object, at a random place.",)
    return Table("", "Real records, guess by guess", columns, (row,), notes=notes)


def _figure(tries: list[Tries]) -> Figure:
    series = []
    for one in tries:
        guesses = np.unique(np.geomspace(1, one.size.max(), 40).astype(int))
        at = tuple(guesses.astype(float).tolist())
        series.append(Series(one.name, at, tuple(one.fallen(int(n)) for n in guesses)))
    panel = Panel("", "guesses", "share of records fallen", tuple(series), x_scale="log")
    return Figure(
        "",
        "Records fallen to a dictionary, pepper lost",
        (panel,),
        name="dictionary",
        columns=1,
        panel_inches=(7, 3.5),
    )


def _ln_choose(n: NDArray[np.int64], k: NDArray[np.int64]) -> Array:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))
