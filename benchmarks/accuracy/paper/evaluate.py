"""Everything the report holds, for one or more bundles on the same photos."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ailock_sdk import AiLock
from ailock_sdk.embedding import Bundle
from ailock_sdk.profiles import DEFAULT_PROFILE
from benchmarks.accuracy.credentials import results as credentials
from benchmarks.accuracy.credentials.attack import SAMPLES, credential_attack
from benchmarks.accuracy.paper import figure6
from benchmarks.accuracy.paper.copies import leave_out_copies
from benchmarks.accuracy.paper.default_profile import DefaultProfile
from benchmarks.accuracy.paper.embeddings import RoleEmbeddings, embed_role
from benchmarks.accuracy.paper.error_gallery import galleries
from benchmarks.accuracy.paper.experiments import noted, or_absent, run_experiments
from benchmarks.accuracy.paper.facts import bundle_facts, recommendation, shared_facts
from benchmarks.accuracy.paper.made_images import with_images
from benchmarks.accuracy.paper.master_images import all_matches, master_results, wolves
from benchmarks.accuracy.paper.object_errors import object_results
from benchmarks.accuracy.paper.operating_points import operating_points
from benchmarks.accuracy.paper.protocol import Settings, Study
from benchmarks.accuracy.paper.recipe import WHOLE, Window, choose_layers
from benchmarks.accuracy.paper.roles import REFERENCE, SYNTHETIC, UNLABELLED, RolePhotos
from benchmarks.accuracy.paper.split import all_training, require_disjoint, split_by_object
from benchmarks.accuracy.paper.systems import Photo, System, profile_system, recipe_system
from benchmarks.accuracy.paper.table5 import TITLE as TABLE_5_TITLE
from benchmarks.accuracy.paper.table5 import synthetic_attack
from lab.errors import SyntheticImagesError
from lab.photos.labelled_photos import name_of
from lab.photos.quality import gate_issues
from lab.photos.synthetic import GENERATED, ImageKind
from lab.report.results import Absent, Chapter, Report, Result
from lab.statistics.workers import open_workers
from lab.verification.synthetic_attack import AttackSettings, profile_attack

FORMAT = "ailock-paper/1"
TABLE_5 = "Table 5"
QUICK_LAMBDAS = (150, 350, 500)
QUICK_REPLICATES = 100
QUICK_CREDENTIALS = 10_000
QUICK_IMAGES = 100
BASIC = "SLSS"
HOLDOUT = "hold-out"
NO_SYNTHETIC = "there are no synthetic images: leave out --images 0, or give --synthetic SET"
Look = Callable[[System], list[Result]]
"""Master images of a system, and the photos behind its errors."""
PHOTOS_INSIDE = (
    "This page holds small copies of photos it was made from. Pass it on only to whom the photos "
    "may go, or make it again with --no-photos."
)
NO_MEASURE_OF_SAFETY = (
    "Rates are of these photos, split by object. An attacker chooses his photos; helper data leaks "
    "too, which these experiments, like the paper's, leave aside (benchmarks.attacks measures it)."
)


@dataclass(frozen=True)
class Options:
    """What the caller decides.

    Attributes
    ----------
    cache : folder of embeddings and imageprints, kept between runs
    layers : of the recipe; None: the paper's, as far as a bundle has them
    window : of principal components; None: the paper's, scaled where there are fewer
    images : synthetic images to make where none are given
    workers : threads, or the address of a Dask scheduler
    seed : of the split and of the bootstrap
    quick : whole photos only, fewer lambdas, fewer replicates
    with_photos : put small copies of the photos behind the errors into the page
    """

    cache: Path
    layers: tuple[str, ...] | None = None
    window: Window | None = None
    images: int = 0
    workers: str = "1"
    seed: int = 1
    quick: bool = False
    with_photos: bool = True

    def settings(self, layers: tuple[str, ...]) -> Settings:
        """Of the experiments on these layers."""
        full = Settings(layers, window=self.window, seed=self.seed)
        if not self.quick:
            return full
        return replace(full, segments=(), lambdas=QUICK_LAMBDAS, replicates=QUICK_REPLICATES)


def evaluate(
    photos: Mapping[str, RolePhotos],
    bundles: Sequence[Bundle],
    options: Options,
    command: str,
    progress: bool = False,
) -> Report:
    """Run all experiments with each bundle on the same objects, split alike.

    Parameters
    ----------
    photos : of each role, from :func:`benchmarks.accuracy.paper.roles.open_roles`
    command : what the user typed, for the report
    progress : show bars on stderr, if that is a terminal

    Raises
    ------
    LabError
        Photos cannot be embedded or split, or an object or photo is on both sides of the split.
    ExperimentError
        A bundle lacks a layer that was asked for.
    """
    # All layers are chosen before the first long run.
    layers = [choose_layers(list(bundle.layers), options.layers) for bundle in bundles]
    kind, no_images = GENERATED, NO_SYNTHETIC
    if SYNTHETIC not in photos and options.images:
        try:
            photos, kind = with_images(
                photos, options.images, options.cache, options.seed, progress
            )
        except SyntheticImagesError as error:
            no_images = str(error)
    advice: dict[str, None] = {}
    chapters = []
    for bundle, chosen in zip(bundles, layers, strict=True):
        chapter, study = _chapter(photos, kind, no_images, bundle, chosen, options, progress)
        chapters.append(chapter)
        advice |= dict.fromkeys(recommendation(study))
    inside = (PHOTOS_INSIDE,) if options.with_photos else ()
    names = ", ".join(name_of(one) for one in photos[REFERENCE].sets)
    return Report(
        f"ai.lock's evaluation on {names}",
        shared_facts(photos, options.seed, command),
        (*advice, *inside, NO_MEASURE_OF_SAFETY),
        tuple(chapters),
        format=FORMAT,
    )


def _chapter(
    photos: Mapping[str, RolePhotos],
    kind: ImageKind,
    no_images: str,
    bundle: Bundle,
    layers: tuple[str, ...],
    options: Options,
    progress: bool,
) -> tuple[Chapter, Study]:
    settings = options.settings(layers)
    segments = (WHOLE, *settings.segments)

    def embed(role: str, layers: Sequence[str], segments: Sequence[str]) -> RoleEmbeddings:
        return embed_role(
            bundle, role, photos[role], layers, segments, options.cache, options.workers, progress
        )

    # Synthetic images only attack: they take no part in the split, nor in fitting. Components are
    # those of whole photos.
    embedded = leave_out_copies(
        {
            role: embed(role, layers, (WHOLE,) if role == UNLABELLED else segments)
            for role in photos
            if role != SYNTHETIC
        },
        layers[0],
    )
    roles = {
        role: (
            each,
            all_training(each) if role == UNLABELLED else split_by_object(each, seed=options.seed),
        )
        for role, each in embedded.items()
    }
    require_disjoint(roles)

    def read(photo: Photo) -> bytes:
        return photos[photo.role].read(photo.number)

    def look(system: System) -> list[Result]:
        matches = all_matches(system)
        found = master_results(system, matches)
        if options.with_photos:
            found += galleries(system, wolves(system, matches), read)
        return found

    study = Study(roles, settings, progress)
    beside = _default_profile(bundle, photos, options)
    results = run_experiments(study, beside)
    results += or_absent("", "Statistics of the variants", _of_variants, study, look)
    if beside is not None:
        results += or_absent("", "Statistics of the profile", _of_profile, study, beside, look)
    results += or_absent("", credentials.TITLE, _credentials, study, options)
    if SYNTHETIC in photos:

        def attack() -> list[Result]:
            images = embed(SYNTHETIC, layers[:1], (WHOLE,))
            return _synthetic(study, images, photos, kind, beside, options)

        results += or_absent(TABLE_5, TABLE_5_TITLE.format(kind.attack), attack)
    else:
        results += [
            Absent(TABLE_5, TABLE_5_TITLE.format(kind.attack), no_images),
            Absent(figure6.NUMBER, figure6.TITLE, no_images),
        ]
    facts = bundle_facts(bundle, study, beside)
    return Chapter(f"{bundle.name} {bundle.version}", facts, tuple(results)), study


def _of_variants(study: Study, look: Look) -> list[Result]:
    """All variants on the hold-out; closely the last, the paper's best of those that there are."""
    systems = [recipe_system(study, name) for name in study.variants]
    rates = operating_points(systems, HOLDOUT) + object_results(systems, HOLDOUT)
    return noted(rates + look(systems[-1]), study)


def _of_profile(study: Study, beside: DefaultProfile, look: Look) -> list[Result]:
    """The bundle's default profile on all photos."""
    system = profile_system(beside, study.settings, study.progress)
    roles = [REFERENCE, *(crowd.photos[0].role for crowd in system.others)]
    where = f"{system.name}, all {' and '.join(roles)} photos"
    rates = operating_points([system], where) + object_results([system], where)
    return rates + look(system)


def _credentials(study: Study, options: Options) -> list[Result]:
    """Synthetic credentials against all reference photos, as SLSS imageprints."""
    reference, _ = study.roles[REFERENCE]
    bits = study.final_bits(reference, study.variants[BASIC], study.settings.lambdas[-1])
    samples = QUICK_CREDENTIALS if options.quick else SAMPLES
    with open_workers(options.workers) as workers:
        attack = credential_attack(
            bits.astype(np.bool_),
            study.radii(BASIC),
            samples,
            options.seed,
            workers,
            study.progress,
            objects=[str(name) for name in reference.objects],
        )
    return noted([credentials.table(attack), credentials.figure(attack)], study)


def _synthetic(
    study: Study,
    images: RoleEmbeddings,
    photos: Mapping[str, RolePhotos],
    kind: ImageKind,
    beside: DefaultProfile | None,
    options: Options,
) -> list[Result]:
    """Table 5, and the same attack on the bundle's default profile, where it has one."""
    synthetic = photos[SYNTHETIC]
    results = synthetic_attack(study, images, gate_issues(synthetic, study.progress), kind)
    results += or_absent(figure6.NUMBER, figure6.TITLE, figure6.figure6, study, images, kind)
    results = noted(results, study)
    if beside is not None:
        attack = AttackSettings(study.settings.replicates, options.seed, study.progress)
        results.append(
            profile_attack(beside.lock, photos[REFERENCE], synthetic, options.cache, attack, kind)
        )
    return results


def _default_profile(
    bundle: Bundle, photos: Mapping[str, RolePhotos], options: Options
) -> DefaultProfile | None:
    """The bundle's own default profile, where it has one."""
    if DEFAULT_PROFILE not in bundle.profiles:
        return None
    return DefaultProfile(AiLock(bundle, DEFAULT_PROFILE, pepper=None), photos, options.cache)
