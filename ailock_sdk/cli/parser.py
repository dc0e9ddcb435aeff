"""The command line: every command, its options and its help.

Loaded at every start, so it imports argparse and names only. A command is named by where its
function is, ``module:function`` within this package; paths stay text until the command runs.
"""

from __future__ import annotations

import argparse

from ailock_sdk import __version__
from ailock_sdk.cli.exit_codes import EXIT_TEXTS
from ailock_sdk.constants import (
    DEFAULT_BENCHMARK_RUNS,
    MODELS_PATH_VARIABLE,
    VAULT_PATH_VARIABLE,
)

BUILDABLE = ("inception_v3",)
"""Bundles that are built on the user's machine: they are too large for the wheel."""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; a parsed one has the function's name as ``command``."""
    codes = "; ".join(f"{int(code)} {text}" for code, text in EXIT_TEXTS.items())
    parser = argparse.ArgumentParser(
        prog="ailock",
        description="A photo of an everyday object is the key.",
        epilog=f"Exit status: {codes}.",
    )
    parser.add_argument("--version", action="version", version=f"ailock {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object")
    vault = argparse.ArgumentParser(add_help=False, parents=[common])
    vault.add_argument(
        "--vault",
        help=f"vault file (default: ${VAULT_PATH_VARIABLE}, or ~/.local/share/ailock/vault.db)",
    )
    vault.add_argument("--pepper", help="pepper file (default: ~/.config/ailock/pepper)")
    camera = argparse.ArgumentParser(add_help=False)
    camera.add_argument("--profile", help="profile of the default model bundle for new locks")

    def add(
        name: str, command: str, text: str, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, parents=list(parents))
        sub.set_defaults(command=command)
        return sub

    enroll = add(
        "enroll", "locks:enroll", "Create a lock from photos of one object.", vault, camera
    )
    enroll.add_argument("name")
    enroll.add_argument("photos", nargs="+", metavar="PHOTO")

    unlock = add(
        "unlock", "locks:unlock", "Open a lock with new photos of its object.", vault, camera
    )
    unlock.add_argument("name")
    unlock.add_argument("photos", nargs="+", metavar="PHOTO", help="1 to 8, one attempt together")
    output = unlock.add_mutually_exclusive_group()
    output.add_argument("--raw", action="store_true", help="write the 32 secret bytes to stdout")
    output.add_argument(
        "--exec", metavar="CMD", help="run CMD with the 32 secret bytes on its standard input"
    )

    add("list", "locks:list_names", "Names of all locks.", vault)
    show = add("show", "locks:show", "What is stored for a lock; no secret.", vault)
    show.add_argument("name")
    remove = add(
        "remove", "locks:remove", "Delete a lock and all hope of opening its files.", vault
    )
    remove.add_argument("name")

    seal = add("seal", "sealing:seal", "Encrypt a file to a lock; needs no photo.", vault)
    seal.add_argument("name")
    seal.add_argument("file")
    seal.add_argument("-o", "--output", help="default: FILE.sealed")
    open_ = add("open", "sealing:open_sealed", "Decrypt a sealed file with photos.", vault, camera)
    open_.add_argument("name")
    open_.add_argument("file")
    open_.add_argument("photos", nargs="+", metavar="PHOTO", help="1 to 8, one attempt together")
    open_.add_argument("-o", "--output", help="default: FILE without .sealed")

    compare = add(
        "compare", "measuring:compare", "How far a photo is from a reference photo.", common, camera
    )
    compare.add_argument("photo", nargs=2, metavar="PHOTO")
    benchmark = add(
        "benchmark", "measuring:benchmark", "Time every stage of an unlock.", common, camera
    )
    benchmark.add_argument("--photo", help="a photo to time with (default: the model's own)")
    benchmark.add_argument(
        "--runs",
        type=int,
        default=DEFAULT_BENCHMARK_RUNS,
        help="warm unlocks (default: %(default)s)",
    )
    benchmark.add_argument(
        "--threads",
        type=int,
        help="threads of the network (default: as unlock, and a sweep over the cores)",
    )
    add("doctor", "measuring:doctor", "Check this installation.", vault)
    _add_models(add("models", "models:list_found", "Installed model bundles.", common))
    completion = add(
        "completion", "completion:completion", "Print a shell completion script.", common
    )
    completion.add_argument("shell", choices=["bash", "zsh", "tcsh"])
    return parser


def _add_models(models: argparse.ArgumentParser) -> None:
    """The actions of ``ailock models``; without one it lists."""
    # Suppressed, the default does not undo a --json that stands before the action.
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object"
    )
    actions = models.add_subparsers(title="actions", metavar="ACTION")

    def add(name: str, command: str, text: str) -> argparse.ArgumentParser:
        sub = actions.add_parser(name, help=text, description=text, parents=[common])
        sub.set_defaults(command=command)
        return sub

    add("list", "models:list_found", "Names and folders of the bundles (the default).")
    add("verify", "models:verify", "Check every file of every bundle.")
    build = add("build", "models:build", "Build a bundle from published weights; slow, large.")
    build.add_argument("name", choices=BUILDABLE)
    build.add_argument(
        "--representative",
        metavar="PHOTOS",
        required=True,
        help="folder or zip of some hundred photos: they set the int8 ranges and are not kept",
    )
    build.add_argument(
        "--weights",
        nargs="+",
        default=["imagenet"],
        help="Keras .h5 file, or .npz layer files (default: download Keras's, check their hash)",
    )
    build.add_argument("--sha256", help="what the one weights file must have")
    build.add_argument("--report", metavar="PHOTOS", help="labelled photo set to measure EER on")
    build.add_argument("--fit", metavar="PHOTOS", help="photos for the report's bits")
    build.add_argument(
        "--precisions",
        nargs="+",
        choices=["int8", "float16", "float32"],
        default=["int8"],
        help="models to write (default: int8); the first is the one that is used",
    )
    build.add_argument(
        "--out",
        help=f"folder of bundles (default: first of ${MODELS_PATH_VARIABLE}, or "
        "~/.local/share/ailock/models)",
    )
    build.add_argument("--replace", action="store_true", help="replace a bundle that is there")
