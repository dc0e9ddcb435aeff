"""The components of one layer's projection: which are fitted how, and which of them are cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ailock_sdk.embedding import Layer, ProjectionSpec
from lab.fitting.incremental_pca import PAPER_COMPONENTS, IncrementalComponents
from lab.fitting.projections import (
    Components,
    Moments,
    Seen,
    discriminant_components,
    principal_components,
    whitened,
)

EXACT_DIMENSIONS = 4096
"""Longest embeddings of which a D x D covariance is made: 128 MiB."""
Plain = Moments | IncrementalComponents
"""What is known of a layer's plain photos."""


@dataclass(frozen=True, eq=False)
class Fit:
    """Components and the ``window`` of them to cut.

    Attributes
    ----------
    found : how many components there were to choose the window from
    share : of the sum of all their eigenvalues, what the window holds
    """

    components: Components
    window: tuple[int, int]
    found: int
    share: float


def plain_photos(name: str, spec: ProjectionSpec, layer: Layer) -> Plain:
    """What takes in the plain photos of a layer.

    Raises
    ------
    ValueError
        The layer is too short for the window, or too long for a discriminant.
    """
    start, stop = spec.window
    if not 0 <= start < stop <= layer.dimensions:
        raise ValueError(f"window [{start}, {stop}) is no part of {layer.dimensions} components")
    if layer.dimensions <= EXACT_DIMENSIONS:
        return Moments(layer.dimensions)
    if spec.kind == "discriminant":
        raise ValueError(
            f"a discriminant takes at most {EXACT_DIMENSIONS} dimensions, "
            f"{name} has {layer.dimensions}: pool it, or use --kind pca"
        )
    return IncrementalComponents(layer.dimensions, max(PAPER_COMPONENTS, stop))


def principal(spec: ProjectionSpec, plain: Plain) -> Fit:
    """Principal components of the plain photos, white or not.

    Raises
    ------
    ValueError
        The photos are too few.
    """
    whiten = spec.kind == "whitened-pca"
    if isinstance(plain, IncrementalComponents):
        components = plain.components(whiten)
    else:
        components = principal_components(plain, whiten)
    found = components.matrix.shape[1]
    return Fit(components, spec.window, found, components.share(*spec.window))


def discriminant(
    spec: ProjectionSpec,
    plain: Moments,
    kinds: Sequence[Seen],
    shrinkage: float,
) -> Fit:
    """Directions in which the objects of several kinds differ, made white over plain photos.

    The bits of ordinary photos must not correlate.

    Raises
    ------
    ValueError
        An object is seen only once, or the plain photos are too few.
    """
    components = discriminant_components(kinds, shrinkage)
    found, share = components.matrix.shape[1], components.share(*spec.window)
    white = whitened(components, spec.window, plain)
    return Fit(white, (0, spec.dimensions), found, share)
