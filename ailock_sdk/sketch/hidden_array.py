"""Arrays that do not show what they hold: what the decoder computes gives the message away."""

from __future__ import annotations

from typing import Any, SupportsIndex

import numpy as np
import numpy.typing as npt


class HiddenArray(np.ndarray[Any, Any]):
    """An array whose ``repr``, ``str`` and ``format`` tell shape and type alone; it is not pickled.

    NumPy makes the results of arithmetic, indexing, ``take``, ``reshape``, ``concatenate`` and
    ``*_like`` of such an array hidden too, so that hiding what enters a computation hides every
    step of it.
    """

    __array_priority__ = 1.0  # so that joining it with plain arrays gives a hidden one

    def __repr__(self) -> str:
        return f"HiddenArray(<{self.dtype} {self.shape}>)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: SupportsIndex) -> str:
        raise TypeError("a HiddenArray is not pickled")


def hidden(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same array, its values not shown."""
    return array.view(HiddenArray)
