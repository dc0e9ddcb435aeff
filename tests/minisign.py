"""Keys and signatures of minisign's form for tests, and the real `minisign`."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ailock_sdk.embedding import SIGNATURE_NAME

PROGRAM = shutil.which("minisign")

needs_minisign = pytest.mark.skipif(
    PROGRAM is None and not os.environ.get("CI"),
    reason="needs the program minisign: apt-get install minisign",
)
"""Where `CI` is set, the tests run and fail without the program."""


@dataclass(frozen=True)
class Key:
    """A key as ``minisign -G -W`` makes one."""

    key_id: bytes
    private: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """Its public line."""
        raw = b"Ed" + self.key_id + self.private.public_key().public_bytes_raw()
        return base64.b64encode(raw).decode()

    def sign(self, folder: Path, comment: str) -> None:
        """Sign a bundle, as ``minisign -S -m folder/manifest.json`` does."""
        digest = hashlib.blake2b((folder / "manifest.json").read_bytes()).digest()
        signature = self.private.sign(digest)
        lines = (
            "untrusted comment: a test's",
            base64.b64encode(b"ED" + self.key_id + signature).decode(),
            f"trusted comment: {comment}",
            base64.b64encode(self.private.sign(signature + comment.encode())).decode(),
        )
        (folder / SIGNATURE_NAME).write_text("\n".join(lines) + "\n", "utf-8")


def make_key() -> Key:
    return Key(os.urandom(8), Ed25519PrivateKey.generate())


def minisign(*words: object, typed: str = "") -> str:
    """What the program prints."""
    assert PROGRAM is not None, "minisign is not installed: apt-get install minisign"
    done = subprocess.run(
        [PROGRAM, *map(str, words)], input=typed, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
