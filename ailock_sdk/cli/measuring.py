"""``ailock compare``, ``hash``, ``benchmark`` and ``doctor``; each loads what it measures."""

from __future__ import annotations

import click

from ailock_sdk.cli import options
from ailock_sdk.cli.asking import Opener
from ailock_sdk.cli.cameras import one_photo_source, opened
from ailock_sdk.cli.commands import FILE, Settings, command
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.files import one_reader, photo_sources
from ailock_sdk.cli.opening import find_bundle, open_lock, pepper_source, profile_name, vault_path
from ailock_sdk.cli.output import report
from ailock_sdk.constants import DEFAULT_BENCHMARK_RUNS


@command(
    "compare", "ailock compare mug1.jpg mug2.jpg", "ailock compare --profile strict a.jpg b.jpg"
)
@click.argument("reference", type=FILE, help="A photo as for enroll.")
@click.argument("probe", type=FILE, required=False, help="A photo as for unlock.")
@options.camera
def compare(settings: Settings, reference: str, probe: str | None, camera: str | None) -> int:
    """Print how far a photo is from a reference photo."""
    probes = () if probe is None else (probe,)
    one_photo_source(probes, camera)
    one_reader(reference, *probes)
    first, *others = photo_sources([reference, *probes], 2)
    lock = open_lock(settings, None)
    opener = Opener(probes, camera=camera)
    a = lock.imageprint(first, reference=True)
    (b,) = opened(settings, opener, others, lock.probes)
    facts = {
        "distance_bits": a - b,
        "lambda_bits": len(a),
        "distance": round(lock.distance(a, b), 4),
        "radius_bits": lock.radius,
        "match": a - b <= lock.radius,
    }
    verdict = "would unlock" if facts["match"] else "no match"
    text = f"{facts['distance_bits']} of {len(a)} bits differ, {lock.radius} allowed: {verdict}"
    report(settings, facts, text)
    return ExitCode.OK if facts["match"] else ExitCode.NO_MATCH


@command(
    "hash",
    "ailock hash mug.jpg",
    "ailock hash --bundle neuralhash *.jpg",
    "ailock hash --bundle neuralhash --profile easy --json a.png b.png",
)
@click.argument("photos", type=FILE, nargs=-1, required=True, metavar="PHOTO...", help="Photos.")
def hash_(settings: Settings, photos: tuple[str, ...]) -> int:
    """Print the imageprint of each photo in hexadecimal, poor photos too.

    With a NeuralHash bundle these are its 24 digits. Of a lock's object it is as good as a photo:
    do not publish it.
    """
    one_reader(*photos)
    lock = open_lock(settings, None)
    lock.check_quality = False
    found = []
    for photo in photos:
        (source,) = photo_sources([photo], 1)
        found.append({"photo": photo, "imageprint": bytes(lock.imageprint(source)).hex()})
    text = "\n".join(f"{one['imageprint']}  {one['photo']}" for one in found)
    report(settings, {"lambda_bits": lock.lambda_bits, "photos": found}, text)
    return ExitCode.OK


@command(
    "benchmark",
    "ailock benchmark",
    "ailock benchmark --photo mug.jpg --runs 5 --json",
    "ailock benchmark --tune",
)
@options.file_option("--photo", help="A photo to time with [default: the model's own].")
@click.option(
    "--runs",
    type=click.IntRange(min=1),
    default=DEFAULT_BENCHMARK_RUNS,
    show_default=True,
    help="Warm unlocks.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Threads of the network [default: as unlock, and a sweep over the cores].",
)
@click.option(
    "--tune", is_flag=True, help="Only show the Argon2id cost that new locks get on this device."
)
def benchmark(
    settings: Settings, photo: str | None, runs: int, threads: int | None, tune: bool
) -> None:
    """Time every stage of an unlock."""
    from ailock_sdk.benchmark import format_report, format_tuning, run, tuning

    if tune:
        result = tuning()
        report(settings, result, format_tuning(result))
        return
    result = run(
        photo=photo,
        runs=runs,
        threads=threads,
        profile=profile_name(settings),
        bundle=find_bundle(settings),
    )
    report(settings, result, format_report(result))


@command("doctor", "ailock doctor")
def doctor(settings: Settings) -> int:
    """Check this installation."""
    from ailock_sdk.doctor import examine
    from ailock_sdk.embedding import quiet_stderr

    with quiet_stderr():
        findings = examine(vault_path(settings), pepper_source(settings))
    lines = [f"{'ok  ' if f.ok else 'FAIL'} {f.what}: {f.detail}" for f in findings]
    facts = {f.what: {"ok": f.ok, "detail": f.detail} for f in findings}
    report(settings, facts, "\n".join(lines))
    return ExitCode.OK if all(f.ok for f in findings) else ExitCode.SETUP
