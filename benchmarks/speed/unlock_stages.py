"""One unlock of a large photo, by stage, beside two yardsticks timed in the same run.

The yardsticks: Pillow's own draft decoding of the same file's bytes, and one inference of a
full-width int8 Inception v3 on as many threads. The inference is the interpreter's alone, input
set and outputs unread, so it is as short as it can be.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ailock_sdk.benchmark import Unlocking, result_of
from ailock_sdk.embedding import choose_runtime, load_bundle
from benchmarks.speed.bar import Bar
from benchmarks.speed.interleave import interleaved, medians, timed
from lab.photos.embeddings import InputView, Sight

STAGES_LIMIT = 1.0
"""All stages but decoding and Argon2id, over one inference of full-width Inception v3."""
AROUND_LIMIT = 0.35
"""The same stages without the network, over the same."""
DECODE_LIMIT = 1.1
"""Decoding over Pillow's own draft decoding of the same bytes."""
PROBES = 3
ONE, SEVERAL = "unlock", "unlock with several photos"
NOT_OURS = ("decode", "Argon2id")
"""The one has a bar of its own, the other's cost is chosen, not optimised."""


def measure(photo: Path, baseline: Path, runs: int, threads: int | None) -> dict[str, Any]:
    """Time unlocks of ``photo`` and both yardsticks in turn; JSON-ready.

    ``unlock`` is what ``ailock_sdk.benchmark.result_of`` says, ``yardsticks_ms`` holds the medians
    ``draft decoding`` and ``full Inception v3``, ``sums_ms`` the medians' sums that the bars take,
    ``probes_ms`` the medians of whole unlocks with ``1`` and ``3`` photos.

    Parameters
    ----------
    photo : a JPEG
    baseline : bundle folder of the full-width network
    runs : timed rounds, at least 1, after one that is not counted
    threads : CPU threads of both networks, by default the SDK's choice
    """
    with Unlocking(photo=photo, threads=threads) as unlocking:
        contract, profile = unlocking.lock.bundle.input, unlocking.lock.profile
        view = InputView.of(contract)
        needed = Sight(view, profile.segments, profile.looks).short_side
        data = photo.read_bytes()
        works = {
            "draft decoding": timed(lambda: _draft(data, needed)),
            "full Inception v3": timed(_inference(baseline, unlocking.lock.threads)),
            ONE: timed(unlocking.once),
            SEVERAL: timed(partial(unlocking.with_photos, PROBES)),
        }
        times = interleaved(works, runs, "unlocking")
        unlock = result_of(unlocking)
    probes = medians({"1": times.pop(ONE), str(PROBES): times.pop(SEVERAL)})
    stages = {stage: row["p50"] for stage, row in unlock["stages_ms"].items()}
    ours = {stage: ms for stage, ms in stages.items() if stage not in NOT_OURS}
    around = sum(ms for stage, ms in ours.items() if stage != "network")
    sums = {"stages": round(sum(ours.values()), 4), "around the network": round(around, 4)}
    return {
        "unlock": unlock,
        "yardsticks_ms": medians(times),
        "sums_ms": sums,
        "probes_ms": probes,
        "decode_ms": stages["decode"],
    }


def bars(result: dict[str, Any]) -> list[Bar]:
    """The bars a, b and c of a result of :func:`measure`."""
    draft = result["yardsticks_ms"]["draft decoding"]
    full = result["yardsticks_ms"]["full Inception v3"]
    sums = result["sums_ms"]
    return [
        Bar(
            "a",
            "unlock but decoding and Argon2id / full Inception v3",
            sums["stages"] / full,
            STAGES_LIMIT,
        ),
        Bar(
            "b",
            "the same without the network / full Inception v3",
            sums["around the network"] / full,
            AROUND_LIMIT,
        ),
        Bar("c", "decoding / Pillow's draft decoding", result["decode_ms"] / draft, DECODE_LIMIT),
    ]


def _draft(data: bytes, needed: int) -> None:
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (needed, needed))
        image.load()


def _inference(baseline: Path, threads: int) -> Callable[[], None]:
    """One inference of a bundle's model on noise, the interpreter built and its input set."""
    bundle = load_bundle(baseline)
    interpreter = choose_runtime().module.Interpreter(
        model_path=str(bundle.model_path), num_threads=threads
    )
    interpreter.allocate_tensors()
    (details,) = interpreter.get_input_details()
    kind = np.iinfo(details["dtype"])
    noise = np.random.default_rng(0).integers(
        kind.min, kind.max, details["shape"], details["dtype"], endpoint=True
    )
    interpreter.set_tensor(details["index"], noise)
    inference: Callable[[], None] = interpreter.invoke
    return inference
