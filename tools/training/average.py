"""The mean of several networks' weights: of where a run started, and of what it passed through.

    python -m tools.training.average models/NAME RUN/step_1000.npz RUN/final.npz --out mean.npz

Runs drift: what they learn on objects costs a part of what the start knew of whole photos. On the
line between both lie networks that have most of either (Wortsman et al., "Robust fine-tuning of
zero-shot models", arXiv 2109.01903).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tools.train_objects import write_student
from tools.training.starts import Student, open_student


def average(students: list[Student]) -> Student:
    """Layer by layer; without a projection, which is fitted to the mean.

    Raises
    ------
    ValueError
        The networks are not of one shape.
    """
    shapes = [{k: layer.shape for k, layer in one.layers.items()} for one in students]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError("the networks differ in their layers: only runs from one start are alike")
    return Student(
        {name: np.mean([one.layers[name] for one in students], axis=0) for name in shapes[0]}
    )


def main() -> None:
    """Command-line entry point."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add = parser.add_argument
    add("students", type=Path, nargs="+", help="bundle folders, .tflite models or layer files")
    add("--out", type=Path, required=True, help="layer file of the mean")
    options = parser.parse_args()
    write_student(options.out, average([open_student(path) for path in options.students]))


if __name__ == "__main__":
    main()
