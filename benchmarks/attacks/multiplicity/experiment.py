"""Record multiplicity and linkage, with the pepper and without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.imageprint import ImagePrint, combine
from ailock_sdk.secret import Hidden
from benchmarks.attacks.multiplicity.two_records import Compared, compare, steal
from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.setting import Setting
from lab.errors import TooFewTrialsError
from lab.report.results import Colour, Figure, Panel, ReferenceLine, Series, Table
from lab.statistics.intervals import wilson
from lab.statistics.linkability import Linkability, linkability

Bits = NDArray[np.bool_]
Pair = tuple[Bits, Bits]

SAME, OTHER = "the same photos", "other photos"
QUICK_LOOKS, LOOKS = 1_000, 20_000
"""Information sets tried to tell two records, and to recover what they hide."""
NOTES = (
    "Score: bits that the nearest pair of codewords leaves unexplained, after "
    f"{QUICK_LOOKS:,} information sets; for the messages up to {LOOKS:,}. Of two objects: the same "
    "pairs for all rows of one thief.",
    "D_sys (Gomez-Barrero et al., 2018): 0 if nothing tells the two kinds of pairs apart, 1 if "
    "everything does; noise: mean and 95th percentile with shuffled labels.",
    "Messages: both, found from the two records alone, without a photo; each opens its record.",
)


@dataclass(frozen=True, eq=False)
class Scored:
    """Pairs of records of one object and of two, and of how many the messages were found."""

    name: str
    peppered: bool
    mated: NDArray[np.float64]
    non_mated: NDArray[np.float64]
    tried: int
    recovered: int
    link: Linkability


def run(setting: Setting) -> Findings:
    """Steal two records of one object, made of the same photos or of others, and of two objects."""
    rng = setting.rng(ATTACK.name)
    count = setting.sample(200, 20)
    deep = setting.sample(100, 5)
    same, other = mated_pairs(setting, count, rng)
    strangers = [(a[0], b[0]) for a, b in zip(same, np.roll(same, 1, axis=0), strict=True)]
    pepper = Hidden(rng.bytes(PEPPER_LENGTH_BYTES))
    bare = _attacked(setting, strangers, None, rng, "two objects", 0)[0]
    masked = _attacked(setting, strangers, pepper, rng, "two objects, peppered", 0)[0]
    found = []
    for name, pairs, key, apart in (
        (SAME, same, None, bare),
        (OTHER, other, None, bare),
        (SAME, same, pepper, masked),
    ):
        label = f"one object, {name}{', peppered' if key else ''}"
        scores, recovered = _attacked(setting, pairs, key, rng, label, deep)
        link = linkability(scores, apart, setting.seed)
        found.append(Scored(name, key is not None, scores, apart, deep, recovered, link))
    return Findings(_verdicts(found), (_table(found), _figure(found, setting)))


ATTACK = Attack("several records", "two records, no photo; without and with the pepper", run)


def mated_pairs(
    setting: Setting, count: int, rng: np.random.Generator
) -> tuple[list[Pair], list[Pair]]:
    """References of one object twice: from the same photos, and from as many others.

    Two photos each where objects have four, else one each.

    Raises
    ------
    TooFewTrialsError
        There are no two objects with two photos.
    """
    samples = setting.samples
    same: list[Pair] = []
    other: list[Pair] = []
    starts = samples.starts
    objects = [k for k in range(len(samples.names)) if starts[k + 1] - starts[k] >= 2]
    if len(objects) < 2:
        raise TooFewTrialsError("needs --photos of two objects with two photos each, at least")
    for turn in range(count):
        of = objects[turn % len(objects)]
        photos = rng.permutation(np.arange(starts[of], starts[of + 1]))
        half = min(2, len(photos) // 2)
        first, second = (
            combine([ImagePrint(samples.reference_margins[i]) for i in chosen]).bits
            for chosen in (photos[:half], photos[half : 2 * half])
        )
        same.append((first, first))
        other.append((first, second))
    return same, other


def _attacked(
    setting: Setting,
    pairs: Sequence[Pair],
    pepper: Hidden | None,
    rng: np.random.Generator,
    label: str,
    deep: int,
) -> tuple[NDArray[np.float64], int]:
    """Minus the errors of each pair of records, and of how many of the first the messages fell."""
    code, scores, recovered = setting.lock.code, [], 0
    for number, pair in enumerate(tqdm(pairs, desc=label, unit="pair", disable=None)):
        (one, first), (other, second) = (steal(code, bits, pepper, rng) for bits in pair)
        looks = setting.sample(QUICK_LOOKS, QUICK_LOOKS // 4)
        found = compare(code, one, other, looks, rng)
        scores.append(-found.errors)
        if number < deep:
            if not _holds(found, first, second):
                found = compare(code, one, other, setting.sample(LOOKS, looks), rng)
            recovered += _holds(found, first, second)
    return np.array(scores, dtype=np.float64), recovered


def _holds(found: Compared, first: NDArray[np.int64], second: NDArray[np.int64]) -> bool:
    return bool((found.messages == np.stack([first, second])).all(axis=(1, 2)).any())


def _verdicts(found: Sequence[Scored]) -> tuple[Verdict, ...]:
    verdicts = []
    for one in found:
        who = f"two records of {one.name}, {'without' if one.peppered else 'with'} the pepper"
        floor = f"{one.link.floor_high:.3f}"
        told = f"D_sys {one.link.d_sys:.3f}, noise up to {floor}"
        fell = wilson(one.recovered, one.tried)
        if one.peppered:
            verdicts += [
                Verdict("unlinkability", who, "within its noise", told, one.link.within_floor),
                Verdict("renewability", who, "no message found", fell, one.recovered == 0),
            ]
        else:
            verdicts += [
                Verdict("unlinkability", who, "", told, None),
                Verdict("renewability", who, "", fell, None),
            ]
    return tuple(verdicts)


def _table(found: Sequence[Scored]) -> Table:
    columns = (
        *("records of", "thief has", "pairs of one object", "pairs of two", "D_sys"),
        *("noise, mean", "noise, 95 %", "tried for messages", "both messages found"),
    )
    rows = tuple(
        (
            one.name,
            "two records" if one.peppered else "two records and the pepper",
            one.link.mated,
            one.link.non_mated,
            one.link.d_sys,
            one.link.floor_mean,
            one.link.floor_high,
            one.tried,
            wilson(one.recovered, one.tried),
        )
        for one in found
    )
    formats = dict.fromkeys(columns[4:7], ".3f")
    return Table("", "Two records of one object", columns, rows, notes=NOTES, formats=formats)


def _figure(found: Sequence[Scored], setting: Setting) -> Figure:
    radius, total = setting.lock.radius, setting.lock.lambda_bits
    edges = np.linspace(0, 200 / 512 * total, 41)
    panels = []
    for one in found:
        series = []
        kinds: tuple[tuple[str, Colour, NDArray[np.float64]], ...] = (
            ("one object", "blue", one.mated),
            ("two objects", "vermilion", one.non_mated),
        )
        for label, colour, scores in kinds:
            shares = np.histogram(-scores, edges)[0] / len(scores)
            at, height = tuple(edges.tolist()), tuple(shares.tolist())
            series.append(Series(label, at, height, kind="steps", colour=colour))
        panels.append(
            Panel(
                f"{one.name}, {'without' if one.peppered else 'with'} the pepper",
                "bits left unexplained",
                "share of pairs",
                tuple(series),
                lines=(ReferenceLine(radius, f"c = {radius}"),),
            )
        )
    return Figure("", "Scores of two records", tuple(panels), name="two_records")
