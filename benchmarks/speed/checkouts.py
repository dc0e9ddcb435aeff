"""``python -m benchmarks.speed.checkouts``: `ailock unlock` as a new process, of two checkouts.

Both unlock the same photo in turn, each with a vault of its own and records of Argon2id's least
cost, so that what is compared is everything else. The exit status is 0, or 1: this checkout takes
more than its share of the other's time, or it fails.

    git worktree add out/before COMMIT
    python -m benchmarks.speed.checkouts --before out/before
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.speed.errors import SpeedError
from benchmarks.speed.interleave import interleaved
from benchmarks.speed.processes import Ran, run_measured
from benchmarks.speed.programs import last_line

MODULE = "benchmarks.speed.checkouts"
SHARE_LIMIT = 0.75
"""Of the earlier checkout's time."""
ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "tests" / "photos" / "mug-1.jpg"
NAME = "benchmark"
ENROLL = f"""
import os, sys
from ailock_sdk import AiLock, FilePepper, Vault
from ailock_sdk.sketch import CHEAPEST
vault, pepper, photo = sys.argv[1:]
with os.fdopen(os.open(pepper, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
    file.write(os.urandom(32))
lock = AiLock(pepper=FilePepper(pepper), cost=CHEAPEST)
if hasattr(Vault, "recover"):  # a vault is made by its first lock
    os.chmod(os.path.dirname(vault), 0o700)
    os.unlink(pepper)
with Vault.open(vault, pepper=FilePepper(pepper), lock=lock) as opened:
    opened.enroll("{NAME}", [photo])
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; the exit status is 1 if the limit does not hold or nothing can be measured."""
    options = _parser().parse_args(arguments)
    try:
        ran = measure(options.before, options.photo, options.runs)
    except SpeedError as error:
        print(f"{MODULE}: {error}", file=sys.stderr)
        return 1
    for name, every in ran.items():
        times, peak = [one.milliseconds for one in every], max(one.peak_mb for one in every)
        print(f"{name:8} {min(times):7.1f} ms least, {median(times):7.1f} median, {peak:5.0f} MB")
    share = share_of(ran)
    print(f"now / before: {share:.3f}, at most {SHARE_LIMIT}")
    return 0 if share <= SHARE_LIMIT else 1


def measure(before: Path, photo: Path, runs: int) -> dict[str, list[Ran]]:
    """What the processes of both checkouts took, by ``before`` and ``now``.

    Raises
    ------
    SpeedError
        A checkout does not enroll or unlock.
    """
    with tempfile.TemporaryDirectory(prefix="ailock-") as folder:
        works: dict[str, Callable[[], Ran]] = {}
        for name, checkout in (("before", before), ("now", ROOT)):
            command = _prepared(checkout.resolve(), Path(folder) / name, photo.resolve())
            works[name] = partial(run_measured, command)
        return interleaved(works, runs, "unlock processes")


def share_of(ran: dict[str, list[Ran]]) -> float:
    """The median of what each process takes beside the other checkout's of the same round."""
    pairs = zip(ran["now"], ran["before"], strict=True)
    return median(now.milliseconds / before.milliseconds for now, before in pairs)


def _prepared(checkout: Path, folder: Path, photo: Path) -> list[str]:
    """The command of an unlock by the code of ``checkout``, its lock enrolled by the same."""
    folder.mkdir(mode=0o700)
    files = [str(folder / "vault.db"), str(folder / "pepper")]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    setup = [sys.executable, "-c", ENROLL, *files, str(photo)]
    done = subprocess.run(
        setup, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SpeedError(f"{checkout} does not enroll: {last_line(done.stderr)}")
    here = (checkout / "ailock_sdk" / "__main__.py").is_file()
    module = "ailock_sdk" if here else "ailock_sdk.cli"
    # Elsewhere, as Python would take the package from the folder that it starts in.
    run = ["env", "-C", str(folder), f"PYTHONPATH={checkout}", sys.executable, "-m", module]
    return [*run, "unlock", NAME, str(photo), "--vault", files[0], "--pepper", files[1]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        f"python -m {MODULE}",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--before", type=Path, required=True, help="an earlier checkout's folder")
    parser.add_argument("--photo", type=Path, default=PHOTO, help="a photo of both")
    parser.add_argument("--runs", type=int, default=25, help="timed rounds (default: 25)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
