"""The real `age` program, which opens what we seal and seals what we open."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

PROGRAM = shutil.which("age")

needs_age = pytest.mark.skipif(
    PROGRAM is None and not os.environ.get("CI"),
    reason="needs the program age: apt-get install age",
)
"""Where `CI` is set, the tests run and fail without the program."""


def age(*words: object, data: bytes = b"") -> bytes:
    """What the program writes, of what it reads."""
    assert PROGRAM is not None, "age is not installed: apt-get install age"
    done = subprocess.run([PROGRAM, *map(str, words)], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
