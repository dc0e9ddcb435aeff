"""``ailock models``: list, verify and build model bundles."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.output import report
from ailock_sdk.embedding import Bundle, list_bundles, load_bundle, new_bundle_folder
from ailock_sdk.errors import AilockError, BundleError


def list_found(arguments: argparse.Namespace) -> int:
    """Print the names and folders of the bundles."""
    found = list_bundles()
    text = "\n".join(f"{name}  {path}" for name, path in found.items())
    report(arguments, {name: str(path) for name, path in found.items()}, text or "none")
    return ExitCode.OK


def verify(arguments: argparse.Namespace) -> int:
    """Check every file of every bundle."""
    bundles = {name: load_bundle(path) for name, path in list_bundles().items()}
    report(
        arguments,
        {name: _identity(bundle) for name, bundle in bundles.items()},
        "\n".join(f"ok  {name} {_identity_text(bundle)}" for name, bundle in bundles.items()),
    )
    return ExitCode.OK


def build(arguments: argparse.Namespace) -> int:
    """Build a bundle from published weights, by the converter of a checkout."""
    folder = new_bundle_folder() if arguments.out is None else Path(arguments.out)
    target = folder / arguments.name
    command = ["--weights", *arguments.weights, "--out", str(target)]
    command += ["--representative", arguments.representative]
    command += ["--precisions", *arguments.precisions]
    for option in ("sha256", "report", "fit"):
        if (value := getattr(arguments, option)) is not None:
            command += [f"--{option}", value]
    if arguments.replace:
        command.append("--replace")
    converter = _converter()
    try:
        conversion = converter.run(command)
    except converter.ERRORS as error:
        raise error if isinstance(error, AilockError) else BundleError(str(error)) from None
    if conversion.left_out:
        print(f"ailock: {conversion.left_out}", file=sys.stderr)
    bundle = load_bundle(target)
    report(
        arguments,
        {"path": str(target), "name": bundle.name, **_identity(bundle)},
        f"built  {bundle.name} {_identity_text(bundle)}  {target}\n\n"
        f"{converter.as_table(conversion.report)}",
    )
    return ExitCode.OK


def _converter() -> Any:
    """The checkout's ``tools.convert_tflite``, which the wheel does not carry."""
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / "tools" / "convert_tflite.py").is_file():
        raise BundleError(
            "building needs a checkout of the source, which this installation is not: "
            "in one, pip install -e '.[convert]'"
        )
    sys.path.insert(0, str(checkout))
    try:
        return importlib.import_module("tools.convert_tflite")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in ("keras", "tensorflow"):
            raise
        raise BundleError(
            f"building needs TensorFlow: pip install 'ailock-sdk[convert]' ({error})"
        ) from None


def _identity(bundle: Bundle) -> dict[str, Any]:
    fingerprints = {name: each.hex() for name, each in bundle.fingerprints.items()}
    return {
        "version": bundle.version,
        "model_sha256": bundle.model_sha256,
        "fingerprints": fingerprints,
    }


def _identity_text(bundle: Bundle) -> str:
    """Version, and the fingerprints of its profiles as ``ailock show`` begins them."""
    profiles: dict[str, list[str]] = {}
    for name, fingerprint in bundle.fingerprints.items():
        profiles.setdefault(fingerprint.hex()[:16], []).append(name)
    shown = [f"{', '.join(names)}: {start}" for start, names in profiles.items()]
    return "  ".join([f"version {bundle.version}", *(shown or ["no profile yet"])])
