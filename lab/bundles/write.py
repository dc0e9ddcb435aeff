"""Bundle folders written (SPEC section 10); reading them is the SDK's ``load_bundle``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ailock_sdk.embedding import load_bundle
from ailock_sdk.lock import AiLock
from lab.bundles.find import MANIFEST
from lab.files import sha256_of, write_whole

MODEL = "model.tflite"
PROJECTION = "projection.npz"

Manifest = dict[str, Any]
"""``manifest.json`` as plain JSON values."""


def read_manifest(folder: Path) -> Manifest:
    """A bundle's manifest, after ``load_bundle`` has checked it and every file it lists.

    Raises
    ------
    BundleError
        There is no bundle, or it is damaged.
    """
    load_bundle(folder)
    manifest: Manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    return manifest


def list_file(manifest: Manifest, path: Path) -> None:
    """Enter a file of the bundle's folder, as it is now, into ``files``."""
    entry = {"sha256": sha256_of(path), "size_bytes": path.stat().st_size}
    manifest["files"][path.name] = entry


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest in one step, keys sorted, indented; then check the whole bundle.

    Raises
    ------
    BundleError
        What was written is no bundle: the manifest breaks a rule, or a file is not as it says.
    """
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    write_whole(folder / MANIFEST, text)
    load_bundle(folder)


def set_self_test(folder: Path, photo: Path) -> None:
    """Keep a photo in the bundle with its probe imageprint under every profile, by this machine."""
    manifest = read_manifest(folder)
    bundle = load_bundle(folder)
    imageprints = {
        name: bytes(AiLock(bundle, name, check_quality=False).imageprint(photo)).hex()
        for name in bundle.profiles
    }
    target = folder / f"self_test{photo.suffix.lower()}"
    write_whole(target, photo.read_bytes())
    list_file(manifest, target)
    manifest["self_test"] = {"photo": target.name, "imageprints": imageprints}
    write_manifest(folder, manifest)
