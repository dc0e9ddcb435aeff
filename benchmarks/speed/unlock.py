"""One unlock of a large photo, by stage, beside two yardsticks timed in the same run.

The yardsticks: Pillow's own draft decoding of the same file, and one inference of a full-width int8
Inception v3. They alternate with the unlocks, so that a slow moment of the machine hits all alike.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from PIL import Image
from tqdm import tqdm

from ailock_sdk import AiLock, FilePepper, Vault
from ailock_sdk.benchmark import Unlocking, format_table, result_of
from ailock_sdk.embedding import Embedder, load_bundle
from tools.embeddings import InputView, Sight

DECODE_LIMIT = 1.3
"""Decoding over Pillow's own draft decoding of the same file."""
STAGES_LIMIT = 1.5
"""All other stages but Argon2id over one inference of full-width Inception v3."""
PROCESS_LIMIT_SECONDS = 1.5
PROCESS_RUNS = 7


@dataclass(frozen=True)
class Ratio:
    """A measured quantity and its bar; both are medians of one run."""

    what: str
    value: float
    limit: float
    unit: str = "x"

    @property
    def holds(self) -> bool:
        """Within the bar."""
        return self.value <= self.limit


def measure(photo: Path, baseline: Path, runs: int, threads: int | None) -> dict[str, Any]:
    """Time everything; a JSON-ready dict with ``unlock`` (stages), yardsticks and ratios."""
    data = photo.read_bytes()
    with Image.open(photo) as image:
        width, height = image.size
    with Unlocking(photo=photo, threads=threads) as unlocking:
        full = Embedder(load_bundle(baseline), threads)
        pixels = _noise(full)
        contract, profile = unlocking.lock.bundle.input, unlocking.lock.profile
        view = InputView(contract.height, contract.width, contract.crop)
        needed = Sight(view, profile.segments, profile.looks).short_side
        draft_times: list[float] = []
        full_times: list[float] = []
        for _ in tqdm(range(runs + 1), desc="unlocking", disable=None):
            draft_times.append(_seconds(lambda: _draft(photo, needed)))
            full_times.append(_seconds(lambda: full.embed(pixels, list(full.bundle.layers))))
            unlocking.once()
        result = result_of(unlocking)
    draft_ms = 1000 * median(draft_times[1:])
    full_ms = 1000 * median(full_times[1:])
    stages = {stage: row["p50"] for stage, row in result["stages_ms"].items()}
    other = sum(ms for stage, ms in stages.items() if stage not in ("decode", "Argon2id"))
    process = _process_seconds(photo)
    ratios = [
        Ratio("decoding / Pillow's draft decoding", stages["decode"] / draft_ms, DECODE_LIMIT),
        Ratio("other stages but Argon2id / full Inception v3", other / full_ms, STAGES_LIMIT),
        Ratio("ailock unlock as a new process", process, PROCESS_LIMIT_SECONDS, "s"),
    ]
    return {
        "photo": {"width": width, "height": height, "bytes": len(data)},
        "unlock": result,
        "pillow_draft_ms": round(draft_ms, 3),
        "full_inception_v3_int8_ms": round(full_ms, 3),
        "other_stages_ms": round(other, 3),
        "ratios": [{**vars(r), "value": round(r.value, 3), "holds": r.holds} for r in ratios],
    }


def report(result: dict[str, Any], out: Path) -> bool:
    """Print the table, write ``unlock.json`` and ``unlock.png``; True if every bar holds."""
    photo = result["photo"]
    print(f"\nphoto {photo['width']} x {photo['height']}, {photo['bytes'] / 1e6:.1f} MB")
    print(format_table(result["unlock"]))
    print(f"\nPillow's draft decoding         {result['pillow_draft_ms']:8.2f} ms")
    print(f"full Inception v3 int8, once    {result['full_inception_v3_int8_ms']:8.2f} ms")
    for ratio in result["ratios"]:
        verdict = "holds" if ratio["holds"] else "FAILS"
        print(f"{ratio['what']:46} {ratio['value']:5.2f} {ratio['unit']}", end="")
        print(f"  (at most {ratio['limit']})  {verdict}")
    out.mkdir(parents=True, exist_ok=True)
    (out / "unlock.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    _plot(result, out / "unlock.png")
    print(f"\nwrote {out / 'unlock.json'} and {out / 'unlock.png'}")
    return all(ratio["holds"] for ratio in result["ratios"])


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _draft(photo: Path, needed: int) -> None:
    with Image.open(photo) as image:
        image.draft("RGB", (needed, needed))
        image.load()


def _noise(embedder: Embedder) -> Any:
    contract = embedder.bundle.input
    shape = (contract.height, contract.width, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def _process_seconds(photo: Path) -> float:
    """Median time of ``ailock unlock`` as a fresh process, start to exit."""
    with tempfile.TemporaryDirectory() as folder:
        vault, pepper = Path(folder) / "vault.db", Path(folder) / "pepper"
        provider = FilePepper(pepper)
        with Vault.open(vault, pepper=provider, lock=AiLock(pepper=provider)) as opened:
            opened.enroll("door", [photo])
        command = [sys.executable, "-m", "ailock_sdk.cli", "unlock", "door", str(photo)]
        command += ["--vault", str(vault), "--pepper", str(pepper)]

        def unlock() -> None:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ)

        return median(_seconds(unlock) for _ in range(PROCESS_RUNS))


def _plot(result: dict[str, Any], path: Path) -> None:
    matplotlib.use("Agg")
    stages = {stage: row["p50"] for stage, row in result["unlock"]["stages_ms"].items()}
    bars = {
        **{f"unlock: {stage}": (ms, "tab:blue") for stage, ms in stages.items()},
        "Pillow's draft decoding": (result["pillow_draft_ms"], "tab:gray"),
        "full Inception v3 int8": (result["full_inception_v3_int8_ms"], "tab:gray"),
    }
    figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
    positions = range(len(bars), 0, -1)
    widths = [ms for ms, _ in bars.values()]
    drawn = axes.barh(positions, widths, color=[colour for _, colour in bars.values()])
    axes.bar_label(drawn, [f" {ms:.1f}" for ms in widths])
    axes.set_yticks(positions, bars.keys())
    axes.set_xlabel("milliseconds, median")
    axes.margins(x=0.12)
    photo = result["photo"]
    axes.set_title(
        f"Unlock with a photo of {photo['width'] * photo['height'] / 1e6:.0f} megapixels, "
        f"{photo['bytes'] / 1e6:.1f} MB\n{result['unlock']['processor']}, "
        f"{result['unlock']['runtime']}, {result['unlock']['threads']} threads",
        fontsize=10,
    )
    figure.savefig(path, dpi=130)
    plt.close(figure)
