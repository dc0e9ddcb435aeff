"""``ailock models``: list, verify, build and import model bundles."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ailock_sdk.cli import checkout
from ailock_sdk.cli.commands import FILE, Group, Settings, Several, command
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.importing import import_
from ailock_sdk.cli.output import report, tell
from ailock_sdk.constants import MODELS_PATH_VARIABLE
from ailock_sdk.errors import AilockError, BundleError

if TYPE_CHECKING:
    from pathlib import Path

    from ailock_sdk.embedding import Bundle, PublicKey, Signed

BUILDABLE = ("inception_v3",)
"""Bundles that are built on the user's machine: they are too large for the wheel."""


@click.group(
    "models",
    Group,
    invoke_without_command=True,
    examples=("ailock models", "ailock models verify"),
)
@click.pass_context
def models(context: click.Context) -> int:
    """List, verify, build and import model bundles; lists without an action."""
    return ExitCode.OK if context.invoked_subcommand else context.invoke(list_found)


@command("list", "ailock models list")
def list_found(settings: Settings) -> int:
    """Print names and folders of the bundles; the default."""
    from ailock_sdk.embedding import list_bundles

    found = list_bundles()
    text = "\n".join(f"{name}  {path}" for name, path in found.items())
    report(settings, {name: str(path) for name, path in found.items()}, text or "none")
    return ExitCode.OK


@command(
    "verify",
    "ailock models verify --json",
    "ailock models verify ~/Downloads/mugs --key mugs.pub",
)
@click.argument(
    "bundles",
    nargs=-1,
    metavar="[BUNDLE...]",
    help="Names or folders; every bundle without one.",
)
@click.option(
    "--key",
    "keys",
    cls=Several,
    metavar="KEY",
    help="Public keys of minisign (RW...), or their files: each bundle must be signed by one.",
)
def verify(settings: Settings, bundles: tuple[str, ...], keys: tuple[str, ...]) -> int:
    """Check every file of bundles, and who signed them."""
    from ailock_sdk import embedding

    found = embedding.list_bundles()
    paths = {word: _folder(word, found) for word in bundles} or found
    released = [embedding.parse_public_key(key) for key in embedding.RELEASE_KEYS]
    trusted = [_public_key(word) for word in keys] or released
    facts, lines = {}, []
    for name, path in paths.items():
        bundle = embedding.load_bundle(path)
        ours = bool(released) and path.parent == embedding.shipped_folder()
        signed = embedding.check_signature(path, trusted, required=bool(keys) or ours)
        facts[name] = {**_identity(bundle), "signature": signed and asdict(signed)}
        lines.append(f"ok  {name} {_identity_text(bundle)}  {_signature_text(signed)}")
    report(settings, facts, "\n".join(lines))
    return ExitCode.OK


@command(
    "build",
    "ailock models build inception_v3 --representative photos.zip",
    "ailock models build inception_v3 --representative photos --weights layers.npz",
)
@click.argument("name", type=click.Choice(BUILDABLE), help="The bundle to build.")
@click.option(
    "--representative",
    metavar="PHOTOS",
    type=FILE,
    required=True,
    help="Folder or zip of some hundred photos: they set the int8 ranges and are not kept.",
)
@click.option(
    "--weights",
    cls=Several,
    type=FILE,
    metavar="FILE",
    help="Keras .h5 file, or .npz layer files [default: download Keras's].",
)
@click.option("--sha256", metavar="HEX", help="What the one weights file must have.")
@click.option(
    "--report",
    type=FILE,
    metavar="PHOTOS",
    help="Labelled photo set to measure EER on.",
)
@click.option("--fit", type=FILE, metavar="PHOTOS", help="Photos for the report's bits.")
@click.option(
    "--precisions",
    cls=Several,
    type=click.Choice(["int8", "float16", "float32"]),
    help="Models to write; the first is the one that is used [default: int8].",
)
@click.option(
    "--out",
    type=FILE,
    metavar="FOLDER",
    help=f"Folder of bundles [default: first of ${MODELS_PATH_VARIABLE}, or "
    "~/.local/share/ailock/models].",
)
@click.option("--replace", is_flag=True, help="Replace a bundle that is there.")
def build(
    settings: Settings,
    name: str,
    weights: tuple[str, ...],
    precisions: tuple[str, ...],
    out: str | None,
    replace: bool,
    **given: str | None,
) -> int:
    """Build a bundle from published weights, by the converter of a checkout; slow, large."""
    from ailock_sdk.embedding import load_bundle, new_bundle_folder
    from ailock_sdk.paths import user_path

    target = (new_bundle_folder() if out is None else user_path(out)) / name
    words = ["--weights", *(weights or ["imagenet"]), "--out", str(target)]
    words += ["--precisions", *(precisions or ["int8"])]
    for option, value in given.items():
        if value is not None:
            words += [f"--{option}", value]
    if replace:
        words.append("--replace")
    tensorflow = dict.fromkeys(("keras", "tensorflow"), "TensorFlow")
    converter = checkout.import_module("tools.convert_tflite", "building", "convert", tensorflow)
    try:
        conversion = converter.run(words)
    except converter.ERRORS as error:
        raise error if isinstance(error, AilockError) else BundleError(str(error)) from None
    if conversion.left_out:
        tell(conversion.left_out)
    bundle = load_bundle(target)
    report(
        settings,
        {"path": str(target), "name": bundle.name, **_identity(bundle)},
        f"built  {bundle.name} {_identity_text(bundle)}  {target}\n\n"
        f"{converter.as_table(conversion.report)}",
    )
    return ExitCode.OK


for _action in (list_found, verify, build, import_):
    models.add_command(_action)


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


def _folder(word: str, found: dict[str, Path]) -> Path:
    """The folder of a bundle given by name or, with a slash in it, by path."""
    from ailock_sdk.paths import user_path

    if os.sep in word or word in (os.curdir, os.pardir):
        return user_path(word)
    if word not in found:
        raise BundleError(f"no model bundle named {word!r}; installed: {', '.join(found)}")
    return found[word]


def _public_key(word: str) -> PublicKey:
    """A key from the command line: itself, or in a file."""
    from ailock_sdk.embedding import parse_public_key
    from ailock_sdk.paths import user_path

    if word.startswith("RW") and len(word) == 56:
        return parse_public_key(word)
    try:
        return parse_public_key(user_path(word).read_text("utf-8"))
    except OSError as error:
        raise BundleError(f"--key {word}: {error.strerror}") from None
    except (UnicodeDecodeError, BundleError):
        raise BundleError(f"--key {word}: no public key of minisign") from None


def _signature_text(signed: Signed | None) -> str:
    if signed is None:
        return "not signed"
    if signed.trusted:
        return f"signed by {signed.key_name}: {signed.comment}"
    return f"signed by {signed.key_name}, unchecked: give that key by --key"
