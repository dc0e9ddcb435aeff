"""Pixels to embedding: model bundles and their runtimes (SPEC sections 2 and 10)."""

from ailock_sdk.embedding.bundle import Bundle, load_bundle, open_bundle
from ailock_sdk.embedding.cores import usable_cores
from ailock_sdk.embedding.embedder import Embedder
from ailock_sdk.embedding.installed import (
    DEFAULT_BUNDLE,
    bundle_folders,
    find_bundle,
    find_bundle_for,
    list_bundles,
    new_bundle_folder,
    shipped_folder,
)
from ailock_sdk.embedding.manifest import InputContract, Layer, Output, ProjectionSpec, SelfTest
from ailock_sdk.embedding.new_bundle import check_new_folder, move_into_place, write_bundle
from ailock_sdk.embedding.runtime import Runtime, choose_runtime, quiet_stderr
from ailock_sdk.embedding.signature import (
    RELEASE_KEYS,
    SIGNATURE_NAME,
    PublicKey,
    Signed,
    check_signature,
    parse_public_key,
)

__all__ = [
    "DEFAULT_BUNDLE",
    "RELEASE_KEYS",
    "SIGNATURE_NAME",
    "Bundle",
    "Embedder",
    "InputContract",
    "Layer",
    "Output",
    "ProjectionSpec",
    "PublicKey",
    "Runtime",
    "SelfTest",
    "Signed",
    "bundle_folders",
    "check_new_folder",
    "check_signature",
    "choose_runtime",
    "find_bundle",
    "find_bundle_for",
    "list_bundles",
    "load_bundle",
    "move_into_place",
    "new_bundle_folder",
    "open_bundle",
    "parse_public_key",
    "quiet_stderr",
    "shipped_folder",
    "usable_cores",
    "write_bundle",
]
