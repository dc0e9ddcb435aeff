"""Arrays that do not show what they hold: what the decoder computes gives the message away."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ailock_sdk.secret import Unseen


class HiddenArray(Unseen, np.ndarray[Any, Any]):
    """An array that shows shape and type alone.

    NumPy makes the results of arithmetic, indexing, ``take``, ``reshape``, ``concatenate`` and
    ``*_like`` of such an array hidden too, so that hiding what enters a computation hides every
    step of it.
    """

    __array_priority__ = 1.0  # so that joining it with plain arrays gives a hidden one

    def _shown(self) -> str:
        return f"{self.dtype} {self.shape}"


def hidden(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same array, its values not shown."""
    return array.view(HiddenArray)
