"""Bundles that tests make from the default one: copied, edited, packed anew."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ailock_sdk.embedding import DEFAULT_BUNDLE, find_bundle

Arrays = dict[str, np.ndarray]


def copy_bundle(target: Path) -> Path:
    """A copy of the default bundle that a test may change."""
    shutil.copytree(find_bundle(DEFAULT_BUNDLE).path, target)
    return target


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Let ``change`` alter the parsed manifest, and write it."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Give a file other bytes, and the manifest their hash."""
    (folder / name).write_bytes(content)
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    edit_manifest(folder, lambda manifest: manifest["files"].update({name: entry}))


def edit_projection(
    folder: Path,
    change: Callable[[Arrays], object],
    pack: Callable[..., object] = np.savez,
) -> None:
    """Let ``change`` alter the arrays of the projection file, and ``pack`` write them."""
    with np.load(folder / "projection.npz") as stored:
        arrays = dict(stored)
    change(arrays)
    pack(folder / "projection.npz", **arrays)
    replace_file(folder, "projection.npz", (folder / "projection.npz").read_bytes())


def turn_bits_over(folder: Path) -> Path:
    """Make of a bundle one whose bits are the opposite: the same in quality, and all others."""

    def negate(arrays: Arrays) -> None:
        for name in arrays:
            arrays[name] = -arrays[name]

    edit_projection(folder, negate)
    return folder
