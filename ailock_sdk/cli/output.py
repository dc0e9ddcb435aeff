"""What commands print on standard output: text for people, or one JSON object."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any


def report(arguments: argparse.Namespace, facts: Mapping[str, Any], text: str) -> None:
    """Print a command's result: ``facts``, JSON-ready, if ``--json`` was given, else ``text``."""
    if arguments.json:
        print_json(facts)
    else:
        print(text)


def print_json(facts: Mapping[str, Any]) -> None:
    """Print one JSON object, keys sorted."""
    print(json.dumps(facts, indent=2, sort_keys=True))
