"""The 32-byte secret that a lock releases, and the bytes that must not be seen on the way to it."""

from __future__ import annotations

import hmac
import unicodedata
from typing import SupportsIndex, TypeAlias

SECRET_LENGTH_BYTES = 32


class Hidden(bytes):
    """Bytes whose ``repr``, ``str`` and ``format`` tell their length alone; they are not pickled.

    For peppers, messages, PINs, keys and codes: crash reporters print the locals of every frame.
    In all else they are bytes. A slice, a concatenation or ``bytes(hidden)`` is plain bytes again:
    wrap what is kept of them.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Hidden(<{len(self)} bytes>)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: SupportsIndex) -> str:
        raise TypeError("Hidden bytes are not pickled: use bytes(hidden) where you mean to")


Pin: TypeAlias = "str | Hidden | None"
"""A PIN as callers give it, or as :func:`hidden_pin` has made it, or none."""


def hidden_pin(pin: Pin) -> Hidden | None:
    """A PIN as records take it: UTF-8 of its NFC form (SPEC section 7).

    It raises nothing, so that a function which rebinds its argument by this in its first statement
    has no frame that shows the PIN. What cannot be a PIN is refused where it is used; what is no
    text at all becomes the empty PIN, which is refused too.
    """
    if pin is None or isinstance(pin, Hidden):
        return pin
    text = unicodedata.normalize("NFC", pin) if isinstance(pin, str) else ""
    return Hidden(text.encode("utf-8", "surrogatepass"))


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
        value = Hidden(value)
        if len(value) != SECRET_LENGTH_BYTES:
            raise ValueError(f"a secret has exactly {SECRET_LENGTH_BYTES} bytes")
        self._value = value

    def __bytes__(self) -> bytes:
        return bytes(self._value)

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
