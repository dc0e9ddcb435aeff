"""``ailock seal`` and ``open``: files for one lock."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.opening import open_vault
from ailock_sdk.cli.output import report
from ailock_sdk.cli.progress import bytes_bar

SEALED_SUFFIX = ".sealed"


def seal(arguments: argparse.Namespace) -> int:
    """Encrypt a file to a lock."""
    source = Path(arguments.file)
    if arguments.output is not None:
        target = Path(arguments.output)
    else:
        target = source.with_name(source.name + SEALED_SUFFIX)
    with open_vault(arguments, reads_photos=False) as vault, bytes_bar(source) as bar:
        vault.seal_file(arguments.name, source, target, bar.update)
    report(arguments, {"output": str(target)}, f"sealed to {target}")
    return ExitCode.OK


def open_sealed(arguments: argparse.Namespace) -> int:
    """Decrypt a sealed file with photos."""
    source = Path(arguments.file)
    if arguments.output is not None:
        target = Path(arguments.output)
    elif source.suffix == SEALED_SUFFIX:
        target = source.with_suffix("")
    else:
        print("ailock: name the result: --output FILE", file=sys.stderr)
        return ExitCode.USAGE
    with open_vault(arguments, reads_photos=True) as vault, bytes_bar(source) as bar:
        vault.open_file(arguments.name, source, arguments.photos, target, bar.update)
    report(arguments, {"output": str(target)}, f"opened to {target}")
    return ExitCode.OK
