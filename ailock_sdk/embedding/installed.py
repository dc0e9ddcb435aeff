"""The bundles of this installation: where they are, and which one a name or a record means."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ailock_sdk.constants import MODELS_PATH_VARIABLE
from ailock_sdk.embedding.bundle import Bundle, load_bundle, open_bundle, read_bundle
from ailock_sdk.embedding.manifest import MANIFEST_NAME
from ailock_sdk.errors import AilockError, BundleError, RecordMismatchError
from ailock_sdk.limits import DEFAULT_LIMITS, Limits
from ailock_sdk.paths import data_folder, user_path

DEFAULT_BUNDLE = "inception_v3_slim"


def find_bundle(name: str, limits: Limits = DEFAULT_LIMITS) -> Bundle:
    """The first bundle of this name in :func:`bundle_folders`.

    Its files are checked, the model when it is read (:meth:`Bundle.read_model`).

    Raises
    ------
    BundleError
        There is none, or it is malformed or altered.
    """
    for folder in _folders():
        if (folder / name / MANIFEST_NAME).is_file():
            return open_bundle(folder / name, limits)
    known = ", ".join(list_bundles()) or "none"
    raise BundleError(f"no model bundle named {name!r}; installed: {known}")


def find_bundle_for(fingerprint: bytes) -> Bundle:
    """The first bundle with a profile of this fingerprint, its files checked.

    Every installed bundle is looked at, those that :func:`find_bundle` hides behind a first of the
    same name included; of those without such a profile, only manifest and projection are read.

    Raises
    ------
    RecordMismatchError
        There is none; the text says what to install.
    BundleError
        There is one, but it is altered.
    """
    altered: BundleError | None = None
    for path in _installed():
        try:
            if fingerprint not in read_bundle(path).fingerprints.values():
                continue
        except BundleError:
            continue  # what cannot be read makes nobody's bits; `ailock doctor` names it
        try:
            bundle = load_bundle(path)
        except BundleError as error:
            altered = altered or error
        else:
            return bundle
    if altered is not None:
        raise altered
    raise RecordMismatchError(
        f"the record was made with another bundle, of fingerprint {fingerprint.hex()[:16]}, which "
        f"none of the installed ones has ({', '.join(list_bundles()) or 'none'}): put the old "
        f"bundle's folder beside them, for example as {new_bundle_folder() / 'NAME-VERSION'}, "
        "or enroll again"
    )


def list_bundles() -> dict[str, Path]:
    """Names and folders of the bundles that can be found, the first of a name wins."""
    found: dict[str, Path] = {}
    for path in _installed():
        found.setdefault(path.name, path)
    return found


def bundle_folders() -> list[Path]:
    """Where bundles are looked for: ``$AILOCK_MODELS``, the shipped folder, the user's own."""
    return list(_folders())


def _folders() -> Iterator[Path]:
    yield from _given_folders()
    yield shipped_folder()
    with contextlib.suppress(AilockError):  # who has no home folder has none of his own
        yield _own_folder()


def shipped_folder() -> Path:
    """Where the bundles are that come with the package."""
    package = Path(__file__).resolve().parents[1]
    # An installed wheel carries models/ inside the package; a checkout has it beside the package,
    # where in site-packages lies what others call so.
    inside = package / "models"
    return inside if inside.is_dir() else package.parent / "models"


def new_bundle_folder() -> Path:
    """Where a bundle of the user's goes: the first of ``$AILOCK_MODELS``, or the user's own."""
    return [*_given_folders(), _own_folder()][0]


def _given_folders() -> list[Path]:
    given = os.environ.get(MODELS_PATH_VARIABLE, "").split(os.pathsep)
    return [user_path(path) for path in given if path]


def _own_folder() -> Path:
    return data_folder() / "models"


def _installed() -> Iterator[Path]:
    for folder in _folders():
        if folder.is_dir():
            for manifest in sorted(folder.glob(f"*/{MANIFEST_NAME}")):
                yield manifest.parent
