"""Table 4: how many of the five segments should match."""

from __future__ import annotations

import numpy as np

from benchmarks.accuracy.paper.paper_values import F1_BY_SEGMENTS
from benchmarks.accuracy.paper.protocol import Study
from benchmarks.accuracy.paper.rates import f1_at
from benchmarks.accuracy.paper.trials import Rule, compare
from lab.errors import ExperimentError
from lab.report.results import Result, Table

NUMBER, TITLE = "Table 4", "F1 by number of segments that must match"


def table4(study: Study) -> list[Result]:
    """Mean F1 over the folds at the largest lambda for t = 3, 4, 5, tau of each segment its own.

    Raises
    ------
    ExperimentError
        There are no five segments.
    """
    names = [name for name in ("SLMS", "MLMS") if name in study.variants]
    if not names or len(study.settings.segments) != max(F1_BY_SEGMENTS):
        raise ExperimentError("five segments of every photo are needed: run without --quick")
    bits = study.settings.lambdas[-1]
    rows = []
    for needed in F1_BY_SEGMENTS:
        scores: list[float | None] = []
        for name in ("SLMS", "MLMS"):
            scores.append(_f1(study, name, bits, needed) * 100 if name in names else None)
        rows.append((needed, *scores))
    paper = tuple(
        (needed, single * 100, multi * 100) for needed, (single, multi) in F1_BY_SEGMENTS.items()
    )
    taus = [
        f"{name}: tau of {', '.join(study.settings.segments)} "
        + ", ".join(
            f"{found.tau / 1e4:.4f}" for found in study.outcome(name, bits).cross_validations
        )
        for name in names
    ]
    return [
        Table(
            NUMBER,
            f"{TITLE}, of {len(study.settings.segments)}, lambda {bits}",
            ("t (segments)", "F1 of SLMS (%)", "F1 of MLMS (%)"),
            tuple(rows),
            paper,
            ("Cross validation, mean over the folds.", *taus),
        )
    ]


def _f1(study: Study, name: str, bits: int, needed: int) -> float:
    outcome = study.outcome(name, bits)
    rule = Rule(outcome.rule.bits, outcome.rule.radii, needed)
    scores = [
        f1_at(compare(*study.fold_sides(fold, outcome.variant, bits), rule), rule.radius).value
        for fold in range(study.features.folds)
    ]
    return float(np.mean(scores))
