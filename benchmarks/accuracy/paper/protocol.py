"""The paper's protocol (sections 6.2 and 7.1): hold-out, five folds, thresholds, and all trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.sketch import correction_radius
from benchmarks.accuracy.paper.embeddings import RoleEmbeddings
from benchmarks.accuracy.paper.features import OTHERS, RoleFeatures, Roles
from benchmarks.accuracy.paper.rates import f1_at
from benchmarks.accuracy.paper.recipe import (
    LSH_SEED,
    PAPER_COMPONENTS,
    PAPER_WINDOW,
    PARTS,
    Bits,
    Variant,
    Window,
    imageprint_bits,
    variants,
)
from benchmarks.accuracy.paper.roles import REFERENCE
from benchmarks.accuracy.paper.trials import Rule, Side, by_object, compare
from lab.errors import ExperimentError
from lab.fitting.calibration import PAPER_LAMBDAS, CrossValidation, cross_validate, tau_text
from lab.statistics.comparisons import Comparisons
from lab.statistics.error_rates import fmr_at, fnmr_at
from lab.statistics.hamming import Words, pack


@dataclass(frozen=True)
class Settings:
    """What the caller decides; all but the layers are the paper's values.

    Attributes
    ----------
    layers : from :func:`~benchmarks.accuracy.paper.recipe.choose_layers`; the single-layer variants
        use the first, the multi-layer ones all
    segments : of the multi-segment variants; empty: these are left out
    needed : t, how many segments must match
    window : the principal components that are cut; None: the paper's, or the same share where
        there are fewer than it reaches to
    lambdas : bits of each layer and segment, ascending
    lsh_seed : of the hyperplanes
    replicates : of the object bootstrap; 0 gives no intervals
    seed : of the bootstrap
    """

    layers: tuple[str, ...]
    segments: tuple[str, ...] = PARTS
    needed: int = 3
    window: Window | None = None
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
        self.roles = roles
        self.settings = settings
        self.progress = progress
        wanted = settings.window or PAPER_WINDOW
        self.features = RoleFeatures(roles, wanted.stop, settings.segments, progress)
        self._bits: dict[tuple[str, str, str, Window], Bits] = {}
        self._outcomes: dict[tuple[str, int], Outcome] = {}

    @property
    def variants(self) -> dict[str, Variant]:
        """The variants that can be made, by name."""
        return self.settings.variants

    @property
    def compared_roles(self) -> tuple[str, ...]:
        """The roles whose photos meet the reference photos in the paper's trials, themselves first.

        All but the impostors, as far as they are given.
        """
        return (REFERENCE, *(role for role in OTHERS if role in self.roles))

    @cached_property
    def components(self) -> int:
        """How many principal components every layer has in every fold; 0: they cannot be fitted."""
        layers = self.settings.layers
        try:
            return min(self.features.of(REFERENCE, layer).shape[1] for layer in layers)
        except ExperimentError:  # whatever experiment asks for them says why
            return 0

    @cached_property
    def window(self) -> Window:
        """The principal components that are cut."""
        return self.settings.window or self.fitting(PAPER_WINDOW)

    def fitting(self, window: Window) -> Window:
        """A window of the paper's, scaled where there are fewer components than they reach to."""
        enough = self.components >= PAPER_WINDOW.stop
        return window if enough else window.scaled(self.components)

    @property
    def scaled(self) -> bool:
        """Whether the components that are cut are a share of these, not the paper's own."""
        return self.window not in (self.settings.window, PAPER_WINDOW)

    @property
    def window_text(self) -> str:
        """The window, and the paper's beside it where that is scaled."""
        if not self.scaled:
            return str(self.window)
        return (
            f"{self.window} of {self.components} (the paper: {PAPER_WINDOW} of {PAPER_COMPONENTS})"
        )

    def final_bits(self, embeddings: RoleEmbeddings, variant: Variant, lambda_bits: int) -> Bits:
        """Imageprints of a single-segment variant by the components of all training photos.

        uint8 (N, layers x lambda).
        """
        (segment,) = variant.segments
        return np.concatenate(
            [
                imageprint_bits(
                    self.features.final(embeddings, layer, segment),
                    self.window,
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
        for role in self.compared_roles:
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
            for fold in range(self.features.folds)
        ]
        return cross_validate_trials(folds)

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
                for fold in range(self.features.folds)
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
        window = self.window if window is None else window
        parts = []
        for layer in layers:
            key = role, layer, segment, window
            if key not in self._bits or self._bits[key].shape[1] < lambda_bits:
                self._bits[key] = imageprint_bits(
                    self.features.of(role, layer, segment),
                    window,
                    max(*self.settings.lambdas, lambda_bits),
                    self.settings.lsh_seed,
                )
            parts.append(self._bits[key][rows, :lambda_bits])
        return pack(np.concatenate(parts, axis=1))


def cross_validate_trials(folds: Sequence[Comparisons]) -> CrossValidation:
    """The threshold of greatest mean F1 over the trials of each fold."""
    return cross_validate(
        np.stack([fold.mated for fold in folds]), np.stack([fold.non_mated for fold in folds])
    )
