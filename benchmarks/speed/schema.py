"""Shapes of JSON values as data: a check takes a value and says where it is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

Check = Callable[[object, str], None]
"""Takes a value and the path to it; raises :class:`ShapeError` when the value does not fit."""


class ShapeError(ValueError):
    """A value does not have its shape; the text begins with the path to it."""


def record(fields: Mapping[str, Check]) -> Check:
    """An object with exactly these fields."""

    def check(value: object, where: str) -> None:
        given = _object(value, where)
        for name in fields:
            if name not in given:
                raise ShapeError(f"{where}.{name}: missing")
        for name in given:
            if name not in fields:
                raise ShapeError(f"{where}.{name}: unknown field")
        for name, inner in fields.items():
            inner(given[name], f"{where}.{name}")

    return check


def mapping(inner: Check, key: Callable[[str], bool] = bool) -> Check:
    """An object of any names that ``key`` accepts, each value of the same shape."""

    def check(value: object, where: str) -> None:
        for name, item in _object(value, where).items():
            if not key(name):
                raise ShapeError(f"{where}: {name!r} is no name for a value here")
            inner(item, f"{where}.{name}")

    return check


def array(inner: Check) -> Check:
    """A list, each item of the same shape."""

    def check(value: object, where: str) -> None:
        if not isinstance(value, list):
            raise ShapeError(f"{where}: not a list")
        for index, item in enumerate(value):
            inner(item, f"{where}[{index}]")

    return check


def optional(inner: Check) -> Check:
    """Null, or a value of this shape."""

    def check(value: object, where: str) -> None:
        if value is not None:
            inner(value, where)

    return check


def number(minimum: float = -math.inf) -> Check:
    """A finite number, at least ``minimum``."""

    def check(value: object, where: str) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ShapeError(f"{where}: not a number")
        if not math.isfinite(value) or value < minimum:
            raise ShapeError(f"{where}: {value} is out of range")

    return check


def integer(minimum: int) -> Check:
    """A whole number, at least ``minimum``."""

    def check(value: object, where: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ShapeError(f"{where}: not a whole number")
        if value < minimum:
            raise ShapeError(f"{where}: {value} is out of range")

    return check


def constant(expected: str) -> Check:
    """Exactly this text."""

    def check(value: object, where: str) -> None:
        if value != expected:
            raise ShapeError(f"{where}: {value!r} is not {expected!r}")

    return check


def text(value: object, where: str) -> None:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise ShapeError(f"{where}: not a text")


def flag(value: object, where: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise ShapeError(f"{where}: not true or false")


def _object(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ShapeError(f"{where}: not an object")
    return value
