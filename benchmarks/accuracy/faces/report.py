"""What ``faces`` found, as a report, with FaceNet's own numbers beside ours."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ailock_sdk import AiLock
from benchmarks.accuracy.faces import facenet_values as printed
from benchmarks.accuracy.faces.protocol import FAR, Folds
from benchmarks.accuracy.faces.trials import Trials
from lab.photos.labelled_photos import LabelledPhotos
from lab.report import provenance
from lab.report.results import (
    Chapter,
    Figure,
    Gallery,
    Panel,
    ReferenceLine,
    Report,
    Series,
    Table,
    Tile,
)
from lab.report.series import PERCENT
from lab.report.thumbnails import montage
from lab.statistics.embedding_pairs import PairCounts, eer, refused_at_far
from lab.statistics.error_rates import accepted_share
from lab.statistics.intervals import Estimate

FORMAT = "ailock-faces/1"
WORST = 8
"""Trials of each kind in the gallery."""
CAPTION_LETTERS = 30
HISTOGRAM_BINS = 60
PAIRS, FRAMES = "pairs of photos", "frames averaged"


@dataclass(frozen=True, eq=False)
class Measured:
    """One kind of trials, compared in one way."""

    trials: Trials
    distances: NDArray[np.float64]
    folds: Folds


@dataclass(frozen=True, eq=False)
class Faces:
    """Everything that was measured.

    Attributes
    ----------
    measured : by ``PAIRS`` or ``FRAMES``, and by "embedding" or "imageprint"
    all_pairs : of the embeddings of all photos
    left_out : photos that could not be decoded
    """

    measured: Mapping[tuple[str, str], Measured]
    all_pairs: PairCounts
    left_out: int


def faces_report(
    lock: AiLock,
    photos: LabelledPhotos,
    found: Faces,
    depends_on: Mapping[str, str],
    recorded: Mapping[str, Any],
) -> Report:
    """Tables, curves and the worst trials."""
    on_pairs = found.measured[PAIRS, "embedding"]
    everything = {
        "eer": found.all_pairs.estimate(eer),
        "val": found.all_pairs.estimate(refused_at_far(FAR)).complement(),
    }
    persons = len(set(photos.objects))
    return Report(
        f"FaceNet's protocols: {lock.bundle.name} {lock.bundle.version}",
        provenance.facts(
            recorded,
            {
                "Photos": provenance.photos_line(photos),
                "Model bundle": provenance.bundle_line(lock),
                **depends_on,
            },
        ),
        (f"{len(photos)} photos of {persons} persons; {found.left_out} could not be read.",),
        (
            Chapter(
                "",
                {},
                (
                    _by_folds(found.measured),
                    _all_pairs(found.all_pairs, everything, len(photos), persons),
                    _figure(on_pairs, found.all_pairs),
                    _worst(photos, on_pairs),
                ),
            ),
        ),
        format=FORMAT,
        document={
            "provenance": dict(recorded),
            "bundle": provenance.bundle_record(lock),
            "photos": len(photos),
            "persons": persons,
            "left_out": found.left_out,
            "folds": [
                {"trials": kind, "compared": how, "count": len(each.trials), **asdict(each.folds)}
                for (kind, how), each in found.measured.items()
            ],
            "all_pairs": {name: asdict(value) for name, value in everything.items()},
        },
    )


def _by_folds(measured: Mapping[tuple[str, str], Measured]) -> Table:
    columns = (
        "trials, compared by",
        "trials",
        "accuracy (%)",
        "standard error (%)",
        "threshold",
        f"VAL at FAR {FAR:g} (%)",
        "its standard error (%)",
        "FAR found (%)",
    )
    rows: list[tuple[object, ...]] = []
    for (kind, how), each in measured.items():
        found = each.folds
        numbers = (
            PERCENT * found.accuracy.value,
            PERCENT * found.accuracy.standard_error,
            found.threshold.value,
            PERCENT * found.val.value,
            PERCENT * found.val.standard_error,
            PERCENT * found.far.value,
        )
        rows.append((f"{kind}, {how}", len(each.trials), *numbers))
    paper = tuple(
        (f"{kind}, embedding", None, *(PERCENT * share for share in rates), threshold, *[None] * 3)
        for kind, rates, threshold in (
            (PAIRS, printed.LFW[:2], printed.LFW[2]),
            (FRAMES, printed.YOUTUBE, None),
        )
    )
    return Table(
        "",
        "Ten folds, each judged at the threshold that is best on the other nine",
        columns,
        tuple(rows),
        paper,
        notes=(
            "Embeddings by squared L2 distance of unit vectors; imageprints by the share of bits.",
            "Frames averaged: one half of a person's photos against the other half or a half of "
            "somebody else's, the mean over all pairs of theirs; imageprints combined as a lock "
            "combines several photos.",
            f"VAL: at the largest threshold that accepts at most {FAR:g} of the other folds' "
            "non-mated trials; with fewer than a thousand of them, none.",
            "Standard errors are of the mean over folds, without overlap of persons.",
            f"The paper's: {printed.CITATION}, on Labeled Faces in the Wild with a fixed centre "
            f"crop ({PERCENT * printed.LFW_ALIGNED:.2f} % aligned) and on YouTube Faces.",
        ),
        formats={
            "accuracy (%)": ".2f",
            "standard error (%)": ".2f",
            "threshold": ".3f",
            columns[5]: ".2f",
            columns[6]: ".2f",
            "FAR found (%)": ".3f",
        },
        name="folds",
    )


def _all_pairs(
    counts: PairCounts, everything: Mapping[str, Estimate], photos: int, persons: int
) -> Table:
    mated, non_mated = int(counts.mated.sum()), int(counts.non_mated.sum())
    paper = tuple(
        (f"FaceNet, {training:,} training photos", None, None, None, Estimate(val))
        for training, val in printed.VAL.items()
    )
    return Table(
        "",
        "Every photo against every other, embeddings",
        ("", "mated", "non-mated", "EER", f"VAL at FAR {FAR:g}"),
        (
            (
                f"{photos} photos of {persons} persons",
                mated,
                non_mated,
                everything["eer"],
                everything["val"],
            ),
            *paper,
        ),
        notes=(
            "Intervals: bootstrap of persons. FaceNet's: Table 6, a million photos of its own.",
        ),
        name="all_pairs",
    )


def _figure(on_pairs: Measured, counts: PairCounts) -> Figure:
    edges = np.linspace(0, on_pairs.distances.max() * 1.02, HISTOGRAM_BINS + 1)
    histograms = []
    for label, chosen in (("one person", on_pairs.trials.mated), ("two", ~on_pairs.trials.mated)):
        shares = np.histogram(on_pairs.distances[chosen], edges)[0] / chosen.sum()
        histograms.append(
            Series(label, tuple(map(float, edges)), tuple(map(float, shares)), kind="steps")
        )
    threshold = on_pairs.folds.threshold.value
    far, val = accepted_share(counts.non_mated), accepted_share(counts.mated)
    shown = (far > 0) & (np.diff(far + val, prepend=0) > 0)
    curve = Series("all pairs", tuple(map(float, far[shown])), tuple(map(float, val[shown])))
    return Figure(
        "",
        "Distances of the pairs, and the share of all mated pairs that is accepted",
        (
            Panel(
                "Pairs of the protocol",
                "squared L2 distance",
                "share of pairs",
                tuple(histograms),
                lines=(ReferenceLine(threshold, f"mean threshold {threshold:.3f}"),),
            ),
            Panel(
                "All pairs",
                "FAR",
                "VAL",
                (curve,),
                x_scale="log",
                y_range=(0.0, 1.0),
                lines=(ReferenceLine(FAR, f"FAR {FAR:g}"),),
            ),
        ),
        name="distances",
        columns=2,
    )


def _worst(photos: LabelledPhotos, on_pairs: Measured) -> Gallery:
    trials, distances = on_pairs.trials, on_pairs.distances
    order = np.argsort(distances, kind="stable")
    groups = (
        ("Two persons, nearest", order[~trials.mated[order]][:WORST]),
        ("One person, furthest apart", order[trials.mated[order]][::-1][:WORST]),
    )
    tiles = []
    for group, numbers in groups:
        for number in numbers:
            ends = trials.first[number][0], trials.second[number][0]
            accepted = distances[number] <= on_pairs.folds.threshold.value
            wrong = bool(accepted) != bool(trials.mated[number])
            tiles.append(
                Tile(
                    tuple(montage([photos.read(end)]) for end in ends),
                    f"{distances[number]:.3f}  {_names(photos, ends)}",
                    ("accepted" if accepted else "refused") if wrong else "",
                    group,
                )
            )
    return Gallery("", "The hardest pairs of the protocol", tuple(tiles), name="hardest")


def _names(photos: LabelledPhotos, ends: Sequence[int]) -> str:
    """Cut, so that a caption does not run into the next."""
    names = " and ".join(dict.fromkeys(photos.objects[end] for end in ends))
    return textwrap.shorten(names.replace("_", " "), CAPTION_LETTERS, placeholder="...")
