"""Whose photo opens another's lock: of any object, of the same kind in the same place, of none.

The last are "synthetic credentials": imageprints of independent bits, each 1 as often as in the
population, without any photo (ai.lock, section 6.2).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.setting import Setting
from lab.errors import LabError
from lab.report.results import Absent, Result, Table
from lab.statistics.comparisons import object_weights
from lab.statistics.hamming import distance_tiles, pack
from lab.statistics.intervals import Estimate, rule_of_three
from lab.statistics.object_pairs import count_pairs, different
from lab.statistics.samples import Samples, single_probes, single_references
from lab.verification import targeted

NAME = "impostors"
NUMBERS = ((1, 1), (3, 1), (3, 3))
"""Photos in a reference and in a probe, of the targeted set."""
ENOUGH_PAIRS = 1_000
"""Pairs of objects below which a rate of 1e-4 is not judged."""
_CHUNK = 20_000
_NOTE = (
    "Same kind: photos of another object of the owner's kind, in the owner's place; intervals draw "
    "objects. A lock is worth no more than this against who knows what the key is and where it "
    "stood."
)


def run(setting: Setting) -> Findings:
    """Rates of acceptance, by who the impostor is."""
    samples, lock = setting.samples, setting.lock
    replicates = setting.sample(1_000, 50)
    weights = object_weights(len(samples.names), replicates, setting.seed)
    pairs = count_pairs(samples, single_references(samples), single_probes(samples), lock.radius)
    found = pairs.rate(different(len(samples.names)), weights)
    if found is None:
        raise LabError("needs --photos of two objects, at least")
    count = len(samples.names)
    judged = count * (count - 1) // 2 >= ENOUGH_PAIRS
    verdicts = [
        _verdict(setting, "photos of other objects, drawn at random", "fmr_1_1", found, judged)
    ]
    trials = setting.sample(1_000_000, 20_000)
    credentials = made_of_bits(samples, lock.radius, trials, setting)
    verdicts.append(
        Verdict(
            "false match rate",
            f"{trials:,} made-up imageprints",
            "no more than photos",
            credentials,
            credentials.value <= found.value if judged else None,
        )
    )
    results: list[Result] = []
    try:
        measured = targeted.measure(
            lock, setting.targeted_samples, NUMBERS, (), None, replicates, setting.seed
        )
    except LabError as error:
        results.append(Absent("", "Objects of the owner's kind", str(error)))
    else:
        rows = []
        for numbers, one in measured.items():
            if one is None:
                continue
            rows.append((*numbers, one.all.same_kind, one.all.other_kind, one.all.refused))
            for rate, what, key in (
                (one.all.same_kind, "the owner's kind", "same_kind_accepted"),
                (one.all.other_kind, "another kind", "other_kind_accepted"),
            ):
                if rate is not None and numbers == (1, 1):
                    key = f"{key}_{numbers[0]}_{numbers[1]}"
                    tried = f"an object of {what} in the owner's place"
                    verdicts.append(_verdict(setting, tried, key, rate, not setting.quick))
        columns = (
            *("reference photos", "probe photos", "same kind accepted", "other kind accepted"),
            "owner refused",
        )
        title = "Objects in the owner's place"
        results.append(Table("", title, columns, tuple(rows), notes=(_NOTE,)))
    return Findings(tuple(verdicts), tuple(results))


ATTACK = Attack(NAME, "photos of other objects; of the owner's kind; none, but bit statistics", run)


def made_of_bits(samples: Samples, radius: int, trials: int, setting: Setting) -> Estimate:
    """Share of made-up imageprints, each compared with every reference, that are accepted."""
    references = samples.reference_bits
    shares = references.mean(axis=0)
    stored = pack(references)
    accepted = sum(
        int((tile <= radius).sum())
        for made in _made(shares, trials, setting.rng(NAME))
        for _, _, tile in distance_tiles(stored, pack(made))
    )
    value = accepted / (trials * len(references))
    return Estimate(value, value, rule_of_three(trials)) if not accepted else Estimate(value)


def _made(
    shares: NDArray[np.float64], trials: int, rng: np.random.Generator
) -> Iterator[NDArray[np.bool_]]:
    for start in range(0, trials, _CHUNK):
        size = (min(_CHUNK, trials - start), len(shares))
        yield rng.random(size, dtype=np.float32) < shares


def _verdict(setting: Setting, tried: str, key: str, rate: Estimate, judged: bool) -> Verdict:
    """Against the upper end of the interval that the bundle states for the profile."""
    stated = setting.lock.profile.calibration.get(f"{key}_95_high")
    promised = judged and stated is not None
    return Verdict(
        "false match rate",
        tried,
        f"at most {float(stated):.2g}, as the bundle states" if promised and stated else "",
        rate,
        rate.value <= float(stated) if promised and stated is not None else None,
    )
