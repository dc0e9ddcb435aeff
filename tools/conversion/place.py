"""The folder of a bundle: taken whole, or not at all."""

from __future__ import annotations

from pathlib import Path

from ailock_sdk.errors import BundleError
from lab.bundles.find import is_bundle_folder


def check_place(out: Path, replace: bool) -> None:
    """Refuse a folder that is in use; one that is to be replaced must be a bundle.

    Raises
    ------
    BundleError
        ``out`` is there already and holds something that may not be replaced.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not is_bundle_folder(out):
        raise BundleError(f"{out} is there already and is not a bundle: choose another folder")
    if not replace:
        raise BundleError(
            f"{out} is there already, and locks may depend on it: --replace replaces it"
        )


def move_into_place(finished: Path, out: Path, old: Path) -> None:
    """Put the finished folder in its place; what was there before goes to ``old``, or stays."""
    if out.exists():
        out.replace(old)
    try:
        finished.replace(out)
    except BaseException:
        if old.exists():
            old.replace(out)
        raise
