"""Progress bars on standard error, where that is a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm


def photos_bar(photos: Sequence[str]) -> Any:
    """The photos, with a bar that advances as they are taken."""
    return tqdm(photos, "reading", unit="photo", leave=False, disable=None)


def bytes_bar(file: Path) -> Any:
    """A bar over a file's bytes, as a context manager; ``update`` takes each piece's length.

    Raises
    ------
    OSError
        The file cannot be looked at.
    """
    size = file.stat().st_size
    return tqdm(
        total=size, desc=file.name, unit="B", unit_scale=True, leave=False, delay=1, disable=None
    )
