"""What the paper on ai.lock prints, by table and section.

Its figures carry no numbers; of their points only those that its text states are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Variant = Literal["SLSS", "MLSS", "SLMS", "MLMS"]
Part = Literal["cross validation", "hold-out"]
Measure = Literal["F1", "FAR", "FRR"]

CITATION = (
    "M. Azimpourkivi, U. Topkara and B. Carbunar, A Secure Mobile Authentication Alternative to "
    "Biometrics, ACSAC 2017, arXiv 1712.02483"
)

TAU: Mapping[int, float] = {
    50: 0.780,
    100: 0.730,
    150: 0.707,
    200: 0.695,
    250: 0.680,
    300: 0.687,
    350: 0.680,
    400: 0.685,
    450: 0.687,
    500: 0.682,
}
"""Table 3: tau of SLSS by lambda, components 200 to 400."""

F1_BY_SEGMENTS: Mapping[int, tuple[float, float]] = {
    3: (0.9313, 0.9553),
    4: (0.9095, 0.9464),
    5: (0.8584, 0.9242),
}
"""Table 4: F1 of SLMS and of MLMS by t, lambda 500, cross validation. The text has 95.52 %."""

SYNTHETIC_FAR: Mapping[int, float] = {
    50: 33.87e-6,
    150: 4.34e-6,
    250: 3.29e-6,
    350: 0.69e-6,
    500: 0.20e-6,
}
"""Table 5: FAR of SLSS by lambda under the synthetic image attack DS1."""

SYNTHETIC_TRIALS = 140_000_000
"""Section 6.2: trials of each of DS1 and DS2 (1,400 references, 100,000 images)."""

EER: Mapping[Variant, float] = {"MLSS": 0.0071, "MLMS": 0.0071}
"""The EER stated for the multi-layer variants, on the authors' own photos."""


@dataclass(frozen=True)
class Stated:
    """A point of Figure 5 that the text of section 7.1 states; ``value`` is a share, 0 to 1."""

    variant: Variant
    part: Part
    measure: Measure
    lambda_bits: int
    value: float


FIGURE_5: tuple[Stated, ...] = (
    Stated("MLMS", "cross validation", "F1", 500, 0.9552),
    Stated("MLMS", "cross validation", "FAR", 500, 0.000009),
    Stated("MLMS", "cross validation", "FRR", 500, 0.0536),
    Stated("MLSS", "cross validation", "FRR", 500, 0.0418),
)
"""Section 7.1. The caption adds that the hold-out FAR of MLMS is 0 at best, at no lambda named."""


def stated(
    variant: Variant, part: Part, measure: Measure
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Lambdas and values (shares) that the text states of one line of Figure 5; may be empty."""
    points = [
        (float(point.lambda_bits), point.value)
        for point in FIGURE_5
        if (point.variant, point.part, point.measure) == (variant, part, measure)
    ]
    return tuple(x for x, _ in points), tuple(y for _, y in points)
