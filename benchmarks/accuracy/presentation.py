"""``presentation``: the detector of screens and prints, on sources that it was not trained on."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from ailock_sdk import AiLock
from ailock_sdk.capture.parallax import FLAT_SHARE
from ailock_sdk.capture.presentation import (
    PRESENTATION_WEIGHTS,
    PresentationDetector,
    presentation_detector,
    presentation_photo,
)
from lab.bundles.find import open_bundle
from lab.command import add_bootstrap, add_command, add_out, add_profile, add_seed
from lab.errors import PhotoSetError
from lab.fitting.presentation import fit_detector
from lab.photos.presentations import Presentations, read_presentations
from lab.report import provenance
from lab.report.files import print_report, save, tell
from lab.report.results import Chapter, Report, Result, Table
from lab.statistics.intervals import Estimate, share_by_object
from lab.verification.parallax import DepthRates, measure_depth
from lab.verification.presentation import (
    BPCERS,
    Rates,
    accepted_presentations,
    measure_rates,
    threshold_at,
)

DEFAULT_OUT = Path("out") / "presentation"
FORMAT = "ailock-presentation-rates/1"
ALL = "all"
SECONDS_APART = (0.3, 0.6, 1.2)
"""0.6 is a burst of the guide's."""
HEADINGS = (
    *("source", "shown by", "photos", "real photos", "AUC"),
    *(f"APCER at BPCER {100 * b:.0f} %" for b in BPCERS),
    *("APCER at the detector's threshold", "BPCER there"),
)
NOTES = (
    "APCER, BPCER: ISO/IEC 30107-3. Presented photos that pass for real; real photos taken for "
    "presented ones. The threshold of a BPCER is that of the source's own real photos.",
    "Intervals: bootstrap over objects (a photo without one is its own), within a source; that "
    "sources differ among each other shows in the rows, not in the intervals.",
)


def add_parser(experiments: Any) -> None:
    """Add ``presentation`` to the sub-parsers of ``python -m benchmarks.accuracy``."""
    command = add_command(
        experiments,
        "presentation",
        run,
        "screens and prints held to the camera: APCER by species, BPCER, and IAPAR of the lock "
        "with the detector on and off",
    )
    command.add_argument(
        "--photos",
        metavar="SET",
        type=Path,
        required=True,
        help="labelled photos with columns set (the source), view (the species), kind (real or "
        "screen)",
    )
    command.add_argument(
        "--clips",
        metavar="DIR",
        type=Path,
        help="folder of clips of things with depth, NAME.mp4, to measure parallax on",
    )
    add_profile(command)
    add_out(command, DEFAULT_OUT)
    add_bootstrap(command)
    add_seed(command)


def run(options: argparse.Namespace, command: str) -> int:
    """Measure, print and write ``presentation.*``; 0, for nothing is judged."""
    photos = read_presentations(options.photos)
    trained_on = json.loads(PRESENTATION_WEIGHTS.read_text("utf-8"))["sources"]
    unseen = [source for source in photos.all_sources if source not in trained_on]
    if not unseen:
        raise PhotoSetError(f"{options.photos}: the detector was trained on all of its sources")
    detector = presentation_detector()
    often = (options.bootstrap, options.seed)
    shipped = {source: _species(photos, source, detector, *often) for source in unseen}
    left_out = {}
    for source in photos.all_sources:
        others = photos.of([each for each in photos.all_sources if each != source])
        if others.any():
            fitted = fit_detector(photos.features[others], photos.presented[others])
            left_out[source] = _species(photos, source, fitted, *often)[ALL]
    lock = AiLock(open_bundle(options.bundle), options.profile, pepper=None)
    iapar = _iapar(lock, photos, unseen, detector, *often)
    depth = _depth(options.clips, *often) if options.clips else {}
    report = _report(
        lock, photos, trained_on, shipped, left_out, iapar, depth, _milliseconds(photos), command
    )
    print_report(report)
    tell(save(report, options.out, "presentation"))
    return 0


def _species(
    photos: Presentations, source: str, detector: PresentationDetector, bootstrap: int, seed: int
) -> dict[str, Rates]:
    """Of one source: each species against the source's real photos, and all of them."""
    of = photos.of([source])
    rates = {}
    for species in [*sorted(set(photos.species[of & photos.presented].tolist())), ALL]:
        shown = (photos.species == species) | (species == ALL) | ~photos.presented
        chosen = of & shown
        rates[species] = measure_rates(
            detector.scores(photos.features[chosen]),
            photos.presented[chosen],
            photos.objects[chosen],
            detector.threshold,
            bootstrap,
            seed,
        )
    return rates


def _iapar(
    lock: AiLock,
    photos: Presentations,
    sources: list[str],
    detector: PresentationDetector,
    bootstrap: int,
    seed: int,
) -> dict[str, Estimate]:
    """Presented photos of enrolled objects that open the lock, detector off and on."""
    real = set(photos.objects[~photos.presented].tolist())
    chosen = [
        int(i)
        for i in np.flatnonzero(photos.presented & photos.of(sources))
        if photos.objects[i] in real
    ]
    attacked = accepted_presentations(lock, photos, chosen)
    if not attacked:
        return {}
    chosen, accepted = list(attacked), np.array(list(attacked.values()))
    scores = detector.scores(photos.features[chosen])
    _, number = np.unique(photos.objects[chosen], return_inverse=True)
    trials = np.bincount(number)
    found = {}
    own = photos.of(sources) & ~photos.presented & np.isin(photos.objects, photos.objects[chosen])
    of_real = detector.scores(photos.features[own])
    thresholds = {
        "the detector's threshold": detector.threshold,
        **{f"BPCER {100 * b:.0f} %": threshold_at(b, of_real) for b in BPCERS},
    }
    for name, passes in {
        "off": accepted,
        **{f"on, {at}": accepted & (scores <= value) for at, value in thresholds.items()},
    }.items():
        matches = np.bincount(number, weights=passes).astype(np.int64)
        found[name] = share_by_object(matches, trials, bootstrap, seed, 3 / len(trials))
    return found


def _depth(folder: Path, bootstrap: int, seed: int) -> dict[float, DepthRates]:
    clips = sorted(folder.glob("*.mp4"))
    if not clips:
        raise PhotoSetError(f"{folder} has no clip NAME.mp4")
    return {s: measure_depth(clips, s, FLAT_SHARE, bootstrap, seed) for s in SECONDS_APART}


def _depth_table(depth: Mapping[float, DepthRates]) -> Table:
    rows = tuple(
        (seconds, one.clips, one.pairs, one.pictures, one.silent, one.bpcer, one.apcer)
        for seconds, one in depth.items()
    )
    headings = (
        *("seconds apart", "clips", "pairs", "pictures", "nothing to say"),
        *("BPCER: no depth seen", "APCER: depth seen in a picture"),
    )
    title = f"Parallax: depth is seen where over {100 * FLAT_SHARE:.0f} % of patches leave a plane"
    notes = ("Pictures are simulated and fill the view; intervals: bootstrap over clips.",)
    return Table("", title, headings, rows, notes=notes, name="parallax")


def _milliseconds(photos: Presentations) -> float:
    """Median processor time of one decoded photo's features and score, of photos all over."""
    detector, spent = presentation_detector(), []
    every = max(1, len(photos.photos) // 25)
    for _, _, encoded in list(photos.photos)[::every]:
        photo = presentation_photo(encoded)
        start = process_time()
        detector.score(photo)
        spent.append(1e3 * (process_time() - start))
    return float(np.median(spent))


def _report(
    lock: AiLock,
    photos: Presentations,
    trained_on: list[str],
    shipped: Mapping[str, Mapping[str, Rates]],
    left_out: Mapping[str, Rates],
    iapar: Mapping[str, Estimate],
    depth: Mapping[float, DepthRates],
    milliseconds: float,
    command: str,
) -> Report:
    recorded = provenance.record(command)
    results: list[Result] = [
        Table(
            "",
            f"The detector carried, trained on {', '.join(trained_on)}, on other sources",
            HEADINGS,
            tuple(
                _row(source, species, rates)
                for source, several in shipped.items()
                for species, rates in several.items()
            ),
            notes=NOTES,
            name="species",
        ),
        Table(
            "",
            "Each source left out, a detector trained on all the others",
            HEADINGS,
            tuple(_row(source, ALL, rates) for source, rates in left_out.items()),
            name="left_out",
        ),
    ]
    if iapar:
        title = (
            f"IAPAR of the lock, profile {lock.profile.name}: one reference, one presented photo"
        )
        rows = tuple(iapar.items())
        results.append(Table("", title, ("detector", "accepted"), rows, name="iapar"))
    if depth:
        results.append(_depth_table(depth))
    return Report(
        "Presentation attacks",
        {
            "Photos": f"{photos.photos.source.name} sha256 {photos.sha256}",
            "Model bundle": provenance.bundle_line(lock),
            "Detector": f"{milliseconds:.1f} ms a decoded photo (median over the set)",
            **provenance.facts(recorded),
        },
        (),
        (Chapter("", {}, tuple(results)),),
        format=FORMAT,
        document={
            "provenance": dict(recorded),
            "trained_on": trained_on,
            "milliseconds": milliseconds,
            "species": {s: {k: _document(r) for k, r in d.items()} for s, d in shipped.items()},
            "left_out": {source: _document(rates) for source, rates in left_out.items()},
            "iapar": {name: asdict(each) for name, each in iapar.items()},
            "depth": {f"{seconds:g}": asdict(each) for seconds, each in depth.items()},
        },
    )


def _row(source: str, species: str, rates: Rates) -> tuple[object, ...]:
    apcer = (rates.apcer[b] for b in BPCERS)
    return (source, species, rates.photos, rates.real, rates.auc, *apcer, *rates.at_threshold)


def _document(rates: Rates) -> dict[str, Any]:
    return {
        "photos": rates.photos,
        "real": rates.real,
        "auc": asdict(rates.auc),
        "apcer": {f"{bpcer:g}": asdict(each) for bpcer, each in rates.apcer.items()},
        "apcer_at_threshold": asdict(rates.at_threshold[0]),
        "bpcer_at_threshold": asdict(rates.at_threshold[1]),
    }
