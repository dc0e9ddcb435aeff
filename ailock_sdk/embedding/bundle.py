"""Model bundles: a network and its contract as data (SPEC section 10)."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ailock_sdk.constants import LABEL_FINGERPRINT, MODELS_PATH_VARIABLE
from ailock_sdk.embedding.manifest import MANIFEST_NAME, FileEntry, Manifest, parse_manifest
from ailock_sdk.embedding.projection_file import check_projection_file
from ailock_sdk.errors import BundleError
from ailock_sdk.paths import data_folder
from ailock_sdk.profiles import Profile

DEFAULT_BUNDLE = "inception_v3_slim"
_MANIFEST_LENGTH_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True)
class Bundle(Manifest):
    """One model bundle: its manifest, and the folder with the files that were verified by it.

    Attributes
    ----------
    path : Path
        The folder.
    """

    path: Path

    @property
    def model_path(self) -> Path:
        """The TFLite file."""
        return self.path / self.model

    @property
    def projection_path(self) -> Path:
        """The ``.npz`` with the frozen projections.

        Raises
        ------
        BundleError
            There is none yet.
        """
        if self.projection is None:
            raise BundleError(f"bundle {self.name!r} has no projection: fit one first")
        return self.path / self.projection

    @cached_property
    def fingerprint(self) -> bytes:
        """32 bytes that change exactly when this bundle's imageprints, of any kind, may change."""
        names = [self.model, *([] if self.projection is None else [self.projection])]
        files = {name: self.files[name].sha256 for name in names}
        contract = {
            "files": files,
            "input": self.input.as_dict(),
            "layers": {name: layer.as_list() for name, layer in self.layers.items()},
            "profiles": {name: p.imageprint_contract() for name, p in self.profiles.items()},
        }
        canonical = json.dumps(contract, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(LABEL_FINGERPRINT + canonical.encode("ascii")).digest()

    def profile(self, name: str) -> Profile:
        """The profile of this name.

        Raises
        ------
        BundleError
            There is none; those there are, are named.
        """
        try:
            return self.profiles[name]
        except KeyError:
            known = ", ".join(sorted(self.profiles)) or "none"
            raise BundleError(
                f"bundle {self.name!r} has no profile {name!r}; it has: {known}"
            ) from None


def load_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Read a bundle folder, strictly, and check every file's size and SHA-256.

    Raises
    ------
    BundleError
        The folder, the manifest or a file is missing, malformed or altered.
    """
    folder = Path(path)
    manifest_path = folder / MANIFEST_NAME
    try:
        with manifest_path.open("rb") as stream:
            raw = stream.read(_MANIFEST_LENGTH_BYTES_MAX + 1)
    except OSError as error:
        reason = error.strerror
        raise BundleError(f"no model bundle at {folder}: {manifest_path.name}: {reason}") from None
    if len(raw) > _MANIFEST_LENGTH_BYTES_MAX:
        raise BundleError(f"{manifest_path} is larger than 1 MiB")
    try:
        fields = parse_manifest(raw)
    except BundleError as error:
        raise BundleError(f"{manifest_path}: {error}") from None
    for name, entry in fields.files.items():
        _verify_file(folder / name, entry)
    bundle = Bundle(**vars(fields), path=folder)
    if bundle.projection is not None:
        check_projection_file(bundle.projection_path, bundle.projections, bundle.layers)
    return bundle


def find_bundle(name: str) -> Bundle:
    """The first bundle of this name in :func:`bundle_folders`, its files checked.

    Raises
    ------
    BundleError
        There is none, or it is malformed or altered.
    """
    for folder in bundle_folders():
        if (folder / name / MANIFEST_NAME).is_file():
            return load_bundle(folder / name)
    known = ", ".join(list_bundles()) or "none"
    raise BundleError(f"no model bundle named {name!r}; installed: {known}")


def list_bundles() -> dict[str, Path]:
    """Names and folders of the bundles that can be found, the first of a name wins."""
    found: dict[str, Path] = {}
    for folder in bundle_folders():
        if folder.is_dir():
            for manifest in sorted(folder.glob(f"*/{MANIFEST_NAME}")):
                found.setdefault(manifest.parent.name, manifest.parent)
    return found


def bundle_folders() -> list[Path]:
    """Where bundles are looked for: ``$AILOCK_MODELS``, the shipped folder, the user's own."""
    package = Path(__file__).resolve().parents[1]
    # An installed wheel carries models/ inside the package; a checkout has it beside the package.
    shipped = [package / "models", package.parent / "models"]
    return [*_given_folders(), *shipped, _own_folder()]


def new_bundle_folder() -> Path:
    """Where a bundle of the user's goes: the first of ``$AILOCK_MODELS``, or the user's own."""
    return [*_given_folders(), _own_folder()][0]


def _given_folders() -> list[Path]:
    return [Path(p) for p in os.environ.get(MODELS_PATH_VARIABLE, "").split(os.pathsep) if p]


def _own_folder() -> Path:
    return data_folder() / "models"


def _verify_file(path: Path, entry: FileEntry) -> None:
    try:
        size = path.stat().st_size
        if size != entry.size_bytes:
            raise BundleError(f"{path} has {size} bytes, its manifest says {entry.size_bytes}")
        with path.open("rb") as stream:
            digest = hashlib.sha256()
            for block in iter(lambda: stream.read(1024 * 1024), b""):
                digest.update(block)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}: install the bundle again") from None
    if digest.hexdigest() != entry.sha256:
        raise BundleError(
            f"{path} was altered: its SHA-256 is not the manifest's; install it again"
        )
