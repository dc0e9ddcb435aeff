"""The scale experiment: billions of comparisons, timed, and checked in the same run.

Three checks say whether the histogram is right. A sample of the imageprints is compared bit by bit,
unpacked, and its histogram must be equal. The whole histogram must count every pair, and its sum of
distances and of squared distances must be those that follow from the bits' own counts, without any
comparison: with s, t in {-1, 1}^lambda, 2 d = lambda - s.t, and the sums of s.t and (s.t)^2 over
all pairs are (sum s).(sum t) and <S'S, T'T>. All three are exact integers.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import resource
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.errors import LabError
from lab.report import provenance
from lab.report.render_png import figure_png
from lab.report.results import Figure, Panel, Series
from lab.statistics.error_rates import mean_and_deviation
from lab.statistics.hamming import Words, pack
from lab.statistics.histograms import Counts, distance_histogram, pairs_kept, sha256
from lab.statistics.workers import Workers, open_workers

FORMAT = "ailock-scale/1"
PAIRS = 3_500_000_000
"""Of the paper's evaluation: "over 3.5 billion authentication samples"."""
DEFAULT_LAMBDA = 500
DEFAULT_OUT = Path("out") / "scale"
CHECKED = 1_000
"""Imageprints of each side that are compared bit by bit as well."""
CHUNK = 4096
PHOTOS_PER_OBJECT = 4
"""In the random imageprints, as in the paper's Nexus set."""
LATENT_DIMENSIONS = 100
PHOTO_NOISE = 0.5
"""Of a random photo, in standard deviations of the objects: mated pairs differ in 20 % of bits."""


class ScaleError(LabError):
    """The imageprints cannot be used, or a check failed."""


@dataclass(frozen=True, eq=False)
class Scale:
    """A job that was counted and checked.

    Attributes
    ----------
    counts : pairs by distance in bits, int64 (lambda + 1,)
    photos_a, photos_b : imageprints on each side
    counted : pairs that this run counted; the others an interrupted run had
    seconds, cpu_seconds : of the counting alone, wall clock and CPU of this process
    peak_mib : peak memory of this process until all was counted; workers elsewhere have their own
    checked_pairs : compared bit by bit as well
    """

    counts: Counts
    photos_a: int
    photos_b: int
    counted: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    checked_pairs: int

    @property
    def pairs(self) -> int:
        """All pairs."""
        return self.photos_a * self.photos_b

    @property
    def rate(self) -> float:
        """Pairs a second, of this run; NaN where it had nothing to count."""
        return self.counted / self.seconds if self.counted else math.nan


def random_imageprints(
    photos: int, objects: int, lambda_bits: int, seed: int, side: int = 0
) -> Words:
    """Imageprints of random photos, uint64 (photos, W): objects that recur have mated pairs.

    An object is a Gaussian vector of ``LATENT_DIMENSIONS``, a photo of it that vector and noise;
    the bits are the signs of projections on Gaussian hyperplanes, as the paper's. Photo i shows
    object i mod ``objects``; photos of another ``side`` show the same objects anew.
    """
    shared = np.random.default_rng(seed)
    hyperplanes = shared.standard_normal((LATENT_DIMENSIONS, lambda_bits), dtype=np.float32)
    latents = shared.standard_normal((objects, LATENT_DIMENSIONS), dtype=np.float32)
    own = np.random.default_rng([seed, side])
    packed = np.empty((photos, -(-lambda_bits // 64)), dtype=np.uint64)
    for start in range(0, photos, CHUNK):
        of = np.arange(start, min(start + CHUNK, photos)) % objects
        noise = own.standard_normal((len(of), LATENT_DIMENSIONS), dtype=np.float32)
        margins = (latents[of] + np.float32(PHOTO_NOISE) * noise) @ hyperplanes
        packed[start : start + len(of)] = pack(margins >= 0)
    return packed


def read_imageprints(file: Path, lambda_bits: int | None = None) -> tuple[Words, Words, int]:
    """Two sets of imageprints from an ``.npz`` file with ``a`` and ``b``, and their lambda.

    Each is (N, lambda): bool, or numbers that are 0 or 1, or float margins, of which the signs
    count. ``lambda_bits`` keeps the first bits of each.

    Raises
    ------
    ScaleError
        The file has no such arrays.
    """
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            sides = [_bits(stored[name]) for name in ("a", "b")]
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ScaleError(
            f"{file.name}: give an .npz file with arrays a and b, (N, lambda) bits or margins "
            f"without NaN ({error})"
        ) from None
    lengths = {side.shape[1] for side in sides}
    wanted = lambda_bits or min(lengths)
    if len(lengths) > 1 or wanted > min(lengths):
        raise ScaleError(f"{file.name}: imageprints of {sorted(lengths)} bits, not {wanted}")
    if not all(map(len, sides)):
        raise ScaleError(f"{file.name}: one side has no imageprint")
    return pack(sides[0][:, :wanted]), pack(sides[1][:, :wanted]), wanted


def count_and_check(
    a: Words,
    b: Words,
    lambda_bits: int,
    workers: Workers | None = None,
    kept: Path | None = None,
    seed: int = 1,
    progress: bool = False,
) -> Scale:
    """Count all pairs of ``a`` and ``b``, timed, and check the histogram.

    Parameters
    ----------
    kept : file of an interrupted run, taken up and, once all is counted and right, deleted
    seed : of the sample that is compared bit by bit

    Raises
    ------
    ScaleError
        A check failed.
    """
    before = pairs_kept(kept, a, b, lambda_bits) if kept is not None else 0
    clock, cpu = time.perf_counter(), time.process_time()
    counts = distance_histogram(a, b, lambda_bits, workers, progress=progress, kept=kept)
    seconds, cpu_seconds = time.perf_counter() - clock, time.process_time() - cpu
    peak = peak_memory_mib()  # before the checks, which unpack bits

    check_moments(counts, a, b, lambda_bits)
    rng = np.random.default_rng(seed)
    some_a, some_b = (rng.permutation(words)[:CHECKED] for words in (a, b))
    found = distance_histogram(some_a, some_b, lambda_bits, workers)
    if not np.array_equal(found, brute_force(some_a, some_b, lambda_bits)):
        raise ScaleError("the histogram of a sample differs from that of its unpacked bits")
    if kept is not None:
        kept.unlink(missing_ok=True)
    return Scale(
        counts,
        len(a),
        len(b),
        len(a) * len(b) - before,
        seconds,
        cpu_seconds,
        peak,
        len(some_a) * len(some_b),
    )


def brute_force(a: Words, b: Words, lambda_bits: int) -> Counts:
    """The same histogram from unpacked bits, each compared by itself; slow and plain."""
    bits_a, bits_b = (_unpacked(words, lambda_bits) for words in (a, b))
    counts = np.zeros(lambda_bits + 1, dtype=np.int64)
    for row in bits_a:
        counts += np.bincount((row != bits_b).sum(axis=1), minlength=lambda_bits + 1)
    return counts


def check_moments(counts: Counts, a: Words, b: Words, lambda_bits: int) -> None:
    """Compare the number of pairs and both sums of distances with what the bits alone say.

    Raises
    ------
    ScaleError
        One of the three differs.
    """
    pairs = len(a) * len(b)
    (sum_a, gram_a), (sum_b, gram_b) = (_signs(words, lambda_bits) for words in (a, b))
    products = _dot(sum_a, sum_b)
    squares = _dot(gram_a, gram_b)
    expected = (
        pairs,
        (pairs * lambda_bits - products) // 2,
        (pairs * lambda_bits**2 - 2 * lambda_bits * products + squares) // 4,
    )
    distance = range(lambda_bits + 1)
    found = tuple(
        sum(int(n) * d**power for d, n in zip(distance, counts, strict=True)) for power in range(3)
    )
    if found != expected:
        raise ScaleError(
            f"pairs, sum of distances and sum of their squares are {found}, and by the bits' "
            f"own counts {expected}"
        )


def figure(scale: Scale) -> Figure:
    """The histogram, of the distances that occur."""
    seen = np.flatnonzero(scale.counts)
    line = Series(
        f"{scale.pairs:,} pairs",
        tuple(seen.astype(np.float64).tolist()),
        tuple(scale.counts[seen].astype(np.float64).tolist()),
    )
    title = f"Hamming distances of imageprints of {len(scale.counts) - 1} bits"
    panel = Panel("", "Hamming distance (bits)", "pairs at this distance", (line,), y_scale="log")
    return Figure("", title, (panel,))


def peak_memory_mib() -> float:
    """Peak resident memory of this process so far, MiB."""
    try:
        status = Path("/proc/self/status").read_text("utf-8", errors="replace")
    except OSError:
        status = ""
    if found := re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE):
        return int(found[1]) / 1024
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def worker_peak_mib(address: str) -> float:
    """Peak memory of the largest worker of a Dask cluster, MiB."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        peaks: dict[str, float] = client.run(peak_memory_mib)
    return max(peaks.values())


def add_parser(experiments: Any) -> None:
    """Add the ``scale`` command to the sub-parsers of ``python -m benchmarks.accuracy``."""
    command = experiments.add_parser(
        "scale",
        help="count billions of comparisons: pairs a second, peak memory, a checked histogram",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.set_defaults(run=run)
    command.add_argument("--pairs", type=_count, default=PAIRS, help="of as many photos each side")
    command.add_argument(
        "--photos-a", metavar="N", type=_count, help="imageprints of one side, in place of --pairs"
    )
    command.add_argument(
        "--photos-b", metavar="M", type=_count, help="of the other side (default: as many)"
    )
    command.add_argument(
        "--imageprints",
        metavar="FILE",
        type=Path,
        help="an .npz file with arrays a and b, (N, lambda) bits or margins, in place of random "
        "ones",
    )
    command.add_argument(
        "--lambda",
        dest="lambda_bits",
        metavar="BITS",
        type=_count,
        help="length of an imageprint (default: 500, or that of the file)",
    )
    command.add_argument(
        "--workers",
        default="2",
        help="threads of this process, or the address of a Dask scheduler such as tcp://host:8786",
    )
    command.add_argument(
        "--out", metavar="DIR", type=Path, default=DEFAULT_OUT, help="folder of the result"
    )
    command.add_argument("--seed", type=int, default=1, help="of everything random")


def run(options: argparse.Namespace, command: str) -> int:
    """Count, check, print and write scale.json and scale.png; 0 when the checks passed."""
    if options.imageprints is not None:
        a, b, lambda_bits = read_imageprints(options.imageprints, options.lambda_bits)
    else:
        lambda_bits = options.lambda_bits or DEFAULT_LAMBDA
        photos_a = options.photos_a or options.photos_b or math.isqrt(options.pairs - 1) + 1
        photos_b = options.photos_b or photos_a
        objects = -(-photos_a // PHOTOS_PER_OBJECT)
        a, b = (
            random_imageprints(photos, objects, lambda_bits, options.seed, side)
            for side, photos in enumerate((photos_a, photos_b))
        )
    with open_workers(options.workers) as opened:
        alone = not opened.remote and opened.count == 1
        found = count_and_check(
            a,
            b,
            lambda_bits,
            None if alone else opened,
            options.out / "scale.partial.npz",
            options.seed,
            progress=True,
        )
        worker_peak = worker_peak_mib(options.workers) if opened.remote else None
    report = {
        "format": FORMAT,
        "lambda_bits": lambda_bits,
        "photos": [found.photos_a, found.photos_b],
        "pairs": found.pairs,
        "pairs_counted_by_this_run": found.counted,
        "seconds": found.seconds,
        "cpu_seconds": found.cpu_seconds,
        "pairs_per_second": found.rate if found.counted else None,
        "peak_mib": found.peak_mib,
        "largest_worker_peak_mib": worker_peak,
        "workers": options.workers,
        "checked_bit_by_bit": found.checked_pairs,
        "histogram": found.counts.tolist(),
        "provenance": {
            "date": provenance.now(),
            "command": command,
            "commit": provenance.commit(),
            "seed": options.seed,
            "data": "random" if options.imageprints is None else options.imageprints.name,
            "data_sha256": [sha256(a), sha256(b)],
            "model": "none: imageprints only",
            "machine": provenance.machine(),
            "versions": provenance.versions(),
        },
    }
    print(as_text(found, worker_peak))
    options.out.mkdir(parents=True, exist_ok=True)
    files = [options.out / "scale.json", options.out / "scale.png"]
    files[0].write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    machine = provenance.machine()
    footer = (
        f"{command}; no model; data {sha256(a)[:12]} and {sha256(b)[:12]}; "
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}"
    )
    files[1].write_bytes(figure_png(figure(found), footer))
    for file in files:
        print(f"wrote {file}", file=sys.stderr)
    return 0


def as_text(found: Scale, worker_peak: float | None = None) -> str:
    """What was measured, for a terminal."""
    mean, deviation = mean_and_deviation(found.counts)
    seen = np.flatnonzero(found.counts)
    before = found.pairs - found.counted
    memory = f"{found.peak_mib:.0f} MiB"
    if worker_peak is not None:
        memory += f"; largest worker {worker_peak:.0f} MiB"
    return "\n".join(
        [
            f"{found.pairs:,} pairs of {found.photos_a:,} and {found.photos_b:,} imageprints of "
            f"{len(found.counts) - 1} bits",
            *([f"{before:,} of them counted by an earlier run"] if before else []),
            f"{found.seconds:.1f} s ({found.cpu_seconds:.1f} s of CPU in this process), "
            f"{found.rate:.3g} pairs a second",
            f"peak memory {memory}",
            f"distances {seen[0]} to {seen[-1]} bits, mean {mean:.2f}, deviation {deviation:.2f}",
            f"checked: {found.checked_pairs:,} pairs bit by bit, equal; of all pairs the number, "
            "the sum of distances and the sum of their squares, equal",
        ]
    )


def _bits(array: NDArray[Any]) -> NDArray[np.bool_]:
    if array.ndim != 2 or not array.shape[1]:
        raise ValueError(f"shape {array.shape}")
    if array.dtype.kind == "f":
        if np.isnan(array).any():
            raise ValueError("NaN")
        return np.asarray(array >= 0)
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        raise ValueError(f"{array.dtype} other than 0 and 1")
    return array.astype(np.bool_)


def _unpacked(words: Words, lambda_bits: int) -> NDArray[np.uint8]:
    return np.unpackbits(words.view(np.uint8), axis=1, count=lambda_bits)


def _signs(words: Words, lambda_bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sum of the sign vectors, int64 (lambda,), and their Gram matrix, int64 (lambda, lambda)."""
    total = np.zeros(lambda_bits, dtype=np.int64)
    gram = np.zeros((lambda_bits, lambda_bits), dtype=np.int64)
    for start in range(0, len(words), CHUNK):
        bits = _unpacked(words[start : start + CHUNK], lambda_bits)
        signs = bits.astype(np.float32) * 2 - 1
        total += signs.sum(axis=0).astype(np.int64)
        gram += (signs.T @ signs).astype(np.int64)  # exact: whole numbers up to CHUNK
    return total, gram


def _dot(x: NDArray[np.int64], y: NDArray[np.int64]) -> int:
    """In Python's integers, which do not overflow."""
    return sum(p * q for p, q in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True))


def _count(text: str) -> int:
    """A whole number of at least 1, as ``3500000000`` or ``3.5e9``."""
    value = float(text)
    if not value >= 1 or value != int(value):
        raise argparse.ArgumentTypeError("a whole number, at least 1")
    return int(value)
