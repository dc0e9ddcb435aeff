"""Experiment 3: false acceptance and false rejection over all thresholds.

The thesis' listing picks an anchor for each subject and threshold: of its photos the one with the
lowest FAR, among those that accept a photo of their own subject. Where none does, the listing
leaves the subject out, and an FRR of 99.08 % at threshold 0, as the thesis has it, cannot come out;
here such a subject counts as refused, with its lowest FAR.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.hash_experiments import thesis_values as thesis
from benchmarks.accuracy.hash_experiments.distances import (
    PhotoDistances,
    compare_hashes,
    count_distances,
)
from benchmarks.accuracy.hash_experiments.study import Found, Study
from lab.report.results import Colour, Figure, Panel, ReferenceLine, Series, Table
from lab.statistics.comparisons import Comparisons, object_weights
from lab.statistics.error_rates import accepted_share, equal_error_rate
from lab.statistics.intervals import Estimate, around, estimate, rule_of_three

TITLE = "FAR and FRR over all thresholds"
Rates = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class AnchorRates:
    """Rates of each subject's anchor at thresholds of 0, 1, ... lambda bits.

    Attributes
    ----------
    far, frr : float64 (K, lambda + 1), of the K subjects with two photos or more
    weights : float64 (B, K), how often each bootstrap replicate draws each
    """

    far: Rates
    frr: Rates
    weights: Rates

    def at(self, bits: int) -> tuple[Estimate, Estimate]:
        """FAR and FRR at a threshold; the impostors are the same in every replicate."""
        found = []
        for rates in (self.far[:, bits], self.frr[:, bits]):
            value = float(rates.mean())
            bound = rule_of_three(len(rates)) if value == 0 else 0.0
            found.append(self._estimate(value, self.weights @ rates / len(rates), bound))
        return found[0], found[1]

    def equal_error_rate(self) -> tuple[Estimate, Estimate]:
        """EER, and its threshold in bits."""
        rates, thresholds = _crossing(self.far.mean(axis=0), self.frr.mean(axis=0))
        count = len(self.far)
        again = _crossing(self.weights @ self.far / count, self.weights @ self.frr / count)
        return self._estimate(float(rates), again[0]), self._estimate(float(thresholds), again[1])

    def _estimate(self, value: float, replicates: Rates, bound: float = 0.0) -> Estimate:
        return around(value, replicates, bound) if len(replicates) else Estimate(value)


def anchor_rates(distances: PhotoDistances, replicates: int, seed: int) -> AnchorRates:
    """The rates of each subject's anchor; of photos alike the first is the anchor."""
    far, frr = [], []
    for start, stop in pairwise(distances.samples.starts.tolist()):
        if stop - start < 2:
            continue
        others = accepted_share(distances.others[start:stop])[:, 1:]  # from threshold 0 on
        own = accepted_share(distances.same[start:stop])[:, 1:]
        anchor = np.where(own > 0, others, others + 2).argmin(axis=0)[None]
        far.append(np.take_along_axis(others, anchor, 0)[0])
        frr.append(1 - np.take_along_axis(own, anchor, 0)[0])
    return AnchorRates(np.array(far), np.array(frr), object_weights(len(far), replicates, seed))


def thresholds(study: Study) -> Found:
    """Rates of the anchors, and of all comparisons, at every threshold and at the thesis'."""
    samples = study.samples
    anchors = anchor_rates(count_distances(samples, progress=True), study.bootstrap, study.seed)
    weights = object_weights(len(samples.names), study.bootstrap, study.seed)
    compared = compare_hashes(samples, weights)
    curves = {
        "FAR": anchors.far.mean(axis=0),
        "FRR": anchors.frr.mean(axis=0),
        "FAR, all comparisons": accepted_share(compared.non_mated)[1:],
        "FRR, all comparisons": 1 - accepted_share(compared.mated)[1:],
    }
    eer, at = anchors.equal_error_rate()
    all_found = estimate(compared, study.lock.radius)
    every = all_found["eer"], all_found["eer_threshold_bits"]
    table = _eer_table(study.lambda_bits, (eer, at), every)
    document = {
        "subjects_with_anchors": len(anchors.far),
        "eer": asdict(eer),
        "eer_threshold_bits": asdict(at),
        "eer_all_comparisons": asdict(all_found["eer"]),
        "curves": {label: values.tolist() for label, values in curves.items()},
    }
    points = _points_table(study.lambda_bits, anchors, compared)
    return [points, table, _figure(curves, at.value)], document


def _crossing(far: Rates, frr: Rates) -> tuple[Rates, Rates]:
    """EER and its threshold of curves (..., lambda + 1), as of histograms with such rates."""
    steps = (np.diff(rates, axis=-1, prepend=0.0) for rates in (1 - frr, far))
    return equal_error_rate(*steps)


def _points_table(bits: int, anchors: AnchorRates, compared: Comparisons) -> Table:
    rows: list[tuple[object, ...]] = []
    for share, printed in thesis.RATES.items():
        within = int(share * bits + 1e-9)  # 0.29 * 100 is below 29
        found = estimate(compared, within)
        far, frr = anchors.at(within)
        rows.append(
            (
                *(share, within, far, _percent(printed[0]), frr, _percent(printed[1])),
                *(found["fmr_at_radius"], found["fnmr_at_radius"]),
            )
        )
    columns = (
        *("threshold", "bits", "FAR", "FAR, thesis (%)", "FRR", "FRR, thesis (%)"),
        *("FAR, all comparisons", "FRR, all comparisons"),
    )
    return Table(
        "",
        "At the thesis' thresholds",
        columns,
        tuple(rows),
        notes=(
            "Threshold: share of the bits in which an accepted photo may differ at most.",
            "FAR, FRR: means over subjects of two photos or more, each by its anchor, the photo "
            "with the lowest FAR among those that accept a photo of their own subject. A subject "
            "without any counts as refused (the thesis' listing would leave it out).",
            "All comparisons: every photo is an anchor, every comparison counts alike.",
            "Brackets: 95 % intervals, subjects drawn; those of the anchors with all impostors.",
        ),
        formats={"threshold": ".2f", "FAR, thesis (%)": ".2f", "FRR, thesis (%)": ".2f"},
        name="thresholds",
    )


def _percent(rate: float | None) -> float | None:
    return None if rate is None else 100 * rate


def _eer_table(
    bits: int, anchors: tuple[Estimate, Estimate], every: tuple[Estimate, Estimate]
) -> Table:
    printed = thesis.EER_THRESHOLD
    return Table(
        "",
        "Equal error rate",
        ("", "EER", "threshold, share of lambda", "threshold (bits)"),
        (
            *(
                (name, eer, at.value / bits, at.value)
                for name, (eer, at) in (("anchors", anchors), ("all comparisons", every))
            ),
            ("thesis", Estimate(thesis.EER), printed, printed * thesis.LAMBDA_BITS),
        ),
        formats={"threshold, share of lambda": ".3f", "threshold (bits)": ".1f"},
        name="eer",
    )


def _figure(curves: dict[str, Rates], eer_at: float) -> Figure:
    bits = len(curves["FAR"]) - 1
    x = tuple(np.arange(bits + 1) / bits)
    colours: tuple[Colour, ...] = ("blue", "vermilion", "sky", "orange")
    ours = tuple(
        Series(label, x, tuple(values), colour=colour)
        for (label, values), colour in zip(curves.items(), colours, strict=True)
    )
    printed = tuple(
        Series(
            f"{label}, thesis",
            tuple(share for share, rates in thesis.RATES.items() if rates[at] is not None),
            tuple(rate for rates in thesis.RATES.values() if (rate := rates[at]) is not None),
            style="paper",
            kind="points",
            colour=colour,
        )
        for at, (label, colour) in enumerate(zip(("FAR", "FRR"), colours, strict=False))
    )
    panel = Panel(
        "",
        "threshold (share of lambda)",
        "error",
        (*ours, *printed),
        lines=(ReferenceLine(eer_at / bits, "EER"),),
    )
    return Figure(
        "",
        "FAR and FRR by threshold (the thesis' Figure 4.7)",
        (panel,),
        name="far_frr",
        columns=1,
        panel_inches=(8, 4.5),
    )
