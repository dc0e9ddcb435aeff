"""What we seal, as bytes, and the real `age` program, which opens it and seals what we open."""

from __future__ import annotations

import os
import shutil
import subprocess
from io import BytesIO

import pytest

from ailock_sdk.secret import Hidden
from ailock_sdk.store import checked_age_file, open_stream, seal_stream

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


def seal_bytes(data: bytes, recipient: bytes, *, armor: bool = False) -> bytes:
    """``data`` sealed to a lock."""
    sealed = BytesIO()
    seal_stream(BytesIO(data), sealed, recipient, armor=armor)
    return sealed.getvalue()


def open_bytes(sealed: bytes, identity: Hidden) -> bytes:
    """What was sealed, looked at first as a vault does."""
    data = BytesIO()
    open_stream(checked_age_file(BytesIO(sealed)), data, identity)
    return data.getvalue()
