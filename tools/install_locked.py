"""Install exactly what a list of versions and hashes names (``make lock`` writes the lists).

    .venv/bin/python -m tools.install_locked constraints/ci.txt [--strict]

A file whose hash is not listed is never installed: that ends with status 1. A version that the
package index here does not serve is left out and named, and the newest that fits comes in its place
when the project is installed: a mirror lags behind, and tests must still run. ``--strict``, for
releases, ends with status 1 there too. Standard library only, as it runs in an empty environment.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

MODULE = "tools.install_locked"

_NOT_SERVED = re.compile(r"No matching distribution found for ([A-Za-z0-9._-]+)==(\S+)")
_BLOCK = re.compile(r"^(?=[A-Za-z0-9])", re.MULTILINE)


def without(text: str, name: str) -> str:
    """The list without every version of one package."""
    blocks = _BLOCK.split(text)
    return "".join(block for block in blocks if block.partition("==")[0] != name)


def install(file: Path, *, strict: bool) -> int:
    """Install the list by pip of this Python; the exit status."""
    text = file.read_text("utf-8")
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / file.name
        while True:
            wanted.write_text(text, "utf-8")
            # Without dependencies: the list is complete, and what was left out comes later.
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes"]
            command += ["--disable-pip-version-check", "--no-deps", "--requirement", str(wanted)]
            done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
            if done.returncode == 0:
                return 0
            absent = _NOT_SERVED.search(done.stderr)
            shorter = without(text, absent[1]) if absent else text
            if absent is None or strict or shorter == text:
                print(done.stderr, end="", file=sys.stderr)
                print(f"{MODULE}: {file} could not be installed as it is", file=sys.stderr)
                return 1
            text = shorter
            print(
                f"{MODULE}: NOT LOCKED: {absent[1]} {absent[2]} is not served here; "
                "the newest that fits is installed unchecked",
                file=sys.stderr,
            )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description="Install a list.")
    parser.add_argument("list", type=Path, help="versions and hashes, as `make lock` writes them")
    parser.add_argument("--strict", action="store_true", help="fail where one is not served")
    options = parser.parse_args(arguments)
    return install(options.list, strict=options.strict)


if __name__ == "__main__":
    sys.exit(main())
