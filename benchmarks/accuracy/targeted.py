"""``targeted``: impostors that bring another thing of the owner's kind to the owner's place."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from lab.bundles.find import open_bundle
from lab.command import (
    add_alike,
    add_bootstrap,
    add_cache,
    add_command,
    add_out,
    add_photos,
    add_profile,
    add_quality_gate,
    add_seed,
    add_split,
    at_least,
    cache_of,
)
from lab.photos.labelled_photos import LabelledPhotos, open_labelled_photos
from lab.report import provenance
from lab.report.files import print_report, save, tell
from lab.report.results import Chapter, Figure, Gallery, Panel, Report, Result, Series, Table
from lab.statistics.comparisons import Pair
from lab.statistics.intervals import Estimate
from lab.statistics.samples import Samples
from lab.verification.evaluate import acquire
from lab.verification.pair_tiles import MADE_FROM_PHOTOS, PairTiles
from lab.verification.targeted import KindRates, Numbers, Targeted, measure

DEFAULT_OUT = Path("out") / "targeted"
FORMAT = "ailock-targeted/1"
TILES = 8
NOTES = (
    "Same kind, other kind: impostors that are accepted, taken against every object of that kind "
    "in the set, photographed in the same few places. Refused: owners.",
    "Kinds are read from the objects' names (mug_A and mug_B are mugs).",
    "Intervals: object bootstrap; a rate of 0 ends at the rule of three over pairs of objects.",
)


def add_parser(experiments: Any) -> None:
    """Add ``targeted`` to the sub-parsers of ``python -m benchmarks.accuracy``."""
    command = add_command(
        experiments,
        "targeted",
        run,
        "false matches between different objects of one kind in one place, and of other kinds; "
        "owners refused; by kind",
    )
    add_photos(command, " of several objects of each kind, taken in the same places")
    add_split(command)
    add_profile(command)
    for end, what in (("references", "a reference"), ("probes", "a probe")):
        command.add_argument(
            f"--{end}",
            metavar="N",
            type=at_least(1),
            nargs="+",
            default=[1],
            help=f"photos in {what}, each number with the other end's at the same place in the "
            "list (one number: with all of the other's)",
        )
    add_alike(command)
    add_out(command, DEFAULT_OUT)
    add_cache(command)
    add_quality_gate(command, "use photos that the quality gate refuses")
    add_bootstrap(command)
    add_seed(command)


def run(options: argparse.Namespace, command: str) -> int:
    """Measure, print and write ``targeted.*``; 0, for nothing is judged."""
    photos = open_labelled_photos(options.photos, options.split)
    lock = AiLock(open_bundle(options.bundle), options.profile)
    gate = not options.no_quality_gate
    samples = acquire(lock, photos, cache_of(options), gate, progress=True)
    found = measure(
        lock,
        samples,
        numbers_of(options.references, options.probes),
        [(one, other) for one, other in options.alike],
        bootstrap=options.bootstrap,
        seed=options.seed,
    )
    report = targeted_report(lock, photos, samples, found, provenance.record(command))
    print_report(report)
    tell(save(report, options.out, "targeted"))
    return 0


def numbers_of(references: list[int], probes: list[int]) -> list[Numbers]:
    """Pairs of the two lists; the shorter one's last number goes on."""
    length = max(len(references), len(probes))
    longer = (list(part) + part[-1:] * (length - len(part)) for part in (references, probes))
    return list(dict.fromkeys(zip(*longer, strict=True)))


def targeted_report(
    lock: AiLock,
    photos: LabelledPhotos,
    samples: Samples,
    found: Mapping[Numbers, Targeted | None],
    recorded: Mapping[str, Any],
) -> Report:
    """By photos at either end; then by kind, and the worst pairs, of the first."""
    bundle = lock.bundle
    results: list[Result] = [_by_photos(found)]
    for numbers, measured in found.items():
        if measured is not None:
            results += [_by_kind(numbers, measured), _figure(numbers, measured)]
            results.append(_worst(lock, photos, samples, measured))
            break
    return Report(
        f"Targeted impostors: {bundle.name} {bundle.version}, profile {lock.profile.name}, "
        f"lambda {lock.lambda_bits}, c {lock.radius}",
        {
            "Photos": ", ".join(
                f"{part.source.name} ({photos.split} objects) sha256 {digest}"
                for part, digest in zip(photos.sets, photos.sha256, strict=True)
            ),
            "Model bundle": provenance.bundle_line(lock),
            "Runtime": lock.runtime,
            **provenance.facts(recorded),
        },
        (),
        (Chapter("", {}, tuple(results)),),
        format=FORMAT,
        document={
            "provenance": dict(recorded),
            "lambda_bits": lock.lambda_bits,
            "radius_bits": lock.radius,
            "by_photos": [
                {"references": r, "probes": p, **({} if one is None else _as_document(one))}
                for (r, p), one in found.items()
            ],
        },
    )


def _by_photos(found: Mapping[Numbers, Targeted | None]) -> Table:
    rows: list[tuple[object, ...]] = []
    for numbers, one in found.items():
        if one is None:
            rows.append((*numbers, "objects have too few photos", *[None] * 5))
        else:
            rates = one.all.same_kind, one.all.other_kind, one.all.refused
            rows.append((*numbers, *rates, *one.trials))
    headings = (
        *("photos in a reference", "in a probe", "same kind accepted", "other kind accepted"),
        *("owner refused", "trials: same kind", "other kind", "owner"),
    )
    title = "By photos in a reference and in a probe"
    return Table("", title, headings, tuple(rows), notes=NOTES, name="by_photos")


def _by_kind(numbers: Numbers, found: Targeted) -> Table:
    rows = tuple(
        (kind, rates.objects, rates.same_kind, rates.other_kind, rates.refused)
        for kind, rates in {**found.kinds, "all": found.all}.items()
    )
    headings = ("kind", "objects", "same kind accepted", "other kind accepted", "owner refused")
    return Table("", f"By kind, {_in_words(numbers)}", headings, rows, name="by_kind")


def _figure(numbers: Numbers, found: Targeted) -> Figure:
    measured = {kind: rates for kind, rates in found.kinds.items() if rates.same_kind is not None}
    accepted = [rates.same_kind or Estimate(0.0) for rates in measured.values()]
    panel = Panel(
        "",
        "",
        "accepted (%)",
        (
            Series(
                "another object of the same kind",
                tuple(measured),
                tuple(100 * each.value for each in accepted),
                kind="bars",
                colour="vermilion",
                texts=tuple(f"{100 * each.value:.3g} %" for each in accepted),
            ),
        ),
    )
    title = f"Targeted impostors accepted, by kind, {_in_words(numbers)}"
    return Figure("", title, (panel,), name="kinds", columns=1, panel_inches=(7, 4))


def _worst(lock: AiLock, photos: LabelledPhotos, samples: Samples, found: Targeted) -> Gallery:
    """The nearest pairs of one kind, one of each two objects, and each owner's worst photo."""
    nearest: dict[frozenset[int], Pair] = {}
    for (row, column), pair in found.pairs.nearest.items():
        if found.same_kind[row, column]:
            met = frozenset((row, column))
            nearest[met] = min(pair, nearest.get(met, pair))
    furthest = [p for (row, column), p in found.pairs.furthest.items() if row == column]
    tiles = PairTiles(photos, samples, found.references, found.probes, lock.radius)
    shown = (
        *tiles.pairs(
            "Nearest objects of one kind (the nearest of each two)",
            sorted(nearest.values())[:TILES],
            "accepted",
        ),
        *tiles.pairs(
            "Owners' photos furthest from their reference (the worst of each object)",
            sorted(furthest, reverse=True)[:TILES],
            "refused",
        ),
    )
    return Gallery("", "Worst pairs", shown, (MADE_FROM_PHOTOS,), name="worst")


def _as_document(found: Targeted) -> dict[str, Any]:
    return {
        "trials": dict(zip(("same_kind", "other_kind", "owner"), found.trials, strict=True)),
        "all": _rates(found.all),
        "kinds": {kind: _rates(rates) for kind, rates in found.kinds.items()},
    }


def _rates(rates: KindRates) -> dict[str, Any]:
    return {
        name: asdict(each) if isinstance(each, Estimate) else each
        for name, each in vars(rates).items()
    }


def _in_words(numbers: Numbers) -> str:
    """How many photos at either end."""
    return " and ".join(
        f"{count} {what}{'s' if count > 1 else ''}"
        for count, what in zip(numbers, ("reference photo", "probe photo"), strict=True)
    )
