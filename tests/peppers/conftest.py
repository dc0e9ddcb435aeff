"""Each place, running for one module."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peppers.places import Place, running


@pytest.fixture(params=["keyring", "tpm", "fido2", "pkcs11"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """An empty keyring, TPM, security key or token."""
    # Not pytest's folder: a socket's path has at most 107 bytes.
    with (
        tempfile.TemporaryDirectory(prefix="ailock-") as folder,
        running(request.param, Path(folder) / "p") as place,
    ):
        yield place


@pytest.fixture
def tpm() -> Iterator[Place]:
    """An empty TPM."""
    with (
        tempfile.TemporaryDirectory(prefix="ailock-") as folder,
        running("tpm", Path(folder) / "p") as place,
    ):
        yield place
