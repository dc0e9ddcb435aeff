"""JSON read strictly: every value has one meaning, or the error begins with the path to it.

The classes that a text is read into are :class:`Strict`. msgspec checks their types, sizes and
keys; what it leaves open is refused here: a repeated key, of which it would take the last, numbers
that are not finite or take more than 64 bits, halves of characters, and nesting without end. It
also writes ``[...]`` for whatever key of an object; the error says which.
"""

from __future__ import annotations

import copy
import json
import math
import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

MAX_DEPTH = 32
_INTEGERS = range(-(2**63), 2**64)
_INTEGER_DIGITS_MAX = 20
"""Longer ones are out of range, and long to convert."""
_REPEATED = object()
"""In the place of the value of a key that an object has twice."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN_KEY = re.compile(r"[\w/+-]{1,64}", re.ASCII)
_SHOWN_MAX = 200
"""Characters of a foreign text that an error shows."""
_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`)?", re.DOTALL)
_OF_A_FIELD = {
    "missing": re.compile(r"Object missing required field `(?P<field>.*)`", re.DOTALL),
    "unknown field": re.compile(r"Object contains unknown field `(?P<field>.*)`", re.DOTALL),
}
_STEP = re.compile(r"\.(?P<field>\w+)|\[(?P<index>\d+)\]|\[\.\.\.\]")


class StrictJsonError(ValueError):
    """A text or a value is not what was asked for; the message begins with the path, if it has one.

    The path is of keys after dots and list indices in brackets: ``profiles.default.looks[0]``.
    """


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A JSON object with exactly the fields of its class."""

    def as_dict(self) -> dict[str, Any]:
        """The JSON object, of plain values."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def read_json(raw: bytes, kind: type[T]) -> T:
    """A JSON text as a value of ``kind``: :func:`parse_json`, then :func:`check_json`."""
    return check_json(parse_json(raw), kind)


def parse_json(raw: bytes) -> Any:
    """A JSON text as plain values, of which every one has one meaning.

    Raises
    ------
    StrictJsonError
        ``raw`` is not JSON in UTF-8, repeats a key, or holds a number or text that is none.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_constant=lambda _: math.nan,
        )
    except RecursionError:
        raise StrictJsonError("nested too deeply") from None
    except ValueError as error:  # also of UTF-8
        raise StrictJsonError(f"not JSON: {error}") from None
    _refuse_ambiguous(value, "", 0)
    return value


def check_json(value: object, kind: type[T]) -> T:
    """Plain values as a value of ``kind``, whose annotations say what is allowed.

    Raises
    ------
    StrictJsonError
        ``value`` is not of this kind.
    """
    _refuse_ambiguous(value, "", 0)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise StrictJsonError(_explained(str(error), value, kind)) from None


def json_path(*keys: str) -> str:
    """The path of a field inside objects, as errors write it."""
    return "".join(map(_key_step, keys)).removeprefix(".")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found[key] = _REPEATED if key in found else value
    return found


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= _INTEGER_DIGITS_MAX else math.inf


def _refuse_ambiguous(value: object, path: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise StrictJsonError(_at(path, "nested too deeply"))
    if isinstance(value, dict):
        for key, inner in value.items():
            inner_path = path + _key_step(key)
            _refuse_ambiguous(key, inner_path, depth)
            _refuse_ambiguous(inner, inner_path, depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_ambiguous(inner, f"{path}[{index}]", depth + 1)
    elif value is _REPEATED:
        raise StrictJsonError(_at(path, "the key is repeated"))
    elif isinstance(value, float) and not math.isfinite(value):
        raise StrictJsonError(_at(path, "not a finite number, or one of more than 64 bits"))
    elif isinstance(value, int) and value not in _INTEGERS:
        raise StrictJsonError(_at(path, "a whole number of more than 64 bits"))
    elif isinstance(value, str) and not value.isascii() and _SURROGATE.search(value):
        raise StrictJsonError(_at(path, "half of a character"))


def _explained(message: str, value: object, kind: type[Any]) -> str:
    """The message of msgspec, with the whole path in front."""
    match = _MESSAGE.fullmatch(message)
    assert match is not None
    what, unnamed = match["what"], (match["path"] or "") + ("[...]" if match["key"] else "")
    path = _spelled_out(unnamed, message, value, kind)
    for short, pattern in _OF_A_FIELD.items():
        if field := pattern.fullmatch(what):
            return _at(path + _key_step(field["field"]), short)
    return _at(path, what[:1].lower() + what[1:])


def _spelled_out(unnamed: str, message: str, value: object, kind: type[Any]) -> str:
    """A path of msgspec's with every key in it: of those that it may mean, the one that fails."""
    path, root = "", copy.deepcopy(value)
    here: Any = root
    for step in _STEP.finditer(unnamed):
        name: Any = step["field"]
        if step["index"]:
            name = int(step["index"])
        elif name is None and isinstance(here, dict):
            tried = (key for key in list(here) if _fails_alone(here, key, message, root, kind))
            name = next(tried, None)
        try:
            here = here[name]
        except (LookupError, TypeError):  # the name of an unknown field looks like a path
            return path
        path += f"[{name}]" if isinstance(name, int) else _key_step(name)
    return path


def _fails_alone(
    entries: dict[str, Any], key: str, message: str, root: object, kind: type[Any]
) -> bool:
    """Whether the same is wrong with ``root`` when ``entries``, a part of it, has but one key."""
    kept = dict(entries)
    entries.clear()
    entries[key] = kept[key]
    try:
        msgspec.convert(root, kind)
    except msgspec.ValidationError as error:
        if str(error) == message:
            return True  # without the others, which are no part of what follows
    entries.update(kept)
    return False


def _key_step(key: str) -> str:
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{key[:_SHOWN_MAX]!a}]"


def _at(path: str, what: str) -> str:
    shown = what[:_SHOWN_MAX] if what.isprintable() else ascii(what[:_SHOWN_MAX])
    return f"{path.removeprefix('.')}: {shown}" if path else shown
