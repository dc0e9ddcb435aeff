"""Illumination robustness (section 6.2): every two hold-out photos of the illumination role."""

from __future__ import annotations

from benchmarks.accuracy.paper.protocol import Study
from benchmarks.accuracy.paper.rates import few_objects, rates_at
from benchmarks.accuracy.paper.roles import ILLUMINATION
from benchmarks.accuracy.paper.trials import compare
from lab.errors import ExperimentError
from lab.report.results import Result, Table

NUMBER, TITLE = "", "Illumination robustness"


def illumination(study: Study) -> list[Result]:
    """F1, FAR, FRR and EER of each variant, at the largest lambda and tau of cross validation.

    Raises
    ------
    ExperimentError
        There is no illumination role.
    """
    if ILLUMINATION not in study.roles:
        raise ExperimentError("no photos in the role 'illumination': give --illumination SET")
    chosen = study.roles[ILLUMINATION][1].holdout
    bits = study.settings.lambdas[-1]
    rows, trials, objects = [], (0, 0), 0
    for name, variant in study.variants.items():
        rule = study.outcome(name, bits).rule
        compared = compare(
            study.side(ILLUMINATION, chosen, variant, bits),
            [],
            rule,
            study.settings.replicates,
            study.settings.seed,
        )
        rows.append((name, *rates_at(compared, rule.radius)))
        objects = compared.mated_objects
        trials = int(compared.mated.sum()), int(compared.non_mated.sum())
    return [
        Table(
            NUMBER,
            f"{TITLE}, lambda {bits}",
            ("variant", "F1", "FAR", "FRR", "EER"),
            tuple(rows),
            notes=(
                f"{sum(trials):,} pairs of hold-out photos of the illumination role, {trials[0]:,} "
                "of them mated (the paper: 6,478,200 and 6,306).",
                "The hold-out holds whole objects; the paper's has up to 11 of an object's 24 "
                "photos, the others being trained on.",
                *few_objects(objects),
            ),
        )
    ]
