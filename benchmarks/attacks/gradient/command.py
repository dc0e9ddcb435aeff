"""``collision`` and ``evasion``: photos changed by gradients, judged by the real pipeline."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ailock_sdk import AiLock
from lab.bundles.find import open_bundle
from lab.command import (
    add_cache,
    add_command,
    add_out,
    add_photos,
    add_profile,
    add_quality_gate,
    add_seed,
    at_least,
    cache_of,
)
from lab.errors import ExperimentError
from lab.photos.imageprints import all_imageprints
from lab.photos.labelled_photos import LabelledPhotos, open_labelled_photos
from lab.report import provenance
from lab.report.files import print_report, save, tell
from lab.report.results import Chapter, Report, Result

VARIANTS = ("standard", "edges", "few-pixels")
COLLISION, EVASION, MASTER = "collision", "evasion", "master-photo"
THEIR_SSIM_WEIGHT = 0.16
"""Struppek et al.'s 100, of NeuralHash's margins as they are; ours have a root mean square of 1,
theirs one of some 630."""
_NEEDS = ("torch", "skimage")
_EXTRA = "the attacks by gradients need PyTorch and scikit-image: pip install 'ailock-sdk[attack]'"


def add_parser(attacks: Any) -> None:
    """Add both to the sub-parsers of ``python -m benchmarks.attacks``."""
    collision = add_command(
        attacks, COLLISION, run_collision, "change photos until they collide with another object's"
    )
    _add_common(collision, COLLISION, {"ssim_weight": THEIR_SSIM_WEIGHT, "check_every": 10})
    _add_photos_to_change(collision)
    add = collision.add_argument
    add(
        "--bits",
        type=at_least(0),
        metavar="N",
        help="most bits that may differ; 0: the same hash (default: the profile's c)",
    )
    add(
        "--targets",
        choices=("nearest", "random"),
        default="nearest",
        help="the nearest photo of another object, or any",
    )
    add(
        "--survive",
        choices=("png", "jpeg", "recapture"),
        default="png",
        help="what the pictures are made to survive: nothing, JPEG, or print and re-capture",
    )
    add(
        "--more-looks",
        action="store_true",
        help="let the lock look at probes as often as at references, with the attacker's knowledge",
    )
    add("--slack", type=float, default=0.0, help="that margins are to have, over their RMS")
    evasion = add_command(
        attacks, EVASION, run_evasion, "change photos until their bits are others"
    )
    _add_common(evasion, EVASION, {"ssim_weight": 5.0, "ssim_decay": 0.99, "check_every": 1})
    _add_photos_to_change(evasion)
    evasion.add_argument(
        "--thresholds",
        type=float,
        nargs="+",
        default=[0.01, 0.1, 0.5],
        metavar="H",
        help="shares of the bits that are to differ; more than c always is one",
    )
    master = add_command(
        attacks, MASTER, run_master, "photos that open strangers' locks, made from the bundle alone"
    )
    quick = {"learning_rate": 1e-2, "steps": 600, "ssim_weight": 0.0, "check_every": 10}
    _add_common(master, MASTER, quick)
    master.add_argument(
        "--own",
        type=Path,
        nargs="+",
        required=True,
        metavar="SET",
        help="photo sets that the attacker has, of other objects than --photos",
    )


def _add_photos_to_change(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add_quality_gate(command, "change and aim at photos, too, that the quality gate refuses")
    add("--pairs", type=at_least(1), default=10, metavar="N", help="photos to change")
    add("--variants", nargs="+", choices=VARIANTS, default=["standard"], help="ways to change")
    add("--max-pixels", type=at_least(1), default=150, help="most that few-pixels changes")


def _add_common(command: argparse.ArgumentParser, name: str, recipe: dict[str, float]) -> None:
    add_photos(command, "")
    add_profile(command)
    add = command.add_argument
    add("--learning-rate", type=float, help="of Adam, on pixels in [-1, 1]")
    add("--ssim-weight", type=float, help="weight of looking alike")
    add("--ssim-decay", type=float, help="factor of that weight at each step")
    add("--steps", type=at_least(1), help="most of a photo")
    add("--check-every", type=at_least(1), help="steps")
    command.set_defaults(**{"learning_rate": 1e-3, "ssim_decay": 1.0, "steps": 10_000, **recipe})
    add_cache(command)
    add_seed(command)
    add_out(command, Path("out") / name)


def run_collision(options: argparse.Namespace, command: str) -> int:
    """Attack every pair by every variant; 0, for there is no acceptance to miss."""
    require_extra()
    from benchmarks.attacks.gradient import collision, defences, tables

    scene, photos = _scene(options)
    aim = collision.Aim(
        scene.lock.radius if options.bits is None else options.bits,
        options.slack,
        options.targets,
        options.survive,
    )
    gate = not options.no_quality_gate
    pairs, targets = collision.choose_pairs(
        scene, photos, cache_of(options), options.pairs, options.targets, gate, options.seed
    )
    attempts = []
    for variant in options.variants:
        made = collision.collide(
            scene, photos, pairs, targets, variant, aim, _recipe(options), options.out
        )
        attempts += [_told(one) for one in made]
    ordinary = [scene.square(photos.read(pair.source)) for pair in pairs]
    ordinary += [scene.square(photos.read(pair.target)) for pair in pairs]
    notes = (
        f"Targets: the {aim.targets} photo of another object; pictures are made to survive "
        f"{aim.survives}. Medians are of what succeeded as PNG.",
        *(["The lock looks at probes as often as at references."] * options.more_looks),
    )
    results = (
        tables.summary(attempts, f"Collision within {aim.bits} bits", notes),
        tables.baseline(scene, photos, pairs, targets, aim.bits),
        defences.defences(scene, attempts, ordinary),
        tables.curves(attempts),
        tables.gallery(attempts),
        tables.each(attempts),
    )
    return _finish(options, command, scene.lock, photos, COLLISION, results)


def run_evasion(options: argparse.Namespace, command: str) -> int:
    """Change every photo by every variant; 0, for there is no acceptance to miss."""
    require_extra()
    from benchmarks.attacks.gradient import evasion, tables

    scene, photos = _scene(options)
    gate = not options.no_quality_gate
    chosen = evasion.choose_photos(
        scene, photos, cache_of(options), options.pairs, gate, options.seed
    )
    wanted = evasion.limits(options.thresholds, scene.lock.lambda_bits, scene.lock.radius)
    attempts = []
    for variant in options.variants:
        made = evasion.evade(scene, photos, chosen, variant, wanted, _recipe(options), options.out)
        attempts += [_told(one) for one in made]
    results = (
        tables.summary(attempts, "Evasion", ("Medians are of what succeeded as PNG.",)),
        tables.curves(attempts),
        tables.gallery(attempts),
        tables.each(attempts),
    )
    return _finish(options, command, scene.lock, photos, EVASION, results)


def run_master(options: argparse.Namespace, command: str) -> int:
    """Search on the attacker's photos, and try on strangers'; 0, for there is nothing to miss."""
    require_extra()
    import numpy as np

    from benchmarks.attacks.gradient import master, tables
    from benchmarks.attacks.gradient.scene import distances

    scene, photos = _scene(options)
    lock, radius, cache = scene.lock, scene.lock.radius, cache_of(options)
    owned = open_labelled_photos(options.own)
    references = all_imageprints(lock, owned, cache, True, True)
    probes = all_imageprints(lock, owned, cache, False, True)
    kept = references.acquired(quality_gate=True) & probes.acquired(quality_gate=True)
    numbers, shown = np.flatnonzero(kept), probes.margins[kept]
    own = master.Strangers(references.margins[kept], np.array(owned.objects)[kept])
    enrolled = all_imageprints(lock, photos, cache, True, True)
    there = enrolled.acquired(quality_gate=True)
    victims = master.Strangers(enrolled.margins[there], np.array(photos.objects)[there])
    wanted = master.search(own.margins, radius, options.seed)
    nearest = distances(wanted, shown).argmin(axis=1)
    starts = [scene.square(owned.read(int(numbers[index]))) for index in nearest]
    made = list(master.make_photos(scene, starts, wanted, _recipe(options)))
    tries = {
        "the photo of his that opens most of his": master.choose(own.margins, shown, radius),
        "bits that open most of his, if he could show them": wanted,
        "a photo changed to have those bits": np.array([one[1].margins for one in made]),
    }
    found = master.table(own, victims, tries, shown, radius, options.seed)
    pictures = tables.before_and_after(
        starts, [one[0] for one in made], [f"{one[2]} bits missed, {one[3]:.0f} s" for one in made]
    )
    return _finish(options, command, lock, photos, MASTER, (found, pictures))


def require_extra() -> None:
    """Say which extra is missing, if one is."""
    if any(find_spec(name) is None for name in _NEEDS):
        raise ExperimentError(_EXTRA)


def _scene(options: argparse.Namespace) -> tuple[Any, LabelledPhotos]:
    import torch

    from benchmarks.attacks.gradient.scene import Scene

    torch.set_num_threads(1)  # PyTorch's threads wait for each other longer than they help
    photos = open_labelled_photos(options.photos)
    bundle = open_bundle(options.bundle)
    lock = AiLock(bundle, options.profile, threads=1, check_quality=False, pepper=None)
    return Scene(lock, options.seed, getattr(options, "more_looks", False)), photos


def _recipe(options: argparse.Namespace) -> Any:
    from benchmarks.attacks.gradient.descent import Recipe

    return Recipe(
        options.learning_rate,
        options.ssim_weight,
        options.ssim_decay,
        options.steps,
        options.check_every,
        *([options.max_pixels] if "max_pixels" in options else []),
    )


def _told(attempt: Any) -> Any:
    """An attempt, and a line about it for who waits."""
    print(
        f"{attempt.variant}, {attempt.aim}: {attempt.source}: {attempt.bits_before} to "
        f"{attempt.verdict.png} bits, SSIM {attempt.verdict.changed.ssim:.3f}, "
        f"{attempt.steps} steps, {attempt.seconds / 60:.1f} min",
        flush=True,
    )
    return attempt


def _finish(
    options: argparse.Namespace,
    command: str,
    lock: AiLock,
    photos: LabelledPhotos,
    name: str,
    results: tuple[Result, ...],
) -> int:
    recorded = provenance.record(command)
    depends_on = {
        "Photos": provenance.photos_line(photos),
        "Model": f"{provenance.bundle_line(lock)}; model {lock.bundle.model_sha256}",
        "Profile": f"{lock.profile.name}: lambda {lock.lambda_bits}, c = {lock.radius}",
        "Settings": ", ".join(f"{k} {v:g}" for k, v in asdict(_recipe(options)).items()),
        "Seed": str(options.seed),
    }
    report = Report(
        f"Photos changed by gradients: {name}",
        provenance.facts(recorded, depends_on),
        (),
        (Chapter("", {}, results),),
        f"ailock-{name}/1",
        {**recorded, "settings": asdict(_recipe(options))},
    )
    print_report(report)
    tell(save(report, options.out, name))
    return 0
