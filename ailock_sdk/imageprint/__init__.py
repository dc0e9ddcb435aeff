"""Embedding to bits: projections and the imageprint (SPEC section 3)."""

from ailock_sdk.imageprint.imageprint import ImagePrint, combine
from ailock_sdk.imageprint.projection import Projection, load_projections

__all__ = ["ImagePrint", "Projection", "combine", "load_projections"]
