"""Bundles as the command line names them."""

from __future__ import annotations

from pathlib import Path

from ailock_sdk.embedding import Bundle, find_bundle, load_bundle

MANIFEST = "manifest.json"


def is_bundle_folder(text: str) -> bool:
    """Whether the text is the path of a bundle's folder."""
    return (Path(text) / MANIFEST).is_file()


def open_bundle(name_or_path: str) -> Bundle:
    """A bundle by its folder, or by name where the SDK looks for it."""
    path = Path(name_or_path)
    return load_bundle(path) if is_bundle_folder(name_or_path) else find_bundle(name_or_path)
