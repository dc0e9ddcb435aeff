"""A fitted projection in its bundle: files, entries of the manifest, self-test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.embedding import ProjectionSpec
from ailock_sdk.profiles import Profile
from lab.bundles.write import PROJECTION, Manifest, list_file, set_self_test, write_manifest
from lab.files import replacing, write_whole

RECORD = "projection.json"
"""What was fitted on what; listed in the manifest."""


def write_projection(
    bundle: Path,
    manifest: Manifest,
    specs: Mapping[str, ProjectionSpec],
    profile: Profile,
    arrays: Mapping[str, NDArray[Any]],
    record: Mapping[str, Any],
    self_test: Path | None,
) -> None:
    """Write the projection and one profile, without a calibration, in place of what was there.

    Parameters
    ----------
    bundle : its folder
    manifest : as it is, with what the fit changed in the input
    specs : of each layer's projection, in the profile's order
    arrays : of ``projection.npz``
    self_test : a photo to keep, with its imageprint
    """
    with replacing(bundle / PROJECTION) as stream:
        np.savez(stream, allow_pickle=False, **arrays)
    write_whole(bundle / RECORD, json.dumps(record, indent=2, sort_keys=True) + "\n")
    list_file(manifest, bundle / PROJECTION)
    list_file(manifest, bundle / RECORD)
    manifest["projection"] = PROJECTION
    manifest["projections"] = {layer: spec.as_dict() for layer, spec in specs.items()}
    manifest["profiles"] = {
        profile.name: {
            **profile.imageprint_contract(),
            "tau": profile.tau,
            "code": list(profile.code),
            "calibration": {},
        }
    }
    manifest["self_test"] = None
    write_manifest(bundle, manifest)
    if self_test is not None:
        set_self_test(bundle, self_test)
