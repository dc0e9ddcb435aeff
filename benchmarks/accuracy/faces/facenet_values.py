"""What the paper on FaceNet prints, by section; the essay that we follow repeats it."""

from __future__ import annotations

CITATION = (
    "F. Schroff, D. Kalenichenko and J. Philbin, FaceNet: A Unified Embedding for Face Recognition "
    "and Clustering, CVPR 2015, arXiv 1503.03832"
)
LFW = 0.9887, 0.0015, 1.242
"""Section 5.6: accuracy on LFW's pairs, its standard error, the folds' threshold; a fixed centre
crop. With a detector's alignment: :data:`LFW_ALIGNED`."""
LFW_ALIGNED = 0.9963
YOUTUBE = 0.9512, 0.0039
"""Section 5.7: YouTube Faces, the average over all pairs of the first hundred frames."""
VAL = {2_600_000: 0.763, 26_000_000: 0.851, 52_000_000: 0.851, 260_000_000: 0.862}
"""Table 6: validation rate at FAR 1e-3 on a million hold-out photos, by training photos."""
