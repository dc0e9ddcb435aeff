"""Experiment 2: mean and standard deviation of the distance, for each subject and for all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.hash_experiments import thesis_values as thesis
from benchmarks.accuracy.hash_experiments.distances import compare_hashes, count_distances
from benchmarks.accuracy.hash_experiments.study import Found, Study
from lab.report.results import Figure, Panel, Series, Table
from lab.statistics.comparisons import object_weights
from lab.statistics.error_rates import mean_and_deviation
from lab.statistics.intervals import estimate

TITLE = "mean and standard deviation of the distance"
MEASURES = {
    "mean, same subject": "mated_mean_bits",
    "deviation, same subject": "mated_sd_bits",
    "mean, other subjects": "non_mated_mean_bits",
    "deviation, other subjects": "non_mated_sd_bits",
}
"""Columns of the thesis' listings, and our names of them."""


def spread(study: Study) -> Found:
    """All subjects; then each, by the mean distance of its own photos as in the listing."""
    samples = study.samples
    same, others = count_distances(samples, progress=True).by_subject()
    weights = object_weights(len(samples.names), study.bootstrap, study.seed)
    found = estimate(compare_hashes(samples, weights), study.lock.radius)
    bits = samples.lambda_bits
    total = Table(
        "",
        "All subjects (the thesis' Listing 4.5)",
        ("", "bits", "share of lambda", "thesis (of 96 bits)", "thesis, share of lambda"),
        tuple(
            (label, found[name], found[name].value / bits, printed, printed / thesis.LAMBDA_BITS)
            for (label, name), printed in zip(MEASURES.items(), thesis.LISTING_4_5, strict=True)
        ),
        notes=("Brackets: 95 % intervals, subjects drawn.",),
        formats={
            **{"bits": ".2f", "share of lambda": ".3f"},
            **{"thesis (of 96 bits)": ".2f", "thesis, share of lambda": ".3f"},
        },
        name="spread_all",
    )
    own = np.flatnonzero(same.any(axis=1))
    mean, deviation = mean_and_deviation(same[own])
    other_mean, other_deviation = mean_and_deviation(others[own])
    order = np.argsort(mean, kind="stable")
    columns = ("subject", "photos", *MEASURES)
    photos = np.diff(samples.starts)[own]
    values = np.column_stack([mean, deviation, other_mean, other_deviation])
    rows = tuple(
        (samples.names[own[index]], int(photos[index]), *values[index].tolist()) for index in order
    )
    formats = dict.fromkeys(MEASURES, ".2f")
    left_out = len(samples.names) - len(own)
    subjects = Table(
        "",
        "Subject by subject, in bits, sorted as the thesis' listing",
        columns,
        rows,
        notes=(f"{left_out} subjects with one photo are not among them.",) if left_out else (),
        formats=formats,
        name="spread_subjects",
    )
    listing = Table(
        "",
        "The thesis' own subjects, of 96 bits (Listing 4.6)",
        ("subject", *MEASURES),
        tuple((name, *printed) for name, printed in thesis.LISTING_4_6.items()),
        notes=("The first four are those of its figures, the others drawn at random.",),
        formats=formats,
        name="thesis_listing",
    )
    document = {
        "all": {name: vars(found[name]) for name in MEASURES.values()},
        "by_subject": [dict(zip(columns, row, strict=True)) for row in rows],
    }
    return [total, subjects, listing, _figure(values[order])], document


def _figure(values: NDArray[np.float64]) -> Figure:
    """Means by rank, with a band or whiskers of one standard deviation."""
    rank = tuple(range(1, len(values) + 1))
    series = tuple(
        Series(
            label,
            rank,
            tuple(values[:, at]),
            tuple(values[:, at] - values[:, at + 1]),
            tuple(values[:, at] + values[:, at + 1]),
            kind="points",
        )
        for label, at in (("same subject", 0), ("other subjects", 2))
    )
    panel = Panel("", "subject, by the mean of its own photos", "Hamming distance (bits)", series)
    return Figure(
        "",
        "Mean distance of each subject",
        (panel,),
        ("Whiskers: one standard deviation.",),
        name="spread",
        columns=1,
        panel_inches=(8, 4),
    )
