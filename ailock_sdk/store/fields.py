"""What our binary formats are made of: fields, and a checksum over all of them at the end."""

from __future__ import annotations

from hashlib import sha256
from struct import Struct
from typing import Any

CHECKSUM_LENGTH_BYTES = 8


class TooShortError(Exception):
    """A field ends beyond the end."""


class Fields:
    """Takes fields off the front of bytes; :class:`TooShortError` if there are too few."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        if size > len(self.rest):
            raise TooShortError
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def unpack(self, layout: Struct) -> tuple[Any, ...]:
        """The next bytes as a layout says."""
        return layout.unpack(self.take(layout.size))


def checksum(body: bytes) -> bytes:
    """What follows ``body``, 8 bytes."""
    return sha256(body).digest()[:CHECKSUM_LENGTH_BYTES]
