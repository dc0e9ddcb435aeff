"""``ailock completion``: a script that completes command lines in a shell."""

from __future__ import annotations

import argparse
import sys

from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.parser import build_parser


def completion(arguments: argparse.Namespace) -> int:
    """Print the completion script of a shell."""
    try:
        import shtab
    except ModuleNotFoundError:
        print("ailock: pip install 'ailock-sdk[completion]' first", file=sys.stderr)
        return ExitCode.SETUP
    print(shtab.complete(build_parser(), shell=arguments.shell))
    return ExitCode.OK
