"""All experiments of the paper that need no attacker's images, on the photos of any roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tqdm import tqdm

from benchmarks.accuracy.paper.default_profile import DefaultProfile
from benchmarks.accuracy.paper.eer import equal_error_rates
from benchmarks.accuracy.paper.entropy import entropy
from benchmarks.accuracy.paper.figure4 import NUMBER as FIGURE_4
from benchmarks.accuracy.paper.figure4 import TITLE as FIGURE_4_TITLE
from benchmarks.accuracy.paper.figure4 import figure4
from benchmarks.accuracy.paper.figure5 import figure5
from benchmarks.accuracy.paper.illumination import TITLE as ILLUMINATION_TITLE
from benchmarks.accuracy.paper.illumination import illumination
from benchmarks.accuracy.paper.lsim import lsim
from benchmarks.accuracy.paper.protocol import Study
from benchmarks.accuracy.paper.table3 import table3
from benchmarks.accuracy.paper.table4 import NUMBER as TABLE_4
from benchmarks.accuracy.paper.table4 import TITLE as TABLE_4_TITLE
from benchmarks.accuracy.paper.table4 import table4
from lab.errors import ExperimentError, SyntheticImagesError, TooFewTrialsError
from lab.report.results import Absent, Figure, Result, Table


def run_experiments(study: Study, beside: DefaultProfile | None = None) -> list[Result]:
    """Every experiment, in the paper's order and then the rest.

    Parameters
    ----------
    study : of roles that ``split.require_disjoint`` has checked
    beside : a lock whose own profile is measured on the same hold-out trials
    """
    planned: list[tuple[str, str, Callable[[Study], list[Result]]]] = [
        (FIGURE_4, FIGURE_4_TITLE, figure4),
        ("Table 3", "Threshold tau of SLSS by lambda", table3),
        (TABLE_4, TABLE_4_TITLE, table4),
        ("Figure 5", "Variants of ai.lock by lambda", figure5),
        ("", "Equal error rates", lambda each: equal_error_rates(each, beside)),
        ("", ILLUMINATION_TITLE, illumination),
        ("", "Locality sensitivity", lsim),
        ("", "Entropy from random pairs", entropy),
    ]
    results: list[Result] = []
    bar = tqdm(planned, "experiments", disable=None if study.progress else True)
    for number, title, make in bar:
        bar.set_postfix_str(title)
        results += noted(or_absent(number, title, make, study), study)
    for name in ("MLSS", "SLMS", "MLMS"):
        if name not in study.variants:
            single = name.startswith("ML") and len(study.settings.layers) < 2
            lack = "two layers: --layers A B, of a bundle that has them"
            if not single:
                lack = "five segments of every photo: run without --quick"
            results.append(Absent("", f"Variant {name}", f"it needs {lack}"))
    return results


def noted(results: list[Result], study: Study) -> list[Result]:
    """Tables and figures of the recipe with a note, where the paper's window is scaled."""
    if not study.scaled:
        return results
    note = f"Components {study.window_text}: the same share; the paper's values are of its own."
    return [
        replace(result, notes=(*result.notes, note))
        if isinstance(result, Table | Figure)
        else result
        for result in results
    ]


def or_absent(
    number: str, title: str, make: Callable[..., list[Result]], *given: object
) -> list[Result]:
    """What ``make`` makes of what is given, or why these photos are too few for it."""
    try:
        return make(*given)
    except (ExperimentError, TooFewTrialsError, SyntheticImagesError) as error:
        return [Absent(number, title, str(error))]
