"""Attempts as tables, curves and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ailock_sdk import ImagePrint
from benchmarks.attacks.gradient.likeness import Picture
from benchmarks.attacks.gradient.recapture import JPEG_QUALITY, encoded
from benchmarks.attacks.gradient.scene import Pair, Scene, Verdict
from lab.photos.labelled_photos import LabelledPhotos
from lab.report.results import Figure, Gallery, Panel, ReferenceLine, Series, Table, Tile
from lab.report.thumbnails import montage
from lab.statistics.intervals import wilson

DIFFERENCE_GAIN = 8
"""A change is shown so many times as strong, around grey."""


@dataclass(frozen=True, eq=False)
class Attempt:
    """One photo changed.

    Attributes
    ----------
    variant, aim : how, and what was asked for, as the tables name it
    limit : bits at which it succeeds
    nearer : whether it succeeds at ``limit`` or below; otherwise at ``limit`` or above
    source, target : the photos' names; ``target`` "" where there is none
    bits_before : between the unchanged picture and the target
    steps, seconds : of the descent
    curve : (step, bits) as they were watched
    pictures : before, after, and the target if there is one
    """

    variant: str
    aim: str
    limit: int
    nearer: bool
    source: str
    target: str
    bits_before: int
    verdict: Verdict
    steps: int
    seconds: float
    pictures: tuple[Picture | bytes, ...]
    curve: tuple[tuple[int, int], ...] = field(default=())

    def succeeds(self, bits: int) -> bool:
        """Whether so many bits are what was asked for."""
        return bits <= self.limit if self.nearer else bits >= self.limit

    @property
    def succeeded(self) -> bool:
        """Saved as PNG."""
        return self.succeeds(self.verdict.png)

    @property
    def recaptures(self) -> int:
        """Of the simulated recaptures, how many succeed."""
        return sum(map(self.succeeds, self.verdict.recaptured))


def summary(attempts: Sequence[Attempt], title: str, notes: Sequence[str] = ()) -> Table:
    """Success and distortion of every variant and aim; medians are of what succeeded as PNG."""
    rows: list[tuple[object, ...]] = []
    for variant, aim in dict.fromkeys((one.variant, one.aim) for one in attempts):
        tried = [one for one in attempts if (one.variant, one.aim) == (variant, aim)]
        done = [one for one in tried if one.succeeded]
        jpeg = sum(one.succeeds(one.verdict.jpeg) for one in tried)
        seen = [len(one.verdict.recaptured) for one in tried]
        rows.append(
            (
                variant,
                aim,
                len(tried),
                wilson(len(done), len(tried)),
                wilson(jpeg, len(tried)),
                sum(one.recaptures for one in tried) / sum(seen),
                *(_median([float(value) for value in values]) for values in _columns(done)),
            )
        )
    columns = (
        *("variant", "aim", "photos", "PNG", f"JPEG {JPEG_QUALITY}", "re-captured (share)"),
        *("L2", "L-infinity", "SSIM", "bits before", "bits", "steps", "minutes"),
    )
    return Table("", title, columns, tuple(rows), None, tuple(notes), _FORMATS, "summary")


_FORMATS = {"L2": ".2f", "L-infinity": ".3f", "SSIM": ".3f", "minutes": ".2f"}
_FORMATS |= {"re-captured (share)": ".2f", "bits before": ".0f", "bits": ".0f", "steps": ".0f"}


def _columns(attempts: Sequence[Attempt]) -> list[list[float]]:
    changes = [one.verdict.changed for one in attempts]
    return [
        [change.l2 for change in changes],
        [change.l_infinity for change in changes],
        [change.ssim for change in changes],
        [one.bits_before for one in attempts],
        [one.verdict.png for one in attempts],
        [one.steps for one in attempts],
        [one.seconds / 60 for one in attempts],
    ]


def _median(values: Sequence[float]) -> float | None:
    return float(np.median(values)) if values else None


def each(attempts: Sequence[Attempt]) -> Table:
    """Every attempt, a row each."""
    rows = []
    for one in attempts:
        (values,) = zip(*_columns([one]), strict=True)
        seen = sorted(one.verdict.recaptured)
        rows.append(
            (
                *(one.variant, one.aim, one.source, one.target, one.limit),
                *("yes" if one.succeeded else "no", one.verdict.jpeg),
                f"{seen[0]} to {seen[-1]}",
                one.verdict.gate or "passes",
                *values,
            )
        )
    columns = (
        *("variant", "aim", "photo", "target", "limit (bits)", "reached"),
        *(f"bits, JPEG {JPEG_QUALITY}", "bits, re-captured", "quality gate"),
        *("L2", "L-infinity", "SSIM", "bits before", "bits", "steps", "minutes"),
    )
    formats = {name: text for name, text in _FORMATS.items() if name in columns}
    return Table("", "Each photo", columns, tuple(rows), None, (), formats, "each")


def curves(attempts: Sequence[Attempt]) -> Figure:
    """Bits against the step, a panel a variant; of a descent that served several aims the last."""
    longest = {(one.variant, one.source): one for one in attempts if len(one.curve) > 1}
    limits = {one.aim: one.limit for one in attempts}
    lines = tuple(ReferenceLine(bits, f"{aim}: {bits}", axis="y") for aim, bits in limits.items())
    panels = []
    for variant in dict.fromkeys(variant for variant, _ in longest):
        series = tuple(
            Series(
                source,
                tuple(float(step) for step, _ in one.curve),
                tuple(float(bits) for _, bits in one.curve),
                style="guide",
                remark="a photo",
            )
            for (of, source), one in longest.items()
            if of == variant
        )
        panels.append(
            Panel(
                variant,
                "step",
                "differing bits, real pipeline",
                series,
                y_range=(0.0, None),
                lines=lines,
            )
        )
    return Figure("", "Bits on the way", tuple(panels), name="curves")


def gallery(attempts: Sequence[Attempt], shown: int = 6) -> Gallery:
    """Before, after, the change made visible, and the target."""
    tiles = []
    for variant, aim in dict.fromkeys((one.variant, one.aim) for one in attempts):
        group = [one for one in attempts if (one.variant, one.aim) == (variant, aim)]
        for one in group[:shown]:
            tiles.append(
                Tile(
                    _side_by_side(*one.pictures),
                    f"{one.source}: {one.bits_before} to {one.verdict.png} bits, "
                    f"SSIM {one.verdict.changed.ssim:.2f}",
                    "" if one.succeeded else "not reached",
                    f"{variant}, {aim}",
                )
            )
    return _gallery(tiles)


def before_and_after(
    before: Sequence[Picture], after: Sequence[Picture], captions: Sequence[str]
) -> Gallery:
    """Pairs of pictures and the change made visible."""
    pairs = zip(before, after, captions, strict=True)
    return _gallery([Tile(_side_by_side(a, b), caption) for a, b, caption in pairs])


def _gallery(tiles: Sequence[Tile]) -> Gallery:
    return Gallery(
        "",
        "Before, after, eight times the change, and the target if there is one",
        tuple(tiles),
        ("Small copies of photos: pass them on only to whom the photos may go.",),
        "pictures",
    )


def _side_by_side(
    before: Picture | bytes, after: Picture | bytes, *others: Picture | bytes
) -> tuple[bytes, ...]:
    change = np.asarray(after).astype(np.int16) - np.asarray(before)
    visible = np.clip(128 + DIFFERENCE_GAIN * change, 0, 255).astype(np.uint8)
    return tuple(montage([photo]) for photo in (before, after, visible, *others))


def saved(attempt: Attempt) -> bytes:
    """The changed picture as a PNG file."""
    return encoded(np.asarray(attempt.pictures[1]), "PNG")


def baseline(
    scene: Scene,
    photos: LabelledPhotos,
    pairs: Sequence[Pair],
    targets: Mapping[int, ImagePrint],
    limit: int,
) -> Table:
    """What needs no gradient: who has the target's photo shows that, or a print of it."""
    png, jpeg, seen = [], [], []
    for number, pair in enumerate(pairs):
        target, picture = targets[pair.target], scene.square(photos.read(pair.target))
        png.append(scene.bits_apart(picture, target))
        jpeg.append(scene.bits_apart(encoded(picture, "JPEG"), target))
        again = scene.recaptures(picture, number)
        seen += [scene.bits_apart(one, target) for one in again]
    rows = tuple(
        (
            *(name, len(found), wilson(sum(bits <= limit for bits in found), len(found))),
            *(float(np.median(found)), max(found)),
        )
        for name, found in (
            ("the file", png),
            (f"as JPEG {JPEG_QUALITY}", jpeg),
            ("a print of it", seen),
        )
    )
    return Table(
        "",
        "The target's photo itself, shown instead",
        ("shown", "trials", "within", "median (bits)", "worst (bits)"),
        rows,
        None,
        ("Unlike a changed photo, it looks like what it opens.",),
        {},
        "baseline",
    )
