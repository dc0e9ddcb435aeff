"""The table, the JSON and the picture of ``helper-data``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.attacks.helper_data.experiment import Result
from benchmarks.attacks.helper_data.scenarios import BY_HYPERPLANES, PAPER
from lab.statistics.intervals import Estimate

PAPER_FALLS, DEFAULT_FALLS = 0.95, 0.0
"""At least this share of the paper's records must fall, at most that share of the default's."""
FORMAT = "ailock-attack-helper-data/1"
ADVANTAGES = {
    "block_alone_bits": "block alone",
    "block_given_rest_bits": "block, others known",
    "message_bits": "message",
}
HEADINGS = (
    "scenario",
    "attacker knows",
    "d",
    "lambda",
    "hyperplanes",
    "code",
    "records",
    "recovered",
    "95 % interval",
    "blocks only",
    *(f"bits: {name}" for name in ADVANTAGES.values()),
    "s/record",
)
NOTES = (
    "recovered: the codeword is the attack's first guess, or, where the code contains complements, "
    "one of two; blocks only: without the outer code, up to the global sign.",
    "bits: what the record gives away although it may not fall; zero if it says nothing. A block: "
    "log2 rank by chance (6.6 of 256 symbols, 5.6 of 128) less that of the true symbol, ranked by "
    "itself or knowing all other blocks; message: -log2 of the share of codewords that look "
    "likelier than the true one, at most the message's length, less its mean by chance (1.44).",
    "symmetries the attacker enumerates: the complement of all blocks, where the outer code "
    "contains it; the permutation is public.",
    "attacker knows: hyperplanes, the seed of the public ones; weights, the public projection, "
    "embeddings thought isotropic; own photos, that and photos of other objects. Nobody knows the "
    "pepper.",
)
_RIGHT, _WRONG = "#0072b2", "#d55e00"
"""Colours that colour-blind readers tell apart (Okabe and Ito)."""


def holds(results: Sequence[Result]) -> bool:
    """Whether the paper's parameters fall and the bundle's profile stands.

    It must stand against everyone who lacks the pepper, and without any pepper against the
    hyperplanes' attacker. What better attackers get out of a record without a pepper is reported:
    no whitening is perfect, which is why records are peppered by default.
    """
    paper = [r for r in results if r.scenario.name == PAPER]
    must_stand = [
        r
        for r in results
        if r.scenario.peppered or (r not in paper and r.knowledge == BY_HYPERPLANES)
    ]
    return max(r.recovered_share.value for r in paper) >= PAPER_FALLS and all(
        r.recovered_share.value <= DEFAULT_FALLS for r in must_stand
    )


def as_text(results: Sequence[Result], provenance: dict[str, Any]) -> str:
    """The table for a terminal."""
    rows = [HEADINGS, *_rows(results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]
    lines.insert(1, "-" * max(map(len, lines)))
    facts = [f"{name}: {value}" for name, value in provenance.items()]
    notes = [f"* {note}" for note in NOTES]
    return "\n".join([*facts, "", *lines, "", *notes, "", _verdict(results), ""])


def as_markdown(results: Sequence[Result], provenance: dict[str, Any]) -> str:
    """The table for a document."""
    rows = [f"| {' | '.join(row)} |" for row in (HEADINGS, *_rows(results))]
    rows.insert(1, "|---" * len(HEADINGS) + "|")
    facts = [f"- {name}: {value}" for name, value in provenance.items()]
    notes = [f"- {note}" for note in NOTES]
    picture = "![Agreement of claims](helper_data.png)"
    heading = "# Helper-data recovery"
    return "\n".join(
        [heading, "", *facts, "", *rows, "", _verdict(results), "", *notes, "", picture, ""]
    )


def as_json(results: Sequence[Result], provenance: dict[str, Any]) -> str:
    """Everything, with the outcome of every record."""
    document = {
        "format": FORMAT,
        "provenance": provenance,
        "holds": holds(results),
        "results": [_as_dict(result) for result in results],
    }
    return json.dumps(document, indent=2) + "\n"


def save_picture(file: Path, results: Sequence[Result]) -> None:
    """How right and wrong claims of two blocks agree: by direction, and by the best score."""
    names = list(dict.fromkeys(result.scenario.name for result in results))
    style: dict[Any, Any] = {
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "legend.frameon": False,
        "savefig.dpi": 150,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(11, 3.6 * len(names)), layout="constrained")
        for row, name in enumerate(names):
            of_name = [result for result in results if result.scenario.name == name]
            best = max(of_name, key=lambda r: r.advantage("message_bits").value)
            left = figure.add_subplot(len(names), 2, 2 * row + 1)
            right = figure.add_subplot(len(names), 2, 2 * row + 2)
            _histogram(left, best.cosines, (-0.4, 0.8))
            left.set_title(f"{name}: {_describe(best)}")
            left.set_xlabel("cosine of the directions that two blocks claim")
            _histogram(right, best.pair_scores, (-5, 11))
            right.set_title(
                f"{best.recovered} of {best.records} recovered; attacker knows: {best.knowledge}"
            )
            right.set_xlabel("score of the pair of claims, standard deviations")
            left.legend(loc="upper left")
        figure.savefig(file)


def _histogram(axes: Axes, pairs: tuple[Any, Any], limits: tuple[float, float]) -> None:
    edges = np.linspace(*limits, 90)
    for values, colour, label in zip(
        pairs, (_RIGHT, _WRONG), ("right claims", "wrong claims"), strict=True
    ):
        density, _ = np.histogram(np.clip(values, *limits), edges, density=True)
        axes.stairs(density, edges, fill=True, color=colour, alpha=0.35)
        centre = round(float(values.mean()), 2) + 0.0  # no minus before a zero
        summary = f"{label}: {centre:.2f} +- {values.std():.2f}"
        axes.stairs(density, edges, color=colour, label=summary)
    axes.set_xlim(*limits)
    axes.set_ylabel("density")
    if np.ptp(pairs[1]) < 1e-6:
        axes.text(
            0.55, 0.6, "orthogonal hyperplanes:\nevery pair has cosine 0", transform=axes.transAxes
        )


def _describe(result: Result) -> str:
    scenario = result.scenario
    return f"d = {scenario.dimensions}, {scenario.code.lambda_bits} bits, {scenario.hyperplanes}"


def _rows(results: Sequence[Result]) -> list[tuple[str, ...]]:
    return [
        (
            r.scenario.name,
            r.knowledge,
            str(r.scenario.dimensions),
            str(r.scenario.code.lambda_bits),
            r.scenario.hyperplanes,
            _code(r),
            str(r.records),
            str(r.recovered),
            _interval(r.recovered_share, 100, " %"),
            str(r.recovered_from_blocks),
            *(_with_interval(r.advantage(name)) for name in ADVANTAGES),
            f"{r.seconds_per_record:.2f}",
        )
        for r in results
    ]


def _verdict(results: Sequence[Result]) -> str:
    wanted = (
        "the paper's parameters fall; the profile stands against the same attack, and with a "
        "pepper (the default) against every attack"
    )
    return f"{'holds' if holds(results) else 'DOES NOT HOLD'}: {wanted}"


def _code(result: Result) -> str:
    code = result.scenario.code
    return f"RM(1,{code.order}) x {code.blocks}, k = {code.message_symbols}"


def _interval(estimate: Estimate, factor: float, unit: str) -> str:
    return f"{estimate.low * factor:.1f} .. {estimate.high * factor:.1f}{unit}"


def _with_interval(estimate: Estimate) -> str:
    return f"{estimate.value:.2f} ({estimate.low:.2f} .. {estimate.high:.2f})"


def _as_dict(result: Result) -> dict[str, Any]:
    scenario = result.scenario
    return {
        "scenario": scenario.name,
        "attacker_knows": result.knowledge,
        "dimensions": scenario.dimensions,
        "lambda_bits": scenario.code.lambda_bits,
        "hyperplanes": scenario.hyperplanes,
        "code": [scenario.code.order, scenario.code.blocks, scenario.code.message_symbols],
        "records": result.records,
        "recovered": result.recovered,
        "recovered_share": asdict(result.recovered_share),
        "recovered_from_blocks": result.recovered_from_blocks,
        "advantage_bits": {name: asdict(result.advantage(name)) for name in ADVANTAGES},
        "pair_cosines": _moments(result.cosines),
        "seconds_per_record": result.seconds_per_record,
        "outcomes": [asdict(outcome) for outcome in result.outcomes],
    }


def _moments(pairs: tuple[Any, Any]) -> dict[str, dict[str, float]]:
    return {
        name: {"mean": float(values.mean()), "deviation": float(values.std())}
        for name, values in zip(("right", "wrong"), pairs, strict=True)
    }
