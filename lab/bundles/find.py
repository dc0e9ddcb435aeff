"""Bundles as the command line names them."""

from __future__ import annotations

from pathlib import Path

from ailock_sdk.embedding import Bundle, find_bundle, load_bundle
from ailock_sdk.profiles import DEFAULT_PROFILE

MANIFEST = "manifest.json"


def is_bundle_folder(path: str | Path) -> bool:
    """Whether this is the path of a bundle's folder."""
    return (Path(path) / MANIFEST).is_file()


def open_bundle(name_or_path: str) -> Bundle:
    """A bundle by its folder, or by name where the SDK looks for it.

    Raises
    ------
    BundleError
        There is no such bundle, or it is damaged.
    """
    path = Path(name_or_path)
    return load_bundle(path) if is_bundle_folder(path) else find_bundle(name_or_path)


def open_with_profile(text: str) -> tuple[Bundle, str]:
    """The bundle and the profile's name of ``BUNDLE`` or ``BUNDLE:PROFILE``.

    Raises
    ------
    BundleError
        As of :func:`open_bundle`.
    """
    name, colon, profile = text.rpartition(":")
    if not colon or is_bundle_folder(text):  # a folder with a colon
        name, profile = text, DEFAULT_PROFILE
    return open_bundle(name), profile
