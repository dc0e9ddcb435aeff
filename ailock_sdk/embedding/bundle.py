"""Model bundles: a network and its contract as data (SPEC section 10)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from ailock_sdk.constants import LABEL_FINGERPRINT
from ailock_sdk.embedding.manifest import MANIFEST_NAME, FileEntry, Manifest, parse_manifest
from ailock_sdk.embedding.projection_file import check_projection_file, projection_hashes
from ailock_sdk.errors import BundleError
from ailock_sdk.limits import DEFAULT_LIMITS, Limits
from ailock_sdk.profiles import Profile
from ailock_sdk.workers import Ahead

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
        """The model's file."""
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

    def read_ahead(self) -> None:
        """Begin to read the model in a thread, for who has something else to do meanwhile."""
        vars(self)["_ahead"] = Ahead(self._read_model)

    def read_model(self) -> bytes:
        """The model's file, verified.

        Raises
        ------
        BundleError
            It is missing or altered.
        """
        ahead: Ahead[bytes] | None = vars(self).pop("_ahead", None)
        return self._read_model() if ahead is None else ahead.result()

    def _read_model(self) -> bytes:
        entry = self.files[self.model]
        with _opened(self.model_path, entry) as stream:
            model = stream.read()
        _compare(self.model_path, hashlib.sha256(model).hexdigest(), entry)
        return model

    @property
    def model_sha256(self) -> str:
        """Of the model's file, hexadecimal."""
        return self.files[self.model].sha256

    @cached_property
    def fingerprints(self) -> Mapping[str, bytes]:
        """Of each profile, 32 bytes that its records name: of exactly what its bits depend on.

        Profiles of one fingerprint make the same bits, in whatever bundles they are. Taking them
        reads the projections of the layers that profiles use.

        Raises
        ------
        BundleError
            The projection file is damaged.
        """
        used = dict.fromkeys(layer for p in self.profiles.values() for layer in p.layers)
        hashes = projection_hashes(self.projection_path, used) if used else {}
        return MappingProxyType(
            {name: self._fingerprint(profile, hashes) for name, profile in self.profiles.items()}
        )

    def _fingerprint(self, profile: Profile, hashes: Mapping[str, Mapping[str, str]]) -> bytes:
        contract = {
            **profile.imageprint_contract(),  # what layers are, not their names, decides bits
            "layers": [
                {"outputs": self.layers[layer].as_list(), **hashes[layer]}
                for layer in profile.layers
            ],
            "model": self.model_sha256,
            "input": self.input.as_dict(),
        }
        canonical = json.dumps(contract, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(LABEL_FINGERPRINT + canonical.encode("ascii")).digest()

    def maker_in_words(self, fingerprint: bytes, profile: str) -> str:
        """What made a record that the profile in use does not fit, and what to do."""
        if self.fingerprints.get(profile) == fingerprint:
            return f"profile {profile!r}, of other imageprints: use AiLock(profile={profile!r})"
        return (
            f"another bundle than {self.name!r} version {self.version}: use that one "
            "(ailock_sdk.embedding.find_bundle_for finds it), or enroll again"
        )

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


def load_bundle(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> Bundle:
    """Read a bundle folder, strictly, and check every file's size and SHA-256.

    Raises
    ------
    BundleError
        The folder, the manifest or a file is missing, malformed or altered.
    """
    bundle = open_bundle(path, limits)
    _verify_file(bundle.model_path, bundle.files[bundle.model])
    return bundle


def open_bundle(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> Bundle:
    """As :func:`load_bundle`, but for the model, which :meth:`Bundle.read_model` verifies.

    Raises
    ------
    BundleError
        The folder, the manifest or a file is missing, malformed or altered.
    """
    bundle = read_bundle(path)
    for name in bundle.files.keys() - {bundle.model}:
        _verify_file(bundle.path / name, bundle.files[name])
    if bundle.projection is not None:
        check_projection_file(bundle.projection_path, bundle.projections, bundle.layers, limits)
    return bundle


def read_bundle(path: str | os.PathLike[str]) -> Bundle:
    """What a bundle's manifest says, strictly, its files unchecked: to look whether it is wanted.

    Raises
    ------
    BundleError
        The folder or the manifest is missing or malformed.
    """
    raw = read_manifest(path)
    try:
        manifest = parse_manifest(raw)
    except BundleError as error:
        raise BundleError(f"{Path(path) / MANIFEST_NAME}: {error}") from None
    return Bundle(**vars(manifest), path=Path(path))


def read_manifest(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a bundle's manifest.

    Raises
    ------
    BundleError
        The folder or the manifest is missing, or it is too long.
    """
    manifest_path = Path(path) / MANIFEST_NAME
    try:
        with manifest_path.open("rb") as stream:
            raw = stream.read(_MANIFEST_LENGTH_BYTES_MAX + 1)
    except OSError as error:
        reason = error.strerror
        raise BundleError(f"no model bundle at {path}: {manifest_path.name}: {reason}") from None
    if len(raw) > _MANIFEST_LENGTH_BYTES_MAX:
        raise BundleError(f"{manifest_path} is larger than 1 MiB")
    return raw


def _verify_file(path: Path, entry: FileEntry) -> None:
    digest = hashlib.sha256()
    with _opened(path, entry) as stream:
        for block in iter(lambda: stream.read(1024 * 1024), b""):
            digest.update(block)
    _compare(path, digest.hexdigest(), entry)


@contextmanager
def _opened(path: Path, entry: FileEntry) -> Iterator[BinaryIO]:
    """A file of the size that its manifest says."""
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size != entry.size_bytes:
                raise BundleError(f"{path} has {size} bytes, its manifest says {entry.size_bytes}")
            yield stream
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}: install the bundle again") from None


def _compare(path: Path, sha256: str, entry: FileEntry) -> None:
    if sha256 != entry.sha256:
        raise BundleError(
            f"{path} was altered: its SHA-256 is not the manifest's; install it again"
        )
