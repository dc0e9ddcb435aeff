"""``ailock models import``: networks of other systems, from the user's own files."""

from __future__ import annotations

from pathlib import Path

import click

from ailock_sdk.cli import checkout
from ailock_sdk.cli.commands import FILE, Group, Settings, Several, command
from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.output import report
from ailock_sdk.constants import MODELS_PATH_VARIABLE
from ailock_sdk.errors import AilockError, BundleError

_CONVERSION = {"tensorflow": "TensorFlow", "keras": "TensorFlow", "onnx": "onnx"}
_CONVERSION |= {"onnx2tf": "onnx2tf"}


def _placed(function: click.decorators.FC) -> click.decorators.FC:
    """The options that say where the bundle goes."""
    out = click.option(
        "--out",
        type=FILE,
        metavar="FOLDER",
        help=f"The bundle's folder [default: its name, in the first of ${MODELS_PATH_VARIABLE} or "
        "~/.local/share/ailock/models].",
    )
    replace = click.option("--replace", is_flag=True, help="Replace a bundle that is there.")
    return out(replace(function))


@click.group(
    "import",
    Group,
    examples=(
        "ailock models import neuralhash --model model.onnx --seed neuralhash_128x96_seed1.dat",
        "ailock models import facenet --weights facenet.keras --representative faces.zip",
    ),
)
def import_() -> None:
    """Make a bundle of a network that this project does not ship."""


@command(
    "neuralhash",
    "ailock models import neuralhash --model model.onnx --seed neuralhash_128x96_seed1.dat",
    "ailock models import neuralhash --model model.onnx --seed seed1.dat --to tflite",
)
@click.option("--model", type=FILE, metavar="FILE", required=True, help="The network as ONNX.")
@click.option(
    "--seed",
    type=FILE,
    metavar="FILE",
    required=True,
    help="Its matrix: neuralhash_128x96_seed1.dat.",
)
@click.option(
    "--to",
    type=click.Choice(["onnx", "tflite"]),
    default="onnx",
    show_default=True,
    help="What runs it: tflite is for ARM, and is converted by a checkout.",
)
@click.option("--report", type=FILE, metavar="PHOTOS", help="Photos to compare the two on.")
@_placed
def neuralhash(
    settings: Settings,
    model: str,
    seed: str,
    to: str,
    report: str | None,
    out: str | None,
    replace: bool,
) -> int:
    """Apple's NeuralHash, of your own files: 96 bits, a perceptual hash more than a lock."""
    from ailock_sdk.embedding.neuralhash import import_neuralhash
    from ailock_sdk.paths import user_path

    files = user_path(model), user_path(seed)
    target = _target(out, "neuralhash")
    if to == "onnx":
        if report is not None:
            raise click.UsageError("--report compares the network of --to tflite with its original")
        import_neuralhash(*files, target, replace)
        return _tell(settings, target)
    import tempfile

    tool = checkout.import_module("tools.convert_onnx", "converting", "convert-onnx", _CONVERSION)
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder) / target.name
        import_neuralhash(*files, original)
        words = ["--bundle", str(original), "--out", str(target)]
        words += ["--report", report] if report is not None else []
        return _converted(settings, tool, [*words, *(["--replace"] if replace else [])], target)


@command(
    "facenet",
    "ailock models import facenet --weights facenet.keras --representative faces.zip",
    "ailock models import facenet --weights facenet.onnx --precisions float32",
)
@click.option(
    "--weights",
    type=FILE,
    metavar="FILE",
    required=True,
    help="A Keras model (.keras, .h5) or ONNX network from one RGB picture to one vector.",
)
@click.option(
    "--representative",
    type=FILE,
    metavar="PHOTOS",
    help="Folder or zip of some hundred faces: they set the int8 ranges and are not kept.",
)
@click.option("--report", type=FILE, metavar="PHOTOS", help="Photos to compare precisions on.")
@click.option(
    "--range",
    "value_range",
    type=float,
    nargs=2,
    metavar="LOW HIGH",
    help="What the network takes for pixels 0 and 255 [default: -1 1].",
)
@click.option(
    "--precisions",
    cls=Several,
    type=click.Choice(["int8", "float16", "float32"]),
    help="Models to write; the first is the one that is used [default: int8].",
)
@_placed
def facenet(
    settings: Settings,
    weights: str,
    representative: str | None,
    report: str | None,
    value_range: tuple[float, float] | None,
    precisions: tuple[str, ...],
    out: str | None,
    replace: bool,
) -> int:
    """A face network of your own, L2-normalised; its bundle locks nothing without --allow-faces."""
    target = _target(out, "facenet")
    tool = checkout.import_module(
        "tools.import_facenet", "importing it", "convert-onnx", _CONVERSION
    )
    words = ["--weights", weights, "--out", str(target)]
    words += ["--precisions", *precisions] if precisions else []
    words += ["--range", *map(str, value_range)] if value_range else []
    for option, value in (("--representative", representative), ("--report", report)):
        words += [option, value] if value is not None else []
    return _converted(settings, tool, [*words, *(["--replace"] if replace else [])], target)


import_.add_command(neuralhash)
import_.add_command(facenet)


def _target(out: str | None, name: str) -> Path:
    from ailock_sdk.embedding import new_bundle_folder
    from ailock_sdk.paths import user_path

    return new_bundle_folder() / name if out is None else user_path(out)


def _converted(settings: Settings, tool: object, words: list[str], target: Path) -> int:
    try:
        text: str = tool.run(words)  # type: ignore[attr-defined]
    except tool.ERRORS as error:  # type: ignore[attr-defined]
        raise error if isinstance(error, AilockError) else BundleError(str(error)) from None
    return _tell(settings, target, text)


def _tell(settings: Settings, target: Path, text: str = "") -> int:
    from ailock_sdk.embedding import load_bundle

    bundle = load_bundle(target)
    facts = {
        "path": str(target),
        "name": bundle.name,
        "model_sha256": bundle.model_sha256,
        "fingerprints": {name: each.hex() for name, each in bundle.fingerprints.items()},
    }
    told = f"imported  {bundle.name}  {target}"
    report(settings, facts, f"{told}\n\n{text}" if text else told)
    return ExitCode.OK
