"""A counted and checked job as results: what was measured, the histogram, and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.accuracy.scale.count import Scale
from lab.report import provenance
from lab.report.results import Chapter, Figure, Panel, Report, Series, Table
from lab.statistics.error_rates import mean_and_deviation

FORMAT = "ailock-scale/1"
NAME = "scale"
"""Of the files."""
CHECKS = (
    "Checked: the sample bit by bit, equal; of all pairs the number, the sum of distances and the "
    "sum of their squares, equal."
)


def report(
    scale: Scale, workers: str, worker_peak: float | None, data: Mapping[str, Any], command: str
) -> Report:
    """All that the command found.

    Parameters
    ----------
    workers : as the command names them
    worker_peak : peak memory of the largest worker of a cluster, MiB
    data : ``seed``, ``data`` and ``data_sha256`` (of both sides)
    """
    hashes = " and ".join(sha256[:12] for sha256 in data["data_sha256"])
    recorded = provenance.record(command)
    depends_on = {
        "Model": "none: imageprints only",
        "Photos": f"none; imageprints {data['data']}, SHA-256 {hashes}",
        "Seed": str(data["seed"]),
        "Workers": workers,
    }
    return Report(
        f"{scale.pairs:,} comparisons",
        provenance.facts(recorded, depends_on),
        (),
        (Chapter("", {}, (table(scale, worker_peak), figure(scale))),),
        format=FORMAT,
        document={
            "lambda_bits": scale.lambda_bits,
            "photos": [scale.photos_a, scale.photos_b],
            "pairs": scale.pairs,
            "pairs_counted_by_this_run": scale.counted,
            "seconds": scale.seconds,
            "cpu_seconds": scale.cpu_seconds,
            "pairs_per_second": scale.rate,
            "peak_mib": scale.peak_mib,
            "largest_worker_peak_mib": worker_peak,
            "workers": workers,
            "checked_bit_by_bit": scale.checked_pairs,
            "histogram": scale.counts,
            "provenance": {
                **recorded,
                **data,
                "model": "none: imageprints only",
            },
        },
    )


def table(scale: Scale, worker_peak: float | None = None) -> Table:
    """What was measured."""
    mean, deviation = mean_and_deviation(scale.counts)
    seen = np.flatnonzero(scale.counts)
    before = scale.pairs - scale.counted
    rows = [
        ("pairs", scale.pairs),
        ("imageprints on each side", f"{scale.photos_a:,} and {scale.photos_b:,}"),
        ("length of an imageprint (bits)", scale.lambda_bits),
        *([("pairs counted by an earlier run", before)] if before else []),
        ("time (s)", f"{scale.seconds:.1f}"),
        ("CPU time of this process (s)", f"{scale.cpu_seconds:.1f}"),
        ("pairs a second", f"{scale.rate:.3g}"),
        ("peak memory (MiB)", f"{scale.peak_mib:.0f}"),
        *([] if worker_peak is None else [("of the largest worker (MiB)", f"{worker_peak:.0f}")]),
        ("distances (bits)", f"{seen[0]} to {seen[-1]}"),
        ("mean distance (bits)", f"{mean:.2f}"),
        ("deviation (bits)", f"{deviation:.2f}"),
        ("pairs checked bit by bit", scale.checked_pairs),
    ]
    return Table(
        "", "What was measured", ("measure", "value"), tuple(rows), notes=(CHECKS,), name="measures"
    )


def figure(scale: Scale) -> Figure:
    """The histogram, of the distances that occur."""
    seen = np.flatnonzero(scale.counts)
    line = Series(
        f"{scale.pairs:,} pairs",
        tuple(seen.astype(np.float64).tolist()),
        tuple(scale.counts[seen].astype(np.float64).tolist()),
    )
    title = f"Hamming distances of imageprints of {scale.lambda_bits} bits"
    panel = Panel("", "Hamming distance (bits)", "pairs at this distance", (line,), y_scale="log")
    return Figure("", title, (panel,), name=NAME)
