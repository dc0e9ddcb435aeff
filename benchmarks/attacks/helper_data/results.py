"""Helper-data recovery as results: whether it holds, the table, the figure, and JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.sketch import Code
from benchmarks.attacks.helper_data import one_object
from benchmarks.attacks.helper_data.experiment import Result
from benchmarks.attacks.helper_data.one_object import Told
from benchmarks.attacks.helper_data.scenarios import BY_HYPERPLANES, PAPER
from lab.report.results import Chapter, Colour, Figure, Panel, Report, Series, Table

PAPER_FALLS, DEFAULT_FALLS = 0.95, 0.0
"""At least this share of the paper's records must fall, at most that share of the default's."""
NAME = "helper_data"
"""Of the files."""
TITLE = "Helper-data recovery"
FORMAT = "ailock-attack-helper-data/1"
ADVANTAGES = {
    "block_alone_bits": "block alone",
    "block_given_rest_bits": "block, others known",
    "message_bits": "message",
}
TRIES = {"after 1,000": 1e3, "after 10^6": 1e6}
"""Messages that the thief tries, at one Argon2id each: minutes, and days on many cores."""
CLAIMS: tuple[str, str] = ("right", "wrong")
COLOURS: tuple[Colour, Colour] = ("blue", "vermilion")
COSINES, SCORES = (-0.4, 0.8), (-5.0, 11.0)
"""Ends of the histograms' axes."""
EDGES = 90
SAME_COSINE = 1e-6
Claims = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Of right claims and of wrong ones."""
NOTES = (
    "recovered: the codeword is the attack's first guess, or, where the code contains complements, "
    "one of two; blocks only: without the outer code, up to the global sign.",
    "after: recovered by so many messages, likeliest first, by their estimated place (as the bits "
    "of the message are); to any search: the codeword looks at least as likely to the thief as all "
    "that the search found, so that a wider beam, or another search, finds no more than these.",
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


def holds(results: Sequence[Result], alone: Sequence[Told]) -> bool:
    """Whether the paper's parameters fall, the bundle's profile stands, and combinations hold.

    It must stand against everyone who lacks the pepper, and without any pepper against the
    hyperplanes' attacker. What better attackers get out of a record without a pepper is reported:
    no whitening is perfect, which is why records are peppered by default. Without the pepper,
    nothing may tell one object of a combination alone.
    """
    paper = [r for r in results if r.scenario.name == PAPER]
    must_stand = [
        r
        for r in results
        if r.scenario.peppered or (r not in paper and r.knowledge == BY_HYPERPLANES)
    ]
    return (
        max(r.recovered_share.value for r in paper) >= PAPER_FALLS
        and all(r.recovered_share.value <= DEFAULT_FALLS for r in must_stand)
        and all(told.is_chance for told in alone if not told.knows_pepper)
    )


def report(
    results: Sequence[Result],
    alone: tuple[Told, ...],
    facts: Mapping[str, str],
    record: Mapping[str, object],
) -> Report:
    """All that the command found, and where it comes from: ``facts`` for people, a JSON record."""
    return Report(
        TITLE,
        facts,
        (_verdict(holds(results, alone)),),
        (Chapter("", {}, (table(results), one_object.table(alone), figure(results))),),
        format=FORMAT,
        document={
            "provenance": record,
            "holds": holds(results, alone),
            "results": [_as_dict(result) for result in results],
            "one_object_alone": [{**asdict(told), "share": asdict(told.share)} for told in alone],
        },
    )


def table(results: Sequence[Result]) -> Table:
    """Each scenario and each attacker: what was recovered, and what was learnt short of it."""
    advantages = tuple(f"bits: {name}" for name in ADVANTAGES.values())
    columns = (
        *("scenario", "attacker knows", "d", "lambda", "hyperplanes", "code", "records"),
        *("recovered", "share recovered", *TRIES, "to any search", "blocks only"),
        *(*advantages, "s/record"),
    )
    rows = tuple(
        (
            *(one.scenario.name, one.knowledge, one.scenario.dimensions),
            *(one.scenario.code.lambda_bits, one.scenario.hyperplanes, _code(one.scenario.code)),
            *(one.records, one.recovered, one.recovered_share),
            *(one.fallen_after(tries) for tries in TRIES.values()),
            *(one.likeliest, one.recovered_from_blocks),
            *(one.advantage(name) for name in ADVANTAGES),
            one.seconds_per_record,
        )
        for one in results
    )
    formats = dict.fromkeys((*advantages, "s/record"), ".2f")
    return Table("", "What was recovered", columns, rows, notes=NOTES, formats=formats)


def figure(results: Sequence[Result]) -> Figure:
    """How right and wrong claims of two blocks agree: by direction, and by the best score.

    Of each scenario, the attacker who learns most of the message.
    """
    panels: list[Panel] = []
    notes: list[str] = []
    for name in dict.fromkeys(result.scenario.name for result in results):
        of_name = [result for result in results if result.scenario.name == name]
        best = max(of_name, key=lambda one: one.advantage("message_bits").value)
        of, fate = best.scenario, f"{best.recovered} of {best.records} recovered"
        panels += [
            _histogram(
                f"{name}: d = {of.dimensions}, {of.code.lambda_bits} bits, {of.hyperplanes}",
                "cosine of the directions that two blocks claim",
                best.cosines,
                COSINES,
            ),
            _histogram(
                f"{fate}; attacker knows: {best.knowledge}",
                "score of the pair of claims, standard deviations",
                best.pair_scores,
                SCORES,
            ),
        ]
        notes.append(
            f"{name}: cosines {_summary(best.cosines)}; scores {_summary(best.pair_scores)}."
        )
        if np.ptp(best.cosines[1]) < SAME_COSINE:
            notes.append(f"{name}: the hyperplanes are orthogonal, every pair has cosine 0.")
    return Figure(
        *("", "Agreement of claims", tuple(panels), tuple(notes)),
        name=NAME,
        columns=2,
        panel_inches=(5.5, 3.3),
    )


def _histogram(title: str, x_label: str, claims: Claims, limits: tuple[float, float]) -> Panel:
    """Densities; what lies beyond the limits is counted in the outermost bins."""
    edges = np.linspace(*limits, EDGES)
    series = []
    for label, colour, values in zip(CLAIMS, COLOURS, claims, strict=True):
        density, _ = np.histogram(np.clip(values, *limits), edges, density=True)
        at, height = tuple(edges.tolist()), tuple(density.tolist())
        series.append(Series(f"{label} claims", at, height, kind="steps", colour=colour))
    return Panel(title, x_label, "density", tuple(series), x_range=limits)


def _summary(claims: Claims) -> str:
    return ", ".join(
        f"of {label} claims {round(float(values.mean()), 2) + 0.0:.2f} +- {values.std():.2f}"
        for label, values in zip(CLAIMS, claims, strict=True)  # + 0.0: no minus before a zero
    )


def _verdict(holding: bool) -> str:
    wanted = (
        "the paper's parameters fall; the profile stands against the same attack, and with a "
        "pepper (the default) against every attack; without it, no object of a combination is told "
        "alone"
    )
    return f"{'holds' if holding else 'DOES NOT HOLD'}: {wanted}"


def _code(code: Code) -> str:
    return f"RM(1,{code.order}) x {code.blocks}, k = {code.message_symbols}"


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
        "fallen_after_tries": {name: result.fallen_after(n) for name, n in TRIES.items()},
        "likeliest": result.likeliest,
        "advantage_bits": {name: asdict(result.advantage(name)) for name in ADVANTAGES},
        "pair_cosines": _moments(result.cosines),
        "seconds_per_record": result.seconds_per_record,
        "outcomes": [asdict(outcome) for outcome in result.outcomes],
    }


def _moments(claims: Claims) -> dict[str, dict[str, float]]:
    return {
        name: {"mean": float(values.mean()), "deviation": float(values.std())}
        for name, values in zip(CLAIMS, claims, strict=True)
    }
