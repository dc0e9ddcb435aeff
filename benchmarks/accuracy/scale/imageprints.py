"""Imageprints in any number: of random photos, or read from a file."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.errors import ScaleError
from lab.statistics.hamming import Words, pack

CHUNK = 4096
"""Random photos in memory at a time."""
LATENT_DIMENSIONS = 100
PHOTO_NOISE = 0.5
"""Of a random photo, in standard deviations of the objects: mated pairs differ in 20 % of bits."""


def random_imageprints(
    photos: int, objects: int, lambda_bits: int, seed: int, side: int = 0
) -> Words:
    """Imageprints of random photos, uint64 (photos, W): objects that recur have mated pairs.

    An object is a Gaussian vector of ``LATENT_DIMENSIONS``, a photo of it that vector and noise;
    the bits are the signs of projections on Gaussian hyperplanes, as the paper's. Photo i shows
    object i mod ``objects``; photos of another ``side`` show the same objects anew.
    """
    shared = np.random.default_rng(seed)
    hyperplanes = shared.standard_normal((LATENT_DIMENSIONS, lambda_bits), dtype=np.float32)
    latents = shared.standard_normal((objects, LATENT_DIMENSIONS), dtype=np.float32)
    own = np.random.default_rng([seed, side])
    packed = np.empty((photos, -(-lambda_bits // 64)), dtype=np.uint64)
    for start in range(0, photos, CHUNK):
        of = np.arange(start, min(start + CHUNK, photos)) % objects
        noise = own.standard_normal((len(of), LATENT_DIMENSIONS), dtype=np.float32)
        margins = (latents[of] + np.float32(PHOTO_NOISE) * noise) @ hyperplanes
        packed[start : start + len(of)] = pack(margins >= 0)
    return packed


def read_imageprints(file: Path, lambda_bits: int | None = None) -> tuple[Words, Words, int]:
    """Two sets of imageprints from an ``.npz`` file with ``a`` and ``b``, and their lambda.

    Each is (N, lambda): bool, or numbers that are 0 or 1, or float margins, of which the signs
    count. ``lambda_bits`` keeps the first bits of each.

    Raises
    ------
    ScaleError
        The file has no such arrays.
    """
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            sides = [_bits(stored[name]) for name in ("a", "b")]
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ScaleError(
            f"{file.name}: give an .npz file with arrays a and b, (N, lambda) bits or margins "
            f"without NaN ({error})"
        ) from None
    lengths = {side.shape[1] for side in sides}
    wanted = lambda_bits or min(lengths)
    if len(lengths) > 1 or wanted > min(lengths):
        raise ScaleError(f"{file.name}: imageprints of {sorted(lengths)} bits, not {wanted}")
    if not all(map(len, sides)):
        raise ScaleError(f"{file.name}: one side has no imageprint")
    return pack(sides[0][:, :wanted]), pack(sides[1][:, :wanted]), wanted


def _bits(array: NDArray[Any]) -> NDArray[np.bool_]:
    if array.ndim != 2 or not array.shape[1]:
        raise ValueError(f"shape {array.shape}")
    if array.dtype.kind == "f":
        if np.isnan(array).any():
            raise ValueError("NaN")
        return np.asarray(array >= 0)
    if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
        raise ValueError(f"{array.dtype} other than 0 and 1")
    return array.astype(np.bool_)
