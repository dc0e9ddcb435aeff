"""Embedding to bits: projections, hyperplanes and the imageprint (SPEC section 3)."""

from ailock_sdk.imageprint.hyperplanes import gaussian_hyperplanes, orthonormal_hyperplanes
from ailock_sdk.imageprint.imageprint import ImagePrint, combine
from ailock_sdk.imageprint.projection import Projection, load_projections

__all__ = [
    "ImagePrint",
    "Projection",
    "combine",
    "gaussian_hyperplanes",
    "load_projections",
    "orthonormal_hyperplanes",
]
