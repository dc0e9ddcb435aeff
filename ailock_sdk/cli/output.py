"""What commands print: text for people, one JSON object, or bytes; and the standard streams."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Mapping
from typing import IO, Any

from ailock_sdk.cli.commands import Settings

_closed: set[str] = set()
"""Standard streams that this process began without."""


def prepare_streams() -> None:
    """Make the standard streams fit for whatever is written.

    A closed one becomes the null device, so that no file of ours gets its number and is written
    to by whoever means the stream. What the terminal cannot show is written escaped.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number: this one
        if getattr(sys, name) is None:
            stream = open(descriptor, "r" if name == "stdin" else "w", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            _closed.add(name)
    for each in (sys.stdout, sys.stderr):
        if reconfigure := getattr(each, "reconfigure", None):
            reconfigure(errors="backslashreplace")


def is_closed(name: str) -> bool:
    """Whether this process began without that standard stream, such as ``stderr``."""
    return name in _closed


def shown(text: object) -> str:
    """A text as one line that a terminal shows whole: what cannot be printed stands escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def report(settings: Settings, facts: Mapping[str, Any], text: str) -> None:
    """Print a command's result: ``facts``, JSON-ready, if ``--json`` was given, else ``text``."""
    print(as_json(facts) if settings.json else text)


def as_json(facts: Mapping[str, Any]) -> str:
    """One JSON object, keys sorted."""
    return json.dumps(facts, indent=2, sort_keys=True)


def tell(text: str) -> None:
    """Write a line about what happens to standard error."""
    print(f"ailock: {text}", file=sys.stderr)


def standard_output() -> IO[bytes]:
    """Standard output for bytes, after what was printed before; an ``OSError`` if it is closed."""
    if is_closed("stdout"):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "standard output")
    sys.stdout.flush()
    return sys.stdout.buffer
