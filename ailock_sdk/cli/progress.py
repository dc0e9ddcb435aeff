"""Progress bars on standard error, where that is a terminal."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from tqdm import tqdm


def bytes_bar(file: str) -> Any:
    """A bar over a file's bytes, as a context manager; ``update`` takes each piece's length."""
    size = 0  # of what has none, such as a pipe
    with contextlib.suppress(OSError, ValueError):  # as whoever opens it will say
        size = os.stat(file).st_size
    return tqdm(
        total=size or None,
        desc=os.path.basename(file),
        unit="B",
        unit_scale=True,
        leave=False,
        delay=1,
        disable=None,
    )
