"""The paper's protocol (sections 6.2 and 7.1): hold-out, five folds, thresholds, and all trials.

Components are fitted on training photos only. A training photo is seen through components of the
four folds that it is not in, a hold-out photo through those of all five.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.sketch import correction_radius
from benchmarks.accuracy.paper.embeddings import RoleEmbeddings
from benchmarks.accuracy.paper.recipe import (
    LSH_SEED,
    PAPER_COMPONENTS,
    PAPER_WINDOW,
    PARTS,
    WHOLE,
    Bits,
    Features,
    TrainingSet,
    Variant,
    Window,
    imageprint_bits,
    transform,
    variants,
)
from benchmarks.accuracy.paper.roles import CATEGORY, ILLUMINATION, IMPOSTOR, REFERENCE
from benchmarks.accuracy.paper.split import Split
from benchmarks.accuracy.paper.trials import Rule, Side, compare
from lab.errors import ExperimentError
from lab.fitting.calibration import (
    PAPER_LAMBDAS,
    CrossValidation,
    cross_validate,
    f1_scores,
    tau_text,
)
from lab.fitting.projections import Components
from lab.statistics.comparisons import Comparisons
from lab.statistics.error_rates import equal_error_rate, fmr_at, fnmr_at
from lab.statistics.hamming import Words, pack
from lab.statistics.intervals import (
    CONFIDENCE,
    FEW_OBJECTS,
    Estimate,
    estimate,
    rule_of_three,
    usable_replicates,
)

OTHERS = (ILLUMINATION, CATEGORY)
"""Roles whose photos meet every reference photo in non-mated trials, as the paper's do."""

BLOCK_PHOTOS = 1000
"""Embeddings in memory at a time, once components are fitted."""

Roles = Mapping[str, tuple[RoleEmbeddings, Split]]


@dataclass(frozen=True)
class Settings:
    """What the caller decides; all but the layers are the paper's values.

    Attributes
    ----------
    layers : from :func:`~benchmarks.accuracy.paper.recipe.choose_layers`; the single-layer variants
        use the first, the multi-layer ones all
    segments : of the multi-segment variants; empty: these are left out
    needed : t, how many segments must match
    window : the principal components that are cut
    lambdas : bits of each layer and segment, ascending
    lsh_seed : of the hyperplanes
    replicates : of the object bootstrap; 0 gives no intervals
    seed : of the bootstrap
    """

    layers: tuple[str, ...]
    segments: tuple[str, ...] = PARTS
    needed: int = 3
    window: Window = PAPER_WINDOW
    lambdas: tuple[int, ...] = PAPER_LAMBDAS
    lsh_seed: int = LSH_SEED
    replicates: int = 1_000
    seed: int = 1

    @property
    def variants(self) -> dict[str, Variant]:
        """The paper's variants that these layers and segments make."""
        return variants(self.layers, self.segments, self.needed)


@dataclass(frozen=True, eq=False)
class Outcome:
    """One variant at one lambda.

    Attributes
    ----------
    cross_validations : how tau was found, one for each segment
    rule : when photos match
    folds : the trials of each fold
    holdout : the trials of the hold-out
    """

    variant: Variant
    lambda_bits: int
    cross_validations: tuple[CrossValidation, ...]
    rule: Rule
    folds: tuple[Comparisons, ...]
    holdout: Comparisons

    @property
    def fold_f1(self) -> float:
        """Mean F1 over the folds, at thresholds chosen on them: it flatters."""
        return float(np.mean([f1_at(fold, self.rule.radius).value for fold in self.folds]))

    @property
    def fold_far(self) -> float:
        """Mean FAR over the folds."""
        return float(np.mean([fmr_at(fold.non_mated, self.rule.radius) for fold in self.folds]))

    @property
    def fold_frr(self) -> float:
        """Mean FRR over the folds."""
        return float(np.mean([fnmr_at(fold.mated, self.rule.radius) for fold in self.folds]))


class Study:
    """The photos of all roles, seen through the paper's recipe; results are kept once computed.

    Parameters
    ----------
    roles : the embeddings and the split of each role; ``reference`` is required
    settings : what to make
    progress : show bars on stderr, if that is a terminal

    Raises
    ------
    ExperimentError
        There is no reference role.
    """

    def __init__(self, roles: Roles, settings: Settings, progress: bool = False) -> None:
        if REFERENCE not in roles:
            raise ExperimentError("the experiments need photos in the role 'reference'")
        self.roles = roles
        self.settings = settings
        self.progress = progress
        self._features: dict[tuple[str, str, str], Features] = {}
        self._final: dict[str, Components] = {}
        self._bits: dict[tuple[str, str, str, Window], Bits] = {}
        self._outcomes: dict[tuple[str, int], Outcome] = {}

    @property
    def variants(self) -> dict[str, Variant]:
        """The variants that can be made, by name."""
        return self.settings.variants

    @property
    def folds(self) -> int:
        """F, how many folds the reference photos are split in."""
        return int(self.roles[REFERENCE][1].fold.max()) + 1

    @property
    def fitted_roles(self) -> tuple[str, ...]:
        """The roles on whose training photos components are fitted.

        The paper's three; the impostors too where those are too few for the window.
        """
        given = tuple(r for r in (REFERENCE, *OTHERS) if r in self.roles)
        if IMPOSTOR in self.roles and self.fitted_photos(given) <= self.settings.window.stop:
            return (*given, IMPOSTOR)
        return given

    def fitted_photos(self, roles: Sequence[str] | None = None) -> int:
        """Training photos that components are fitted on, in the fold that has fewest."""
        chosen = self.fitted_roles if roles is None else roles
        counts = [
            sum(
                int(((s.fold >= 0) & (s.fold != k)).sum())
                for s in (self.roles[r][1] for r in chosen)
            )
            for k in range(self.folds)
        ]
        return min(counts)

    def features(self, role: str, layer: str, segment: str = WHOLE) -> Features:
        """Every photo through components that it had no part in, float32 (N, K)."""
        if (role, layer, segment) not in self._features:
            self._prepare(layer)
        return self._features[role, layer, segment]

    def final_features(
        self, embeddings: RoleEmbeddings, layer: str, segment: str = WHOLE
    ) -> Features:
        """Photos, such as an attacker's, through the components of all training photos."""
        if layer not in self._final:
            self._prepare(layer)
        return transform(self._final[layer], embeddings.read(layer, segment))

    def final_bits(self, embeddings: RoleEmbeddings, variant: Variant, lambda_bits: int) -> Bits:
        """Imageprints of a single-segment variant by the components of all training photos.

        uint8 (N, layers x lambda).
        """
        (segment,) = variant.segments
        return np.concatenate(
            [
                imageprint_bits(
                    self.final_features(embeddings, layer, segment),
                    self.settings.window,
                    lambda_bits,
                    self.settings.lsh_seed,
                )
                for layer in variant.layers
            ],
            axis=1,
        )

    def side(
        self,
        role: str,
        chosen: NDArray[np.bool_],
        variant: Variant,
        lambda_bits: int,
        window: Window | None = None,
    ) -> Side:
        """The imageprints of some photos of a role, sorted by object.

        Parameters
        ----------
        chosen : bool (N,)
        window : of components; without one, that of the settings
        """
        rows, objects = by_object(self.roles[role][0].objects, chosen)
        return Side(
            tuple(
                self._words(role, rows, variant.layers, segment, lambda_bits, window)
                for segment in variant.segments
            ),
            objects,
        )

    def fold_sides(
        self, fold: int | None, variant: Variant, lambda_bits: int, window: Window | None = None
    ) -> tuple[Side, list[Side]]:
        """The reference photos of a fold, or of the hold-out, and the other roles' photos of it."""
        found = []
        for role in (REFERENCE, *(r for r in OTHERS if r in self.roles)):
            split = self.roles[role][1]
            chosen = split.holdout if fold is None else split.fold == fold
            found.append(self.side(role, chosen, variant, lambda_bits, window))
        return found[0], found[1:]

    def cross_validated(
        self, variant: Variant, segment: str, lambda_bits: int, window: Window | None = None
    ) -> CrossValidation:
        """The threshold of one segment alone, of greatest mean F1 over the folds (section 7.1)."""
        alone = Variant(variant.name, variant.layers, (segment,), 1)
        rule = Rule(lambda_bits * len(variant.layers), (0,))
        folds = [
            compare(*self.fold_sides(fold, alone, lambda_bits, window), rule)
            for fold in range(self.folds)
        ]
        return cross_validate(
            np.stack([fold.mated for fold in folds]), np.stack([fold.non_mated for fold in folds])
        )

    def outcome(self, name: str, lambda_bits: int) -> Outcome:
        """Thresholds by cross validation, then the trials of the folds and of the hold-out.

        Replicates of the folds are made at the largest lambda only.
        """
        key = name, lambda_bits
        if key not in self._outcomes:
            variant = self.variants[name]
            found = tuple(
                self.cross_validated(variant, segment, lambda_bits) for segment in variant.segments
            )
            bits = lambda_bits * len(variant.layers)
            radii = tuple(correction_radius(bits, tau_text(each.tau)) for each in found)
            rule = Rule(bits, radii, variant.needed)
            last = lambda_bits == self.settings.lambdas[-1]
            # Only there is an interval of the folds reported: replicates are most of the work.
            folds = tuple(
                compare(
                    *self.fold_sides(fold, variant, lambda_bits),
                    rule,
                    self.settings.replicates if last else 0,
                    self.settings.seed + fold,
                )
                for fold in range(self.folds)
            )
            holdout = compare(
                *self.fold_sides(None, variant, lambda_bits),
                rule,
                self.settings.replicates,
                self.settings.seed,
            )
            self._outcomes[key] = Outcome(variant, lambda_bits, found, rule, folds, holdout)
        return self._outcomes[key]

    def radii(self, name: str = "SLSS") -> dict[int, int]:
        """c by lambda of a single-segment variant, from cross validation."""
        return {bits: self.outcome(name, bits).rule.radius for bits in self.settings.lambdas}

    def _words(
        self,
        role: str,
        rows: NDArray[np.int64],
        layers: Sequence[str],
        segment: str,
        lambda_bits: int,
        window: Window | None,
    ) -> Words:
        window = self.settings.window if window is None else window
        parts = []
        for layer in layers:
            key = role, layer, segment, window
            if key not in self._bits or self._bits[key].shape[1] < lambda_bits:
                self._bits[key] = imageprint_bits(
                    self.features(role, layer, segment),
                    window,
                    max(*self.settings.lambdas, lambda_bits),
                    self.settings.lsh_seed,
                )
            parts.append(self._bits[key][rows, :lambda_bits])
        return pack(np.concatenate(parts, axis=1))

    def _prepare(self, layer: str) -> None:
        """Fit the components of one layer, on whole photos, and transform all photos by them.

        Segments are transformed by the components of whole photos, as in the original code.
        """
        models = self._fitted(layer)
        self._final[layer] = models[-1]
        count = min(model.matrix.shape[1] for model in models)
        segments = (WHOLE, *self.settings.segments)
        seen = [role for role in (REFERENCE, *OTHERS, IMPOSTOR) if role in self.roles]
        bar = tqdm(
            [(role, segment) for role in seen for segment in segments],
            f"components, {layer}",
            unit="part",
            disable=None if self.progress else True,
        )
        for role, segment in bar:
            embeddings, split = self.roles[role]
            photos = len(split.fold)
            features = np.empty((photos, count), np.float32)
            # Impostors that had no part in the fit are all seen as hold-out photos are.
            fold = split.fold if role in self.fitted_roles else np.full(photos, -1)
            for start in range(0, photos, BLOCK_PHOTOS):
                block = slice(start, min(start + BLOCK_PHOTOS, photos))
                read = embeddings.read(layer, segment, block.start, block.stop)
                for number in np.unique(fold[block]):
                    here = fold[block] == number
                    seen_by = models[int(number)]  # the last one for -1
                    features[block][here] = transform(seen_by, read[here])[:, :count]
            self._features[role, layer, segment] = features

    def _fitted(self, layer: str) -> list[Components]:
        """The components without each fold, and at the end those of all training photos."""
        fitted = [self.roles[role] for role in self.fitted_roles]
        # Role by role: several copies of all embeddings would not fit in memory.
        training = TrainingSet(
            np.concatenate([each.read(layer, WHOLE)[split.fold >= 0] for each, split in fitted])
        )
        fold = np.concatenate([split.fold[split.fold >= 0] for _, split in fitted])
        members = [fold != number for number in (*range(self.folds), -1)]
        bar = tqdm(members, f"fit, {layer}", unit="fold", disable=None if self.progress else True)
        return [training.components(each, PAPER_COMPONENTS) for each in bar]


def by_object(
    names: NDArray[np.str_], chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The chosen photos sorted by object: their rows and their objects' numbers, int64 (n,)."""
    rows = np.flatnonzero(chosen)
    numbers = np.unique(names[rows], return_inverse=True)[1]
    order = np.argsort(numbers, kind="stable")
    return rows[order], numbers[order].astype(np.int64)


def f1_at(comparisons: Comparisons, radius: int) -> Estimate:
    """F1 at a radius, with the interval of the bootstrap replicates where there are any."""
    at = np.array([radius])
    value = float(f1_scores(comparisons.mated, comparisons.non_mated, at)[0])
    usable = usable_replicates(comparisons)
    if not usable.any():
        return Estimate(value)
    resampled = f1_scores(
        comparisons.resampled_mated[usable], comparisons.resampled_non_mated[usable], at
    )
    return _interval(value, resampled[:, 0])


def holdout_rates(outcome: Outcome) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    """F1, FAR, FRR and EER of the hold-out."""
    radius = outcome.rule.radius
    found = estimate(outcome.holdout, radius)
    return (
        f1_at(outcome.holdout, radius),
        found["fmr_at_radius"],
        found["fnmr_at_radius"],
        bounded(found["eer"], outcome.holdout.mated_objects),
    )


def bounded(eer: Estimate, mated_objects: int) -> Estimate:
    """An EER of zero has the rule of three over the objects for its upper end."""
    if eer.value or eer.high is None:
        return eer
    return Estimate(0.0, 0.0, max(eer.high, rule_of_three(mated_objects)))


def few_objects(objects: int) -> tuple[str, ...]:
    """A note, where objects are so few that their bootstrap is too narrow."""
    if objects >= FEW_OBJECTS:
        return ()
    return (f"Only {objects} objects have mated trials: the intervals are too narrow.",)


def mean_eer(folds: Sequence[Comparisons]) -> Estimate:
    """The mean EER of the folds; replicates resample the objects of every fold."""
    value = float(np.mean([equal_error_rate(f.mated, f.non_mated)[0] for f in folds]))
    usable = np.logical_and.reduce([usable_replicates(fold) for fold in folds])
    if not usable.any():
        return Estimate(value)
    resampled = [
        equal_error_rate(fold.resampled_mated[usable], fold.resampled_non_mated[usable])[0]
        for fold in folds
    ]
    found = _interval(value, np.mean(resampled, axis=0))
    return bounded(found, sum(fold.mated_objects for fold in folds))


def _interval(value: float, replicates: NDArray[np.float64]) -> Estimate:
    tail = (1 - CONFIDENCE) / 2
    low, high = (float(q) for q in np.quantile(replicates, [tail, 1 - tail]))
    return Estimate(value, min(low, value), max(high, value))
