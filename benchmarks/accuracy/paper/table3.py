"""Table 3: the threshold tau of SLSS by lambda."""

from __future__ import annotations

from benchmarks.accuracy.paper.paper_values import TAU
from benchmarks.accuracy.paper.protocol import Study
from lab.fitting.calibration import TAU_UNIT
from lab.report.results import Result, Table


def table3(study: Study) -> list[Result]:
    """Tau of greatest mean F1 over the folds, and its c = floor(lambda (1 - tau))."""
    fitted = study.features
    rows = []
    for bits in study.settings.lambdas:
        outcome = study.outcome("SLSS", bits)
        (found,) = outcome.cross_validations
        rows.append((bits, found.tau / TAU_UNIT, outcome.rule.radius, found.f1 * 100))
    paper = [
        (bits, TAU[bits], None, None) if bits in TAU else (bits, None, None, None)
        for bits in study.settings.lambdas
    ]
    return [
        Table(
            "Table 3",
            f"Threshold tau of SLSS by lambda, components {study.window_text}",
            ("lambda (bits)", "tau", "c (bits)", "F1 (%)"),
            tuple(rows),
            tuple(paper),
            (
                "4,000 thresholds from 0.6000 to 0.9999; of those with equal mean F1 over the "
                "folds, the strictest.",
                f"Components are fitted on training photos of: {', '.join(fitted.fitted_roles)}; "
                f"at least {fitted.fitted_photos()} photos in a fold.",
            ),
        )
    ]
