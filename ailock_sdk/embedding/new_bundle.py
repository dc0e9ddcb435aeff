"""A bundle folder written: whole, or not at all (SPEC section 10)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ailock_sdk.embedding.bundle import Bundle, load_bundle
from ailock_sdk.embedding.manifest import MANIFEST_NAME
from ailock_sdk.errors import BundleError


def check_new_folder(target: Path, replace: bool) -> None:
    """Refuse a folder that is in use; one that is to be replaced must be a bundle.

    Raises
    ------
    BundleError
        ``target`` is there already and holds something that may not be replaced.
    """
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not (target / MANIFEST_NAME).is_file():
        raise BundleError(f"{target} is there already and is not a bundle: choose another folder")
    if not replace:
        raise BundleError(
            f"{target} is there already, and locks may depend on it: --replace replaces it"
        )


def write_bundle(
    target: Path, files: Mapping[str, bytes], manifest: Mapping[str, Any], replace: bool = False
) -> Bundle:
    """Write a bundle's folder and read it back.

    Parameters
    ----------
    target : Path
        Its folder, whose name is the bundle's.
    files : mapping of str to bytes
        By name; all but ``CARD.md`` are entered into the manifest.
    manifest : mapping
        As ``manifest.json`` will hold it; ``name`` and ``files`` are filled in.
    replace : bool
        Put it in the place of a bundle that is there.

    Raises
    ------
    BundleError
        The folder is in use, or what would be written is no bundle; nothing was changed.
    OSError
        It cannot be written.
    """
    import tempfile  # takes long to load, and who only reads bundles needs it not

    check_new_folder(target, replace)
    entries = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        for name, content in files.items()
        if name != "CARD.md"
    }
    whole = {**manifest, "name": target.name, "files": entries}
    text = json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".bundle-") as aside:
        # One level down, where nobody who lists bundles looks.
        finished = Path(aside) / "finished"
        finished.mkdir()
        for name, content in {**files, MANIFEST_NAME: text.encode("utf-8")}.items():
            (finished / name).write_bytes(content)
        load_bundle(finished)
        move_into_place(finished, target, Path(aside) / "replaced")
    return load_bundle(target)


def move_into_place(finished: Path, target: Path, old: Path) -> None:
    """Put the finished folder in its place; what was there before goes to ``old``, or stays."""
    if target.exists():
        target.replace(old)
    try:
        finished.replace(target)
    except BaseException:
        if old.exists():
            old.replace(target)
        raise
