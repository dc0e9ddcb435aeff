"""Record multiplicity and linkage, with the pepper and without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.constants import PEPPER_LENGTH_BYTES
from ailock_sdk.imageprint import ImagePrint, combine
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import Code
from benchmarks.attacks.helper_data.attack import Outcome, Truth, attack, judge
from benchmarks.attacks.helper_data.bit_prior import BitPrior, prior_from_photos
from benchmarks.attacks.helper_data.codebook import tabulate
from benchmarks.attacks.multiplicity.two_records import compare, steal, view_of_first
from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.setting import Setting
from lab.errors import TooFewTrialsError
from lab.report.results import Colour, Figure, Panel, ReferenceLine, Series, Table
from lab.statistics.intervals import Estimate, wilson
from lab.statistics.linkability import Linkability, linkability

Bits = NDArray[np.bool_]
Pair = tuple[Bits, Bits]

SAME, OTHER = "the same photos", "other photos"
NOTES = (
    "Score: bits that the codeword nearest to the difference of both helpers leaves unexplained. "
    "Of two objects: the same pairs for all rows of one thief.",
    "D_sys (Gomez-Barrero et al., 2018): 0 if nothing tells the two kinds of pairs apart, 1 if "
    "everything does; noise: mean and 95th percentile with shuffled labels.",
    "Messages: both, by the first guess; the thief has photos of other objects, his own and some "
    "like the owners', and guesses at the first message as helper-data recovery does, the bits "
    "left out that differ; the sum of both gives the other.",
)


@dataclass(frozen=True, eq=False)
class Scored:
    """Pairs of records of one object and of two, and what becomes of some of the first records."""

    name: str
    peppered: bool
    mated: NDArray[np.float64]
    non_mated: NDArray[np.float64]
    fates: tuple[Outcome, ...]
    link: Linkability

    def fallen(self, code: Code, tries: float) -> Estimate:
        """Share of the records that so many messages open, likeliest first."""
        fell = sum(outcome.tries(code.message_bits) <= tries for outcome in self.fates)
        return wilson(fell, len(self.fates))


def run(setting: Setting) -> Findings:
    """Steal two records of one object, made of the same photos or of others, and of two objects."""
    rng = setting.rng(ATTACK.name)
    count = setting.sample(200, 20)
    same, other = mated_pairs(setting, count, rng)
    prior, deep = _belief(setting)
    strangers = [(a[0], b[0]) for a, b in zip(same, np.roll(same, 1, axis=0), strict=True)]
    pepper = Hidden(rng.bytes(PEPPER_LENGTH_BYTES))
    bare = _attacked(setting, strangers, None, prior, 0, rng, "two objects")[0]
    masked = _attacked(setting, strangers, pepper, prior, 0, rng, "two objects, peppered")[0]
    found = []
    for name, pairs, key, apart in (
        (SAME, same, None, bare),
        (OTHER, other, None, bare),
        (SAME, same, pepper, masked),
    ):
        label = f"one object, {name}{', peppered' if key else ''}"
        scores, fates = _attacked(setting, pairs, key, prior, deep, rng, label)
        link = linkability(scores, apart, setting.seed)
        found.append(Scored(name, key is not None, scores, apart, fates, link))
    code = setting.lock.code
    return Findings(_verdicts(found, code), (_table(found, code), _figure(found, setting)))


ATTACK = Attack(
    "several records", "two records, photos of other objects; with and without the pepper", run
)


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
    objects = _objects(setting)
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


def _objects(setting: Setting) -> list[int]:
    starts = setting.samples.starts
    return [k for k in range(len(starts) - 1) if starts[k + 1] - starts[k] >= 2]


def recorded_objects(setting: Setting) -> list[int]:
    """Those whose records are guessed at, at most four in five: of the others he has photos."""
    objects = _objects(setting)
    return objects[: min(setting.sample(100, 2), len(objects) * 4 // 5)]


def _belief(setting: Setting) -> tuple[BitPrior, int]:
    """The thief's, from photos of no recorded object; and how many records he guesses at."""
    samples, recorded = setting.samples, recorded_objects(setting)
    others = ~np.isin(samples.objects, recorded)
    margins, names = setting.own_references
    related = np.arange(len(names) + int(others.sum())) >= len(names)
    prior = prior_from_photos(
        np.concatenate([margins, samples.reference_margins[others]]),
        [*names, *map(str, samples.objects[others])],
        related,
        np.eye(samples.lambda_bits),
        setting.seed,
    )
    return prior, len(recorded)


def _attacked(
    setting: Setting,
    pairs: Sequence[Pair],
    pepper: Hidden | None,
    prior: BitPrior,
    deep: int,
    rng: np.random.Generator,
    label: str,
) -> tuple[NDArray[np.float64], tuple[Outcome, ...]]:
    """Minus the errors of each pair of records; and what becomes of the first ``deep`` pairs."""
    code = setting.lock.code
    scores, fates = [], []
    for number, pair in enumerate(tqdm(pairs, desc=label, unit="pair", disable=None)):
        (one, first), (other, second) = (steal(code, bits, pepper, rng) for bits in pair)
        found = compare(code, one, other)
        scores.append(-found.errors)
        if number < deep:
            truth = Truth(tabulate(code).encode(first[np.newaxis])[0])
            fate = judge(code, attack(view_of_first(code, one, found, prior)), truth, rng)
            if not np.array_equal(found.sum, first ^ second):  # one message tells not the other
                fate = replace(fate, recovered=False, message_bits=0.0)
            fates.append(fate)
    return np.array(scores, dtype=np.float64), tuple(fates)


def _verdicts(found: Sequence[Scored], code: Code) -> tuple[Verdict, ...]:
    verdicts = []
    for one in found:
        who = f"two records of {one.name}, {'without' if one.peppered else 'with'} the pepper"
        floor = f"{one.link.floor_high:.3f}"
        told = f"D_sys {one.link.d_sys:.3f}, noise up to {floor}"
        fell = one.fallen(code, 1)
        if one.peppered:
            verdicts += [
                Verdict("unlinkability", who, "within its noise", told, one.link.within_floor),
                Verdict("renewability", who, "no message found", fell, fell.value == 0),
            ]
        else:
            verdicts += [
                Verdict("unlinkability", who, "", told, None),
                Verdict("renewability", who, "", fell, None),
            ]
    return tuple(verdicts)


def _table(found: Sequence[Scored], code: Code) -> Table:
    columns = (
        *("records of", "thief has", "pairs of one object", "pairs of two", "D_sys"),
        *(
            "noise, mean",
            "noise, 95 %",
            "guessed at",
            "both messages found",
            "within 1,000 guesses",
        ),
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
            len(one.fates),
            one.fallen(code, 1),
            one.fallen(code, 1_000),
        )
        for one in found
    )
    formats = dict.fromkeys(columns[4:7], ".3f")
    return Table("", "Two records of one object", columns, rows, notes=NOTES, formats=formats)


def _figure(found: Sequence[Scored], setting: Setting) -> Figure:
    radius, total = setting.lock.radius, setting.lock.lambda_bits
    edges = np.linspace(0, 240 / 512 * total, 41)
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
