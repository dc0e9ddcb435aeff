"""What the thesis printed: 96-bit NeuralHashes of 2,722 photos of 994 persons (ColorFERET).

Its title is not in our copy; the experiments are numbered as it numbers them.
"""

from __future__ import annotations

LAMBDA_BITS = 96

MOST_COMMON_SAME_BITS, MOST_COMMON_OTHERS_BITS = 5, 40
"""Of Figure 4.2, "around 5" and "approximately 40"."""

LISTING_4_5 = (19.38, 14.25, 36.61, 9.90)
"""All subjects: mean and standard deviation, same subject and others, in bits."""

LISTING_4_6 = {
    "00538": (1.83, 1.07, 29.27, 10.33),
    "00106": (5.00, 0.00, 38.66, 7.51),
    "00407": (13.00, 0.00, 40.42, 7.21),
    "00135": (21.00, 0.00, 48.70, 6.57),
    "00684": (1.00, 0.00, 36.10, 8.13),
    "00467": (5.00, 0.00, 32.43, 9.85),
    "00305": (7.00, 0.00, 36.03, 10.42),
    "01001": (7.00, 0.00, 41.50, 6.28),
    "00944": (7.00, 0.00, 42.13, 9.31),
    "00889": (12.00, 0.00, 38.07, 7.71),
    "00910": (16.00, 0.00, 34.87, 7.70),
    "00854": (16.00, 0.00, 46.62, 5.40),
    "00596": (27.00, 17.02, 33.60, 10.29),
    "00013": (35.50, 20.55, 41.47, 9.19),
}

RATES: dict[float, tuple[float | None, float | None]] = {
    0.0: (None, 0.9908),
    0.1: (0.0016, 0.3145),
    0.24: (0.0968, 0.0968),
    0.55: (None, 0.0039),
    0.6: (0.9955, None),
}
"""FAR and FRR at thresholds in shares of the bits, where the text gives them."""
EER, EER_THRESHOLD = 0.0968, 0.24

LEAKAGE = {"gender": (0.80, 0.630), "race": (0.60, 0.621)}
"""Accuracy from the bits, "approximately", and ZeroR's, for each label."""
EPOCHS, BATCH, TRAINING_SHARE = 150, 10, 0.7
"""Table 4.4; Adam. The loss is the mean squared error with one output, else the cross-entropy."""
