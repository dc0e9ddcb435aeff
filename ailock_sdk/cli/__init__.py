"""The ``ailock`` command. Secrets leave it only by ``unlock --raw`` and ``unlock --exec``.

Results go to standard output, everything else to standard error with the prefix ``ailock:``.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from enum import IntEnum, unique
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ailock_sdk import __version__
from ailock_sdk.benchmark import DEFAULT_RUNS, format_report, run
from ailock_sdk.doctor import examine
from ailock_sdk.embedding import Bundle, list_bundles, load_bundle, quiet_stderr
from ailock_sdk.errors import (
    AilockError,
    BundleError,
    CaptureError,
    EnrollmentError,
    LockedOutError,
    NameTakenError,
    ProfileError,
    RecordError,
    SealedDataError,
    UnknownNameError,
    UnlockError,
    VaultError,
)
from ailock_sdk.lock import AiLock
from ailock_sdk.profiles import DEFAULT_PROFILE
from ailock_sdk.store import FilePepper, PepperProvider, default_pepper_path
from ailock_sdk.vault import Vault

VAULT_PATH_VARIABLE = "AILOCK_VAULT"
MODELS_PATH_VARIABLE = "AILOCK_MODELS"
BUILDABLE = ("inception_v3",)
"""Bundles that are built on the user's machine: they are too large for the wheel."""


@unique
class ExitCode(IntEnum):
    """What the exit status means; ``ailock --help`` lists them."""

    OK = 0
    NO_MATCH = 1
    USAGE = 2
    LOCKED_OUT = 3
    PHOTO_REJECTED = 4
    DAMAGED = 5
    SETUP = 6


_EXIT_TEXT = {
    ExitCode.OK: "done",
    ExitCode.NO_MATCH: "the photo does not match",
    ExitCode.USAGE: "wrong usage, or an unknown or taken name",
    ExitCode.LOCKED_OUT: "locked out after too many misses",
    ExitCode.PHOTO_REJECTED: "a photo was rejected; the reason is printed",
    ExitCode.DAMAGED: "the vault, a record or sealed data is damaged or does not belong",
    ExitCode.SETUP: "model, runtime or pepper missing or damaged",
}

_EXIT_OF_ERROR: tuple[tuple[type[AilockError], ExitCode], ...] = (
    (LockedOutError, ExitCode.LOCKED_OUT),
    (UnlockError, ExitCode.NO_MATCH),
    (CaptureError, ExitCode.PHOTO_REJECTED),
    (EnrollmentError, ExitCode.PHOTO_REJECTED),
    (NameTakenError, ExitCode.USAGE),
    (UnknownNameError, ExitCode.USAGE),
    (ProfileError, ExitCode.USAGE),
    (RecordError, ExitCode.DAMAGED),
    (SealedDataError, ExitCode.DAMAGED),
    (VaultError, ExitCode.DAMAGED),
    (AilockError, ExitCode.SETUP),
)
"""First match wins."""


def exit_code(error: AilockError) -> ExitCode:
    """The documented exit status of an error."""
    return next(code for kind, code in _EXIT_OF_ERROR if isinstance(error, kind))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns an :class:`ExitCode`."""
    arguments = build_parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except AilockError as error:
        code = exit_code(error)
        if arguments.json:
            failure = {"error": type(error).__name__, "message": str(error), "exit": int(code)}
            _print_json(failure)
        print(f"ailock: {error}", file=sys.stderr)
        return code
    except OSError as error:
        print(f"ailock: {error.filename or ''}: {error.strerror}", file=sys.stderr)
        return ExitCode.USAGE
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    codes = "; ".join(f"{int(code)} {text}" for code, text in _EXIT_TEXT.items())
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
        type=Path,
        default=None,
        help=f"vault file (default: ${VAULT_PATH_VARIABLE}, or ~/.local/share/ailock/vault.db)",
    )
    vault.add_argument(
        "--pepper", type=Path, default=None, help="pepper file (default: ~/.config/ailock/pepper)"
    )
    camera = argparse.ArgumentParser(add_help=False)
    camera.add_argument(
        "--profile", default=DEFAULT_PROFILE, help="profile of the default model bundle"
    )

    def add(
        name: str, function: Callable[[argparse.Namespace], int], text: str, *parents: Any
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, parents=list(parents))
        sub.set_defaults(command=function)
        return sub

    enroll = add("enroll", _enroll, "Create a lock from photos of one object.", vault, camera)
    enroll.add_argument("name")
    enroll.add_argument("photos", nargs="+", metavar="PHOTO")

    unlock = add("unlock", _unlock, "Open a lock with a new photo of its object.", vault, camera)
    unlock.add_argument("name")
    unlock.add_argument("photo")
    output = unlock.add_mutually_exclusive_group()
    output.add_argument("--raw", action="store_true", help="write the 32 secret bytes to stdout")
    output.add_argument(
        "--exec", metavar="CMD", help="run CMD with the 32 secret bytes on its standard input"
    )

    add("list", _list, "Names of all locks.", vault)
    show = add("show", _show, "What is stored for a lock; no secret.", vault)
    show.add_argument("name")
    remove = add("remove", _remove, "Delete a lock and all hope of opening its files.", vault)
    remove.add_argument("name")

    seal = add("seal", _seal, "Encrypt a file to a lock; needs no photo.", vault)
    seal.add_argument("name")
    seal.add_argument("file", type=Path)
    seal.add_argument("-o", "--output", type=Path, help="default: FILE.sealed")
    open_ = add("open", _open, "Decrypt a sealed file with a photo.", vault, camera)
    open_.add_argument("name")
    open_.add_argument("file", type=Path)
    open_.add_argument("photo")
    open_.add_argument("-o", "--output", type=Path, help="default: FILE without .sealed")

    compare = add("compare", _compare, "How far a photo is from a reference photo.", common, camera)
    compare.add_argument("photo", nargs=2, metavar="PHOTO")
    benchmark = add("benchmark", _benchmark, "Time every stage of an unlock.", common, camera)
    benchmark.add_argument("--photo", help="a photo to time with (default: the model's own)")
    benchmark.add_argument(
        "--runs", type=int, default=DEFAULT_RUNS, help="warm unlocks (default: %(default)s)"
    )
    benchmark.add_argument(
        "--threads",
        type=int,
        help="threads of the network (default: as unlock, and a sweep over the cores)",
    )
    add("doctor", _doctor, "Check this installation.", vault)
    _add_models(add("models", _models_list, "Installed model bundles.", common))
    completion = add("completion", _completion, "Print a shell completion script.", common)
    completion.add_argument("shell", choices=["bash", "zsh", "tcsh"])
    return parser


def _enroll(arguments: argparse.Namespace) -> int:
    count = len(arguments.photos)
    with _open_vault(arguments) as vault:
        photos = tqdm(arguments.photos, "reading", unit="photo", leave=False, disable=None)
        vault.enroll(arguments.name, photos)
    _report(
        arguments,
        {"name": arguments.name, "photos": count},
        f"enrolled {arguments.name!r} from {count} photo{'s' if count > 1 else ''}",
    )
    return ExitCode.OK


def _unlock(arguments: argparse.Namespace) -> int:
    with _open_vault(arguments) as vault:
        secret = vault.unlock(arguments.name, arguments.photo)
    if arguments.raw:
        sys.stdout.buffer.write(bytes(secret))
        return ExitCode.OK
    if arguments.exec:
        return subprocess.run(
            shlex.split(arguments.exec), input=bytes(secret), check=False
        ).returncode
    _report(arguments, {"name": arguments.name, "match": True}, f"unlocked {arguments.name!r}")
    return ExitCode.OK


def _list(arguments: argparse.Namespace) -> int:
    with _open_vault(arguments) as vault:
        names = vault.names()
    _report(arguments, {"names": names}, "\n".join(names) or "no locks yet: ailock enroll")
    return ExitCode.OK


def _show(arguments: argparse.Namespace) -> int:
    with _open_vault(arguments) as vault:
        facts = vault.show(arguments.name)
    width = max(map(len, facts))
    _report(arguments, facts, "\n".join(f"{k:{width}}  {v}" for k, v in facts.items()))
    return ExitCode.OK


def _remove(arguments: argparse.Namespace) -> int:
    with _open_vault(arguments) as vault:
        vault.remove(arguments.name)
    _report(arguments, {"name": arguments.name, "removed": True}, f"removed {arguments.name!r}")
    return ExitCode.OK


def _seal(arguments: argparse.Namespace) -> int:
    target = arguments.output or arguments.file.with_name(arguments.file.name + ".sealed")
    with _open_vault(arguments) as vault, _bytes_bar(arguments.file) as bar:
        vault.seal_file(arguments.name, arguments.file, target, bar.update)
    _report(arguments, {"output": str(target)}, f"sealed to {target}")
    return ExitCode.OK


def _open(arguments: argparse.Namespace) -> int:
    target = arguments.output
    if target is None:
        if arguments.file.suffix != ".sealed":
            print("ailock: name the result: --output FILE", file=sys.stderr)
            return ExitCode.USAGE
        target = arguments.file.with_suffix("")
    with _open_vault(arguments) as vault, _bytes_bar(arguments.file) as bar:
        vault.open_file(arguments.name, arguments.file, arguments.photo, target, bar.update)
    _report(arguments, {"output": str(target)}, f"opened to {target}")
    return ExitCode.OK


def _compare(arguments: argparse.Namespace) -> int:
    lock = _lock(arguments, None)
    reference, probe = arguments.photo
    a, b = lock.imageprint(reference, reference=True), lock.imageprint(probe)
    facts = {
        "distance_bits": a - b,
        "lambda_bits": len(a),
        "distance": round(lock.distance(a, b), 4),
        "radius_bits": lock.radius,
        "match": a - b <= lock.radius,
    }
    verdict = "would unlock" if facts["match"] else "no match"
    text = f"{facts['distance_bits']} of {len(a)} bits differ, {lock.radius} allowed: {verdict}"
    _report(arguments, facts, text)
    return ExitCode.OK if facts["match"] else ExitCode.NO_MATCH


def _benchmark(arguments: argparse.Namespace) -> int:
    result = run(
        photo=arguments.photo,
        runs=arguments.runs,
        threads=arguments.threads,
        profile=arguments.profile,
    )
    _report(arguments, result, format_report(result))
    return ExitCode.OK


def _doctor(arguments: argparse.Namespace) -> int:
    with quiet_stderr():
        findings = examine(_vault_path(arguments), _pepper_path(arguments))
    lines = [f"{'ok  ' if f.ok else 'FAIL'} {f.what}: {f.detail}" for f in findings]
    facts = {f.what: {"ok": f.ok, "detail": f.detail} for f in findings}
    _report(arguments, facts, "\n".join(lines))
    return ExitCode.OK if all(f.ok for f in findings) else ExitCode.SETUP


def _add_models(models: argparse.ArgumentParser) -> None:
    """The actions of ``ailock models``; without one it lists."""
    # Suppressed, the default does not undo a --json that stands before the action.
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object"
    )
    actions = models.add_subparsers(title="actions", metavar="ACTION")

    def add(
        name: str, function: Callable[[argparse.Namespace], int], text: str
    ) -> argparse.ArgumentParser:
        sub = actions.add_parser(name, help=text, description=text, parents=[common])
        sub.set_defaults(command=function)
        return sub

    add("list", _models_list, "Names and folders of the bundles (the default).")
    add("verify", _models_verify, "Check every file of every bundle.")
    build = add("build", _models_build, "Build a bundle from published weights; slow, large.")
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
        type=Path,
        help=f"folder of bundles (default: first of ${MODELS_PATH_VARIABLE}, or "
        "~/.local/share/ailock/models)",
    )
    build.add_argument("--replace", action="store_true", help="replace a bundle that is there")


def _models_list(arguments: argparse.Namespace) -> int:
    found = list_bundles()
    text = "\n".join(f"{name}  {path}" for name, path in found.items())
    _report(arguments, {name: str(path) for name, path in found.items()}, text or "none")
    return ExitCode.OK


def _models_verify(arguments: argparse.Namespace) -> int:
    bundles = [load_bundle(path) for path in list_bundles().values()]
    _report(
        arguments,
        {b.name: _identity(b) for b in bundles},
        "\n".join(f"ok  {_identity_text(b)}" for b in bundles),
    )
    return ExitCode.OK


def _models_build(arguments: argparse.Namespace) -> int:
    target = (arguments.out or _models_path()) / arguments.name
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
    _report(
        arguments,
        {"path": str(target), "name": bundle.name, **_identity(bundle)},
        f"built  {_identity_text(bundle)}  {target}\n\n{converter.as_table(conversion.report)}",
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


def _identity(bundle: Bundle) -> dict[str, str]:
    return {"version": bundle.version, "fingerprint": bundle.fingerprint.hex()}


def _identity_text(bundle: Bundle) -> str:
    return f"{bundle.name} {bundle.version}  {bundle.fingerprint.hex()[:16]}"


def _completion(arguments: argparse.Namespace) -> int:
    try:
        import shtab
    except ModuleNotFoundError:
        print("ailock: pip install 'ailock-sdk[completion]' first", file=sys.stderr)
        return ExitCode.SETUP
    print(shtab.complete(build_parser(), shell=arguments.shell))
    return ExitCode.OK


def _bytes_bar(file: Path) -> Any:
    """A progress bar over a file's bytes, on standard error if that is a terminal."""
    size = file.stat().st_size
    return tqdm(
        total=size, desc=file.name, unit="B", unit_scale=True, leave=False, delay=1, disable=None
    )


def _lock(arguments: argparse.Namespace, pepper: PepperProvider | None) -> AiLock:
    with quiet_stderr():
        return AiLock(profile=arguments.profile, pepper=pepper)


def _open_vault(arguments: argparse.Namespace) -> Vault:
    pepper = FilePepper(_pepper_path(arguments))
    needs_photo = hasattr(arguments, "profile")
    lock = _lock(arguments, pepper) if needs_photo else None
    return Vault.open(_vault_path(arguments), pepper=pepper, lock=lock)


def _vault_path(arguments: argparse.Namespace) -> Path:
    if arguments.vault is not None:
        return Path(arguments.vault)
    if given := os.environ.get(VAULT_PATH_VARIABLE):
        return Path(given)
    return _data_path() / "vault.db"


def _models_path() -> Path:
    given = [p for p in os.environ.get(MODELS_PATH_VARIABLE, "").split(os.pathsep) if p]
    return Path(given[0]) if given else _data_path() / "models"


def _data_path() -> Path:
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "ailock"


def _pepper_path(arguments: argparse.Namespace) -> Path:
    return Path(arguments.pepper) if arguments.pepper is not None else default_pepper_path()


def _report(arguments: argparse.Namespace, facts: dict[str, Any], text: str) -> None:
    if arguments.json:
        _print_json(facts)
    else:
        print(text)


def _print_json(facts: dict[str, Any]) -> None:
    print(json.dumps(facts, indent=2, sort_keys=True))


if __name__ == "__main__":
    sys.exit(main())
