"""The 32-byte secret that a lock releases, and the bytes that must not be seen on the way to it."""

from __future__ import annotations

import hmac
import unicodedata
from typing import ClassVar, SupportsIndex, TypeAlias

SECRET_LENGTH_BYTES = 32


class Unseen:
    """What ``repr``, ``str`` and ``format`` show by kind and size alone, and nobody pickles.

    Crash reporters print the locals of every frame.
    """

    __slots__ = ()

    def _shown(self) -> str:
        return f"{len(bytes(self))} bytes"  # type: ignore[call-overload]

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<{self._shown()}>)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: SupportsIndex) -> str:
        raise TypeError(f"{type(self).__name__} is not pickled: write its bytes where you mean to")


class Hidden(Unseen, bytes):
    """Bytes for peppers, messages, PINs, keys and codes, which show their length alone.

    In all else they are bytes. A slice, a concatenation or ``bytes(hidden)`` is plain bytes again:
    wrap what is kept of them.
    """

    __slots__ = ()


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


class SecretValue(Unseen):
    """Secret bytes of one length, or a ``ValueError``; compared in constant time."""

    __slots__ = ("_value",)

    _NAME: ClassVar[str]
    _LENGTH_BYTES: ClassVar[int]

    def __init__(self, value: bytes) -> None:
        value = Hidden(memoryview(value))  # no int, of which bytes() makes zeros
        if len(value) != self._LENGTH_BYTES:
            raise ValueError(f"a {self._NAME} has exactly {self._LENGTH_BYTES} bytes")
        self._value = value

    def __bytes__(self) -> bytes:
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash(self._value)


class Secret(SecretValue):
    """A 32-byte secret. ``bytes(secret)`` gives it; ``repr``, ``str`` and pickling do not.

    Two secrets are compared in constant time. Another number of bytes is a ``ValueError``.
    """

    __slots__ = ()

    _NAME = "secret"
    _LENGTH_BYTES = SECRET_LENGTH_BYTES

    def __bytes__(self) -> bytes:
        return bytes(self._value)
