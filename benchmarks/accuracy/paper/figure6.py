"""Figure 6: what it changes when synthetic images (DS2) take part in training.

The excerpt of the paper at hand shows three lines, "ai.lock dataset", "ai.lock + synthetic image
attack DS2 (Not PCA)" and "ai.lock + synthetic image attack DS2", over lambda, and axes of F1, FAR
and FRR in per cent, not the text that explains them. They are read here as: trained without
synthetic images; with DS2 as further non-mated trials when tau is chosen, but not in the principal
components; with DS2 in both. DS1, which never takes part, is the attack on all three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.accuracy.paper.embeddings import RoleEmbeddings
from benchmarks.accuracy.paper.protocol import Study, cross_validate_trials
from benchmarks.accuracy.paper.recipe import (
    PAPER_COMPONENTS,
    WHOLE,
    TrainingSet,
    imageprint_bits,
    transform,
)
from benchmarks.accuracy.paper.roles import REFERENCE
from benchmarks.accuracy.paper.trials import Rule, Side, by_object, compare
from lab.fitting.calibration import CrossValidation
from lab.fitting.projections import Components
from lab.photos.synthetic import GENERATED, HALVES, ImageKind, half_of
from lab.report.results import Figure, Panel, Result
from lab.report.series import PERCENT, estimated
from lab.statistics.comparisons import Comparisons
from lab.statistics.hamming import pack
from lab.statistics.intervals import Estimate
from lab.statistics.synthetic_far import SyntheticTrials, compare_with_images

NUMBER, TITLE = "Figure 6", "SLSS trained with synthetic images"
VARIANT = "SLSS"
WITHOUT = "ai.lock dataset"
NOT_PCA = "with DS2 (not in the components)"
WITH = "with DS2"

_DS2 = HALVES[1]


@dataclass(frozen=True, eq=False)
class Trained:
    """One lambda of one line: how tau was found, and the attack by DS1 at its c."""

    cross_validation: CrossValidation
    attack: SyntheticTrials


def figure6(study: Study, synthetic: RoleEmbeddings, kind: ImageKind = GENERATED) -> list[Result]:
    """Cross validation and the attack by DS1, trained without and with DS2; SLSS.

    Parameters
    ----------
    study : the paper's recipe on the reference photos, trained without synthetic images
    synthetic : images in folders DS1 and DS2

    Raises
    ------
    SyntheticImagesError
        A synthetic image is in neither folder.
    """
    lines = {
        label: list(by_lambda.values())
        for label, by_lambda in (
            (WITHOUT, _without(study, synthetic, kind)),
            (NOT_PCA, train_with_ds2(study, synthetic, kind, in_components=False)),
            (WITH, train_with_ds2(study, synthetic, kind, in_components=True)),
        )
    }
    lambdas = study.settings.lambdas
    panels = [
        _panel(
            f"{name}, cross validation",
            name,
            lambdas,
            {
                label: [Estimate(getattr(one.cross_validation, name.lower())) for one in found]
                for label, found in lines.items()
            },
        )
        for name in ("F1", "FAR", "FRR")
    ]
    attacks = {label: [_far(study, one) for one in found] for label, found in lines.items()}
    panels.append(_panel(f"Attack by {HALVES[0]}", "FAR", lambdas, attacks))
    notes = (
        "Lines as read from the paper's legend: DS2 gives further non-mated trials when tau is "
        "chosen, in the last line it is in the principal components too. DS1 takes no part.",
        "The cross validation of the two lines with DS2 has its images among the non-mated trials, "
        "so its F1 and FAR are of other trials than those of the first line.",
        "DS2 images of an object join the trials of the fold after its own, and have no part in "
        "components that its own fold is seen through."
        if kind.of_objects
        else "DS2 images are dealt over the five folds in turn.",
        *kind.notes,
    )
    return [Figure(NUMBER, TITLE, tuple(panels), notes)]


def train_with_ds2(
    study: Study,
    synthetic: RoleEmbeddings,
    kind: ImageKind = GENERATED,
    *,
    in_components: bool,
) -> dict[int, Trained]:
    """Cross validation with DS2's images as further impostors, by lambda; then the attack by DS1.

    Parameters
    ----------
    in_components : principal components are fitted on DS2 too, less the fold's images
    """
    halves = half_of(synthetic.paths)
    layer = study.settings.layers[0]
    images = synthetic.read(layer, WHOLE)
    ds2 = images[halves == _DS2]
    own_fold, fold_of_image = folds_of_images(study, synthetic.objects[halves == _DS2], kind)
    read = {role: study.roles[role][0].read(layer, WHOLE) for role in study.features.fitted_roles}
    fold = [study.roles[role][1].fold for role in read]
    if in_components:
        training = TrainingSet(np.concatenate([*read.values(), ds2]))
        folds = np.concatenate([*fold, own_fold])
    else:
        training, folds = TrainingSet(np.concatenate(list(read.values()))), np.concatenate(fold)

    def bits(components: Components, embeddings: NDArray[np.float32]) -> NDArray[np.uint8]:
        return imageprint_bits(
            transform(components, embeddings),
            study.window,
            study.settings.lambdas[-1],
            study.settings.lsh_seed,
        )

    trials: dict[int, list[Comparisons]] = {length: [] for length in study.settings.lambdas}
    label = "folds with DS2" + (" in the components" if in_components else "")
    bar = tqdm(
        range(study.features.folds), label, unit="fold", disable=None if study.progress else True
    )
    for number in bar:
        components = training.components((folds >= 0) & (folds != number), PAPER_COMPONENTS)
        sides = []
        for role in study.compared_roles:
            embeddings, split = study.roles[role]
            rows, objects = by_object(embeddings.objects, split.fold == number)
            sides.append((bits(components, read[role][rows]), objects))
        image_bits = bits(components, ds2[fold_of_image == number])
        sides.append((image_bits, np.arange(len(image_bits))))
        for length in study.settings.lambdas:
            first, *others = (Side((pack(b[:, :length]),), objects) for b, objects in sides)
            trials[length].append(compare(first, others, Rule(length, (0,))))
    final = training.components(folds >= 0, PAPER_COMPONENTS)
    reference_bits = bits(final, read[REFERENCE])
    reference_objects = study.roles[REFERENCE][0].objects
    ds1_bits = bits(final, images[halves != _DS2])
    ds1_shown = kind.shown(synthetic.objects[halves != _DS2])
    return {
        length: Trained(
            cross_validate_trials(folds_of_length),
            compare_with_images(
                reference_bits[:, :length], reference_objects, ds1_bits[:, :length], ds1_shown
            ),
        )
        for length, folds_of_length in trials.items()
    }


def folds_of_images(
    study: Study, objects: NDArray[np.str_], kind: ImageKind
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Without which fold an image is in the components, and whose trials it joins; -1: neither."""
    folds = study.features.folds
    if not kind.of_objects:
        in_turn = np.arange(len(objects)) % folds
        return in_turn, in_turn
    reference, split = study.roles[REFERENCE]
    fold_of = dict(zip(reference.objects.tolist(), split.fold.tolist(), strict=True))
    own = np.array([fold_of.get(name, -1) for name in objects.tolist()], dtype=np.int64)
    return own, np.where(own < 0, -1, (own + 1) % folds)


def _without(study: Study, synthetic: RoleEmbeddings, kind: ImageKind) -> dict[int, Trained]:
    variant = study.variants[VARIANT]
    reference = study.roles[REFERENCE][0]
    chosen = half_of(synthetic.paths) != _DS2
    longest = study.settings.lambdas[-1]
    ours = study.final_bits(reference, variant, longest)
    theirs = study.final_bits(synthetic, variant, longest)[chosen]
    shown = kind.shown(synthetic.objects[chosen])
    return {
        length: Trained(
            study.outcome(VARIANT, length).cross_validations[0],
            compare_with_images(ours[:, :length], reference.objects, theirs[:, :length], shown),
        )
        for length in study.settings.lambdas
    }


def _far(study: Study, one: Trained) -> Estimate:
    radius = one.cross_validation.radius_bits
    found = one.attack.far(radius, study.settings.replicates, study.settings.seed)
    return found or Estimate(nan)


def _panel(
    title: str, measure: str, lambdas: Sequence[int], lines: Mapping[str, Sequence[Estimate]]
) -> Panel:
    series = (estimated(label, lambdas, found, PERCENT) for label, found in lines.items())
    return Panel(title, "lambda (bits)", f"{measure} (%)", tuple(series))
