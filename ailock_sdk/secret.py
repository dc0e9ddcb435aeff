"""The 32-byte secret that a lock releases."""

from __future__ import annotations

import hmac

SECRET_LENGTH_BYTES = 32


class Secret:
    """A 32-byte secret. ``bytes(secret)`` gives it; ``repr``, ``str`` and pickling do not.

    Two secrets are compared in constant time.

    Parameters
    ----------
    value : bytes
        32 bytes.

    Raises
    ------
    ValueError
        Another number of bytes.
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        if len(value) != SECRET_LENGTH_BYTES:
            raise ValueError(f"a secret has exactly {SECRET_LENGTH_BYTES} bytes")
        self._value = bytes(value)

    def __bytes__(self) -> bytes:
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"Secret(<{SECRET_LENGTH_BYTES} bytes>)"

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled: use bytes(secret) where you mean to export it")
