"""Figure 4: which principal components an imageprint should be cut from."""

from __future__ import annotations

from benchmarks.accuracy.paper.protocol import Study
from benchmarks.accuracy.paper.recipe import WHOLE, Window
from lab.report.results import Figure, Panel, Result, Series

NUMBER, TITLE = "Figure 4", "F1 by window of principal components and lambda"
LAMBDAS = (150, 250, 350, 500)
WINDOWS = tuple(
    Window(start, count)
    for start, count in (
        *((0, 50), (50, 50), (0, 100), (0, 150), (0, 200)),
        *((100, 100), (0, 400), (150, 150), (200, 200)),
    )
)
"""Those of the authors' code; the paper draws five of them."""


def figure4(study: Study) -> list[Result]:
    """The greatest mean F1 over the folds of SLSS, for each window and lambda."""
    variant = study.variants["SLSS"]
    largest = study.settings.lambdas[-1]
    lambdas = tuple(bits for bits in LAMBDAS if bits <= largest) or (largest,)
    series = []
    for paper in WINDOWS:
        window = study.fitting(paper)
        scores = [study.cross_validated(variant, WHOLE, bits, window).f1 * 100 for bits in lambdas]
        label = str(window) if window == paper else f"{window} (paper: {paper})"
        series.append(Series(label, tuple(map(float, lambdas)), tuple(scores)))
    panel = Panel("Cross validation", "lambda (bits)", "F1 (%)", tuple(series), y_range=None)
    notes = (
        f"SLSS of layer {variant.layers[0]}; a window start-stop holds components start up to "
        "stop, counted from 0.",
        "Mean over the folds at the tau that is best for it.",
        "The paper finds 200-400 best at every lambda; it prints no values.",
    )
    return [Figure(NUMBER, TITLE, (panel,), notes)]
