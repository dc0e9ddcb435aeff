"""Experiment 1: how far photos of one subject lie apart, and photos of different ones."""

from __future__ import annotations

import numpy as np

from benchmarks.accuracy.hash_experiments import thesis_values as thesis
from benchmarks.accuracy.hash_experiments.distances import Counts, count_distances
from benchmarks.accuracy.hash_experiments.study import Found, Study
from lab.report.results import Figure, Panel, Series, Table
from lab.statistics.error_rates import mean_and_deviation

TITLE = "Hamming distances, same subject and others"


def histograms(study: Study) -> Found:
    """All subjects together, and the subjects one by one, nearest first."""
    same, others = count_distances(study.samples, progress=True).by_subject()
    names = study.samples.names
    own = np.flatnonzero(same.any(axis=1))
    nearest_first = own[np.argsort(mean_and_deviation(same[own])[0], kind="stable")]
    chosen = np.linspace(0, len(own) - 1, min(study.panels, len(own))).round().astype(int)
    shown = nearest_first[chosen]
    every = Figure(
        "",
        "All subjects (the thesis' Figure 4.2)",
        (_panel("", same.sum(axis=0), others.sum(axis=0)),),
        name="histograms",
        columns=1,
        panel_inches=(8, 4),
    )
    by_subject = Figure(
        "",
        "Subject by subject",
        tuple(_panel(names[index], same[index], others[index], told=False) for index in shown),
        (f"{len(shown)} of {len(own)} subjects with two photos or more, nearest first.",),
        name="subject_histograms",
        columns=5,
        panel_inches=(3.2, 2.2),
    )
    document = {
        "same": same.sum(axis=0).tolist(),
        "others": others.sum(axis=0).tolist(),
        "by_subject": {
            names[index]: {"same": same[index].tolist(), "others": others[index].tolist()}
            for index in range(len(names))
        },
    }
    return [_table(same.sum(axis=0), others.sum(axis=0)), every, by_subject], document


def _panel(title: str, same: Counts, others: Counts, told: bool = True) -> Panel:
    """Both histograms, in steps of one bit at the thesis' 96 and more where there are more bits."""
    width = max(1, round((len(same) - 1) / thesis.LAMBDA_BITS))
    starts = np.arange(0, len(same), width)
    edges = tuple(np.append(starts, starts[-1] + width) - 0.5)
    return Panel(
        title,
        "Hamming distance (bits)",
        "share of comparisons" if width == 1 else f"share of comparisons in {width} bits",
        tuple(
            Series(
                label,
                edges,
                tuple(np.add.reduceat(counts, starts) / counts.sum()),
                kind="steps",
                remark=f"{counts.sum():,} comparisons" if told else "",
            )
            for label, counts in (("same subject", same), ("other subjects", others))
        ),
    )


def _table(same: Counts, others: Counts) -> Table:
    bits = len(same) - 1
    printed = thesis.MOST_COMMON_SAME_BITS, thesis.MOST_COMMON_OTHERS_BITS
    columns = (
        *("comparisons of", "how many", "most common distance (bits)", "share of lambda"),
        *("thesis (of 96 bits)", "thesis, share of lambda"),
    )
    rows = tuple(
        (
            *(label, int(counts.sum()), int(counts.argmax()), counts.argmax() / bits),
            *(value, value / thesis.LAMBDA_BITS),
        )
        for label, counts, value in zip(
            ("same subject", "other subjects"), (same, others), printed, strict=True
        )
    )
    return Table(
        "",
        "Most common distances",
        columns,
        rows,
        notes=(
            "A photo's hash is its imageprint as a probe, bit = margin >= 0. Every photo is "
            "compared with every other; a pair counts from either side.",
        ),
        formats={"share of lambda": ".3f", "thesis, share of lambda": ".3f"},
        name="distances",
    )
