"""What the commands of tools and benchmarks share: their options, and how a run ends."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ailock_sdk import AilockError
from ailock_sdk.embedding import DEFAULT_BUNDLE
from ailock_sdk.profiles import DEFAULT_PROFILE
from lab.errors import LabError
from lab.photos.labelled_photos import ALL, SPLITS
from lab.report.provenance import command_line

ERRORS = (AilockError, LabError)
"""What bad input raises; the text says what to do."""
CACHE = "imageprints"
"""Folder of the kept imageprints. An imageprint is as good as its photo: keep both private."""

Parser = argparse.ArgumentParser
Run = Callable[[argparse.Namespace, str], int]
"""Takes the options and the command line for the report; gives the exit status."""


def run_module(
    module: str,
    parser: Parser,
    arguments: Sequence[str] | None,
    could_not_run: int = 1,
    name: str = "",
    errors: tuple[type[Exception], ...] = ERRORS,
) -> int:
    """Parse, and run what the parser set as ``run``; ``could_not_run`` with a line on stderr.

    Parameters
    ----------
    arguments : as :data:`sys.argv` has them after the program's name; ``None``: those
    name : how that line begins; "": with the module
    errors : that end in such a line
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given)
    try:
        return int(options.run(options, command_line(module, given)))
    except errors as error:
        print(f"{name or module}: {error}", file=sys.stderr)
        return could_not_run


def add_command(commands: Any, name: str, run: Run, summary: str) -> Parser:
    """One of several commands; its help shows every default."""
    command: Parser = commands.add_parser(
        name, help=summary, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    command.set_defaults(run=run)
    return command


def add_photos(parser: Parser, what: str) -> None:
    """``--photos SET ...``, which may be given again."""
    parser.add_argument(
        "--photos",
        metavar="SET",
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        help=f"labelled photo sets, files or folders{what}",
    )


def add_split(parser: Parser, option: str = "--split") -> None:
    """``--split``: all objects, those of training, or those held out."""
    parser.add_argument(
        option,
        choices=SPLITS,
        default=ALL,
        help="which objects of a set that had a part in making the bundle",
    )


def add_alike(parser: Parser) -> None:
    """``--alike``: pairs of objects of a targeted set, for :func:`lab.verification.targeted`."""
    parser.add_argument(
        "--alike",
        metavar="OBJECT",
        nargs=2,
        action="append",
        default=[],
        help="two objects that may be one and the same, which are never impostors of each other",
    )


def add_profile(parser: Parser) -> None:
    """``--bundle`` and ``--profile``, for :func:`lab.bundles.find.open_bundle` and a lock."""
    parser.add_argument(
        "--bundle", metavar="NAME_OR_PATH", default=DEFAULT_BUNDLE, help="model bundle"
    )
    parser.add_argument("--profile", default=DEFAULT_PROFILE, help="one of the bundle's profiles")


def add_quality_gate(parser: Parser, otherwise: str) -> None:
    """``--no-quality-gate``."""
    parser.add_argument("--no-quality-gate", action="store_true", help=otherwise)


def add_out(parser: Parser, default: Path) -> None:
    """``--out``: where the report is written."""
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=default, help="folder of the report"
    )


def add_cache(parser: Parser, what: str = "imageprints", folder: str = CACHE) -> None:
    """``--cache``, read by :func:`cache_of`."""
    parser.add_argument(
        "--cache",
        metavar="DIR",
        type=Path,
        help=f"folder where {what} are kept for the next run (default: {folder} in the folder of "
        "the report)",
    )


def cache_of(options: argparse.Namespace, folder: str = CACHE) -> Path:
    """The folder that ``--cache`` names, or its default inside ``--out``."""
    return Path(options.cache or options.out / folder)


def add_bootstrap(parser: Parser) -> None:
    """``--bootstrap``: replicates of the object bootstrap."""
    parser.add_argument(
        "--bootstrap", metavar="B", type=at_least(0), default=1_000, help="replicates; 0: none"
    )


def add_seed(parser: Parser) -> None:
    """``--seed``."""
    parser.add_argument("--seed", type=at_least(0), default=1, help="of everything random")


def add_workers(parser: Parser) -> None:
    """``--workers``, for :func:`lab.statistics.workers.open_workers`."""
    parser.add_argument(
        "--workers",
        default="2",
        help="threads of this process, or the address of a Dask scheduler such as tcp://host:8786",
    )


def at_least(least: int) -> Callable[[str], int]:
    """A type for argparse: a whole number that is not below ``least``."""

    def integer(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"at least {least}")
        return value

    return integer


def whole_number(text: str) -> int:
    """A type for argparse: at least 1, as ``3500000000`` or ``3.5e9``."""
    value = float(text)
    if not value >= 1 or value != int(value):
        raise argparse.ArgumentTypeError("a whole number, at least 1")
    return int(value)
