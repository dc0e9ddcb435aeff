"""Searches as results: ranks, alarms, the thesis' thresholds, and the speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ailock_sdk import AiLock
from benchmarks.accuracy.identify.rates import NEEDED, Rates
from benchmarks.accuracy.identify.searches import Counts
from benchmarks.accuracy.identify.speed import Speed
from lab.report import provenance
from lab.report.results import (
    Absent,
    Chapter,
    Colour,
    Figure,
    Panel,
    ReferenceLine,
    Report,
    Result,
    Series,
    Table,
)
from lab.report.series import PERCENT, estimated
from lab.report.wording import percent
from lab.statistics.intervals import CONFIDENCE, FEW_OBJECTS

FORMAT = "ailock-identify/1"
NAME = "identify"
"""Of the files."""
INVERSE_FARS = (100, 1_000)
RANKS = (1, 2, 5, 10, 20)
"""In the table; the curve has those between as well."""
THESIS = {
    0.0: (None, 0.9908),
    0.1: (0.0016, 0.3145),
    0.24: (0.0968, 0.0968),
    0.55: (None, 0.0039),
    0.6: (0.9955, None),
}
"""Share of differing bits: FAR and FRR of a comparison, as the NeuralHash thesis prints them
(section 4.6: ColorFERET, 96 bits, the best photo of each person as anchor)."""


@dataclass(frozen=True, eq=False)
class Identification:
    """All that the command measured.

    Attributes
    ----------
    data : the photo sets in words, by role
    rule : who was enrolled, one sentence
    """

    lock: AiLock
    data: Mapping[str, str]
    rule: str
    rates: Rates
    speeds: Sequence[Speed]
    workers: str


def report(found: Identification, recorded: Mapping[str, Any]) -> Report:
    """Tables and figures, and all of it for programs."""
    lock, searches = found.lock, found.rates.searches
    results: list[Result] = [_alarms(found), _ranks(found.rates), _thresholds(found)]
    results += [_cmc(found.rates), _distances(found)]
    if searches.strangers.any():
        results.append(_trade_off(found.rates))
    if found.speeds:
        results += [_speed(found), _speed_figure(found.speeds)]
    return Report(
        f"Identification: {lock.bundle.name} {lock.bundle.version}, profile {lock.profile.name}, "
        f"lambda {lock.lambda_bits}, c {lock.radius}",
        {
            **found.data,
            "Gallery": f"{searches.identities} identities, {searches.entries} entries. "
            f"{found.rule}",
            "Searches": f"{int(searches.mates.sum()):,} mated, "
            f"{int(searches.strangers.sum()):,} of strangers",
            "Model bundle": provenance.bundle_line(lock),
            "Model SHA-256": lock.bundle.model_sha256,
            "Runtime": lock.runtime,
            **provenance.facts(recorded),
        },
        (),
        (Chapter("", {}, tuple(results)),),
        format=FORMAT,
        document=_document(found, recorded),
    )


def _alarms(found: Identification) -> Table | Absent:
    title = "Who is found where few strangers raise an alarm (open set)"
    searches = found.rates.searches
    if not searches.strangers.any():
        return Absent(
            "",
            title,
            "everybody who was searched for is in the gallery: give --probes photos of others "
            "too, or leave --probes out, and the gallery's own photos are split",
            name="alarms",
        )
    rows = []
    for inverse in INVERSE_FARS:
        at = found.rates.at_far(inverse)
        rows.append(
            (
                f"at most {percent(1 / inverse)}",
                f"{at.threshold} bits" if at.threshold >= 0 else "none is low enough",
                at.far,
                at.identified,
                at.flagged,
                "" if at.enough else "too few strangers to tell",
            )
        )
    headings = ("FAR", "threshold", "FAR, measured", "found, rank 1", "found, any rank", "remark")
    people = np.count_nonzero(searches.strangers.any(axis=1))
    notes = (
        "Found: the probe's own identity is within the threshold; at rank 1 it is the nearest as "
        "well (detection and identification rate). FAR: strangers of whom anybody is flagged.",
        f"{searches.stranger_photos} photos of {people} identities were strangers; a FAR of 1 in n "
        f"wants {NEEDED} n photos.",
        *_interval_notes(searches.mates),
    )
    return Table("", title, headings, tuple(rows), notes=notes, name="alarms")


def _interval_notes(mates: Counts) -> tuple[str, ...]:
    people = np.count_nonzero(mates.any(axis=1))
    few = f" {people} identities are few: they are too narrow." if people < FEW_OBJECTS else ""
    return (
        f"Brackets: {CONFIDENCE * 100:g} % bootstrap intervals by the probes' identities, the "
        "gallery as it is; where nothing or everything was, the rule of three over identities."
        + few,
    )


def _shown_ranks(rates: Rates) -> list[int]:
    """Up to the last that says something: the mate is certainly among all."""
    return list(range(1, 1 + max(1, min(RANKS[-1], rates.searches.identities - 1))))


def _ranks(rates: Rates) -> Table:
    shown = [rank for rank in RANKS if rank in _shown_ranks(rates)]
    rows = tuple((rank, rates.at_rank(rank)) for rank in shown)
    title = f"The right identity among the nearest of {rates.searches.identities} (closed set)"
    return Table("", title, ("rank", "found"), rows, name="ranks")


def _thresholds(found: Identification) -> Table:
    lock, rates = found.lock, found.rates
    searches = rates.searches
    rows: list[tuple[object, ...]] = []
    paper: list[tuple[object, ...]] = []
    strangers = bool(searches.strangers.any())
    own = lock.radius / lock.lambda_bits
    for share, name in {
        **{share: f"{share:g}" for share in THESIS},
        own: f"{own:.3g}, the profile's c",
    }.items():
        bits = lock.radius if share == own else int(share * lock.lambda_bits)
        printed = [
            None if rate is None else percent(rate) for rate in THESIS.get(share, (None, None))
        ]
        rows.append(
            (
                name,
                bits,
                rates.within(searches.others, bits),
                rates.within(searches.mates, bits).complement(),
                rates.within(searches.strangers, bits) if strangers else None,
            )
        )
        paper.append((name, None, *printed, None))
    headings = (
        *("share of bits", "threshold (bits)", "FAR of a comparison", "FRR of a comparison"),
        f"strangers flagged by {searches.identities} identities",
    )
    notes = (
        "Paper: the NeuralHash thesis, experiment 3: ColorFERET, the best photo of each as anchor.",
        "A comparison is of a probe with one identity; a search makes as many as the gallery has, "
        "and each may raise an alarm.",
    )
    return Table(
        "", "The thesis' thresholds", headings, tuple(rows), tuple(paper), notes, name="thresholds"
    )


def _cmc(rates: Rates) -> Figure:
    shown = _shown_ranks(rates)
    line = estimated(
        "mate among the nearest", shown, [rates.at_rank(rank) for rank in shown], PERCENT
    )
    panel = Panel(
        "",
        "identities looked at (rank)",
        "mated searches (%)",
        (line,),
        y_range=(None, 100.0),
        x_ticks=tuple(float(rank) for rank in RANKS if rank in shown),
    )
    title = f"Cumulative match characteristic, {rates.searches.identities} identities"
    return Figure("", title, (panel,), name="cmc", columns=1, panel_inches=(6.4, 4.2))


def _trade_off(rates: Rates) -> Figure:
    searches = rates.searches
    inverse = np.geomspace(1, searches.strangers.sum(), 60)
    found = [rates.identified_at(float(each)) for each in inverse]
    line = estimated("found at rank 1", 1 / inverse, found, PERCENT)
    panel = Panel(
        "",
        "FAR: share of strangers of whom anybody is flagged",
        "those of interest found (%)",
        (line,),
        x_scale="log",
        y_range=(0, 100.0),
        lines=tuple(ReferenceLine(1 / n, f"FAR {percent(1 / n)}") for n in INVERSE_FARS),
    )
    title = "Detection and identification against false alarms"
    return Figure("", title, (panel,), name="trade_off", columns=1, panel_inches=(6.4, 4.2))


def _distances(found: Identification) -> Figure:
    searches, lambda_bits = found.rates.searches, found.lock.lambda_bits
    width = max(1, lambda_bits // 64)
    edges = np.arange(0, lambda_bits + 1 + width, width)
    kinds: dict[str, tuple[Counts, Colour]] = {
        "the mate": (searches.mates, "blue"),
        "nearest of a stranger": (searches.strangers, "vermilion"),
        "any other identity": (searches.others, "grey"),
    }
    series = []
    for label, (counts, colour) in kinds.items():
        total = counts.sum(axis=0)
        if total.any():
            padded = np.pad(total, (0, (len(edges) - 1) * width - len(total)))
            shares = padded.reshape(-1, width).sum(axis=1) / total.sum()
            ends = tuple(((edges - 0.5) / lambda_bits).tolist())
            series.append(Series(label, ends, tuple(shares.tolist()), kind="steps", colour=colour))
    lines = [ReferenceLine(share, f"the thesis' {share:g}") for share in (0.1, 0.24)]
    lines.append(ReferenceLine(found.lock.radius / lambda_bits, "the profile's c"))
    panel = Panel(
        "", "Hamming distance / lambda", "share of searches", tuple(series), lines=tuple(lines)
    )
    title = "How far the mate is, the nearest identity of a stranger, and any other identity"
    return Figure("", title, (panel,), name="distances", columns=1, panel_inches=(8, 3.6))


def _speed(found: Identification) -> Table:
    by_size: dict[int, list[Speed]] = {}
    for speed in found.speeds:
        by_size.setdefault(speed.entries, []).append(speed)
    rows = tuple(
        (
            f"{entries:,}",
            *(value for one in measured for value in (one.seconds * 1e3, one.rate)),
        )
        for entries, measured in by_size.items()
    )
    first = next(iter(by_size.values()))
    headings: tuple[str, ...] = ("entries",)
    for one in first:
        many = "one probe" if one.probes == 1 else f"{one.probes} probes at once"
        headings += (f"{many} (ms)", f"{many}, hashes a second")
    notes = (
        f"Workers: {found.workers}. Machine: {provenance.machine_line(provenance.machine())}.",
        f"Random entries of {found.lock.lambda_bits} bits in packed words, in shards that the "
        "workers draw and hold; timed is the search for entries within c, all workers busy. A "
        "planted entry was found each time.",
    )
    formats = {heading: ".3g" for heading in headings[2::2]}
    return Table(
        "", "How fast a database is searched", headings, rows, None, notes, formats, name="speed"
    )


def _speed_figure(speeds: Sequence[Speed]) -> Figure:
    series = []
    for probes in dict.fromkeys(one.probes for one in speeds):
        chosen = [one for one in speeds if one.probes == probes]
        label = "one probe" if probes == 1 else f"{probes} probes at once"
        x = tuple(float(one.entries) for one in chosen)
        series.append(Series(label, x, tuple(one.rate for one in chosen)))
    panel = Panel(
        "",
        "entries of the database",
        "hashes compared a second",
        tuple(series),
        x_scale="log",
        y_scale="log",
    )
    title = "Hashes compared a second"
    return Figure("", title, (panel,), name="rates", columns=1, panel_inches=(6.4, 3.6))


def _document(found: Identification, recorded: Mapping[str, Any]) -> dict[str, Any]:
    lock, rates = found.lock, found.rates
    searches = rates.searches
    return {
        "provenance": {
            **recorded,
            "bundle": provenance.bundle_record(lock),
            "model_sha256": lock.bundle.model_sha256,
            "profile": lock.profile.name,
            "runtime": lock.runtime,
            "photos": dict(found.data),
            "rule": found.rule,
            "workers": found.workers,
            "seed": rates.seed,
            "bootstrap": rates.bootstrap,
        },
        "lambda_bits": lock.lambda_bits,
        "radius_bits": lock.radius,
        "identities": searches.identities,
        "entries": searches.entries,
        "mated_searches": int(searches.mates.sum()),
        "stranger_searches": int(searches.strangers.sum()),
        "stranger_photos": searches.stranger_photos,
        "cmc": {str(rank): asdict(rates.at_rank(rank)) for rank in _shown_ranks(rates)},
        "at_far": {str(1 / n): asdict(rates.at_far(n)) for n in INVERSE_FARS}
        if searches.strangers.any()
        else None,
        "speed": [{**asdict(one), "hashes_a_second": one.rate} for one in found.speeds],
    }
