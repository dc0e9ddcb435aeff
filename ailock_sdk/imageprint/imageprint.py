"""The imageprint: lambda bits of a photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray


class ImagePrint:
    """Lambda bits of one photo, or of several combined. Immutable.

    ``a - b`` is the Hamming distance in bits, ``len(a)`` is lambda, ``bytes(a)`` the packed bits
    (most significant first). The margins, signed distances to the hyperplanes, are kept in memory
    only: they make decoding soft, and are neither stored nor pickled. Nor are bits or margins
    printed: an imageprint is as good as the photo.

    Parameters
    ----------
    margins : ndarray, float64, shape (lambda,)
        Finite; copied. A bit is 1 where its margin is at least 0.

    Raises
    ------
    ValueError
        Margins of another shape, or not finite.
    """

    __slots__ = ("_bits", "_margins")

    def __init__(self, margins: NDArray[np.float64]) -> None:
        margins = np.array(margins, dtype=np.float64)
        if margins.ndim != 1 or margins.size == 0 or not np.isfinite(margins).all():
            raise ValueError("margins are finite numbers, shape (lambda,)")
        margins.setflags(write=False)
        bits = margins >= 0
        bits.setflags(write=False)
        self._margins = margins
        self._bits = bits

    @property
    def bits(self) -> NDArray[np.bool_]:
        """The signs of the margins, bool (lambda,), read-only."""
        return self._bits

    @property
    def margins(self) -> NDArray[np.float64]:
        """Signed distances to the hyperplanes, float64 (lambda,), read-only; bit = margin >= 0."""
        return self._margins

    def __len__(self) -> int:
        return int(self._bits.size)

    def __bytes__(self) -> bytes:
        return np.packbits(self._bits).tobytes()

    def __sub__(self, other: object) -> int:
        if not isinstance(other, ImagePrint):
            return NotImplemented
        if len(self) != len(other):
            raise ValueError(f"imageprints of {len(self)} and {len(other)} bits do not compare")
        return int(np.count_nonzero(self._bits != other._bits))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ImagePrint):
            return NotImplemented
        return len(self) == len(other) and self - other == 0

    def __hash__(self) -> int:
        return hash((len(self), bytes(self)))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            "an ImagePrint is not pickled: its margins are as good as the photo. "
            "Where they may go, keep imageprint.margins and make ImagePrint(margins) of them"
        )

    def __copy__(self) -> ImagePrint:
        return self

    def __deepcopy__(self, _: object) -> ImagePrint:
        return self

    def __repr__(self) -> str:
        return f"ImagePrint(<{len(self)} bits>)"


def combine(imageprints: Sequence[ImagePrint]) -> ImagePrint:
    """One reference from several photos of an object: the mean of the margins (SPEC section 3).

    Each photo's margins are divided by their root mean square first, so that no photo outweighs
    another; a bit on which photos disagree follows those that are surer of it.

    Raises
    ------
    ValueError
        None is given, or their lengths differ.
    """
    if not imageprints:
        raise ValueError("at least one imageprint is needed")
    if len({len(p) for p in imageprints}) != 1:
        raise ValueError("imageprints of different lengths do not combine")
    return ImagePrint(np.mean([_unit(p.margins) for p in imageprints], axis=0))


def _unit(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.sqrt(np.mean(np.square(margins)))
    return margins if size == 0 else margins / size
