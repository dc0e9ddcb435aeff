"""Equal error rates (section 7.1), and the default profile on the same hold-out trials."""

from __future__ import annotations

from benchmarks.accuracy.paper.default_profile import DefaultProfile, measure
from benchmarks.accuracy.paper.paper_values import EER
from benchmarks.accuracy.paper.protocol import Study
from benchmarks.accuracy.paper.rates import few_objects, mean_eer, rates_at
from lab.report.results import Result, Table


def equal_error_rates(study: Study, beside: DefaultProfile | None = None) -> list[Result]:
    """Cross validation and hold-out at the largest lambda, each with its 95 % interval."""
    bits = study.settings.lambdas[-1]
    rows: list[tuple[object, ...]] = []
    paper: list[tuple[object, ...]] = []
    objects = 0
    for name in study.variants:
        outcome = study.outcome(name, bits)
        f1, far, frr, eer = rates_at(outcome.holdout, outcome.rule.radius)
        objects = outcome.holdout.mated_objects
        rows.append((name, outcome.rule.bits, mean_eer(outcome.folds), eer, f1, far, frr))
        stated = EER.get(name)  # type: ignore[call-overload]
        shown = None if stated is None else f"{stated * 100:.2f} %"
        paper.append((name, None, shown, None, None, None, None))
    notes = [
        "EER, F1, FAR, FRR: 95 % intervals in brackets, object bootstrap; where no error was seen, "
        "the rule of three.",
        "Multi-segment variants: the EER is where all segments' radii are widened or narrowed "
        "by as many bits.",
        "F1, FAR and FRR of the hold-out at tau of cross validation.",
    ]
    notes += few_objects(objects)
    if beside is not None:
        f1, far, frr, eer = measure(study, beside)
        rows.append((beside.name, beside.lock.lambda_bits, None, eer, f1, far, frr))
        paper.append((beside.name, None, None, None, None, None, None))
        notes.append(
            f"{beside.name}: the same hold-out trials through the whole pipeline, at its own "
            f"c = {beside.lock.radius}; it was not fitted here, and its bundle's card tells on "
            "which photos its radius was chosen."
        )
    return [
        Table(
            "",
            f"Equal error rates, lambda {bits}",
            (
                *("variant", "bits of a segment", "EER, cross validation", "EER, hold-out"),
                *("F1, hold-out", "FAR, hold-out", "FRR, hold-out"),
            ),
            tuple(rows),
            tuple(paper),
            tuple(notes),
        )
    ]
