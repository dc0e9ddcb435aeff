"""The photos of all roles as features, each seen through components that it had no part in.

Components are fitted on training photos only. A training photo is seen through components of the
four folds that it is not in, a hold-out photo through those of all five.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.accuracy.paper.embeddings import RoleEmbeddings
from benchmarks.accuracy.paper.recipe import (
    PAPER_COMPONENTS,
    WHOLE,
    Features,
    TrainingSet,
    transform,
)
from benchmarks.accuracy.paper.roles import (
    CATEGORY,
    ILLUMINATION,
    IMPOSTOR,
    REFERENCE,
    UNLABELLED,
)
from benchmarks.accuracy.paper.split import Split
from lab.errors import ExperimentError
from lab.fitting.projections import Components

OTHERS = (ILLUMINATION, CATEGORY)
"""Roles whose photos meet every reference photo in non-mated trials, as the paper's do."""

BLOCK_PHOTOS = 1000
"""Embeddings in memory at a time, once components are fitted."""

Roles = Mapping[str, tuple[RoleEmbeddings, Split]]


class RoleFeatures:
    """Embeddings of all roles in the space of principal components, kept once computed.

    Parameters
    ----------
    roles : the embeddings and the split of each role; ``reference`` is required
    needed : how many components imageprints are cut from at most
    segments : of a photo, beside the whole
    progress : show bars on stderr, if that is a terminal

    Raises
    ------
    ExperimentError
        There is no reference role.
    """

    def __init__(
        self, roles: Roles, needed: int, segments: Sequence[str], progress: bool = False
    ) -> None:
        if REFERENCE not in roles:
            raise ExperimentError("the experiments need photos in the role 'reference'")
        self._roles = roles
        self._needed = needed
        self._segments = segments
        self._progress = progress
        self._features: dict[tuple[str, str, str], Features] = {}
        self._final: dict[str, Components] = {}

    @property
    def folds(self) -> int:
        """F, how many folds the reference photos are split in."""
        return int(self._roles[REFERENCE][1].fold.max()) + 1

    @property
    def fitted_roles(self) -> tuple[str, ...]:
        """The roles on whose training photos components are fitted.

        The paper's three, and photos given for that; the impostors too where those are too few
        for the window.
        """
        given = tuple(r for r in (REFERENCE, *OTHERS, UNLABELLED) if r in self._roles)
        if IMPOSTOR in self._roles and self.fitted_photos(given) <= self._needed:
            return (*given, IMPOSTOR)
        return given

    def fitted_photos(self, roles: Sequence[str] | None = None) -> int:
        """Training photos that components are fitted on, in the fold that has fewest."""
        chosen = self.fitted_roles if roles is None else roles
        counts = [
            sum(
                int(((s.fold >= 0) & (s.fold != k)).sum())
                for s in (self._roles[r][1] for r in chosen)
            )
            for k in range(self.folds)
        ]
        return min(counts)

    def unseen(self, role: str) -> NDArray[np.bool_]:
        """The photos that the components of all training photos were not fitted on, bool (N,)."""
        split = self._roles[role][1]
        return split.holdout if role in self.fitted_roles else np.ones_like(split.holdout)

    def of(self, role: str, layer: str, segment: str = WHOLE) -> Features:
        """Every photo through components that it had no part in, float32 (N, K)."""
        if (role, layer, segment) not in self._features:
            self._prepare(layer)
        return self._features[role, layer, segment]

    def final(self, embeddings: RoleEmbeddings, layer: str, segment: str = WHOLE) -> Features:
        """Photos, such as an attacker's, through the components of all training photos."""
        if layer not in self._final:
            self._prepare(layer)
        return transform(self._final[layer], embeddings.read(layer, segment))

    def _prepare(self, layer: str) -> None:
        """Fit the components of one layer, on whole photos, and transform all photos by them.

        Segments are transformed by the components of whole photos, as in the original code.
        """
        models = self._fitted(layer)
        self._final[layer] = models[-1]
        count = min(model.matrix.shape[1] for model in models)
        segments = (WHOLE, *self._segments)
        seen = [role for role in (REFERENCE, *OTHERS, IMPOSTOR) if role in self._roles]
        bar = tqdm(
            [(role, segment) for role in seen for segment in segments],
            f"components, {layer}",
            unit="part",
            disable=None if self._progress else True,
        )
        for role, segment in bar:
            embeddings, split = self._roles[role]
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
        fitted = [self._roles[role] for role in self.fitted_roles]
        # Role by role: several copies of all embeddings would not fit in memory.
        training = TrainingSet(
            np.concatenate([each.read(layer, WHOLE)[split.fold >= 0] for each, split in fitted])
        )
        fold = np.concatenate([split.fold[split.fold >= 0] for _, split in fitted])
        members = [fold != number for number in (*range(self.folds), -1)]
        bar = tqdm(members, f"fit, {layer}", unit="fold", disable=None if self._progress else True)
        return [training.components(each, PAPER_COMPONENTS) for each in bar]
