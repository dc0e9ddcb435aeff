"""Synthetic credentials: imageprints drawn bit by bit, tried on every reference imageprint.

The paper's attack (section 6.1.2, "Synthetic credential dataset"): each position of an imageprint
is an independent Bernoulli variable, whose probability of a 1 is that of the reference imageprints.
The attacker knows these probabilities, and nothing of how bits go together. He has them from the
references that he attacks, as in the paper, which is more than a thief would know.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ailock_sdk import AiLock
from ailock_sdk.embedding import DEFAULT_BUNDLE
from ailock_sdk.profiles import DEFAULT_PROFILE
from ailock_sdk.sketch import correction_radius
from lab.bundles.find import open_bundle
from lab.errors import LabError
from lab.photos.imageprints import all_imageprints
from lab.photos.labelled_photos import LabelledPhotos, name_of, open_labelled_photos
from lab.report import provenance
from lab.report.render_png import figure_png
from lab.report.results import Figure, Panel, Series, Table
from lab.report.wording import rate
from lab.statistics.comparisons import object_weights
from lab.statistics.error_rates import mean_and_deviation
from lab.statistics.hamming import Words, pack
from lab.statistics.histograms import Counts, distance_histogram
from lab.statistics.intervals import CONFIDENCE, FEW_OBJECTS, Estimate, rule_of_three
from lab.statistics.workers import Workers, open_workers

FORMAT = "ailock-credentials/1"
SAMPLES = 100_000
"""For each lambda, as the paper's."""
REPLICATES = 1_000
CHUNK = 8192
"""Samples drawn at a time."""
DEFAULT_OUT = Path("out") / "credentials"
CACHE = "imageprints"
TITLE = "Synthetic credentials tried on every reference"


class CredentialError(LabError):
    """There is nothing to attack, or not what was asked for."""


@dataclass(frozen=True, eq=False)
class Attempts:
    """All trials at one lambda.

    Attributes
    ----------
    radius : c, the most bits that may differ in a match
    counts : trials by distance in bits, int64 (lambda + 1,)
    far, low, high : share of trials within c, and its 95 % interval
    opened : references that at least one sample matches
    """

    lambda_bits: int
    radius: int
    counts: Counts
    far: float
    low: float
    high: float
    opened: int

    @property
    def trials(self) -> int:
        """References times samples."""
        return int(self.counts.sum())

    @property
    def accepted(self) -> int:
        """Trials within c."""
        return int(self.counts[: self.radius + 1].sum())


@dataclass(frozen=True, eq=False)
class CredentialAttack:
    """The attack at every lambda, shortest first."""

    attempts: tuple[Attempts, ...]
    references: int
    objects: int
    samples: int
    seed: int

    @property
    def trials(self) -> int:
        """At all lambdas."""
        return sum(each.trials for each in self.attempts)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know, a sentence each."""
        few = (
            f"With fewer than {FEW_OBJECTS} objects the intervals are too narrow."
            if self.objects < FEW_OBJECTS
            else ""
        )
        notes = (
            f"{self.references:,} reference imageprints of {self.objects:,} objects, "
            f"{self.samples:,} samples for each lambda: {self.trials:,} trials.",
            "The probability of a 1 at each position is that of the attacked references.",
            f"FAR: {CONFIDENCE * 100:g} % intervals from the object bootstrap; no upper end is "
            "below the rule of three over objects times samples.",
            few,
        )
        return tuple(note for note in notes if note)

    def table(self) -> Table:
        """FAR at each lambda. The paper describes the attack; it prints no table of it."""
        rows = tuple(
            (
                each.lambda_bits,
                each.radius,
                each.trials,
                each.accepted,
                Estimate(each.far, each.low, each.high),
                each.opened,
                *(float(value) for value in mean_and_deviation(each.counts)),
            )
            for each in self.attempts
        )
        columns = (
            *("lambda (bits)", "c (bits)", "trials", "accepted", "FAR", "references opened"),
            *("mean distance (bits)", "deviation (bits)"),
        )
        return Table("", TITLE, columns, rows, None, self.notes)

    def figure(self) -> Figure:
        """FAR against lambda, and all trials by distance."""
        panels = [self._histogram()]
        if len(self.attempts) > 1:
            panels.insert(0, self._rates())
        return Figure("", TITLE, tuple(panels), self.notes)

    def _rates(self) -> Panel:
        line = Series(
            "FAR",
            tuple(float(each.lambda_bits) for each in self.attempts),
            tuple(each.far for each in self.attempts),
            tuple(each.low for each in self.attempts),
            tuple(each.high for each in self.attempts),
        )
        x_label, y_label = "lambda (bits)", "FAR at c (share of trials)"
        return Panel("FAR against lambda", x_label, y_label, (line,), y_scale="log")

    def _histogram(self) -> Panel:
        lines = []
        for each in self.attempts:
            bits = np.flatnonzero(each.counts)  # a logarithmic axis has no place for none
            lines.append(
                Series(
                    f"{each.lambda_bits} bits, c = {each.radius}",
                    tuple((bits / each.lambda_bits).tolist()),
                    tuple((each.counts[bits] / each.trials).tolist()),
                )
            )
        x_label, y_label = "Hamming distance / lambda", "share of trials"
        return Panel("Trials by distance", x_label, y_label, tuple(lines), y_scale="log")


def draw_credentials(
    probabilities: NDArray[np.float64], samples: int, rng: np.random.Generator
) -> Words:
    """Imageprints of independent bits, uint64 (samples, W).

    ``probabilities`` float64 (lambda,): of a 1 at each position, 0 to 1.
    """
    lambda_bits = len(probabilities)
    drawn = np.empty((samples, -(-lambda_bits // 64)), dtype=np.uint64)
    for start in range(0, samples, CHUNK):
        count = min(CHUNK, samples - start)
        drawn[start : start + count] = pack(rng.random((count, lambda_bits)) < probabilities)
    return drawn


def credential_attack(
    reference_bits: NDArray[np.bool_],
    radii: Mapping[int, int],
    samples: int = SAMPLES,
    seed: int = 1,
    executor: Workers | None = None,
    progress: bool = False,
    *,
    objects: Sequence[str] | None = None,
    kept: Path | None = None,
) -> CredentialAttack:
    """Try drawn imageprints on every reference, at each lambda (paper, sections 6.1.2 and 6.2).

    Parameters
    ----------
    reference_bits : bool (N, L); the first lambda bits of each are its imageprint of lambda bits
    radii : c in bits by lambda, each lambda at most L
    samples : drawn for each lambda; at lambda they depend on the seed and lambda alone
    executor : threads or a Dask cluster, from ``open_workers``; ``None``: this process alone
    progress : show a bar on stderr, if that is a terminal
    objects : the object of each reference, for the intervals; ``None``: each its own
    kept : folder where counts are kept for the next run if this one is interrupted

    Raises
    ------
    CredentialError
        There is no reference, no sample or no lambda, or a lambda or a c is out of range.
    """
    _check(reference_bits, radii, samples, objects)
    names, which = np.unique(
        np.arange(len(reference_bits)) if objects is None else np.asarray(objects),
        return_inverse=True,
    )
    weights = object_weights(len(names), REPLICATES, seed)
    attempts = []
    for lambda_bits, radius in sorted(radii.items()):
        bits = np.ascontiguousarray(reference_bits[:, :lambda_bits])
        rng = np.random.default_rng([seed, lambda_bits])
        by_reference = distance_histogram(
            pack(bits),
            draw_credentials(bits.mean(axis=0), samples, rng),
            lambda_bits,
            executor,
            progress=progress,
            by_row=True,
            kept=None if kept is None else kept / f"credentials-{lambda_bits}.npz",
        )
        accepted = by_reference[:, : radius + 1].sum(axis=1)
        far, low, high = _far(accepted, which, weights, samples)
        counts = by_reference.sum(axis=0)
        opened = int(np.count_nonzero(accepted))
        attempts.append(Attempts(lambda_bits, radius, counts, far, low, high, opened))
    return CredentialAttack(tuple(attempts), len(reference_bits), len(names), samples, seed)


def _far(
    accepted: NDArray[np.int64],
    objects: NDArray[np.int64],
    weights: NDArray[np.float64],
    samples: int,
) -> tuple[float, float, float]:
    """Accepted share, and its 95 % interval: the object bootstrap's, at least the rule of three's.

    Samples are drawn independently and objects may pass for independent; photos of one object may
    not. So objects times samples is the number of trials for the rule. None accepted leaves the
    bootstrap without width, and few leave it too little: an end below the rule's says too much.
    """
    count = weights.shape[1]
    of_object = np.bincount(objects, accepted, count)
    trials = np.bincount(objects, minlength=count) * float(samples)
    value = float(of_object.sum() / trials.sum())
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile((weights @ of_object) / (weights @ trials), [tail, 1 - tail])
    bound = rule_of_three(count * samples)
    return value, min(float(low), value), max(float(high), value, bound)


def _check(
    bits: NDArray[np.bool_],
    radii: Mapping[int, int],
    samples: int,
    objects: Sequence[str] | None,
) -> None:
    if bits.ndim != 2 or bits.dtype != np.bool_ or not len(bits):
        raise CredentialError(
            f"reference imageprints are bool (N, lambda), N at least 1, not {bits.dtype} "
            f"{bits.shape}"
        )
    if samples < 1 or not radii:
        raise CredentialError("give at least one sample and one lambda")
    if objects is not None and len(objects) != len(bits):
        raise CredentialError(f"{len(objects)} names of objects for {len(bits)} references")
    for lambda_bits, radius in radii.items():
        if not 1 <= lambda_bits <= bits.shape[1]:
            raise CredentialError(
                f"lambda {lambda_bits}: the references have {bits.shape[1]} bits, choose 1 to that"
            )
        if not 0 <= radius <= lambda_bits:
            raise CredentialError(f"c of lambda {lambda_bits} is 0 to that, not {radius}")


def add_parser(experiments: Any) -> None:
    """Add ``credentials`` to the sub-parsers of ``python -m benchmarks.accuracy``."""
    command = experiments.add_parser(
        "credentials",
        help="try imageprints of random bits, drawn as the references' bits are, on every "
        "reference: FAR",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.set_defaults(run=run)
    command.add_argument(
        "--photos",
        metavar="SET",
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        help="labelled photo sets of the references",
    )
    command.add_argument(
        "--bundle", metavar="NAME_OR_PATH", default=DEFAULT_BUNDLE, help="model bundle"
    )
    command.add_argument("--profile", default=DEFAULT_PROFILE, help="one of the bundle's profiles")
    command.add_argument(
        "--lambda",
        dest="lambdas",
        metavar="BITS",
        type=int,
        nargs="+",
        help="first bits of the imageprint, with c by the profile's tau; the paper: 50 100 ... 500 "
        "(default: the whole imageprint and its own c)",
    )
    command.add_argument(
        "--references",
        metavar="N",
        type=int,
        help="so many photos, drawn by the seed (default: all)",
    )
    size = command.add_mutually_exclusive_group()
    size.add_argument("--samples", type=int, default=SAMPLES, help="drawn for each lambda")
    size.add_argument(
        "--trials",
        type=float,
        help="in place of --samples: as many samples as make so many trials at all lambdas "
        "together, such as 1.4e9",
    )
    command.add_argument(
        "--workers",
        default="2",
        help="threads of this process, or the address of a Dask scheduler such as tcp://host:8786",
    )
    command.add_argument(
        "--out", metavar="DIR", type=Path, default=DEFAULT_OUT, help="folder of the result"
    )
    command.add_argument(
        "--cache",
        metavar="DIR",
        type=Path,
        help=f"folder of kept imageprints (default: {CACHE} in the folder of the result)",
    )
    command.add_argument("--no-quality-gate", action="store_true", help="use refused photos too")
    command.add_argument("--seed", type=int, default=1, help="of everything random")


def run(options: argparse.Namespace, command: str) -> int:
    """Attack, print and write credentials.json and credentials.png; 0 when it was measured."""
    photos = open_labelled_photos(options.photos)
    lock = AiLock(open_bundle(options.bundle), options.profile)
    radii = {
        bits: lock.radius if bits == lock.lambda_bits else correction_radius(bits, lock.profile.tau)
        for bits in options.lambdas or [lock.lambda_bits]
    }
    cache = options.cache or options.out / CACHE
    bits, objects = reference_imageprints(lock, photos, cache, not options.no_quality_gate)
    chosen = _choose(len(bits), options.references, options.seed)
    bits, objects = bits[chosen], [objects[index] for index in chosen]
    samples = options.samples
    if options.trials is not None and len(bits):
        samples = math.ceil(options.trials / (len(bits) * len(radii)))
    with open_workers(options.workers) as opened:
        attack = credential_attack(
            bits,
            radii,
            samples,
            options.seed,
            opened,
            progress=True,
            objects=objects,
            kept=options.out / "counted",
        )
    print(as_text(attack))
    for file in save(attack, lock, photos, options.out, command):
        print(f"wrote {file}", file=sys.stderr)
    return 0


def reference_imageprints(
    lock: AiLock, photos: LabelledPhotos, cache: Path, quality_gate: bool = True
) -> tuple[NDArray[np.bool_], list[str]]:
    """Each usable photo as enrolment looks at it, bool (N, lambda), and its object."""
    prints = all_imageprints(lock, photos, cache, reference=True, progress=True)
    usable = np.flatnonzero(prints.acquired(quality_gate))
    return prints.margins[usable] >= 0, [photos.objects[index] for index in usable]


def as_text(attack: CredentialAttack) -> str:
    """One line for each lambda, for a terminal."""
    lines = []
    for each in attack.attempts:
        lines.append(
            f"lambda {each.lambda_bits}, c {each.radius}: {each.accepted:,} of {each.trials:,} "
            f"accepted, FAR {rate(Estimate(each.far, each.low, each.high))}; "
            f"{each.opened:,} references opened"
        )
    return "\n".join([*lines, *(f"* {note}" for note in attack.notes)])


def save(
    attack: CredentialAttack, lock: AiLock, photos: LabelledPhotos, out: Path, command: str
) -> list[Path]:
    """Write credentials.json and credentials.png; returns their paths."""
    out.mkdir(parents=True, exist_ok=True)
    files = [out / "credentials.json", out / "credentials.png"]
    machine = provenance.machine()
    report = {
        "format": FORMAT,
        "references": attack.references,
        "objects": attack.objects,
        "samples": attack.samples,
        "trials": attack.trials,
        "lambdas": [
            {
                "lambda_bits": each.lambda_bits,
                "radius": each.radius,
                "trials": each.trials,
                "accepted": each.accepted,
                "far": each.far,
                "far_95": [each.low, each.high],
                "references_opened": each.opened,
                "histogram": each.counts.tolist(),
            }
            for each in attack.attempts
        ],
        "notes": attack.notes,
        "provenance": {
            "date": provenance.now(),
            "command": command,
            "commit": provenance.commit(),
            "seed": attack.seed,
            "machine": machine,
            "versions": provenance.versions(),
            "bundle": {
                "name": lock.bundle.name,
                "version": lock.bundle.version,
                "fingerprint": lock.bundle.fingerprint.hex(),
            },
            "profile": lock.profile.name,
            "photo_sets": [
                {"file": name_of(part), "sha256": sha256}
                for part, sha256 in zip(photos.sets, photos.sha256, strict=True)
            ],
        },
    }
    files[0].write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    footer = (
        f"{command}; {lock.bundle.name} {lock.bundle.version} "
        f"{lock.bundle.fingerprint.hex()[:12]}; "
        f"data {', '.join(sha256[:12] for sha256 in photos.sha256)}; "
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}"
    )
    files[1].write_bytes(figure_png(attack.figure(), footer))
    return files


def _choose(count: int, wanted: int | None, seed: int) -> NDArray[np.int64]:
    if wanted is None:
        return np.arange(count)
    if not 1 <= wanted <= count:
        raise CredentialError(
            f"--references {wanted}: the photos give {count} usable references, choose 1 to that"
        )
    return np.sort(np.random.default_rng(seed).permutation(count)[:wanted])
