"""A calibration as the manifest keeps it: flat, rates as fractions of four digits."""

from __future__ import annotations

import numpy as np

from ailock_sdk.sketch import correction_radius
from lab.fitting.calibration import TAU_UNIT
from lab.statistics.intervals import Estimate, estimate
from lab.verification.operating_points import PHOTOS, OperatingPoint
from tools.projection.calibration_report import Calibration

Entry = dict[str, float | str]


def manifest_entry(found: Calibration, point: OperatingPoint) -> Entry:
    """What the manifest keeps of the calibration of the profile whose operating point this is."""
    own, facts = found.own, found.provenance
    entry: Entry = {
        "tau_cv": own.tau / TAU_UNIT,
        "radius_bits_cv": own.radius_bits,
        "f1_cv": _rounded(own.f1),
        "far_cv": _rounded(own.far),
        "frr_cv": _rounded(own.frr),
        "f1_held_out": _rounded(float(np.mean([fold.f1 for fold in own.folds]))),
    }
    for target in found.targets:
        name = np.format_float_scientific(target.fmr_max, precision=3, trim="-", exp_digits=1)
        entry[f"radius_bits_at_fmr_{name}"] = target.radius_bits
        entry |= _with_interval(f"fnmr_at_fmr_{name}", target.fnmr)
    radius = correction_radius(found.lambda_bits, point.tau)
    figures = estimate(found.comparisons, radius)
    entry["radius_bits"] = radius
    for name in ("eer", "fmr_at_radius", "fnmr_at_radius"):
        entry |= _with_interval(name, figures[name])
    entry |= _point_entry(point)
    entry["mated_trials"] = int(found.comparisons.mated.sum())
    entry["non_mated_trials"] = int(found.comparisons.non_mated.sum())
    entry["objects"] = found.objects
    for kind, sets in (("photos", facts["photo_sets"]), ("targeted", found.targeted_sets)):
        for number, photo_set in enumerate(sets, start=1):
            entry[f"{kind}_{number}"] = photo_set["file"]
            entry[f"{kind}_{number}_sha256"] = photo_set["sha256"]
    entry |= {"command": facts["command"], "date": facts["date"]}
    return entry | {"machine": facts["machine"]["system"], "runtime": facts["runtime"]}


def _point_entry(point: OperatingPoint) -> Entry:
    """Rates by photos in a reference and in a probe (``fmr_3_1``); strength, of one and one."""
    entry: Entry = {"message_bits": point.message_bits}
    for numbers, rates in point.rates.items():
        targeted = rates.targeted
        named = {"fmr": rates.random, "fnmr": rates.refused}
        if targeted is not None:
            named |= {
                "same_kind_accepted": targeted.same_kind,
                "other_kind_accepted": targeted.other_kind,
                "targeted_refused": targeted.refused,
            }
        for name, rate in named.items():
            if rate is not None:
                entry |= _with_interval(f"{name}_{numbers[0]}_{numbers[1]}", rate)
    first = point.rates[PHOTOS[0]]
    of_kind = None if first.targeted is None else first.targeted.same_kind
    for name, rate in (("random", first.random), ("targeted", of_kind)):
        if rate is not None:
            entry |= _with_interval(f"strength_bits_{name}", point.strength_bits(rate))
    return entry


def _with_interval(name: str, found: Estimate) -> dict[str, float]:
    ends = {"": found.value, "_95_low": found.low, "_95_high": found.high}
    return {f"{name}{end}": _rounded(value) for end, value in ends.items() if value is not None}


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
