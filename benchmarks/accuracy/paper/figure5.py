"""Figure 5: F1, FAR and FRR of the paper's variants against lambda."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.accuracy.paper.paper_values import Measure, Part, stated
from benchmarks.accuracy.paper.protocol import Outcome, Study
from benchmarks.accuracy.paper.rates import few_objects, rates_at
from lab.report.results import Figure, Panel, Result, Series
from lab.report.series import PERCENT, estimated
from lab.statistics.intervals import Estimate

MEASURES: tuple[Measure, ...] = ("F1", "FAR", "FRR")
PARTS: tuple[Part, ...] = ("cross validation", "hold-out")


def figure5(study: Study) -> list[Result]:
    """Six panels: cross validation (a to c) and hold-out (d to f) at tau of cross validation."""
    outcomes = {
        name: [study.outcome(name, bits) for bits in study.settings.lambdas]
        for name in study.variants
    }
    values: dict[Part, Callable[[Outcome], tuple[Estimate, ...]]] = {
        "cross validation": lambda o: tuple(map(Estimate, (o.fold_f1, o.fold_far, o.fold_frr))),
        "hold-out": lambda o: rates_at(o.holdout, o.rule.radius),
    }
    panels: list[Panel] = []
    for part in PARTS:
        # Each outcome is asked once: three panels show what it answers.
        measured = {name: [values[part](o) for o in found] for name, found in outcomes.items()}
        for number, measure in enumerate(MEASURES):
            letter = "abcdef"[len(panels)]
            lines = []
            for name in outcomes:
                found = [rates[number] for rates in measured[name]]
                lines.append(estimated(name, study.settings.lambdas, found, PERCENT))
                x, y = stated(name, part, measure)  # type: ignore[arg-type]
                if x:
                    lines.append(
                        Series(f"{name}, paper", x, tuple(v * 100 for v in y), style="paper")
                    )
            panels.append(
                Panel(f"({letter}) {part}", "lambda (bits)", f"{measure} (%)", tuple(lines))
            )
    return [
        Figure("Figure 5", "Variants of ai.lock by lambda", tuple(panels), _notes(study, outcomes))
    ]


def _notes(study: Study, outcomes: dict[str, list[Outcome]]) -> tuple[str, ...]:
    one = next(iter(outcomes.values()))[-1]
    trials = [int(c.mated.sum() + c.non_mated.sum()) for c in one.folds]
    valid = [int(c.mated.sum()) for c in one.folds]
    others = study.compared_roles[1:] or ("none",)
    return (
        f"Single-layer variants: {study.settings.layers[0]}; multi-layer: "
        f"{' and '.join(study.settings.layers)}. Segments match at t = {study.settings.needed}.",
        f"Trials of a fold: {min(trials):,} to {max(trials):,}, of which {min(valid):,} to "
        f"{max(valid):,} mated (the paper: 1,305,670 and 354).",
        f"Hold-out: {int(one.holdout.mated.sum() + one.holdout.non_mated.sum()):,}, of which "
        f"{int(one.holdout.mated.sum()):,} mated (the paper: 1,075,250 and 330).",
        f"Photos of other roles in non-mated trials: {', '.join(others)}.",
        "Intervals of the hold-out: 95 %, object bootstrap; where no error was seen, the rule of "
        "three over pairs of objects. Thresholds of (a) to (c) were chosen on the same folds.",
        *few_objects(one.holdout.mated_objects),
    )
