"""Train the presentation attack detector that the package carries.

    python -m tools.train_presentation --photos recapture.zip --sources ishika

Train on some of the sources only: ``python -m benchmarks.accuracy presentation`` measures on the
others. The weights hold no photo and no feature of a single one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from ailock_sdk.capture.presentation import PRESENTATION_FORMAT, PRESENTATION_WEIGHTS
from lab.command import run_module
from lab.errors import PhotoSetError
from lab.fitting.presentation import PENALTY, fit_detector
from lab.photos.presentations import read_presentations

MODULE = "tools.train_presentation"
_DIGITS = 6


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and write; 0, or 1 with a message."""
    parser = argparse.ArgumentParser(
        f"python -m {MODULE}", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--photos", metavar="SET", type=Path, required=True, help="labelled set")
    parser.add_argument("--sources", nargs="+", required=True, help="values of its column `set`")
    parser.add_argument(
        "--penalty", type=float, default=PENALTY, help="of the weights (default 0.03)"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, default=PRESENTATION_WEIGHTS)
    parser.set_defaults(run=run)
    return run_module(MODULE, parser, arguments)


def run(options: argparse.Namespace, command: str) -> int:
    """Train on the sources named."""
    photos = read_presentations(options.photos)
    if missing := set(options.sources) - set(photos.all_sources):
        raise PhotoSetError(f"{options.photos} has no source {', '.join(sorted(missing))}")
    chosen = photos.of(options.sources)
    found = fit_detector(photos.features[chosen], photos.presented[chosen], options.penalty)
    document = {
        "format": PRESENTATION_FORMAT,
        "command": command,
        "photos": int(chosen.sum()),
        "photos_sha256": photos.sha256,
        "sources": sorted(options.sources),
        "threshold": round(found.threshold, _DIGITS),
        "bias": round(found.bias, _DIGITS),
        **{
            name: [float(f"{value:.{_DIGITS}g}") for value in getattr(found, name)]
            for name in ("centre", "scale", "weights")
        },
    }
    options.out.write_text(json.dumps(document) + "\n", "utf-8")
    print(f"{options.out}: {chosen.sum()} photos of {', '.join(sorted(options.sources))}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
